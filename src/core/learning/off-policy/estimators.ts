import type { ActionLog, PolicyProbabilities } from './importance-weights.ts'
import { meanOf } from './mean-interval.ts'

/**
 * Estimators of a policy's value from a log of another policy. Each gives one term per row: the mean of the terms is the estimate, and
 * their spread is its variance (they are the estimate plus its influence function), so that terms of two policies on the same log can be
 * subtracted row by row and the interval of the difference is paired.
 */
export type EstimatorName = 'ips' | 'snips' | 'dr'

export const ESTIMATORS: readonly EstimatorName[] = ['ips', 'snips', 'dr']

/** Inverse propensity scoring: w r. Unbiased (Horvitz and Thompson, 1952). */
export function ipsTerms(weights: Float64Array, rewards: Float64Array): Float64Array {
  return weights.map((weight, row) => weight * (rewards[row] ?? 0))
}

/**
 * Self-normalised: V = sum w r / sum w (Swaminathan and Joachims, 2015). Terms by the delta method: V + w (r - V) / mean w, taken with
 * the weight that a row has in its own estimate of V (leave one out), without which few heavy rows make the interval too narrow.
 */
export function selfNormalisedTerms(weights: Float64Array, rewards: Float64Array): Float64Array {
  const mean = meanOf(weights)
  if (!(mean > 0)) return new Float64Array(weights.length)
  const value = meanOf(ipsTerms(weights, rewards)) / mean
  return weights.map((weight, row) => value + (weight * ((rewards[row] ?? 0) - value)) / mean)
}

/** Expected reward of every action in every row, in the places of the log's actions, from models that have not seen the row. */
export type PredictedRewards = readonly Float64Array[]

/** Doubly robust: sum over actions of pi q, plus w (r - q of the action) (Dudík, Langford and Li, 2011). */
export function doublyRobustTerms(
  { actions }: Pick<ActionLog, 'actions'>,
  policy: { readonly probabilities: PolicyProbabilities; readonly weights: Float64Array },
  { rewards, predicted }: { readonly rewards: Float64Array; readonly predicted: PredictedRewards },
): Float64Array {
  return policy.weights.map((weight, row) => {
    const expected = predicted[row]
    const direct = expectation(policy.probabilities[row], expected)
    return direct + weight * ((rewards[row] ?? 0) - (expected?.[actions[row] ?? 0] ?? 0))
  })
}

function expectation(probabilities: Float64Array | undefined, values: Float64Array | undefined): number {
  let sum = 0
  for (const [place, probability] of (probabilities ?? []).entries()) sum += probability * (values?.[place] ?? 0)
  return sum
}
