import { assert } from '../../../base/assert.ts'
import { amountToUsd } from '../../../base/money.ts'
import type { DecisionCandidate } from '../../routing/decision-record.ts'
import { tradeValue } from '../best-trade.ts'
import { probabilitiesOfBest, probabilitiesOfFirstWithin, type NormalBeliefs } from './best-probabilities.ts'
import type { ExplorationRegret, ExplorationRule } from './exploration-rule.ts'

/** Among whom, and by which aim, the first model of a plan is drawn. */
export type FirstDraw = {
  /** Candidates that may be drawn, cheapest first; at least one. */
  readonly candidates: readonly DecisionCandidate[]
  /** What would be called without exploration; need not be among the candidates. */
  readonly greedy: DecisionCandidate
  readonly rule: ExplorationRule
  /** 0 <= x < 1; one draw decides. */
  readonly draw: number
  /** Weight of a dollar against a right answer; absent: the cheapest candidate within the bound is wanted. */
  readonly successPerUsd: number | undefined
  /** Least predicted success; read where no trade is made. */
  readonly bound: number
}

export type DrawnFirst = {
  readonly first: DecisionCandidate
  /** P(drawn) of every candidate that has a chance, the sum is 1. */
  readonly propensities: ReadonlyMap<DecisionCandidate, number>
  readonly regret: ExplorationRegret
  /** The regret would have been more than is left, so nothing was tried. */
  readonly isStopped: boolean
}

const NO_REGRET: ExplorationRegret = { utility: 0, usd: 0 }

/** Chance that a cheaper candidate is better (95 %, one-sided) from which on the dearer one is no contender. */
const SURPASSED_Z = 1.645

/** The distribution of the rule's method, mixed with the floors, and the candidate that the draw falls on. */
export function drawFirst(input: FirstDraw): DrawnFirst {
  const beliefs = beliefsOf(input)
  const propensities = propensitiesOf(input, beliefs)
  const regret = regretOf(input, beliefs, propensities)
  const { utility = Number.POSITIVE_INFINITY, usd = Number.POSITIVE_INFINITY } = input.rule.regretLeft
  if (regret.utility > utility || regret.usd > usd) return { ...certainly(input.greedy), isStopped: true }
  return { first: drawnFrom(propensities, input), propensities, regret, isStopped: false }
}

/** No draw: this candidate, whatever comes. */
export function certainly(first: DecisionCandidate): DrawnFirst {
  return { first, propensities: new Map([[first, 1]]), regret: NO_REGRET, isStopped: false }
}

/** Beliefs in the utility of each candidate: success less dollars at their weight, or success alone. */
type Beliefs = NormalBeliefs & { readonly usd: Float64Array }

function beliefsOf({ candidates, successPerUsd }: FirstDraw): Beliefs {
  const usd = dollarsOf(candidates)
  return {
    usd,
    means: Float64Array.from(candidates, ({ predictedSuccess }, place) =>
      tradeValue(predictedSuccess, usd[place] ?? 0, successPerUsd ?? 0),
    ),
    deviations: Float64Array.from(candidates, ({ uncertainty = 0 }) => uncertainty),
  }
}

/** Expected dollars; a cost that is not known counts as the highest that is. */
function dollarsOf(candidates: readonly DecisionCandidate[]): Float64Array {
  let highest = 0
  for (const { expectedCostNanos } of candidates)
    if (expectedCostNanos !== undefined) highest = Math.max(highest, amountToUsd(expectedCostNanos))
  return Float64Array.from(candidates, ({ expectedCostNanos }) =>
    expectedCostNanos === undefined ? highest : amountToUsd(expectedCostNanos),
  )
}

