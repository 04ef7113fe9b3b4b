import { anchoredMeanPpm, FULL_TRUST_UNITS_DEFAULT } from './anchored-mean.ts'
import { bucketMapEntries, bucketMapGet } from '../budget/bucket-map.ts'
import type { Did, Hash } from '../evidence/names.ts'
import { betaMeanPpm, type BetaWeights, type RatedWeights, sumWeights, weighRatings } from './beta-standing.ts'
import { epochOf, type ReputationState, type Standing, standingKey } from './reputation-state.ts'
import { PPM, type ReputationPolicy } from './reputation-policy.ts'
import type { ReputationRole } from './reputation-receipt.ts'
import type { SybilRing } from './sybil-rings.ts'
import type { EigenTrust } from './eigen-trust.ts'

/**
 * Why a standing deserves a second look. `newcomer`: less weight than the policy asks. `one-counterparty`, `one-source`: so much of the weight comes from a
 * single counterparty or purse, before the caps. `ring`: the trust flow does not carry what it claims.
 */
export type ReputationFlag = 'newcomer' | 'one-counterparty' | 'one-source' | 'ring'

/** One line of `kernell reputation list`. */
export type ReputationLine = BetaWeights & {
  readonly subject: Did
  readonly role: ReputationRole
  /** Parts per million; 500,000 says nothing. */
  readonly meanPpm: bigint
  readonly contracts: number
  readonly counterparties: number
  readonly flags: readonly ReputationFlag[]
  /** Global trust in parts of 10^12, where a calculation was given. */
  readonly trustUnits: bigint | undefined
  /** Mean of evidence weighed by the trust of who gave it, where a calculation was given. */
  readonly anchoredMeanPpm: bigint | undefined
}

/** What `kernell reputation show` prints beside the line. */
export type ReputationDetail = ReputationLine & {
  /** By weight, heaviest first. */
  readonly raters: readonly RatedWeights[]
  readonly ring: SybilRing | undefined
}

/** Calculations over the whole market, made elsewhere because they are dear. */
export type MarketTrust = { readonly trust: EigenTrust | undefined; readonly rings: readonly SybilRing[] }

export const NO_MARKET_TRUST: MarketTrust = { trust: undefined, rings: [] }

export type ReputationQuery = {
  readonly role: ReputationRole | undefined
  /** 1 to 1,000. */
  readonly limit: number
}

/** Best mean first, then most weight, then DID; newcomers stand where the prior puts them. */
export function listReputation(
  state: ReputationState,
  { role, limit }: ReputationQuery,
  market: MarketTrust = NO_MARKET_TRUST,
): readonly ReputationLine[] {
  const lines: ReputationLine[] = []
  for (const [, standing] of bucketMapEntries(state.standings)) {
    if (role === undefined || role === standing.role) lines.push(describe(state, standing, market).line)
  }
  return lines.sort(compareLines).slice(0, limit)
}

/** `undefined` for a party of whom nothing is known in the role. */
export function showReputation(
  state: ReputationState,
  { subject, role }: { readonly subject: Did; readonly role: ReputationRole },
  market: MarketTrust = NO_MARKET_TRUST,
): ReputationDetail | undefined {
  const standing = bucketMapGet(state.standings, standingKey(subject, role))
  if (standing === undefined) return undefined
  const { line, weights } = describe(state, standing, market)
  const raters = weights.toSorted(compareRaters)
  return { ...line, raters, ring: ringOf(market, subject) }
}

/** Weights of a party in a role now; zero for one that nobody knows. */
export function weightsOf(state: ReputationState, subject: Did, role: ReputationRole): BetaWeights {
  const standing = bucketMapGet(state.standings, standingKey(subject, role))
  return sumWeights(weighRatings(standing?.ratings.values() ?? [], state.policy, epochOf(state.policy, state.at)))
}

/** What a ring leaves each of its members: an equal share of the flow into it; `undefined` for a party in none. */
export function inflowCapOf(market: MarketTrust, subject: Did): bigint | undefined {
  const ring = ringOf(market, subject)
  return ring === undefined ? undefined : ring.inflowMicros / BigInt(ring.members.length)
}

function describe(
  state: ReputationState,
  standing: Standing,
  market: MarketTrust,
): { readonly line: ReputationLine; readonly weights: readonly RatedWeights[] } {
  const { policy } = state
  const { subject, role, ratings } = standing
  const { trust } = market
  const epoch = epochOf(policy, state.at)
  const weights = weighRatings(ratings.values(), policy, epoch)
  const sum = sumWeights(weights)
  const flags: ReputationFlag[] = []
  if (totalOf(sum) < policy.newcomerMicros) flags.push('newcomer')
  const uncapped = weighRatings(ratings.values(), withoutCaps(policy), epoch)
  if (isConcentrated(uncapped, ({ rater }) => rater, policy)) flags.push('one-counterparty')
  if (isConcentrated(uncapped, ({ source }) => source, policy)) flags.push('one-source')
  if (ringOf(market, subject) !== undefined) flags.push('ring')
  const line: ReputationLine = {
    subject,
    role,
    ...sum,
    meanPpm: betaMeanPpm(sum),
    contracts: [...ratings.values()].reduce(
      (count, { epochs }) => count + epochs.reduce((n, e) => n + e.contracts, 0),
      0,
    ),
    counterparties: new Set(weights.map(({ rater }) => rater)).size,
    flags,
    trustUnits: trust === undefined ? undefined : (trust.units.get(subject) ?? 0n),
    anchoredMeanPpm:
      trust === undefined
        ? undefined
        : anchoredMeanPpm(state, { subject, role, trust, fullTrustUnits: FULL_TRUST_UNITS_DEFAULT }),
  }
  return { line, weights }
}

/** The caps hide how lopsided the evidence is, so that shares are told without them. */
function withoutCaps(policy: ReputationPolicy): ReputationPolicy {
  const most = 1n << 128n
  return { ...policy, pairCapMicros: most, sourceCapMicros: most }
}

function isConcentrated(
  weights: readonly RatedWeights[],
  groupOf: (weight: RatedWeights) => Did | Hash,
  { concentrationPpm, newcomerMicros }: ReputationPolicy,
): boolean {
  const total = totalOf(sumWeights(weights))
  // The first counterparty of anybody has all of its weight.
  if (total < newcomerMicros || total === 0n) return false
  const sums = new Map<string, bigint>()
  for (const weight of weights) sums.set(groupOf(weight), (sums.get(groupOf(weight)) ?? 0n) + totalOf(weight))
  return [...sums.values()].some((sum) => sum * PPM >= total * concentrationPpm)
}

function ringOf({ rings }: MarketTrust, subject: Did): SybilRing | undefined {
  return rings.find(({ members }) => members.includes(subject))
}

function totalOf({ goodMicros, badMicros }: BetaWeights): bigint {
  return goodMicros + badMicros
}

function compareRaters(left: RatedWeights, right: RatedWeights): number {
  if (totalOf(left) !== totalOf(right)) return totalOf(left) > totalOf(right) ? -1 : 1
  return `${left.rater} ${left.source}` < `${right.rater} ${right.source}` ? -1 : 1
}

function compareLines(left: ReputationLine, right: ReputationLine): number {
  if (left.meanPpm !== right.meanPpm) return left.meanPpm > right.meanPpm ? -1 : 1
  if (totalOf(left) !== totalOf(right)) return totalOf(left) > totalOf(right) ? -1 : 1
  if (left.subject !== right.subject) return left.subject < right.subject ? -1 : 1
  return left.role < right.role ? -1 : 1
}
