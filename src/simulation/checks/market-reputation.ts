import type { EndedState } from '../../core/escrow/escrow-state.ts'
import type { ContractId, Did } from '../../core/evidence/names.ts'
import type { ReputationDetail } from '../../core/reputation/reputation-view.ts'

/** One credit is one unit of evidence, of a million parts; a contract counts ten units at most, and all of one pair twenty. */
const UNIT_NANOS = 1_000_000_000n
const UNIT_MICROS = 1_000_000n
const CONTRACT_CAP = 10n * UNIT_MICROS
const PAIR_CAP = 20n * UNIT_MICROS

/** What one party has counted, and what it shows of somebody. */
export type ShownReputation = {
  readonly holder: Did
  /** Contracts of the holder whose endings it has counted. */
  readonly counted: readonly ContractId[]
  readonly shown: readonly ReputationDetail[]
}

type Weight = { readonly good: bigint; readonly bad: bigint }

/**
 * What a party shows of others follows from the endings that it has counted, each once. Computed here by the words of the design: a worker earns what it was paid for and
 * loses what of the price it gave up itself; whoever was at fault loses the price. Standings that fade, or that several raters make, are left to others.
 */
export function findReputationFault(
  { holder, counted, shown }: ShownReputation,
  endings: ReadonlyMap<ContractId, EndedState>,
): string | undefined {
  if (new Set(counted).size !== counted.length) return `${holder} has counted a contract twice`
  for (const { subject, role, goodMicros, badMicros, contracts, counterparties } of shown) {
    if (role !== 'worker' || counterparties !== 1) continue
    const about = counted
      .flatMap((contract) => endings.get(contract) ?? [])
      .filter(({ terms }) => terms.worker === subject)
    const weights = about.flatMap((ending) => weightOf(ending) ?? [])
    if (weights.length !== contracts) return `${holder} has ${contracts} endings of ${subject}, not ${weights.length}`
    const good = weights.reduce((sum, weight) => sum + weight.good, 0n)
    const bad = weights.reduce((sum, weight) => sum + weight.bad, 0n)
    if (good + bad > PAIR_CAP) continue
    if (good !== goodMicros || bad !== badMicros)
      return `${holder} shows ${goodMicros} to ${badMicros} of ${subject}, and its endings are ${good} to ${bad}`
  }
  return undefined
}

/** Of the worker; `undefined` where an ending says nothing of it. */
function weightOf({ cause, fault, capturedNanos, refundedNanos, terms }: EndedState): Weight | undefined {
  const { maxNanos } = terms
  const paid = capturedNanos - refundedNanos
  if (fault === 'worker' || fault === 'both') return cause === 'not-started' ? undefined : capped(0n, maxNanos)
  if (cause === 'accepted' || cause === 'auto-accepted' || cause === 'ruled' || cause === 'frozen-ruled')
    return paid === 0n ? undefined : capped(paid, 0n)
  return cause === 'conceded' ? capped(paid, maxNanos - paid) : undefined
}

function capped(goodNanos: bigint, badNanos: bigint): Weight {
  const [good, bad] = [(goodNanos * UNIT_MICROS) / UNIT_NANOS, (badNanos * UNIT_MICROS) / UNIT_NANOS]
  const total = good + bad
  return total <= CONTRACT_CAP
    ? { good, bad }
    : { good: (good * CONTRACT_CAP) / total, bad: (bad * CONTRACT_CAP) / total }
}
