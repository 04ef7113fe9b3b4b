import { GATE_DEFAULTS, type GateThresholds } from '../../core/learning/gate/gate-thresholds.ts'
import { thresholdsAbove, thresholdsBelow } from '../../core/learning/gate/threshold-changes.ts'
import type { PolicyConfig } from '../config/node-config.ts'

export type GateBounds = {
  /** What the gate judges by: its defaults, or what `policy.gate` asks for beyond them, changed as the caller wants. */
  readonly thresholds: Partial<GateThresholds>
  /** Names of those that are looser than `policy.gate` allows: a report of them opens nothing. */
  readonly tooLoose: readonly string[]
}

/** What a candidate is judged by in a configuration. */
export function gateBounds(changed: Partial<GateThresholds>, { gate }: Pick<PolicyConfig, 'gate'>): GateBounds {
  const thresholds = { ...thresholdsAbove(gate), ...changed }
  const whole = { ...GATE_DEFAULTS, ...thresholds }
  return { thresholds, tooLoose: thresholdsBelow(whole, gate) }
}
