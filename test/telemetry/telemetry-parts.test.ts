import { describe, expect, test } from 'vitest'
import { amountFromNanos } from '../../src/base/money.ts'
import { decodeFloat32 } from '../../src/core/policy/float-text.ts'
import { featureSetOf, promptFeatureSet } from '../../src/core/policy/prompt-feature-set.ts'
import type { OutcomeAttempt, OutcomeCandidate } from '../../src/core/routing/task-outcome.ts'
import { parseFeedbackEvent, formatFeedbackEvent } from '../../src/wire/feedback-event.ts'
import { formatShadowEvent, parseShadowEvent } from '../../src/wire/shadow-event.ts'
import { parseTelemetryEvent } from '../../src/wire/read-telemetry-event.ts'
import { formatTelemetryEvent, telemetryEventOf, type TelemetryContext } from '../../src/wire/telemetry-event.ts'
import { TELEMETRY_CANDIDATES_MAX } from '../../src/wire/telemetry-parts.ts'
import { buildFeedback, buildShadow } from './follow-up-builder.ts'
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
const { predicted } = buildOutcome()
const candidate = (modelId: string, change: Partial<OutcomeCandidate> = {}): OutcomeCandidate => ({
  modelId,
  tier: 'cheap_api',
  predictedSuccess: 0.5,
  expectedCostNanos: amountFromNanos(1_000n),
  expectedLatencyS: 1,
  ...change,
})
const attempt = (modelId: string, change: Partial<OutcomeAttempt> = {}): OutcomeAttempt => ({
  modelId,
  provider: 'openai',
  tier: 'cheap_api',
  outcome: 'accepted',
  tokensIn: 1,
  tokensOut: 2,
  costNanos: undefined,
  latencyMs: 3,
  ...change,
})

describe('what a record says of a decision', () => {
  test('the models that could be used, each with its probability, and no others', () => {
    const candidates = [
      candidate('a', { propensity: 0.9, expectedCostNanos: undefined }),
      candidate('b', { excludedBecause: 'no tools' }),
      candidate('c'),
    ]
    const event = telemetryEventOf(buildOutcome({ predicted: { ...predicted, candidates } }), context)
    expect(event.candidates).toEqual([
      {
        model: 'a',
        tier: 'cheap_api',
        predicted_success: 0.5,
        expected_cost_usd: null,
        expected_latency_s: 1,
        propensity: 0.9,
      },
      {
        model: 'c',
        tier: 'cheap_api',
        predicted_success: 0.5,
        expected_cost_usd: 0.000001,
        expected_latency_s: 1,
        propensity: 0,
      },
    ])
  })

  test('of very many models those that could have been drawn stay', () => {
    const many = Array.from({ length: 3 * TELEMETRY_CANDIDATES_MAX }, (_, at) =>
      candidate(`m${at}`, at % 3 === 2 && at > 150 ? { propensity: 0.1 } : {}),
    )
    const { candidates } = telemetryEventOf(buildOutcome({ predicted: { ...predicted, candidates: many } }), context)
    expect(candidates).toHaveLength(TELEMETRY_CANDIDATES_MAX)
    const drawable = many.filter(({ propensity = 0 }) => propensity > 0).map(({ modelId }) => modelId)
    expect(candidates.slice(0, drawable.length).map(({ model }) => model)).toEqual(drawable)
  })

  test('the calls in order, steps of a split task by number: their names may be words of the task', () => {
    const attempts = [
      attempt('a', { stepId: 'find the planted word' }),
      attempt('b', { stepId: 'count it', outcome: 'rejected', confidence: 0.2 }),
      attempt('c', { stepId: 'find the planted word' }),
      attempt('d'),
    ]
    const event = telemetryEventOf(buildOutcome({ attempts }), context)
    expect(event.attempts.map(({ model, step, outcome, confidence }) => [model, step, outcome, confidence])).toEqual([
      ['a', 1, 'accepted', null],
      ['b', 2, 'rejected', 0.2],
      ['c', 1, 'accepted', null],
      ['d', undefined, 'accepted', null],
    ])
    expect(formatTelemetryEvent(event)).not.toContain('planted')
  })

  test('features as 32-bit floats, and the set that they are of', () => {
    const features = Float64Array.of(0, 1.5, 0.1, -2)
    const event = telemetryEventOf(buildOutcome({ predicted: { ...predicted, features } }), context)
    expect(event.feature_set).toBe('0123456789ab')
    expect(decodeFloat32(event.features ?? '', 4)).toEqual(Float32Array.from(features))
    expect(telemetryEventOf(buildOutcome(), context)).toMatchObject({ features: null, feature_set: null })
  })

  test('the policy that was asked, where one is rolled out', () => {
    const served = { stage: 'canary', arm: 'candidate' } as const
    const event = telemetryEventOf(buildOutcome({ predicted: { ...predicted, served } }), context)
    expect(event).toMatchObject({ policy_stage: 'canary', policy_arm: 'candidate' })
  })

  test('is read back the same, with what came after the task', () => {
    const event = {
      ...telemetryEventOf(
        buildOutcome({
          attempts: [attempt('a', { stepId: 's', confidence: 1 })],
          predicted: { ...predicted, features: Float64Array.of(1), served: { stage: 'full', arm: 'incumbent' } },
        }),
        context,
      ),
      feedback: [buildFeedback()],
      shadows: [buildShadow()],
    }
    expect(parseTelemetryEvent(JSON.parse(formatTelemetryEvent(event)))).toEqual({ event })
  })

  test('is empty in a record of an earlier version', () => {
    const {
      model_planned: _planned,
      model_used: _used,
      candidates: _candidates,
      attempts: _attempts,
      features: _features,
      feature_set: _set,
      policy_stage: _stage,
      policy_arm: _arm,
      ...old
    } = telemetryEventOf(buildOutcome(), context)
    expect(parseTelemetryEvent(JSON.parse(JSON.stringify(old)))).toEqual({
      event: {
        ...old,
        model_planned: null,
        model_used: null,
        candidates: [],
        attempts: [],
        features: null,
        feature_set: null,
        policy_stage: null,
        policy_arm: null,
      },
    })
  })

  test.each([
    ['candidates', [{ model: 'a' }], 'candidates: tier'],
    ['candidates', [{ ...candidateDocument(), propensity: 1.5 }], 'candidates: propensity is out of range'],
    ['candidates', 'a', 'candidates is not a list'],
    ['attempts', [{ model: 'a', tier: 'b', outcome: 'perhaps' }], 'attempts: outcome is not one of'],
    ['attempts', [{ model: 'a', tier: 'b' }], 'attempts: outcome is missing'],
    ['policy_stage', 'beta', 'policy_stage'],
    ['feedback', [{ ...buildFeedback(), value: 2 }], 'value is out of range'],
    ['feedback', {}, 'feedback is not a list'],
    ['shadows', [{ ...buildShadow(), success: 'false' }], 'success'],
  ])('%s = %j is refused by name', (name, value, problem) => {
    const event = { ...telemetryEventOf(buildOutcome(), context), [name]: value }
    expect(parseTelemetryEvent(event)).toEqual({ problem: expect.stringContaining(problem) as string })
  })
})

