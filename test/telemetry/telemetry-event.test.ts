import { describe, expect, test } from 'vitest'
import { amountFromNanos } from '../../src/base/money.ts'
import { parseTelemetryEvent } from '../../src/wire/read-telemetry-event.ts'
import { formatTelemetryEvent, telemetryEventOf, type TelemetryContext } from '../../src/wire/telemetry-event.ts'
import { buildOutcome } from './task-outcome-builder.ts'

const context: TelemetryContext = {
  instanceId: 'i1',
  taskHash: 'ab',
  hardwareTier: 'balanced',
  hasGpu: false,
  ramBucket: '16gb',
  featureSet: '0123456789ab',
  keepsText: false,
}

/** Field names on disk and on the wire: a contract, never renamed. */
const FIELDS = [
  'instance_id',
  'event_id',
  'timestamp',
  'task_hash',
  'task_token_count',
  'task_domain',
  'predicted_difficulty',
  'predicted_tier',
  'classifier_confidence',
  'actual_tier_used',
  'was_escalated',
  'escalation_chain',
  'success',
  'tokens_in',
  'tokens_out',
  'cost_usd',
  'latency_ms',
  'was_cached',
  'verifier_accepted',
  'verifier_confidence',
  'hardware_tier',
  'has_gpu',
  'ram_bucket',
  'local_model_used',
  'api_provider',
  'policy_route_predicted',
  'policy_confidence',
  'policy_expected_cost',
  'policy_expected_latency',
  'policy_risk',
  'policy_version',
  'final_route_used',
  'fallback_trigger',
  'propensity',
  'policy_scorer',
  'feature_hash',
  'tenant',
  'trace_id',
  'model_planned',
  'model_used',
  'candidates',
  'attempts',
  'features',
  'feature_set',
  'policy_stage',
  'policy_arm',
  'overhead_calls',
]

test('a record has exactly the fields of the contract', () => {
  expect(Object.keys(telemetryEventOf(buildOutcome(), context))).toEqual(FIELDS)
})

test('a cost that nobody knows is null, and is read as that', () => {
  const overheadCalls = [
    { purpose: 'judge', model: 'm', tokensIn: 1, tokensOut: 2, costNanos: undefined, latencyMs: 3 },
  ] as const
  const event = telemetryEventOf(buildOutcome({ costNanos: undefined, overheadCalls }), context)
  expect(event).toMatchObject({ cost_usd: null, overhead_calls: [{ cost_usd: null }] })
  expect(parseTelemetryEvent(JSON.parse(JSON.stringify(event)))).toEqual({ event })
})

test('a record tells the outcome in the units of the contract', () => {
  const outcome = buildOutcome({
    escalationChain: ['local_small', 'cheap_api'],
    verifier: undefined,
    overheadCalls: [
      { purpose: 'judge', model: 'm', tokensIn: 1, tokensOut: 2, costNanos: amountFromNanos(5n), latencyMs: 3 },
    ],
  })
  expect(telemetryEventOf(outcome, context)).toMatchObject({
    timestamp: '2026-01-02T03:04:05.006Z',
    cost_usd: 0.001234567,
    policy_expected_cost: 0.0015,
    was_escalated: true,
    verifier_accepted: null,
    overhead_calls: [{ purpose: 'judge', model: 'm', tokens_in: 1, tokens_out: 2, cost_usd: 5e-9, latency_ms: 3 }],
  })
})

test('the task text is there only when it may be kept', () => {
  expect(formatTelemetryEvent(telemetryEventOf(buildOutcome(), context))).not.toContain('Mont Blanc')
  expect(telemetryEventOf(buildOutcome(), { ...context, keepsText: true }).task_text).toBe('How tall is Mont Blanc?')
})

test('what was written is read back the same', () => {
  const event = telemetryEventOf(buildOutcome({ traceId: 't', fallbackTrigger: 'MODEL_TIMEOUT' }), {
    ...context,
    keepsText: true,
  })
  expect(parseTelemetryEvent(JSON.parse(formatTelemetryEvent(event)))).toEqual({ event })
})

describe('foreign records', () => {
  const minimal = {
    task_hash: 'h',
    actual_tier_used: 'peer-x',
    success: true,
    was_escalated: false,
    cost_usd: 0,
    latency_ms: 1,
    tokens_in: 1,
    tokens_out: 1,
  }

  test('the eight needed fields are enough', () => {
    expect(parseTelemetryEvent(minimal)).toMatchObject({
      event: { ...minimal, tenant: null, escalation_chain: [], overhead_calls: [] },
    })
  })

  test.each(Object.keys(minimal))('a record without %s is refused by name', (name) => {
    const { [name as keyof typeof minimal]: _, ...rest } = minimal
    expect(parseTelemetryEvent(rest)).toMatchObject({ problem: expect.stringContaining(name) })
  })

  test.each([
    ['success', 'false'],
    ['cost_usd', Number.NaN],
    ['cost_usd', -1],
    ['verifier_confidence', 1.5],
    ['task_domain', 'cooking'],
    ['predicted_difficulty', 6],
    ['escalation_chain', ['a', 1]],
    ['overhead_calls', [{}]],
  ])('%s = %j is refused, not repaired', (name, value) => {
    expect(parseTelemetryEvent({ ...minimal, [name]: value })).toHaveProperty('problem')
  })

  test.each([null, 3, [], 'x'])('%j is no record', (value) => {
    expect(parseTelemetryEvent(value)).toHaveProperty('problem')
  })
})
