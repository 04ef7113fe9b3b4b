import { type Amount, amountFromNanos } from '../../../src/base/money.ts'
import { sha256Hex } from '../../../src/base/sha256.ts'
import { type DurationMs, type Timestamp, timestampFromMs } from '../../../src/base/time.ts'
import { OWN_CAPABILITY } from '../../../src/core/escrow/contract-authority.ts'
import type { EscrowMessageEvent } from '../../../src/core/escrow/escrow-event.ts'
import type { EscrowRules } from '../../../src/core/escrow/escrow-rules.ts'
import { TEST_ESCROW_RULES } from '../../../src/core/escrow/escrow-rules.ts'
import type { EscrowTerms } from '../../../src/core/escrow/escrow-terms.ts'
import {
  type ContractId,
  type Did,
  type Hash,
  parseContractId,
  parseDid,
  parseHash,
} from '../../../src/core/evidence/names.ts'
import { type Currency, parseCurrency } from '../../../src/core/ledger/ledger-names.ts'

/** A key's name that nobody has the key of: tests of machines need names only. */
export function didNamed(name: string): Did {
  const did = parseDid(`did:key:z6Mk${name.padEnd(44, '1')}`)
  if (did === undefined) throw new TypeError(`Not a name: ${name}`)
  return did
}

export function hashNamed(text: string): Hash {
  const hash = parseHash(sha256Hex(text))
  if (hash === undefined) throw new TypeError('unreachable')
  return hash
}

export function contractNamed(text: string): ContractId {
  const id = parseContractId(sha256Hex(text))
  if (id === undefined) throw new TypeError('unreachable')
  return id
}

export function currencyOf(code: string, issuer: Did): Currency {
  const currency = parseCurrency(`${code}@${issuer}`)
  if (currency === undefined) throw new TypeError(`Not a currency: ${code}`)
  return currency
}

export const PAYER = didNamed('payer')
export const WORKER = didNamed('worker')
export const ISSUER = didNamed('bank')
export const NOTARY = didNamed('notary')
export const WATCHER = didNamed('watcher')
export const ARBITERS: readonly Did[] = [didNamed('arbiterA'), didNamed('arbiterB'), didNamed('arbiterC')]
export const USD = currencyOf('USD', ISSUER)
export const RULES: EscrowRules = TEST_ESCROW_RULES
export const RULES_HASH = hashNamed('rules')
/** Instant of the offers. */
export const START = timestampFromMs(1_000_000)

/** Before which the terms are signed. */
export const SIGN_BY = timestampFromMs(1_060_000)

export function nanos(count: bigint | number): Amount {
  return amountFromNanos(BigInt(count))
}

export function ms(span: number): DurationMs {
  return span as DurationMs
}

/** Bonded custody with bonds of 20, 30 and a dispute bond of 10, a price of 100, penalties 5 and 8, a fee of 2 and a hundredth, at most 3. */
export function termsOf(changes: Partial<EscrowTerms> = {}): EscrowTerms {
  return {
    net: 'test',
    signBy: SIGN_BY,
    payer: PAYER,
    worker: WORKER,
    notarySet: { id: hashNamed('set'), epoch: 0, n: 1, m: 1, feeOwner: NOTARY },
    arbiters: { members: ARBITERS, k: 2 },
    custody: 'C3',
    custodyLabel: 'C3/f=0',
    taskHash: hashNamed('task'),
    capabilityHash: OWN_CAPABILITY,
    predicateHash: hashNamed('predicate'),
    verifier: 'text.word-count/1',
    currency: USD,
    maxNanos: nanos(100),
    milestonesNanos: [],
    timers: {
      offerMs: ms(1_000),
      holdMs: ms(1_000),
      startMs: ms(1_000),
      beatMs: ms(1_000),
      deliverMs: ms(10_000),
      graceMs: ms(500),
      acceptMs: ms(2_000),
      evidenceMs: ms(1_000),
      ruleMs: ms(5_000),
      refundMs: ms(3_000),
      retainMs: ms(100_000),
    },
    bonds: { payerNanos: nanos(20), workerNanos: nanos(30), disputeNanos: nanos(10) },
    penalties: { p1Nanos: nanos(5), p2Nanos: nanos(8) },
    fees: { capNanos: nanos(3), flatNanos: nanos(2), perMillion: 10_000, arbiterNanos: nanos(4) },
    fallbackPerMillion: 0,
    credit: undefined,
    parametersHash: RULES_HASH,
    salt: 'AAAAAAAAAAAAAAAAAAAAAA',
    ...changes,
  }
}

/** Notary custody: a dispute bond and no others. */
export function notaryTerms(changes: Partial<EscrowTerms> = {}): EscrowTerms {
  return termsOf({
    custody: 'C2',
    custodyLabel: 'C2/f=0',
    bonds: { payerNanos: nanos(0), workerNanos: nanos(0), disputeNanos: nanos(10) },
    penalties: { p1Nanos: nanos(0), p2Nanos: nanos(0) },
    ...changes,
  })
}

export const PAYER_CREDITS = currencyOf('IOU', PAYER)

/** Bilateral credit with a line of 150. */
export function creditTerms(changes: Partial<EscrowTerms> = {}): EscrowTerms {
  return termsOf({
    custody: 'C1',
    custodyLabel: 'C1',
    currency: PAYER_CREDITS,
    bonds: { payerNanos: nanos(0), workerNanos: nanos(0), disputeNanos: nanos(0) },
    penalties: { p1Nanos: nanos(0), p2Nanos: nanos(0) },
    fees: { capNanos: nanos(0), flatNanos: nanos(0), perMillion: 0, arbiterNanos: nanos(0) },
    credit: { limitNanos: nanos(150), owedNanos: nanos(0), accountHead: hashNamed('') },
    ...changes,
  })
}

export type Body = EscrowMessageEvent extends infer Each
  ? Each extends EscrowMessageEvent
    ? Omit<Each, 'envelope' | 'iss' | 'seq' | 'prev' | 'at'>
    : never
  : never

export type Signed = {
  readonly iss: Did
  readonly seq: number
  readonly at: Timestamp
  /** Tells two messages of one place apart. */ readonly salt?: string
}

/** A message whose signature was checked. */
export function message(body: Body, { iss, seq, at, salt = '' }: Signed): EscrowMessageEvent {
  const envelope = hashNamed(`${body.type}/${iss}/${seq}/${salt}`)
  return { ...body, envelope, iss, seq, prev: undefined, at }
}
