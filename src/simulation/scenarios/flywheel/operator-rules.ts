import type { Amount } from '../../../base/money.ts'
import type { GateThresholds } from '../../../core/learning/gate/gate-thresholds.ts'
import { DEFAULT_ROLLOUT_RULES, type RolloutRules } from '../../../core/rollout/rollout-rules.ts'

/** The dearest and most often right: what saving is measured by. */
export const PREMIUM = 'openai/gpt-4-1106-preview'

/** Bound of the priors, which know no trade. */
export const QUALITY = 0.9

/**
 * What a trained policy is to reach of the best single model's quality. At 0.95 it may be right 4.4 points less often than that model, which no gate lets through
 * that asks for 6 points at most with an interval of 3 to either side.
 */
export const QUALITY_SHARE = 0.99

/** What everything together may cost. */
export const LIMIT_NANOS = 1_000_000_000_000n as Amount
export const SHADOW_LIMIT_NANOS = 50_000_000_000n as Amount

/** Every task is tried in the shadow while there is one: a play is short, and the calls are the operator's to pay. */
export const SHADOW_SHARE = 1

/**
 * The product's limits, on a way up that a play has room for: one step, at half of the conversations. The margins are the usual ones, since the bets of the watch keep their chance
 * of a false alarm at any margin and length; wider ones only let through what is worse. How many requests it takes: the leaked candidate predicts 0.97, a check refuses about a
 * third of its first answers, so it is 0.15 beyond the margin of drift, and the evidence that takes it back (400) is there after 100 to 150 requests on average; by what customers
 * say of four answers in five about as soon. Shadow and canary together have 200, and a tenth of that evidence holds it where it is. Times are assumed in this world, so that a
 * policy is no worse for asking a slower model.
 */
export const RULES: RolloutRules = {
  ...DEFAULT_ROLLOUT_RULES,
  canarySteps: [50],
  minCanaryRequests: 160,
  minStepMs: 10_000,
  minShadowRuns: 40,
  slo: { ...DEFAULT_ROLLOUT_RULES.slo, latencyMargin: 1 },
}

/**
 * What the gate asks for. On 400 measured tasks the difference of two policies is known to within 3 to 4 points, so a candidate has to be surely no more than 6 points worse, and
 * surely no dearer than by the usual twentieth. `rowsMin` is the whole set.
 */
export function gateThresholds(judgeTasks: number): Partial<GateThresholds> {
  return {
    qualityMargin: -0.06,
    precisionMax: 0.04,
    costTolerance: 0.05,
    regressionMax: 0.25,
    sliceRegressionMax: 0.4,
    calibrationErrorMax: 0.15,
    rowsMin: judgeTasks,
  }
}
