import type { Amount } from '../../src/base/money.ts'
import { type DurationMs, type Timestamp, timestampFromMs } from '../../src/base/time.ts'
import { OWN_CAPABILITY } from '../../src/core/escrow/contract-authority.ts'
import type { EscrowTerms } from '../../src/core/escrow/escrow-terms.ts'
import type { ContractId, Did, Hash } from '../../src/core/evidence/names.ts'
import type { Currency } from '../../src/core/ledger/ledger-names.ts'
import { cancelHash, rulingHash, statementBytes, voucherHash } from '../../src/wire/v1/escrow-events.ts'
import type { EscrowMessageType } from '../../src/wire/v1/escrow-messages.ts'
import { contractIdOf } from '../../src/wire/v1/escrow-terms.ts'
import type { MessageBody } from '../../src/wire/v1/message-types.ts'
import type { FixedKey } from './fixed-keys.ts'
import { VECTOR_HEAD, VECTOR_KEYS } from './vector-kit.ts'

const { payer, worker, notary, arbiter } = VECTOR_KEYS

function digest(byte: string): Hash {
  return byte.repeat(32) as Hash
}

function nanos(count: bigint): Amount {
  return count as Amount
}

function ms(span: number): DurationMs {
  return span as DurationMs
}

const currency = `USD@${notary.did}` as Currency

/** Bonded, with one notary and one arbiter; a price of one unit. */
export const SAMPLE_TERMS: EscrowTerms = {
  net: VECTOR_HEAD.net,
  signBy: timestampFromMs(VECTOR_HEAD.iat + 600_000),
  payer: payer.did,
  worker: worker.did,
  notarySet: { id: digest('a0'), epoch: 0, n: 1, m: 1, feeOwner: notary.did },
  arbiters: { members: [arbiter.did], k: 1 },
  custody: 'C3',
  custodyLabel: 'C3/f=0',
  taskHash: digest('a1'),
  capabilityHash: OWN_CAPABILITY,
  predicateHash: digest('a3'),
  verifier: 'text.word-count/1',
  currency,
  maxNanos: nanos(1_000_000_000n),
  milestonesNanos: [nanos(400_000_000n), nanos(800_000_000n)],
  timers: {
    offerMs: ms(60_000),
    holdMs: ms(30_000),
    startMs: ms(60_000),
    beatMs: ms(30_000),
    deliverMs: ms(3_600_000),
    graceMs: ms(30_000),
    acceptMs: ms(600_000),
    evidenceMs: ms(900_000),
    ruleMs: ms(86_400_000),
    refundMs: ms(60_000),
    retainMs: ms(7_776_000_000),
  },
  bonds: { payerNanos: nanos(100_000_000n), workerNanos: nanos(200_000_000n), disputeNanos: nanos(50_000_000n) },
  penalties: { p1Nanos: nanos(10_000_000n), p2Nanos: nanos(20_000_000n) },
  fees: {
    capNanos: nanos(10_000_000n),
    flatNanos: nanos(1_000_000n),
    perMillion: 5_000,
    arbiterNanos: nanos(50_000_000n),
  },
  fallbackPerMillion: 0,
  credit: undefined,
  parametersHash: digest('a4'),
  salt: 'AAECAwQFBgcICQoLDA0ODw',
}

export const SAMPLE_CONTRACT: ContractId = contractIdOf(SAMPLE_TERMS)

function sign(key: FixedKey, bytes: Uint8Array): { readonly iss: Did; readonly signature: string } {
  return { iss: key.did, signature: Buffer.from(key.sign(bytes)).toString('base64url') }
}

/** Joint signatures of a statement. */
export function signAll(bytes: Uint8Array, keys: readonly FixedKey[]): { iss: Did; signature: string }[] {
  return keys.map((key) => sign(key, bytes))
}