function propensitiesOf(input: FirstDraw, beliefs: Beliefs): ReadonlyMap<DecisionCandidate, number> {
  const { candidates, greedy, rule } = input
  const { floor } = rule
  const base = baseOf(input, beliefs)
  const contenders = rule.contenders > 0 ? contendersOf(candidates, beliefs) : []
  const contending = contenders.length > 0 ? rule.contenders : 0
  const kept = 1 - floor - contending
  const propensities = new Map<DecisionCandidate, number>([[greedy, 0]])
  for (const [place, candidate] of candidates.entries()) {
    const contender = contenders.includes(place) ? contending / contenders.length : 0
    propensities.set(candidate, floor / candidates.length + contender)
  }
  for (const [candidate, chance] of base)
    propensities.set(candidate, (propensities.get(candidate) ?? 0) + kept * chance)
  return propensities
}

/** The method's own distribution, without floors. */
function baseOf(input: FirstDraw, beliefs: Beliefs): ReadonlyMap<DecisionCandidate, number> {
  const { candidates, greedy, rule, bound, successPerUsd } = input
  if (rule.method === 'epsilon') return new Map([[greedy, 1]])
  if (rule.method === 'linucb') {
    const upper = beliefs.means.map((mean, place) => mean + rule.width * (beliefs.deviations[place] ?? 0))
    const within = successPerUsd === undefined ? upper.findIndex((value) => value >= bound) : -1
    const first = candidates[within >= 0 ? within : upper.indexOf(Math.max(...upper))]
    return new Map([[first ?? greedy, 1]])
  }
  const chances =
    successPerUsd === undefined ? probabilitiesOfFirstWithin(beliefs, bound) : probabilitiesOfBest(beliefs)
  return new Map(candidates.map((candidate, place) => [candidate, chances[place] ?? 0]))
}

/**
 * Places of candidates whose success no other one, at equal or lower cost, surpasses with confidence: any of them may be the best one at some
 * weight of a dollar.
 */
function contendersOf(candidates: readonly DecisionCandidate[], { deviations, usd }: Beliefs): readonly number[] {
  const isSurpassed = (place: number): boolean => {
    const own = candidates[place]?.predictedSuccess ?? 0
    return candidates.some(({ predictedSuccess }, other) => {
      if (other === place || (usd[other] ?? 0) > (usd[place] ?? 0)) return false
      const [mine, theirs] = [deviations[place] ?? 0, deviations[other] ?? 0]
      const ahead = predictedSuccess - own
      return ahead > 0 && ahead > SURPASSED_Z * Math.sqrt(mine * mine + theirs * theirs)
    })
  }
  return [...candidates.keys()].filter((place) => !isSurpassed(place))
}

function regretOf(
  input: FirstDraw,
  beliefs: Beliefs,
  propensities: ReadonlyMap<DecisionCandidate, number>,
): ExplorationRegret {
  const { candidates, greedy, bound, successPerUsd } = input
  const utilityAt = (success: number, usd: number): number =>
    successPerUsd === undefined ? Math.min(success, bound) : tradeValue(success, usd, successPerUsd)
  const greedyPlace = candidates.indexOf(greedy)
  const greedyUsd = greedyPlace >= 0 ? (beliefs.usd[greedyPlace] ?? 0) : (dollarsOf([greedy])[0] ?? 0)
  const best = utilityAt(greedy.predictedSuccess, greedyUsd)
  let utility = 0
  let usd = 0
  for (const [place, candidate] of candidates.entries()) {
    const chance = propensities.get(candidate) ?? 0
    const own = beliefs.usd[place] ?? 0
    utility += chance * (best - utilityAt(candidate.predictedSuccess, own))
    usd += chance * (own - greedyUsd)
  }
  return { utility: Math.max(0, utility), usd: Math.max(0, usd) }
}

/** Candidates take their parts of 0 to 1 in order, cheapest first; rounding leaves the last part to the greedy one. */
function drawnFrom(
  propensities: ReadonlyMap<DecisionCandidate, number>,
  { candidates, greedy, draw }: FirstDraw,
): DecisionCandidate {
  assert(draw >= 0 && draw < 1, 'a draw is at least 0 and below 1')
  let upTo = 0
  for (const candidate of candidates) {
    upTo += propensities.get(candidate) ?? 0
    if (draw < upTo) return candidate
  }
  return (propensities.get(greedy) ?? 0) > 0 ? greedy : (candidates.at(-1) ?? greedy)
}
