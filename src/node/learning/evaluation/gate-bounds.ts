import { GATE_DEFAULTS, type GateThresholds } from '../../../core/learning/gate/gate-thresholds.ts'
import { thresholdsAbove, thresholdsBelow } from '../../../core/learning/gate/threshold-changes.ts'
import type { PolicyConfig } from '../../config/policy-config.ts'

export type GateBounds = {
  /** What the gate judges by: its defaults, or what `policy.gate` asks for beyond them, changed as the caller wants. */
  readonly thresholds: Partial<GateThresholds>
  /** Names of those that are looser than `policy.gate` allows: a report of them opens nothing. */
  readonly tooLoose: readonly string[]
  /** What passes the gate by its cost and is then rolled back for it; `undefined` where nothing is. */
  readonly costWarning: string | undefined
}

/** What a candidate is judged by in a configuration. */
export function gateBounds(
  changed: Partial<GateThresholds>,
  { gate, rollout }: Pick<PolicyConfig, 'gate' | 'rollout'>,
): GateBounds {
  const thresholds = { ...thresholdsAbove(gate), ...changed }
  const whole = { ...GATE_DEFAULTS, ...thresholds }
  return { thresholds, tooLoose: thresholdsBelow(whole, gate), costWarning: warningOf(whole, rollout) }
}

/** The gate and the watch of a rollout look at costs with different eyes: the gate once, by rows; the watch at every request. */
function warningOf(
  { costTolerance, costTarget }: GateThresholds,
  { rules }: PolicyConfig['rollout'],
): string | undefined {
  const { costMargin } = rules.slo
  if (costTarget !== null || (costTolerance !== null && costTolerance <= costMargin)) return undefined
  const allowed = costTolerance === null ? 'any cost' : `${(100 * costTolerance).toFixed(0)} % more`
  return `The gate allows ${allowed}, but the watch of a rollout takes back a candidate that costs ${(100 * costMargin).toFixed(0)} % more than the incumbent: set \`policy.rollout.slo.costMargin\` as well where dearer is what you want`
}
