import type { TelemetryEvent } from '../../wire/telemetry-event.ts'
import type { LabelRoute, LabelRow } from '../dataset/label-row.ts'
import { errorTypeOf, predictedRouteOf } from './label-route.ts'
import { roundHalfEven } from './round-half-even.ts'

/** What a labeler says of a task. */
export type Label = {
  readonly optimal: LabelRoute
  readonly reason: string
  /** What the route that was taken cost more: weighted dollars and seconds, not rounded. */
  readonly penalty: number
  /** 0 to 1, not rounded. */
  readonly confidence: number
}

/** Why a record gives no row. */
export const DROP_REASONS = ['unknown_tier', 'ambiguous', 'unverified'] as const
export type DropReason = (typeof DROP_REASONS)[number]

/** The contract's row of a labelled task. */
export function labelRowOf(event: TelemetryEvent, actual: LabelRoute, label: Label): LabelRow {
  const predicted = predictedRouteOf(event)
  const { optimal } = label
  const wasEscalated = event.was_escalated
  const latencyS = event.latency_ms / 1000
  return {
    task_hash: event.task_hash,
    task_token_count: event.task_token_count,
    task_domain: event.task_domain,
    hardware_tier: event.hardware_tier,
    has_gpu: event.has_gpu,
    predicted_route: predicted,
    actual_route: actual,
    was_escalated: wasEscalated,
    escalation_chain: event.escalation_chain,
    success: event.success,
    cost_usd: event.cost_usd,
    latency_s: latencyS,
    tokens_total: event.tokens_in + event.tokens_out,
    optimal_route: optimal,
    should_use_premium: optimal === 'premium',
    penalty: roundHalfEven(label.penalty, 6),
    label_confidence: roundHalfEven(label.confidence, 3),
    label_reason: label.reason,
    error_type: errorTypeOf({ predicted, actual, optimal, wasEscalated }),
    error_severity: roundHalfEven(Math.max(0, label.penalty) + (event.cost_usd ?? 0) * 0.5 + latencyS * 0.01, 6),
  }
}
