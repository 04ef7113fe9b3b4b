import type { TelemetryEvent } from '../../wire/telemetry-event.ts'

/**
 * What makes two records the same: the task and everything that came of it, to the last figure. Their ids, their times and who they are from do
 * not count, so that an export that was read in twice gives its rows once; what was said of the answer later does not either, so that the record
 * before the feedback and the record after it are the same, and the later one can win.
 */
export function recordIdentity(event: TelemetryEvent): string {
  return JSON.stringify([
    event.task_hash,
    event.actual_tier_used,
    event.model_used,
    event.success,
    event.was_escalated,
    event.escalation_chain,
    event.tokens_in,
    event.tokens_out,
    event.cost_usd,
    event.latency_ms,
    event.verifier_accepted,
    event.verifier_confidence,
  ])
}

/** Largest `recordRank`. */
export const RANK_MAX = 65_535

/** Of the same records the one with the most follow-ups stays, of those the first: delayed feedback wins over none. A whole number, 0 to 65,535. */
export function recordRank({ feedback = [], shadows = [] }: TelemetryEvent): number {
  return Math.min(RANK_MAX, feedback.length + shadows.length)
}
