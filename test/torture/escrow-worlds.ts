import type { EscrowTerms } from '../../src/core/escrow/escrow-terms.ts'
import type { Did } from '../../src/core/evidence/names.ts'
import {
  ARBITERS,
  creditTerms,
  didNamed,
  ms,
  nanos,
  notaryTerms,
  PAYER,
  termsOf,
  WORKER,
} from '../core/escrow/escrow-builder.ts'

/** A small world that is explored to its end: one contract, its parties, their funds. All amounts are 0, 1 or 2. */
export type EscrowWorld = {
  readonly name: string
  readonly terms: EscrowTerms
  /**
   * `books`: the real books; the ledger answers within the step. `apart`: the contract and the ledger run as two machines, between which orders wait in order and
   * answers are late, lost or doubled.
   */
  readonly runs: 'books' | 'apart'
  /** What each has at first. `C1` payers have nothing and issue. */
  readonly funds: { readonly payer: number; readonly worker: number }
  /** Parties may move what is free to a pocket of theirs, and back. */
  readonly isSpending: boolean
  /** Who follows the protocol, whatever the others do; `undefined`: nobody does. */
  readonly honest: 'payer' | 'worker' | undefined
}

/** Where money goes that a party takes away. */
export const POCKETS: Readonly<Record<'payer' | 'worker', Did>> = {
  payer: didNamed('pocketP'),
  worker: didNamed('pocketW'),
}

/** In the order of `ARBITERS`; both must sign. */
const TWO_ARBITERS = { members: ARBITERS.slice(0, 2), k: 2 }
const MILESTONES = [nanos(1), nanos(2)]

/** Bonds of 1 and 2, p1 = 1, p2 = 2, a dispute bond of 2 that pays two arbiters, a fee of 1, the fallback halves what is disputed. */
function bonded(changes: Partial<EscrowTerms> = {}): EscrowTerms {
  return termsOf({
    arbiters: TWO_ARBITERS,
    maxNanos: nanos(2),
    milestonesNanos: MILESTONES,
    bonds: { payerNanos: nanos(1), workerNanos: nanos(2), disputeNanos: nanos(2) },
    penalties: { p1Nanos: nanos(1), p2Nanos: nanos(2) },
    fees: { capNanos: nanos(1), flatNanos: nanos(1), perMillion: 0, arbiterNanos: nanos(1) },
    fallbackPerMillion: 500_000,
    ...changes,
  })
}

/** No bonds of the parties; a fee of a half, rounded down. */
function custodial(changes: Partial<EscrowTerms> = {}): EscrowTerms {
  return notaryTerms({
    arbiters: TWO_ARBITERS,
    maxNanos: nanos(2),
    milestonesNanos: MILESTONES,
    bonds: { payerNanos: nanos(0), workerNanos: nanos(0), disputeNanos: nanos(2) },
    fees: { capNanos: nanos(2), flatNanos: nanos(0), perMillion: 500_000, arbiterNanos: nanos(1) },
    ...changes,
  })
}

/** No arbiters, no dispute bond, no refunds: timers end everything. */
function unarbitrated(changes: Partial<EscrowTerms> = {}): EscrowTerms {
  return custodial({
    arbiters: { members: [], k: 0 },
    milestonesNanos: [],
    bonds: { payerNanos: nanos(0), workerNanos: nanos(0), disputeNanos: nanos(0) },
    fees: { capNanos: nanos(1), flatNanos: nanos(1), perMillion: 0, arbiterNanos: nanos(0) },
    fallbackPerMillion: 1_000_000,
    timers: { ...termsOf().timers, refundMs: ms(0), graceMs: ms(0) },
    ...changes,
  })
}

/** Bilateral credit with a line of 3. */
function credit(changes: Partial<EscrowTerms> = {}): EscrowTerms {
  const terms = creditTerms()
  return creditTerms({
    arbiters: TWO_ARBITERS,
    maxNanos: nanos(2),
    milestonesNanos: MILESTONES,
    credit: terms.credit && { ...terms.credit, limitNanos: nanos(3) },
    ...changes,
  })
}

const NOBODY = { isSpending: false, honest: undefined } as const
const RICH = { payer: 6, worker: 3 } as const

const FLAT = { capNanos: nanos(1), flatNanos: nanos(1), perMillion: 0, arbiterNanos: nanos(1) }

/** As `bonded`, with a price of 1. */
function small(): EscrowTerms {
  return bonded({ maxNanos: nanos(1), milestonesNanos: [nanos(1)] })
}

/** Everybody lies. The first two are small; a short run takes the first ones alone. */
export const LYING_WORLDS: readonly EscrowWorld[] = [
  { name: 'C3-small', terms: small(), runs: 'books', funds: RICH, ...NOBODY },
  {
    name: 'C2-apart-small',
    terms: custodial({ maxNanos: nanos(1), milestonesNanos: [nanos(1)], fees: FLAT }),
    runs: 'apart',
    funds: { payer: 3, worker: 0 },
    ...NOBODY,
  },
  { name: 'C3', terms: bonded(), runs: 'books', funds: RICH, ...NOBODY },
  { name: 'C3-apart', terms: bonded(), runs: 'apart', funds: RICH, ...NOBODY },
  { name: 'C2-plain', terms: unarbitrated(), runs: 'books', funds: { payer: 2, worker: 0 }, ...NOBODY },
  { name: 'C1', terms: credit(), runs: 'books', funds: { payer: 0, worker: 0 }, ...NOBODY },
  {
    name: 'C2-2-of-3',
    terms: custodial({ arbiters: { members: ARBITERS, k: 2 } }),
    runs: 'books',
    funds: { payer: 4, worker: 0 },
    ...NOBODY,
  },
  { name: 'C2-apart', terms: custodial(), runs: 'apart', funds: { payer: 4, worker: 0 }, ...NOBODY },
  { name: 'C3-spending', terms: bonded(), runs: 'books', funds: { payer: 5, worker: 2 }, ...NOBODY, isSpending: true },
  { name: 'C1-apart', terms: credit(), runs: 'apart', funds: { payer: 0, worker: 0 }, ...NOBODY },
]

const HONEST_TERMS: readonly (readonly [name: string, terms: EscrowTerms, funds: EscrowWorld['funds']])[] = [
  ['C3', bonded(), RICH],
  [
    'C3-unmade',
    bonded({
      bonds: { payerNanos: nanos(1), workerNanos: nanos(1), disputeNanos: nanos(2) },
      penalties: { p1Nanos: nanos(1), p2Nanos: nanos(1) },
    }),
    RICH,
  ],
  ['C2', custodial(), { payer: 4, worker: 0 }],
  ['C2-plain', unarbitrated(), { payer: 2, worker: 0 }],
  ['C1', credit(), { payer: 0, worker: 0 }],
]

/** One side follows the protocol; what it loses is held against `lossBound`. */
export const HONEST_WORLDS: readonly EscrowWorld[] = HONEST_TERMS.flatMap(([name, terms, funds]) =>
  (['payer', 'worker'] as const).map((honest): EscrowWorld => ({
    name: `${name}-${honest}`,
    terms,
    runs: 'books',
    funds,
    isSpending: false,
    honest,
  })),
)

export const PARTIES: Readonly<Record<'payer' | 'worker', Did>> = { payer: PAYER, worker: WORKER }
