import type { LoggedTask } from '../logged-task.ts'
import { evaluateLog, type Compared } from '../off-policy/evaluate-log.ts'
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
      readonly savedShare: Estimate | undefined
      /** How much more often tasks succeeded than they would have under the baseline. */
      readonly qualityGain: Estimate | undefined
      readonly effectiveRows: number
    }
  | { readonly kind: 'unsupported'; readonly baseline: string; readonly message: string }

/** A log, and a policy that was not followed, against which savings are estimated: by task, what it would have begun with, in the places of the task's candidates. */
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
    savedShare: shareOf(cost),
    qualityGain: negated(evaluated.metrics.success?.[estimator].difference),
    effectiveRows: evaluated.weights.candidate.effectiveRows,
  }
}

/** Critical value of the normal distribution for intervals of 95 %. */
const NORMAL = 1.96

/**
 * The difference as a share of the candidate, by the delta method: spent and baseline are estimated on the same rows, and how they vary together follows
 * from the error of their difference. Its ends lie as many standard errors away as those of the difference, which know of skewness and of what was not seen.
 */
function shareOf({ candidate, incumbent, difference }: Compared<Estimate>): Estimate | undefined {
  if (!(candidate.value > 0)) return undefined
  const ratio = incumbent.value / candidate.value
  const [own, spent, both] = [candidate, incumbent, difference].map(({ standardError: error }) => error * error)
  const together = ((own ?? 0) + (spent ?? 0) - (both ?? 0)) / 2
  const variance = (spent ?? 0) - 2 * ratio * together + ratio * ratio * (own ?? 0)
  const standardError = Math.sqrt(Math.max(0, variance)) / candidate.value
  const errorsTo = (end: number): number =>
    difference.standardError > 0 ? Math.abs(end - difference.value) / difference.standardError : NORMAL
  const value = difference.value / candidate.value
  return {
    value,
    low: value - errorsTo(difference.low) * standardError,
    high: Math.min(1, value + errorsTo(difference.high) * standardError),
    standardError,
  }
}

function negated(estimate: Estimate | undefined): Estimate | undefined {
  return estimate === undefined
    ? undefined
    : { ...estimate, value: 0 - estimate.value, low: 0 - estimate.high, high: 0 - estimate.low }
}
