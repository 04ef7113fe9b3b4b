import { amountFromNanos } from '../../../src/base/money.ts'
import { sha256Hex } from '../../../src/base/sha256.ts'
import { type DurationMs, type Timestamp, timestampFromMs } from '../../../src/base/time.ts'
import { OWN_CAPABILITY } from '../../../src/core/escrow/contract-authority.ts'
import { TEST_ESCROW_RULES } from '../../../src/core/escrow/escrow-rules.ts'
import { custodyLabelOf, type EscrowTerms } from '../../../src/core/escrow/escrow-terms.ts'
import type { ContractId, Did, Hash } from '../../../src/core/evidence/names.ts'
import type { Currency, TransferId } from '../../../src/core/ledger/ledger-names.ts'
import { createNotarySet, type NotarySet, quorumOf } from '../../../src/core/notary/notary-set.ts'
import { createNodeSigner } from '../../../src/keys/node-signatures.ts'
import { PORTABLE_HASHES } from '../../../src/market/parties/portable-hashes.ts'
import { didOfPublicKey } from '../../../src/wire/v1/did-key.ts'
import { type EnvelopeInit, prepareEnvelope } from '../../../src/wire/v1/envelope.ts'
import { statementBytes } from '../../../src/wire/v1/escrow-events.ts'
import { contractIdOf } from '../../../src/wire/v1/escrow-terms.ts'
import type { MessageBody, MessageType } from '../../../src/wire/v1/message-types.ts'

export const NETWORK = 'test'
export const RULES = { hash: hashOf('rules'), rules: TEST_ESCROW_RULES }
export const SKEW_MS = 60_000 as DurationMs

export { PORTABLE_HASHES }

export function hashOf(text: string): Hash {
  return sha256Hex(text) as Hash
}

/** A key of a name, with the chain of its messages about each subject. */
export class Party {
  readonly seed: Uint8Array
  readonly did: Did
  readonly sign: (bytes: Uint8Array) => Uint8Array
  private readonly places = new Map<string, { readonly seq: number; readonly prev: Hash }>()

  constructor(name: string) {
    this.seed = new Uint8Array(Buffer.from(sha256Hex(`key of ${name}`), 'hex'))
    const signer = createNodeSigner(this.seed)
    this.did = didOfPublicKey(new Uint8Array(Buffer.from(signer.publicKeyHex, 'hex')))
    this.sign = (bytes) => new Uint8Array(signer.sign(bytes))
  }

  /** The next message about a subject; `again` says something else at the place of the last. */
  say<Type extends MessageType>(said: Said<Type>): Uint8Array {
    const { type, contract, body, now, nonce } = said
    const subject = contract ?? type
    const last = this.places.get(subject)
    const seq = last === undefined ? 0 : last.seq + 1
    const init: EnvelopeInit<Type> = {
      type,
      net: NETWORK,
      ...(contract !== undefined && { contract }),
      seq,
      ...(last !== undefined && { prev: last.prev }),
      iss: this.did,
      aud: said.aud ?? '*',
      iat: now,
      exp: timestampFromMs(now + 600_000),
      nonce: nonce ?? nonceOf(`${this.did} ${subject} ${seq}`),
      body,
    }
    const prepared = prepareEnvelope(init, PORTABLE_HASHES.hexOfText)
    if (said.isAside !== true) this.places.set(subject, { seq, prev: prepared.hash })
    return prepared.finish(this.sign(prepared.signingBytes))
  }
}

type Said<Type extends MessageType> = {
  readonly type: Type
  readonly contract?: ContractId
  readonly body: MessageBody<Type>
  readonly now: Timestamp
  readonly aud?: Hash
  readonly nonce?: string
  /** Leaves the chain as it was, so that the next message stands at the same place. */
  readonly isAside?: boolean
}

export function nonceOf(text: string): string {
  return Buffer.from(sha256Hex(text), 'hex').subarray(0, 16).toString('base64url')
}

export const BANK = new Party('bank')
/** Recovers the accounts of the bank. */
export const VAULT = new Party('vault')
export const USD: Currency = `USD@${BANK.did}` as Currency

/** Members named `notary 0`, ... */
export function setOfParties(
  f: number,
  addressOf: (index: number) => string = (index) => `/memory/notary-${index}`,
): {
  readonly set: NotarySet
  readonly members: readonly Party[]
} {
  const members = Array.from({ length: 3 * f + 1 }, (_, index) => new Party(`notary ${index}`))
  const made = createNotarySet({
    epoch: 0,
    f,
    members: members.map(({ did }, index) => ({ key: did, address: addressOf(index) })),
  })
  if (made.kind === 'refused') throw new TypeError(made.code)
  return { set: made.set, members }
}

export type DealTerms = {
  readonly payer: Did
  readonly worker: Did
  readonly salt: string
  /** When they are written. */
  readonly now: Timestamp
  readonly changes?: Partial<EscrowTerms>
}

