import type { FeedbackEvent } from '../../src/wire/feedback-event.ts'
import type { ShadowEvent } from '../../src/wire/shadow-event.ts'

/** Second `second` of a minute long ago. */
export const instantOf = (second: number): string => new Date(Date.UTC(2026, 0, 1, 0, 0, second)).toISOString()

/** A thumb up for the task `d1` of the tenant `acme`. */
export function buildFeedback(change: Partial<FeedbackEvent> = {}): FeedbackEvent {
  return {
    feedback_id: 'f1',
    timestamp: instantOf(1),
    event_id: 'd1',
    trace_id: null,
    tenant: 'acme',
    kind: 'thumbs',
    value: 1,
    source: 'user',
    ...change,
  }
}

/** A shadow run of the task `d1` of the tenant `acme` that succeeded. */
export function buildShadow(change: Partial<ShadowEvent> = {}): ShadowEvent {
  return {
    shadow_id: 's1',
    timestamp: instantOf(2),
    event_id: 'd1',
    tenant: 'acme',
    policy_version: 'linear-0123456789ab',
    model: 'openai/mini',
    tier: 'cheap_api',
    success: true,
    confidence: 0.9,
    agreement: 0.75,
    tokens_in: 10,
    tokens_out: 20,
    cost_usd: 0.0001,
    latency_ms: 300,
    ...change,
  }
}
