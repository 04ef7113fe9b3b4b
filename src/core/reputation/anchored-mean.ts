import { bucketMapGet } from '../budget/bucket-map.ts'
import type { Did } from '../evidence/names.ts'
import { betaMeanPpm, type BetaWeights, sumWeights, weighRatings } from './beta-standing.ts'
import type { EigenTrust } from './eigen-trust.ts'
import { epochOf, type ReputationState, standingKey } from './reputation-state.ts'
import type { ReputationRole } from './reputation-receipt.ts'

/** Trust from which a rater's evidence counts in full: a fiftieth of the whole. */
export const FULL_TRUST_UNITS_DEFAULT = 20_000_000_000n

export type AnchoredInit = {
  readonly subject: Did
  readonly role: ReputationRole
  readonly trust: EigenTrust
  /** 1 or more, in units of trust. */
  readonly fullTrustUnits: bigint
}

/**
 * Evidence about a party, each rater's weighed by the rater's own global trust: `min(1, t_rater / full)`. Praise by keys that nobody trusted gave anything to
 * counts nothing, good or bad; so does slander.
 */
export function anchoredWeights(state: ReputationState, init: AnchoredInit): BetaWeights {
  const { subject, role, trust, fullTrustUnits } = init
  const standing = bucketMapGet(state.standings, standingKey(subject, role))
  const rated = weighRatings(standing?.ratings.values() ?? [], state.policy, epochOf(state.policy, state.at))
  return sumWeights(
    rated.map(({ rater, goodMicros, badMicros }) => {
      const units = trust.units.get(rater) ?? 0n
      const credit = units > fullTrustUnits ? fullTrustUnits : units
      return { goodMicros: (goodMicros * credit) / fullTrustUnits, badMicros: (badMicros * credit) / fullTrustUnits }
    }),
  )
}

/** Beta mean of the anchored evidence, parts per million: what a ring of strangers says leaves it at the prior. */
export function anchoredMeanPpm(state: ReputationState, init: AnchoredInit): bigint {
  return betaMeanPpm(anchoredWeights(state, init))
}
