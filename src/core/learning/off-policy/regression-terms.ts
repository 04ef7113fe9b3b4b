import type { LoggedTask } from '../logged-task.ts'
import { doublyRobustTerms, type PredictedRewards } from './estimators.ts'
import { importanceWeights, type PolicyProbabilities } from './importance-weights.ts'

/**
 * Terms, one per row, whose means bound the share of tasks on which the incumbent was right and the candidate is wrong. Each list is a
 * bound by itself; the least counts.
 */
export type RegressionTerms = readonly Float64Array[]

export type RegressionInit = {
  readonly tasks: readonly LoggedTask[]
  readonly actions: Int32Array
  readonly candidate: PolicyProbabilities
  readonly incumbent: PolicyProbabilities
  /** Expected success of every candidate of every row, cross-fitted. */
  readonly predicted: PredictedRewards
}

/**
 * A log shows one model per task, so that both policies are never seen on the same one; but where they choose the same, nothing can
 * regress, and where they differ, a regression needs an incumbent that is right and a candidate that is wrong (Fréchet's bounds):
 * P(regression) <= min(P(differ, incumbent right), P(differ, candidate wrong)).
 */
export function logRegressionTerms({
  tasks,
  actions,
  candidate,
  incumbent,
  predicted,
}: RegressionInit): RegressionTerms {
  const logged = tasks.map(({ candidates }) => Float64Array.from(candidates, ({ propensity }) => propensity))
  const right = Float64Array.from(tasks, ({ outcome }) => outcome.success)
  const measured = (of: PolicyProbabilities, less: PolicyProbabilities, isRight: boolean): Float64Array => {
    const probabilities = of.map((row, at) => row.map((value, place) => Math.max(0, value - (less[at]?.[place] ?? 0))))
    const { weights } = importanceWeights({ logged, actions }, probabilities)
    return doublyRobustTerms(
      { actions },
      { probabilities, weights },
      {
        rewards: isRight ? right : right.map((success) => 1 - success),
        predicted: isRight ? predicted : predicted.map((row) => row.map((success) => 1 - success)),
      },
    )
  }
  return [measured(incumbent, candidate, true), measured(candidate, incumbent, false)]
}
