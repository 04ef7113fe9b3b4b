import type { LoggedTask } from '../logged-task.ts'
import { evaluateLog } from '../off-policy/evaluate-log.ts'
import type { EstimatorName } from '../off-policy/estimators.ts'
import type { PolicyProbabilities } from '../off-policy/importance-weights.ts'
import type { Estimate } from '../off-policy/mean-interval.ts'
import { loggedProbabilities } from './baselines.ts'

/** What doing otherwise would have cost, beside what was done. */
export type Savings =
  | {
      readonly kind: 'estimated'
      readonly baseline: string
      readonly rows: number
      readonly estimator: EstimatorName
      /** Dollars per task. */
      readonly actualUsd: Estimate
      readonly baselineUsd: Estimate
      /** Dollars saved per task: the baseline's cost less what was spent; below 0 when the baseline would have been cheaper. */
      readonly savedUsd: Estimate
      /** Share of the baseline's cost that was saved; `undefined` when the baseline costs nothing. */
      readonly savedShare: number | undefined
      /** How much more often tasks succeeded than they would have under the baseline. */
      readonly qualityGain: Estimate | undefined
      readonly effectiveRows: number
    }
  | { readonly kind: 'unsupported'; readonly baseline: string; readonly message: string }

export type SavingsInit = {
  readonly tasks: readonly LoggedTask[]
  readonly baseline: { readonly name: string; readonly probabilities: PolicyProbabilities }
  /** Default `dr`. */
  readonly estimator?: EstimatorName
}

/**
 * Savings of what was done against a baseline that was not, estimated from the exploration in the log. Where the log never did what the baseline does,
 * nothing can be said, and it is not made up from price lists.
 */
export function estimateSavings({ tasks, baseline, estimator = 'dr' }: SavingsInit): Savings {
  const { name, probabilities } = baseline
  const evaluated = evaluateLog({
    tasks,
    candidate: probabilities,
    incumbent: loggedProbabilities(tasks),
    names: { candidate: `baseline ${name}`, incumbent: 'policy that logged it' },
  })
  if (evaluated.kind === 'refused') return { kind: 'unsupported', baseline: name, message: evaluated.message }
  const cost = evaluated.metrics.cost?.[estimator]
  if (cost === undefined)
    return { kind: 'unsupported', baseline: name, message: 'What the tasks cost is not known for enough rows' }
  return {
    kind: 'estimated',
    baseline: name,
    rows: evaluated.rows,
    estimator,
    actualUsd: cost.incumbent,
    baselineUsd: cost.candidate,
    savedUsd: cost.difference,
    savedShare: cost.candidate.value > 0 ? cost.difference.value / cost.candidate.value : undefined,
    qualityGain: negated(evaluated.metrics.success?.[estimator].difference),
    effectiveRows: evaluated.weights.candidate.effectiveRows,
  }
}

function negated(estimate: Estimate | undefined): Estimate | undefined {
  return estimate === undefined
    ? undefined
    : { ...estimate, value: 0 - estimate.value, low: 0 - estimate.high, high: 0 - estimate.low }
}
