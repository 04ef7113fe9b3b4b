import { describe, expect, it, vi } from 'vitest'
import { CodedError } from '../../src/base/errors.ts'
import type { Amount } from '../../src/base/money.ts'
import type { ModelStreamPart } from '../../src/ports/language-model.ts'
import { answerOf, createFixture, requestOf, type ScriptedEntry } from './router-fixture.ts'

const local: ScriptedEntry = { id: 'ollama/small', tier: 'local_small', script: 'from local' }
const cheap: ScriptedEntry = { id: 'openai/mini', tier: 'cheap_api', script: 'from cheap', price: 1 }
const premium: ScriptedEntry = { id: 'openai/large', tier: 'premium_api', script: 'from premium', price: 10 }
const failing = (entry: ScriptedEntry, error: Error): ScriptedEntry => ({ ...entry, script: error })
const textOf = async (parts: AsyncIterable<ModelStreamPart>): Promise<string> => {
  let text = ''
  for await (const part of parts) if (part.type === 'text-delta') text += part.text
  return text
}

describe('a route is obeyed', () => {
  it('premium calls the premium model once and nothing else, although a local model is there', async () => {
    const { router, calls } = createFixture({ models: [local, cheap, premium] })
    const result = await router.route(requestOf('hi', { target: { kind: 'route', route: 'premium' } }))
    expect([calls, result.tier, result.route, result.answer.text]).toEqual([
      ['openai/large'],
      'premium_api',
      'premium',
      'from premium',
    ])
  })

  it('a named model is that model, and its failure is not hidden behind another', async () => {
    const { router, calls } = createFixture({
      models: [local, failing(cheap, new CodedError('ROUTER_ALL_FAILED', { message: 'x' })), premium],
    })
    await expect(router.route(requestOf('hi', { target: { kind: 'model', modelId: 'mini' } }))).rejects.toMatchObject({
      code: 'ROUTER_ALL_FAILED',
    })
    expect(calls).toEqual(['openai/mini'])
  })

  it('local-only leaves the machine for nobody', async () => {
    const { router, calls } = createFixture({ models: [failing(local, new Error('down')), cheap] })
    await expect(router.route(requestOf('hi', { controls: { isLocalOnly: true } }))).rejects.toMatchObject({
      code: 'ROUTER_ALL_FAILED',
    })
    expect(calls).toEqual(['ollama/small'])
  })
})

describe('escalation', () => {
  it('goes on to the next model when one throws, and records what it was told', async () => {
    const { router, calls, outcomes } = createFixture({ models: [failing(cheap, new Error('boom')), premium] })
    const result = await router.route(requestOf('hi'))
    expect(calls).toEqual(['openai/mini', 'openai/large'])
    expect(result.attempts.map(({ outcome }) => outcome)).toEqual(['failed', 'accepted'])
    expect(outcomes[0]).toMatchObject({
      actualTier: 'premium_api',
      escalationChain: ['cheap_api', 'premium_api'],
      fallbackTrigger: 'INTERNAL_ERROR',
      success: true,
    })
  })

  it('goes on when the verifier refuses, and pays for both calls', async () => {
    const { router } = createFixture({
      models: [cheap, premium],
      check: ({ text }) =>
        text === 'from cheap'
          ? { valid: false, confidence: 0, checks: [{ name: 'not-refused', passed: false, detail: '' }] }
          : {},
    })
    const result = await router.route(requestOf('hi'))
    expect(result.attempts.map(({ outcome, reason }) => [outcome, reason])).toEqual([
      ['rejected', 'not-refused'],
      ['accepted', undefined],
    ])
    expect(result.costNanos).toBe(150n * 1000n + 150n * 10_000n)
    expect(result.route).toBe('hybrid')
  })

  it('does not buy certainty on a route of one tier: a valid answer stands, marked as not accepted', async () => {
    const { router, calls } = createFixture({ models: [cheap, premium], check: () => ({ confidence: 0.5 }) })
    const result = await router.route(requestOf('hi'))
    expect([calls, result.verification]).toEqual([['openai/mini'], { isAccepted: false, confidence: 0.5 }])
  })

  it('hands out the best refused answer, marked as not accepted, when no other is left', async () => {
    const { router, outcomes } = createFixture({ models: [cheap], check: () => ({ confidence: 0.4 }) })
    const result = await router.route(requestOf('hi'))
    expect([result.answer.text, result.verification]).toEqual(['from cheap', { isAccepted: false, confidence: 0.4 }])
    expect(outcomes[0]?.success).toBe(false)
  })

  it('gives up with every attempt named when all fail', async () => {
    const { router, outcomes } = createFixture({
      models: [failing(cheap, new Error('a')), failing(premium, new Error('b'))],
    })
    await expect(router.route(requestOf('hi'))).rejects.toMatchObject({
      code: 'ROUTER_ALL_FAILED',
      details: { attempts: [{ modelId: 'openai/mini' }, { modelId: 'openai/large' }] },
    })
    expect(outcomes).toHaveLength(1)
  })

  it('ends a slow attempt by the clock and escalates', async () => {
    const slow: ScriptedEntry = {
      ...cheap,
      script: (_request, signal) =>
        new Promise((_resolve, reject) => signal?.addEventListener('abort', () => reject(signal.reason))),
    }
    let limit = new AbortController()
    const { router, calls } = createFixture({
      models: [slow, premium],
      timeoutSignal: () => (limit = new AbortController()).signal,
    })
    const pending = router.route(requestOf('hi'))
    await vi.waitUntil(() => calls.length === 1)
    limit.abort(new Error('time is up'))
    const result = await pending
    expect([calls, result.attempts[0]?.reason]).toEqual([['openai/mini', 'openai/large'], 'MODEL_TIMEOUT'])
  })
})

