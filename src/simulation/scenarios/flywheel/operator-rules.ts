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
 * The product's limits, on a way up that a play has room for: one step at half of the conversations. The margins are the usual ones, since the watch's bets hold their chance
 * of a false alarm at any margin and any length; wider ones only let through what is worse. A candidate that predicts 0.97 where a check refuses a third of its first answers
 * is 0.15 beyond the margin of drift, and a bet against that needs some 130 of its requests: 40 in the shadow and 160 in the canary are enough in most plays, and evidence of
 * a tenth holds the canary where it is. Votes alone would need 170 on each side, of customers of whom half say anything. Times are assumed in this world, so that a policy
 * that is slower because it asks the stronger model is no worse one.
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
 * What the gate asks for, of as many measured tasks as there are. By 400 of them the difference of two policies is known to within 3 or 4 points; so the candidate has to be
 * surely no more than 6 points worse, and surely no dearer. `rowsMin` is the whole set.
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
