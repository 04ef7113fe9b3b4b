import type { LoggedTask, ObservedOutcome } from '../logged-task.ts'
import type { PolicyProbabilities } from './importance-weights.ts'

export type Metric = 'success' | 'cost' | 'latency'

export const METRICS: readonly Metric[] = ['success', 'cost', 'latency']

/** Two policies on the same tasks: what each would begin with, in the places of each task's candidates. */
export type ComparedPolicies = {
  readonly tasks: readonly LoggedTask[]
  readonly candidate: PolicyProbabilities
  readonly incumbent: PolicyProbabilities
}

/** Of an outcome: share of right answers, dollars, or milliseconds; `undefined` where it was not measured. */
export function metricOf(metric: Metric, { success, costUsd, latencyMs }: ObservedOutcome): number | undefined {
  if (metric === 'success') return success
  return metric === 'cost' ? costUsd : latencyMs
}

/** Why nothing can be said. */
export type Refusal = {
  readonly reason:
    /** Fewer rows than anything can be said from. */
    | 'too-few-rows'
    /** No probabilities were logged, or that of the action taken is 0. */
    | 'no-propensities'
    /** A policy does what the log never did, too often. */
    | 'no-support'
    /** The rows that speak of the policy, or of the difference, weigh too few. */
    | 'too-few-effective-rows'
    /** Outcomes of models that a policy begins with are not known, too often. */
    | 'outcomes-missing'
  /** One sentence for people, with the figures. */
  readonly message: string
}

/** Throws `RangeError` for policies that do not fit the tasks. */
export function checkFit({ tasks, candidate, incumbent }: ComparedPolicies): void {
  for (const [row, { candidates }] of tasks.entries()) {
    for (const probabilities of [candidate[row], incumbent[row]]) {
      if (probabilities?.length !== candidates.length)
        throw new RangeError(`Row ${row}: a policy needs a probability for each of ${candidates.length} candidates`)
      const sum = probabilities.reduce((total, value) => total + value, 0)
      if (!(Math.abs(sum - 1) < 1e-6) || probabilities.some((value) => value < 0))
        throw new RangeError(`Row ${row}: the probabilities of a policy sum to ${sum}, not to 1`)
    }
  }
}