describe('money', () => {
  it('admits ten of sixty-four parallel calls when the budget holds ten', async () => {
    const priced: ScriptedEntry = {
      ...cheap,
      script: async () => (
        await new Promise((resolve) => setImmediate(resolve)),
        answerOf('x', { usage: { tokensIn: 1000, tokensOut: 1000, cachedTokensIn: 0, isEstimated: false } })
      ),
    }
    const one = createFixture({ models: [priced], budgetNanos: 1_000_000_000n })
    const request = requestOf('hi', { request: { messages: [{ role: 'user', content: 'hi' }], maxOutputTokens: 1000 } })
    await one.router.route(request)
    const perCall = one.budget.spentNanos
    const { router, budget } = createFixture({ models: [priced], budgetNanos: perCall * 10n })
    const settled = await Promise.allSettled(Array.from({ length: 64 }, () => router.route(request)))
    const failed = settled.filter((outcome): outcome is PromiseRejectedResult => outcome.status === 'rejected')
    expect(failed.every(({ reason }) => CodedError.is(reason, 'BUDGET_EXCEEDED'))).toBe(true)
    expect(budget.heldNanos).toBe(0n)
    expect(budget.spentNanos).toBeLessThanOrEqual(perCall * 19n)
  })

  it('refuses a model of unknown price under a budget, by name', async () => {
    const { price: _price, ...unpriced } = cheap
    const { router } = createFixture({ models: [unpriced], budgetNanos: 1_000_000n })
    await expect(router.route(requestOf('hi'))).rejects.toMatchObject({ code: 'ROUTER_PRICE_UNKNOWN' })
  })

  it('holds the cap by limiting the length of the answer', async () => {
    const { router, requests } = createFixture({ models: [premium] })
    await router.route(requestOf('hi', { controls: { maxCostNanos: 1_000_000n as Amount } }))
    expect(requests[0]?.maxOutputTokens).toBeLessThan(101)
    await expect(router.route(requestOf('hi', { controls: { maxCostNanos: 10n as Amount } }))).rejects.toMatchObject({
      code: 'ROUTER_COST_CAP',
    })
  })

  it('says unknown, not zero, when a price is unknown', async () => {
    const { price: _price, ...unpriced } = cheap
    const { router } = createFixture({ models: [unpriced] })
    expect((await router.route(requestOf('hi'))).costNanos).toBeUndefined()
  })
})

describe('money of failed calls', () => {
  it('is given back when the provider refused, and counts in full when it may have worked', async () => {
    const refused = createFixture({
      models: [failing(cheap, new CodedError('MODEL_RATE_LIMITED', { message: 'x' }))],
      budgetNanos: 1_000_000_000n,
    })
    await expect(refused.router.route(requestOf('hi'))).rejects.toMatchObject({ code: 'MODEL_RATE_LIMITED' })
    expect(refused.budget).toMatchObject({ heldNanos: 0n, spentNanos: 0n })
    const unread = createFixture({
      models: [failing(cheap, new CodedError('MODEL_ANSWER_MALFORMED', { message: 'x' }))],
      budgetNanos: 1_000_000_000n,
    })
    await expect(unread.router.route(requestOf('hi'))).rejects.toMatchObject({ code: 'ROUTER_ALL_FAILED' })
    expect([unread.budget.heldNanos, unread.budget.spentNanos > 0n]).toEqual([0n, true])
  })
})

