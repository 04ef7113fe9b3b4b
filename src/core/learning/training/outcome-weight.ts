import type { LoggedTask, ObservedOutcome } from '../logged-task.ts'

/** No outcome counts as more than this many: a draw of small probability must not decide alone. */
export const WEIGHT_MAX = 20

/** Mark of an outcome that was only seen because another model had failed; see `outcomeWeight`. */
export const ESCALATED = -1

/** From this many outcomes that were not seen by escalation on, those by escalation are left out. */
export const DIRECT_OUTCOMES_MIN = 20

/**
 * How much an outcome of a log counts when P(success | task) is learned. A log shows a model on the tasks that it was chosen for, not on all
 * tasks, and a linear model fits best where it is looked at most; each outcome therefore counts as the reciprocal of the probability that it was seen:
 *
 * - of the model that the plan began with: 1 / propensity, at most `WEIGHT_MAX` (clipping trades a little bias for much less variance);
 * - recorded and shadow outcomes do not depend on what was chosen: 1;
 * - of a model that was escalated to: seen only because another failed, so on harder tasks than its features tell, with a probability
 *   that nobody logged. No weight repairs that. They are marked `ESCALATED` and left out, unless a model has hardly any other outcomes:
 *   then they are taken as they are, and its chances will be too low rather than unknown.
 *
 * @see Horvitz and Thompson (1952); Ionides (2008) on clipping
 */
export function outcomeWeight(task: LoggedTask, model: string, { source }: ObservedOutcome): number {
  if (source === 'recorded' || source === 'shadow') return 1
  if (model !== task.action) return ESCALATED
  return task.propensity > 0 ? Math.min(WEIGHT_MAX, 1 / task.propensity) : 1
}

export type SettledWeights = {
  /** Outcomes that count. */
  readonly count: number
  /** (sum of weights)^2 / sum of squared weights: how many equally weighted outcomes say as much. */
  readonly effectiveCount: number
  /** Escalated outcomes were taken, for lack of others. */
  readonly isEscalatedOnly: boolean
}

/** Decides in place over a candidate's marked outcomes, and scales the weights to a mean of 1. NaN: no outcome. */
export function settleWeights(weights: Float32Array): SettledWeights {
  let direct = 0
  for (const weight of weights) if (weight > 0) direct += 1
  const isEscalatedOnly = direct < DIRECT_OUTCOMES_MIN
  let sum = 0
  let count = 0
  for (let row = 0; row < weights.length; row += 1) {
    if (weights[row] === ESCALATED) weights[row] = isEscalatedOnly ? 1 : 0
    if (!((weights[row] ?? 0) > 0)) continue
    sum += weights[row] ?? 0
    count += 1
  }
  let squares = 0
  for (let row = 0; row < weights.length; row += 1) {
    if (!((weights[row] ?? 0) > 0)) {
      weights[row] = 0
      continue
    }
    weights[row] = ((weights[row] ?? 0) * count) / sum
    squares += (weights[row] ?? 0) * (weights[row] ?? 0)
  }
  return {
    count,
    effectiveCount: squares > 0 ? (count * count) / squares : 0,
    isEscalatedOnly: isEscalatedOnly && count > direct,
  }
}