const contract = SAMPLE_CONTRACT
const VOUCHER = { contract, number: 1, amountNanos: nanos(400_000_000n), currency, meter: digest('b3') }
const CANCEL = { contract, amountNanos: nanos(400_000_000n), currency }
const RULING = { contract, evidenceRoot: digest('b5'), workerNanos: nanos(600_000_000n), currency }
const RECEIPT = {
  at: 1_790_000_010_000 as Timestamp,
  request: digest('b6'),
  currency,
  capturedNanos: nanos(1_000_000_000n),
  feeNanos: nanos(6_000_000n),
  refundedNanos: nanos(0n),
}

/** One body of every message about contracts, and who signs it. */
export function escrowSamples(): {
  readonly [Type in EscrowMessageType]: { readonly body: MessageBody<Type>; readonly key: FixedKey }
} {
  const receipt = { body: RECEIPT, key: notary }
  return {
    'escrow-offer': { body: { terms: termsOf(), note: 'count the words' }, key: payer },
    'escrow-withdraw': { body: { reason: 'not-needed' }, key: payer },
    'escrow-award': { body: { auction: digest('b0') }, key: payer },
    'escrow-contract': {
      body: { signatures: signAll(statementBytes('contract', contract), [payer, worker]) },
      key: payer,
    },
    'escrow-hold-request': { body: {}, key: payer },
    'escrow-start': { body: {}, key: worker },
    'escrow-voucher': {
      body: {
        statement: VOUCHER,
        signatures: signAll(statementBytes('voucher', voucherHash(VOUCHER)), [payer, worker]),
      },
      key: payer,
    },
    'escrow-beat': { body: { meter: digest('b3') }, key: worker },
    'escrow-delivery': {
      body: {
        result: digest('b1'),
        manifest: digest('b2'),
        meter: digest('b3'),
        verdict: digest('b4'),
        claimNanos: nanos(1_000_000_000n),
        currency,
      },
      key: worker,
    },
    'escrow-accept': { body: { amountNanos: nanos(1_000_000_000n), currency }, key: payer },
    'escrow-reject': {
      body: { reason: 'predicate-failed', evidence: digest('b7'), concededNanos: nanos(400_000_000n), currency },
      key: payer,
    },
    'escrow-dispute': {
      body: { evidence: digest('b8'), claimNanos: nanos(900_000_000n), currency, note: 'it passed here' },
      key: worker,
    },
    'escrow-evidence': { body: { evidence: digest('b9') }, key: worker },
    'escrow-ruling': {
      body: { statement: RULING, signatures: signAll(statementBytes('ruling', rulingHash(RULING)), [arbiter]) },
      key: arbiter,
    },
    'escrow-cancel': {
      body: { statement: CANCEL, signatures: signAll(statementBytes('cancel', cancelHash(CANCEL)), [payer, worker]) },
      key: worker,
    },
    'escrow-settle-request': { body: {}, key: worker },
    'escrow-void-request': { body: { timer: 'start' }, key: payer },
    'escrow-refund': { body: { amountNanos: nanos(1n), currency }, key: worker },
    'escrow-hold-receipt': receipt,
    'escrow-start-receipt': receipt,
    'escrow-delivery-receipt': { body: { ...RECEIPT, subject: digest('b1') }, key: notary },
    'escrow-dispute-receipt': receipt,
    'escrow-record-receipt': receipt,
    'escrow-freeze-receipt': receipt,
    'escrow-settle-receipt': receipt,
    'escrow-void-receipt': receipt,
    'escrow-expire-receipt': receipt,
    'escrow-refund-receipt': receipt,
    'escrow-final-receipt': receipt,
    'escrow-abort-receipt': receipt,
  }
}

function termsOf(): MessageBody<'escrow-offer'>['terms'] {
  const { credit: _none, ...terms } = SAMPLE_TERMS
  return {
    ...terms,
    arbiters: { ...terms.arbiters, members: [...terms.arbiters.members] },
    milestonesNanos: [...terms.milestonesNanos],
  }
}