function candidateDocument(): object {
  return { model: 'a', tier: 'b', predicted_success: 1, expected_cost_usd: null, expected_latency_s: 0, propensity: 0 }
}

describe('events that follow', () => {
  test('are read back the same', () => {
    const feedback = buildFeedback({ event_id: null, trace_id: 'a1', tenant: null, kind: 'edit', value: 0.25 })
    expect(parseFeedbackEvent(JSON.parse(formatFeedbackEvent(feedback)))).toEqual({ event: feedback })
    const shadow = buildShadow({ success: null, confidence: null, agreement: null, cost_usd: null, tenant: null })
    expect(parseShadowEvent(JSON.parse(formatShadowEvent(shadow)))).toEqual({ event: shadow })
  })

  test.each([
    [parseFeedbackEvent, { ...buildFeedback(), value: -0.1 }, 'value'],
    [parseFeedbackEvent, { ...buildFeedback(), kind: 'clap' }, 'kind'],
    [parseFeedbackEvent, { ...buildFeedback(), source: undefined }, 'source'],
    [parseFeedbackEvent, null, 'not an object'],
    [parseShadowEvent, { ...buildShadow(), agreement: 1.1 }, 'agreement'],
    [parseShadowEvent, { ...buildShadow(), event_id: null }, 'event_id'],
    [parseShadowEvent, { ...buildShadow(), cost_usd: undefined }, 'cost_usd'],
    [parseShadowEvent, [], 'not an object'],
  ])('%o refuses %j', (parse, json, problem) => {
    expect(parse(JSON.parse(JSON.stringify(json)))).toEqual({ problem: expect.stringContaining(problem) as string })
  })
})

test('a set of features has one name, another order another', () => {
  expect(featureSetOf(['a', 'b'])).toMatch(/^[0-9a-f]{12}$/)
  expect(new Set([featureSetOf(['a', 'b']), featureSetOf(['b', 'a'])]).size).toBe(2)
  // Of this version's features. When they change, vectors of before are another set: this line changes with them.
  expect(promptFeatureSet()).toBe('1f8d8906a5e8')
})