describe('what a request needs', () => {
  it('is named when no model has it', async () => {
    const { router } = createFixture({ models: [{ ...cheap, capabilities: { tools: false } }] })
    const request = requestOf('hi', {
      request: { messages: [{ role: 'user', content: 'hi' }], tools: [{ name: 'f' }] },
    })
    await expect(router.route(request)).rejects.toMatchObject({
      code: 'ROUTER_NO_CAPABLE_MODEL',
      details: { missing: ['tools'] },
    })
  })

  it('is told what to configure when there is no model at all', async () => {
    const { router } = createFixture({ models: [] })
    await expect(router.route(requestOf('Write a poem about rivers'))).rejects.toMatchObject({
      code: 'ROUTER_NO_MODEL',
      message: expect.stringContaining('OPENAI_API_KEY'),
    })
  })

  it('is answered by an exact tool without any model', async () => {
    const { router, calls } = createFixture({ models: [] })
    const result = await router.route(requestOf('What is 12.5 * 8?'))
    expect([result.answer.text, result.tier, result.costNanos, calls]).toEqual(['100', 'deterministic', 0n, []])
  })
})

describe('streams', () => {
  it('pass a single tier on at once and judge it after', async () => {
    const { router, outcomes } = createFixture({ models: [cheap] })
    const stream = await router.routeStream(requestOf('hi'))
    expect([stream.isBuffered, outcomes.length]).toEqual([false, 0])
    expect(await textOf(stream.parts)).toBe('from cheap')
    expect((await stream.result).verification?.isAccepted).toBe(true)
    expect(outcomes).toHaveLength(1)
  })

  it('hold a cascade back until it is accepted', async () => {
    const { router, calls } = createFixture({
      models: [cheap, premium],
      decide: () => ({ route: 'hybrid' }),
      check: ({ text }) => (text === 'from cheap' ? { confidence: 0.1 } : {}),
    })
    const stream = await router.routeStream(requestOf('hi'))
    expect([stream.isBuffered, stream.modelId, calls.length]).toEqual([true, 'openai/large', 2])
    expect(await textOf(stream.parts)).toBe('from premium')
  })

  it('escalate before the first part and never after it', async () => {
    const { router, calls, outcomes } = createFixture({
      models: [failing(cheap, new Error('down')), { ...premium, script: 'one two !break three' }],
    })
    const stream = await router.routeStream(requestOf('hi', { target: { kind: 'auto' } }))
    expect(stream.modelId).toBe('openai/large')
    await expect(textOf(stream.parts)).rejects.toThrow('the wire broke')
    await expect(stream.result).rejects.toMatchObject({ code: 'ROUTER_ALL_FAILED' })
    expect([calls.length, outcomes[0]?.success]).toEqual([2, false])
  })

  it('give the money back and record the abort when the reader leaves', async () => {
    const { router, budget, outcomes } = createFixture({
      models: [{ ...cheap, script: 'a b c d e f' }],
      budgetNanos: 1_000_000_000n,
    })
    const controller = new AbortController()
    const stream = await router.routeStream(requestOf('hi'), { signal: controller.signal })
    for await (const part of stream.parts) {
      void part
      controller.abort(new Error('gone'))
      break
    }
    await expect(stream.result).rejects.toThrow('gone')
    expect([budget.heldNanos, budget.spentNanos > 0n, outcomes.length]).toEqual([0n, true, 1])
  })
})

describe('aborting', () => {
  it('stops the run, keeps nothing reserved and rejects with the reason', async () => {
    const controller = new AbortController()
    const hanging: ScriptedEntry = {
      ...cheap,
      script: (_request, signal) => {
        queueMicrotask(() => controller.abort(new Error('left')))
        return new Promise((_resolve, reject) => signal?.addEventListener('abort', () => reject(signal.reason)))
      },
    }
    const { router, calls, budget, outcomes } = createFixture({
      models: [hanging, premium],
      budgetNanos: 1_000_000_000n,
    })
    await expect(router.route(requestOf('hi'), { signal: controller.signal })).rejects.toThrow('left')
    expect([calls, budget.heldNanos, outcomes[0]?.fallbackTrigger]).toEqual([['openai/mini'], 0n, 'REQUEST_ABORTED'])
  })
})
