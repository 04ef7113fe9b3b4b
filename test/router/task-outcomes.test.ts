import { describe, expect, it } from 'vitest'
import { CodedError } from '../../src/base/errors.ts'
import type { Amount } from '../../src/base/money.ts'
import type { Timestamp } from '../../src/base/time.ts'
import type { OutcomeAttempt, TaskOutcome } from '../../src/core/routing/task-outcome.ts'
import { createFeatureExtractor } from '../../src/core/policy/prompt-features.ts'
import { createPolicyService } from '../../src/router/policy-service.ts'
import type { CacheOutcome, SemanticCache } from '../../src/router/semantic-cache.ts'
import { CACHE_UPKEEP } from './cache-upkeep.ts'
import {
  answerOf,
  createFixture,
  requestOf,
  type Fixture,
  type FixtureInit,
  type ScriptedEntry,
} from './router-fixture.ts'

const near: ScriptedEntry = { id: 'near/small', tier: 'local_small', script: 'from near', price: 0 }
const cheap: ScriptedEntry = { id: 'openai/mini', tier: 'cheap_api', script: 'from cheap', price: 1 }
const premium: ScriptedEntry = { id: 'openai/large', tier: 'premium_api', script: 'from premium', price: 10 }
const PROMPT = 'Write two lines about the sea.'

const { price: _price, ...unpriced } = cheap

const nanos = (amount: bigint): Amount => amount as Amount

/** The prompt's 14 tokens and a fifth more, and the 4,096 tokens that room is taken for, at 1 dollar a million. */
const CALL_COST_MAX = nanos(4_113_000n)

/** What every outcome of a task that the scripted policy judged has in common. */
const PREDICTED = {
  difficulty: 3,
  tier: 'cheap_api',
  modelId: 'openai/mini',
  classifierConfidence: 0.5,
  route: 'cheap',
  confidence: 0.5,
  risk: 'low',
  expectedCostNanos: nanos(0n),
  expectedLatencyS: 0,
  policyVersion: 'scripted',
  propensity: 1,
  scorer: 'priors',
  featureHash: undefined,
  candidates: expect.any(Array) as [],
} as const satisfies TaskOutcome['predicted']

/** What nobody predicted, since no policy was asked. */
const UNASKED = {
  ...PREDICTED,
  tier: undefined,
  modelId: undefined,
  candidates: [],
  route: 'hybrid',
  risk: 'medium',
  policyVersion: 'none',
} as const

const attempt = (modelId: string, outcome: OutcomeAttempt['outcome']): OutcomeAttempt =>
  expect.objectContaining({ modelId, outcome }) as OutcomeAttempt

/** What a task has in common that no model was called for. */
const UNCALLED = { modelUsed: undefined, attempts: [] } as const

const ORDINARY: TaskOutcome = {
  decisionId: expect.stringMatching(/^task-[0-9a-f]{32}$/) as string,
  at: 1_790_000_000_000 as Timestamp,
  tenant: 'default',
  traceId: undefined,
  taskText: PROMPT,
  taskTokenCount: expect.any(Number) as number,
  taskDomain: 'general',
  predicted: PREDICTED,
  actualTier: 'cheap_api',
  modelUsed: 'openai/mini',
  attempts: [attempt('openai/mini', 'accepted')],
  finalRoute: 'cheap',
  escalationChain: [],
  success: true,
  wasCached: false,
  tokensIn: 100,
  tokensOut: 50,
  costNanos: nanos(150_000n),
  latencyMs: expect.any(Number) as number,
  verifier: { isAccepted: true, confidence: 0.9 },
  localModel: undefined,
  apiProvider: 'openai',
  fallbackTrigger: undefined,
  overheadCalls: [],
}

const outcomeAfter = async (fixture: Fixture, act: (fixture: Fixture) => Promise<unknown>): Promise<TaskOutcome> => {
  await act(fixture).catch(() => undefined)
  expect(fixture.outcomes).toHaveLength(1)
  return fixture.outcomes[0] as TaskOutcome
}
const route = async ({ router }: Fixture): Promise<unknown> => await router.route(requestOf(PROMPT))

/** A cache that says the same to everybody. */
function cacheOf(outcome: CacheOutcome): SemanticCache {
  return {
    lookup: () => outcome,
    admit: () => 'stored',
    ...CACHE_UPKEEP,
  }
}
const entry = {
  entryId: '0'.repeat(32),
  answer: answerOf('from the cache'),
  modelId: 'openai/large',
  provider: 'openai',
  confidence: 0.8,
  storedAt: 1 as Timestamp,
}

