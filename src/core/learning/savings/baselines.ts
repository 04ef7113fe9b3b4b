import { modelTierRank, MODEL_TIERS } from '../../models/model-entry.ts'
import type { LoggedCandidate, LoggedTask } from '../logged-task.ts'
import type { PolicyProbabilities } from '../off-policy/importance-weights.ts'

/** Policies that nobody had to train, by what they begin with. */
export type BaselineName = 'always-cheap' | 'always-premium' | 'random-mix'

export const BASELINES: readonly BaselineName[] = ['always-cheap', 'always-premium', 'random-mix']

/**
 * What a baseline begins with, by task. `always-cheap`: the candidate that was expected to cost least; `always-premium`: the one of the highest
 * tier, and of these the dearest; `random-mix`: each of the two half of the time. A task without candidates has an empty row.
 */
export function baselineProbabilities(name: BaselineName, tasks: readonly LoggedTask[]): PolicyProbabilities {
  return mixProbabilities(PREMIUM_SHARES[name], tasks)
}

const PREMIUM_SHARES: Readonly<Record<BaselineName, number>> = {
  'always-cheap': 0,
  'always-premium': 1,
  'random-mix': 0.5,
}

/** A lot decides: the premium candidate with `premiumShare`, 0 to 1, else the cheap one. */
export function mixProbabilities(premiumShare: number, tasks: readonly LoggedTask[]): PolicyProbabilities {
  return tasks.map(({ candidates }) => {
    const row = new Float64Array(candidates.length)
    if (candidates.length === 0) return row
    const [cheap, premium] = [placeOfFirst(candidates, byCheapness), placeOfFirst(candidates, byStanding)]
    row[cheap] = 1 - premiumShare
    row[premium] = (row[premium] ?? 0) + premiumShare
    return row
  })
}

/** What was really done: the probabilities of the log itself. */
export function loggedProbabilities(tasks: readonly LoggedTask[]): PolicyProbabilities {
  return tasks.map(({ candidates }) => Float64Array.from(candidates, ({ propensity }) => propensity))
}

type Order = (left: LoggedCandidate, right: LoggedCandidate) => number

function placeOfFirst(candidates: readonly LoggedCandidate[], order: Order): number {
  let first = 0
  for (const [place, candidate] of candidates.entries()) {
    const best = candidates[first]
    if (best !== undefined && order(candidate, best) < 0) first = place
  }
  return first
}

/** A candidate of unknown price is not the cheapest. */
function byCheapness(left: LoggedCandidate, right: LoggedCandidate): number {
  return (
    costOr(left, Number.MAX_VALUE) - costOr(right, Number.MAX_VALUE) ||
    rankOf(left) - rankOf(right) ||
    byName(left, right)
  )
}

function byStanding(left: LoggedCandidate, right: LoggedCandidate): number {
  return rankOf(right) - rankOf(left) || costOr(right, 0) - costOr(left, 0) || byName(left, right)
}

function costOr({ expectedCostUsd }: LoggedCandidate, unknown: number): number {
  return expectedCostUsd ?? unknown
}

/** A tier that is no model's has no standing. */
function rankOf({ tier }: LoggedCandidate): number {
  const known = MODEL_TIERS.find((name) => name === tier)
  return known === undefined ? -1 : modelTierRank(known)
}

function byName(left: LoggedCandidate, right: LoggedCandidate): number {
  return left.model < right.model ? -1 : Number(left.model > right.model)
}
