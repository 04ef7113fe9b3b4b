import { bucketMapEntries } from '../budget/bucket-map.ts'
import type { Did } from '../evidence/names.ts'
import { compareTexts } from '../text/compare-texts.ts'
import { weighRatings } from './beta-standing.ts'
import { epochOf, type ReputationState } from './reputation-state.ts'

/** Local trust of one peer in another: what it was satisfied with beyond what it was not, in millionths of a unit, above 0. */
export type TrustEdge = { readonly from: Did; readonly to: Did; readonly weightMicros: bigint }

/** How much of a graph one calculation takes at most; a larger one is refused. */
export const TRUST_PEERS_MAX = 20_000
export const TRUST_EDGES_MAX = 200_000

/**
 * Edges of the signed receipts: `s_ij = max(good - bad, 0)` over both roles (Kamvar, Schlosser, Garcia-Molina, The EigenTrust Algorithm, WWW 2003, section
 * 4.1, with value-weighted and capped evidence in place of counts). Sorted by `from`, then `to`; each pair once.
 */
export function trustEdgesOf(state: ReputationState): readonly TrustEdge[] {
  const epoch = epochOf(state.policy, state.at)
  const sums = new Map<string, { from: Did; to: Did; weightMicros: bigint }>()
  for (const [, { subject, ratings }] of bucketMapEntries(state.standings)) {
    for (const { rater, goodMicros, badMicros } of weighRatings(ratings.values(), state.policy, epoch)) {
      const key = `${rater} ${subject}`
      const sum = sums.get(key) ?? { from: rater, to: subject, weightMicros: 0n }
      sum.weightMicros += goodMicros - badMicros
      sums.set(key, sum)
    }
  }
  return sortEdges([...sums.values()].filter(({ weightMicros }) => weightMicros > 0n))
}

/** The edges by `from`, then `to`, in UTF-16 order. */
export function sortEdges(edges: readonly TrustEdge[]): readonly TrustEdge[] {
  return edges.toSorted((left, right) => compareTexts(left.from, right.from) || compareTexts(left.to, right.to))
}