describe('the record of a task', () => {
  it.each<[string, Partial<FixtureInit>, Partial<TaskOutcome>]>([
    ['that was answered at once', {}, {}],
    [
      'that a local model answered',
      { models: [near] },
      {
        predicted: { ...PREDICTED, tier: 'local_small', modelId: 'near/small' },
        actualTier: 'local_small',
        modelUsed: 'near/small',
        attempts: [attempt('near/small', 'accepted')],
        finalRoute: 'local',
        costNanos: nanos(0n),
        localModel: 'near/small',
        apiProvider: undefined,
      },
    ],
    [
      'that was escalated after a failure',
      { models: [{ ...cheap, script: new CodedError('MODEL_RATE_LIMITED', { message: 'x' }) }, premium] },
      {
        actualTier: 'premium_api',
        modelUsed: 'openai/large',
        attempts: [attempt('openai/mini', 'failed'), attempt('openai/large', 'accepted')],
        finalRoute: 'hybrid',
        escalationChain: ['cheap_api', 'premium_api'],
        costNanos: nanos(1_500_000n),
        premiumCostNanos: nanos(1_500_000n),
        fallbackTrigger: 'MODEL_RATE_LIMITED',
      },
    ],
    [
      'that was escalated after a refusal, which is paid as well',
      {
        models: [cheap, premium],
        check: ({ text }) =>
          text === 'from cheap'
            ? { valid: false, confidence: 0, checks: [{ name: 'not-refused', passed: false, detail: '' }] }
            : {},
      },
      {
        actualTier: 'premium_api',
        modelUsed: 'openai/large',
        attempts: [attempt('openai/mini', 'rejected'), attempt('openai/large', 'accepted')],
        finalRoute: 'hybrid',
        escalationChain: ['cheap_api', 'premium_api'],
        tokensIn: 200,
        tokensOut: 100,
        costNanos: nanos(1_650_000n),
        premiumCostNanos: nanos(1_500_000n),
        fallbackTrigger: 'not-refused',
      },
    ],
    [
      'whose only answer was doubtful: nothing was left, so nothing triggered it',
      { check: () => ({ confidence: 0.4 }) },
      {
        success: false,
        attempts: [attempt('openai/mini', 'rejected')],
        verifier: { isAccepted: false, confidence: 0.4 },
      },
    ],
    [
      'that every model refused',
      { models: [{ ...cheap, script: new CodedError('MODEL_RATE_LIMITED', { message: 'x' }) }] },
      {
        attempts: [attempt('openai/mini', 'failed')],
        success: false,
        tokensIn: 0,
        tokensOut: 0,
        costNanos: nanos(0n),
        verifier: undefined,
        apiProvider: undefined,
        fallbackTrigger: 'MODEL_RATE_LIMITED',
      },
    ],
    [
      'whose only model was too slow, and may bill all the same',
      { models: [{ ...cheap, script: new CodedError('MODEL_TIMEOUT', { message: 'x' }) }] },
      {
        attempts: [attempt('openai/mini', 'failed')],
        success: false,
        tokensIn: 0,
        tokensOut: 0,
        costNanos: CALL_COST_MAX,
        verifier: undefined,
        apiProvider: undefined,
        fallbackTrigger: 'ROUTER_ALL_FAILED',
      },
    ],
    ['that a model of unknown price answered: unknown is not zero', { models: [unpriced] }, { costNanos: undefined }],
    [
      'that a model of unknown price was too slow for',
      { models: [{ ...unpriced, script: new CodedError('MODEL_TIMEOUT', { message: 'x' }) }] },
      {
        attempts: [attempt('openai/mini', 'failed')],
        success: false,
        tokensIn: 0,
        tokensOut: 0,
        costNanos: undefined,
        verifier: undefined,
        apiProvider: undefined,
        fallbackTrigger: 'ROUTER_ALL_FAILED',
      },
    ],
    [
      'for which there is no model',
      { models: [] },
      {
        predicted: UNASKED,
        actualTier: undefined,
        finalRoute: 'hybrid',
        ...UNCALLED,
        success: false,
        tokensIn: 0,
        tokensOut: 0,
        costNanos: nanos(0n),
        verifier: undefined,
        apiProvider: undefined,
        fallbackTrigger: 'ROUTER_NO_MODEL',
      },
    ],
    [
      'that the budget refused',
      { budgetNanos: 1n },
      {
        actualTier: undefined,
        ...UNCALLED,
        success: false,
        tokensIn: 0,
        tokensOut: 0,
        costNanos: nanos(0n),
        verifier: undefined,
        apiProvider: undefined,
        fallbackTrigger: 'BUDGET_EXCEEDED',
      },
    ],
    [
      'that the cache answered exactly',
      { cache: cacheOf({ kind: 'hit', tier: 'exact', entry, ticket: undefined }) },
      {
        predicted: UNASKED,
        actualTier: 'cache',
        ...UNCALLED,
        finalRoute: 'local',
        wasCached: true,
        tokensIn: 0,
        tokensOut: 0,
        costNanos: nanos(0n),
        verifier: { isAccepted: true, confidence: 0.8 },
        apiProvider: undefined,
      },
    ],
    [
      'that the cache answered by similarity',
      { cache: cacheOf({ kind: 'hit', tier: 'similar', entry, score: 0.99, ticket: undefined }) },
      {
        predicted: UNASKED,
        actualTier: 'cache',
        ...UNCALLED,
        finalRoute: 'local',
        wasCached: true,
        tokensIn: 0,
        tokensOut: 0,
        costNanos: nanos(0n),
        verifier: { isAccepted: true, confidence: 0.8 },
        apiProvider: undefined,
      },
    ],
    ['that the cache did not know', { cache: cacheOf({ kind: 'miss', reason: 'no-entry', ticket: undefined }) }, {}],
  ])('%s', async (_what, init, expected) => {
    const outcome = await outcomeAfter(createFixture({ models: [cheap], ...init }), route)
    expect(outcome).toEqual({ ...ORDINARY, ...expected })
  })

  it('that an exact tool answered', async () => {
    const prompt = 'What is 12.5 * 8?'
    const outcome = await outcomeAfter(
      createFixture({ models: [cheap] }),
      async ({ router }) => await router.route(requestOf(prompt)),
    )
    expect(outcome).toEqual({
      ...ORDINARY,
      taskText: prompt,
      predicted: UNASKED,
      actualTier: 'deterministic',
      ...UNCALLED,
      finalRoute: 'local',
      tokensIn: 0,
      tokensOut: 0,
      costNanos: 0n,
      verifier: { isAccepted: true, confidence: 1 },
      apiProvider: undefined,
    })
  })

  it('that was aborted while a model answered', async () => {
    const controller = new AbortController()
    const script: ScriptedEntry['script'] = (_request, signal) => {
      queueMicrotask(() => controller.abort(new Error('left')))
      return new Promise((_resolve, reject) => signal?.addEventListener('abort', () => reject(signal.reason)))
    }
    const fixture = createFixture({ models: [{ ...cheap, script }, premium] })
    const outcome = await outcomeAfter(
      fixture,
      async ({ router }) => await router.route(requestOf(PROMPT), { signal: controller.signal }),
    )
    expect(outcome).toEqual({
      ...ORDINARY,
      attempts: [attempt('openai/mini', 'aborted')],
      success: false,
      tokensIn: 0,
      tokensOut: 0,
      costNanos: CALL_COST_MAX,
      verifier: undefined,
      apiProvider: undefined,
      fallbackTrigger: 'REQUEST_ABORTED',
    })
  })

  it.each([
    ['00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01', '4bf92f3577b34da6a3ce929d0e0e4736'],
    ['words of somebody', undefined],
  ])("names the caller's trace, where nothing is traced here: %s", async (traceparent, traceId) => {
    const outcome = await outcomeAfter(
      createFixture({ models: [cheap] }),
      async ({ router }) => await router.route(requestOf(PROMPT, { traceparent })),
    )
    expect(outcome.traceId).toBe(traceId)
  })

  it('carries the features that were decided by, whatever is decided after it', async () => {
    const policy = createPolicyService({ quality: 0.7, explorationRate: 0 })
    const fixture = createFixture({ models: [cheap], policy })
    await route(fixture)
    await fixture.router.route(requestOf('Prove it, 1, 2, 3, 4!'))
    const [first, second] = fixture.outcomes.map(({ predicted }) => predicted.features)
    expect(first).toEqual(createFeatureExtractor().extract(PROMPT).dense)
    expect(second).not.toEqual(first)
  })

  it('that was streamed is the same as when it was not', async () => {
    const outcome = await outcomeAfter(createFixture({ models: [cheap] }), async ({ router }) => {
      const stream = await router.routeStream(requestOf(PROMPT))
      for await (const part of stream.parts) void part
    })
    expect(outcome).toEqual({ ...ORDINARY, firstPartMs: expect.any(Number) })
  })

  it('whose stream broke counts what had arrived', async () => {
    const outcome = await outcomeAfter(
      createFixture({ models: [{ ...cheap, script: 'one two !break three' }] }),
      async ({ router }) => {
        const stream = await router.routeStream(requestOf(PROMPT))
        for await (const part of stream.parts) void part
      },
    )
    expect(outcome).toMatchObject({ success: false, actualTier: 'cheap_api', fallbackTrigger: 'ROUTER_ALL_FAILED' })
    expect([outcome.tokensOut > 0, (outcome.costNanos ?? 0n) > 0n]).toEqual([true, true])
  })
})
