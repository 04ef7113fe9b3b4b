import { parseTelemetryEvent } from '../../../src/wire/read-telemetry-event.ts'
import type { TelemetryEvent } from '../../../src/wire/telemetry-event.ts'

/** A record with the eight fields that a label needs; `changes` are fields as they stand in a file. */
export function eventOf(changes: Readonly<Record<string, unknown>> = {}): TelemetryEvent {
  const reading = parseTelemetryEvent({
    task_hash: 'a'.repeat(64),
    actual_tier_used: 'local_small',
    success: true,
    was_escalated: false,
    cost_usd: 0,
    latency_ms: 400,
    tokens_in: 50,
    tokens_out: 100,
    ...changes,
  })
  if ('problem' in reading) throw new TypeError(reading.problem)
  return reading.event
}

/** The verifier accepted, and was sure. */
export const VERIFIED = { verifier_accepted: true, verifier_confidence: 0.9 } as const

export function feedback(changes: Readonly<Record<string, unknown>> = {}): Readonly<Record<string, unknown>> {
  return {
    feedback_id: 'f1',
    timestamp: '2026-02-01T00:00:00.000Z',
    event_id: 'e1',
    trace_id: null,
    tenant: null,
    kind: 'thumbs',
    value: 1,
    source: 'user',
    ...changes,
  }
}

export function shadow(changes: Readonly<Record<string, unknown>> = {}): Readonly<Record<string, unknown>> {
  return {
    shadow_id: 's1',
    timestamp: '2026-02-01T00:00:00.000Z',
    event_id: 'e1',
    tenant: null,
    policy_version: 'candidate-1',
    model: 'tiny',
    tier: 'local_nano',
    success: true,
    confidence: 0.9,
    agreement: null,
    tokens_in: 50,
    tokens_out: 100,
    cost_usd: 0,
    latency_ms: 200,
    ...changes,
  }
}

export function candidate(model: string, tier: string, propensity: number): Readonly<Record<string, unknown>> {
  return { model, tier, predicted_success: 0.6, expected_cost_usd: 0.01, expected_latency_s: 1, propensity }
}

export function attempt(
  model: string,
  tier: string,
  changes: Readonly<Record<string, unknown>> = {},
): Readonly<Record<string, unknown>> {
  return {
    model,
    tier,
    outcome: 'accepted',
    confidence: 0.9,
    tokens_in: 50,
    tokens_out: 100,
    cost_usd: 0,
    latency_ms: 300,
    ...changes,
  }
}