export function termsOf(set: NotarySet, { payer, worker, salt, now, changes = {} }: DealTerms): EscrowTerms {
  const n = set.members.length
  const ms = (span: number): DurationMs => span as DurationMs
  return {
    net: NETWORK,
    signBy: timestampFromMs(now + 1_800_000),
    payer,
    worker,
    notarySet: { id: set.id, epoch: set.epoch, n, m: quorumOf(set), feeOwner: feeOwnerOf(set) },
    arbiters: { members: [], k: 0 },
    custody: 'C2',
    custodyLabel: custodyLabelOf('C2', n),
    taskHash: hashOf(`task ${salt}`),
    capabilityHash: OWN_CAPABILITY,
    predicateHash: hashOf('predicate'),
    verifier: 'text.word-count/1',
    currency: USD,
    maxNanos: amountFromNanos(100n),
    milestonesNanos: [],
    timers: {
      offerMs: ms(60_000),
      holdMs: ms(60_000),
      startMs: ms(60_000),
      beatMs: ms(60_000),
      deliverMs: ms(600_000),
      graceMs: ms(500),
      acceptMs: ms(600_000),
      evidenceMs: ms(1_000),
      ruleMs: ms(5_000),
      refundMs: ms(600_000),
      retainMs: ms(100_000_000),
    },
    bonds: { payerNanos: amountFromNanos(0n), workerNanos: amountFromNanos(0n), disputeNanos: amountFromNanos(0n) },
    penalties: { p1Nanos: amountFromNanos(0n), p2Nanos: amountFromNanos(0n) },
    fees: {
      capNanos: amountFromNanos(3n),
      flatNanos: amountFromNanos(2n),
      perMillion: 0,
      arbiterNanos: amountFromNanos(0n),
    },
    fallbackPerMillion: 0,
    credit: undefined,
    parametersHash: RULES.hash,
    salt: nonceOf(salt),
    ...changes,
  }
}

export function feeOwnerOf(set: NotarySet): Did {
  return set.members[0]?.key ?? BANK.did
}

/** The bank's currency, and credits for an owner. */
export function registerUsd(now: Timestamp, bank: Party = BANK): Uint8Array {
  return bank.say({
    type: 'ledger-currency-register',
    body: {
      currency: USD,
      capNanos: amountFromNanos(10n ** 18n),
      recoveryKey: VAULT.did,
      recoveryDelayMs: 86_400_000 as DurationMs,
    },
    now,
  })
}

export function issueUsd(
  owner: Did,
  amount: bigint,
  { now, nonce, bank = BANK }: { readonly now: Timestamp; readonly nonce?: string; readonly bank?: Party },
): Uint8Array {
  const id = sha256Hex(`issue ${owner} ${amount}`).slice(0, 32) as TransferId
  const body = {
    id,
    owner,
    currency: USD,
    amountNanos: amountFromNanos(amount),
    reference: `payment ${id}`,
    isConfirmed: true,
  }
  return bank.say({ type: 'ledger-issue', body, now, ...(nonce !== undefined && { nonce }) })
}

/** The bank has the hash of a text stamped. */
export function stampOf(text: string, now: Timestamp): Uint8Array {
  return BANK.say({ type: 'ledger-stamp', body: { hash: hashOf(text), currency: USD }, now })
}

export const STEPS = ['offer', 'award', 'contract', 'hold', 'start', 'delivery', 'accept'] as const
export type StepName = (typeof STEPS)[number]

/** Two parties and a contract that all goes well with: every message signed, in order. */
export class Deal {
  readonly payer: Party
  readonly worker: Party
  readonly terms: EscrowTerms
  readonly contract: ContractId
  readonly messages: Readonly<Record<StepName, Uint8Array>>

  constructor(
    set: NotarySet,
    { name, now, changes }: { name: string; now: Timestamp; changes?: Partial<EscrowTerms> },
  ) {
    this.payer = new Party(`payer ${name}`)
    this.worker = new Party(`worker ${name}`)
    const { payer, worker } = this
    const parties = { payer: payer.did, worker: worker.did, salt: name, now, ...(changes && { changes }) }
    this.terms = termsOf(set, parties)
    this.contract = contractIdOf(this.terms)
    const { contract } = this
    const about = { contract, now, aud: set.id } as const
    const joint = statementBytes('contract', contract)
    const signatures = [payer, worker].map(({ did, sign }) => ({
      iss: did,
      signature: Buffer.from(sign(joint)).toString('base64url'),
    }))
    const price = { amountNanos: this.terms.maxNanos, currency: this.terms.currency }
    const delivery = {
      result: hashOf(`result ${name}`),
      manifest: hashOf('manifest'),
      meter: hashOf('meter'),
      verdict: hashOf('verdict'),
      claimNanos: this.terms.maxNanos,
      currency: this.terms.currency,
    }
    this.messages = {
      offer: payer.say({ ...about, type: 'escrow-offer', body: { terms: wireTerms(this.terms) } }),
      award: payer.say({ ...about, type: 'escrow-award', body: {} }),
      contract: payer.say({ ...about, type: 'escrow-contract', body: { signatures } }),
      hold: payer.say({ ...about, type: 'escrow-hold-request', body: {} }),
      start: worker.say({ ...about, type: 'escrow-start', body: {} }),
      delivery: worker.say({ ...about, type: 'escrow-delivery', body: delivery }),
      accept: payer.say({ ...about, type: 'escrow-accept', body: price }),
    }
  }

  /** In order. */
  get all(): readonly Uint8Array[] {
    return STEPS.map((step) => this.messages[step])
  }
}

function wireTerms(terms: EscrowTerms): MessageBody<'escrow-offer'>['terms'] {
  const { credit, arbiters, milestonesNanos, ...others } = terms
  return {
    ...others,
    arbiters: { members: [...arbiters.members], k: arbiters.k },
    milestonesNanos: [...milestonesNanos],
    ...(credit !== undefined && { credit }),
  }
}
