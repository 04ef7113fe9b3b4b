import { describe, expect, it, vi } from 'vitest'
import { CodedError } from '../../src/base/errors.ts'
import type { Amount } from '../../src/base/money.ts'
import { answerOf, createFixture, requestOf, type Fixture, type ScriptedEntry } from './router-fixture.ts'

const cheap: ScriptedEntry = { id: 'a/mini', tier: 'cheap_api', script: 'fine', price: 1 }
const premium: ScriptedEntry = { id: 'b/large', tier: 'premium_api', script: 'fine', price: 1 }
const failing = (code: string, id = 'a/mini'): ScriptedEntry => ({
  ...cheap,
  id,
  script: code === 'INTERNAL_ERROR' ? new Error('boom') : new CodedError(code as 'MODEL_TIMEOUT', { message: 'x' }),
})
const DOLLAR = 1_000_000_000n
/** An answered call of the fixture: 150 tokens at a dollar a million. */
const ANSWERED = 150_000n
const MAYBE_BILLED = [
  'MODEL_TIMEOUT',
  'MODEL_STREAM_TRUNCATED',
  'MODEL_ANSWER_TOO_LARGE',
  'MODEL_ANSWER_MALFORMED',
  'INTERNAL_ERROR',
]
const NEVER_BILLED = [
  'MODEL_UNREACHABLE',
  'MODEL_AUTH_FAILED',
  'MODEL_PAYMENT_REQUIRED',
  'MODEL_RATE_LIMITED',
  'MODEL_NOT_FOUND',
  'MODEL_REQUEST_REFUSED',
  'MODEL_SERVER_ERROR',
  'MODEL_OVERLOADED',
]

/** The longest answer that room is taken for, and the prompt. */
const isWorstCase = (cost: bigint | undefined): boolean => (cost ?? 0n) > 4_096_000n && (cost ?? 0n) < 4_130_000n

describe('a call that failed and may be billed', () => {
  it.each(MAYBE_BILLED)(
    '(%s) costs the most it can, in the budget, the result, the attempt and the record',
    async (code) => {
      const { router, budget, outcomes } = createFixture({ models: [failing(code), premium], budgetNanos: DOLLAR })
      const result = await router.route(requestOf('hi'))
      const [failed] = result.attempts
      expect([failed?.reason, failed?.isUsageEstimated, isWorstCase(failed?.costNanos)]).toEqual([code, true, true])
      const total = (failed?.costNanos ?? 0n) + ANSWERED
      expect([result.costNanos, outcomes[0]?.costNanos, budget.spentNanos, budget.heldNanos]).toEqual([
        total,
        total,
        total,
        0n,
      ])
      expect(result.isCostEstimated).toBe(true)
    },
  )

  it.each(NEVER_BILLED)('is not one that ended with %s', async (code) => {
    const { router, budget, outcomes } = createFixture({ models: [failing(code), premium], budgetNanos: DOLLAR })
    const result = await router.route(requestOf('hi'))
    expect(result.attempts[0]).toMatchObject({ reason: code, costNanos: 0n, isUsageEstimated: false })
    expect([result.costNanos, outcomes[0]?.costNanos, budget.spentNanos]).toEqual([ANSWERED, ANSWERED, ANSWERED])
    expect(result.isCostEstimated).toBe(false)
  })

  it('uses up the cap, so that a chain of them stays within it', async () => {
    const models = ['a/one', 'b/two', 'c/three'].map((id) => failing('MODEL_TIMEOUT', id))
    const { router, calls, budget, outcomes } = createFixture({ models, budgetNanos: 100n * DOLLAR })
    const cap = 6_000_000n as Amount
    await expect(router.route(requestOf('hi', { controls: { maxCostNanos: cap } }))).rejects.toThrow()
    expect(calls).toEqual(['a/one', 'b/two'])
    expect(budget.spentNanos).toBeLessThanOrEqual(cap)
    expect(outcomes[0]?.costNanos).toBe(budget.spentNanos)
  })

  it('is charged before the first part of a stream as well', async () => {
    const { router, budget } = createFixture({ models: [failing('MODEL_TIMEOUT'), premium], budgetNanos: DOLLAR })
    const stream = await router.routeStream(requestOf('hi'))
    for await (const part of stream.parts) void part
    const result = await stream.result
    expect(isWorstCase(result.attempts[0]?.costNanos)).toBe(true)
    expect(result.costNanos).toBe(budget.spentNanos)
  })

  it('costs an unknown amount where the price is unknown', async () => {
    const { price: _price, ...unpriced } = failing('MODEL_TIMEOUT')
    const { router, outcomes } = createFixture({ models: [unpriced, premium] })
    expect((await router.route(requestOf('hi'))).costNanos).toBeUndefined()
    expect(outcomes[0]?.costNanos).toBeUndefined()
  })
})

describe('a task without an answer', () => {
  const errorOf = async ({ router }: Fixture): Promise<CodedError> =>
    await router.route(requestOf('hi')).then(
      () => expect.fail('it was answered'),
      (error: unknown) => error as CodedError,
    )

  it('says what it has cost all the same, in whole and by attempt', async () => {
    const models = [failing('MODEL_TIMEOUT', 'a/one'), failing('MODEL_AUTH_FAILED', 'b/two')]
    const fixture = createFixture({ models, budgetNanos: DOLLAR })
    const { code, message, details } = await errorOf(fixture)
    const spentNanos = fixture.budget.spentNanos.toString()
    expect([code, isWorstCase(BigInt(spentNanos))]).toEqual(['ROUTER_ALL_FAILED', true])
    expect(details).toMatchObject({ spentNanos, attempts: [{ costNanos: spentNanos }, { costNanos: '0' }] })
    expect(details).not.toHaveProperty('hasUnknownCost')
    expect(message).toMatch(/\(MODEL_AUTH_FAILED\)\. It cost up to 0\.0041\d* USD$/)
  })

  it('that cost nothing has nothing to say of it', async () => {
    const { message, details } = await errorOf(createFixture({ models: [failing('MODEL_AUTH_FAILED')] }))
    expect([message.endsWith('(MODEL_AUTH_FAILED)'), details['spentNanos']]).toEqual([true, '0'])
  })

  it.each([
    ['a/mini', '. What it cost is not known', 0n],
    ['c/other', '. It cost at least 0.0041', 4_096_000n],
  ])('says when a price is unknown (%s)', async (id, words, least) => {
    const { price: _price, ...unpriced } = failing('MODEL_TIMEOUT')
    const { message, details } = await errorOf(
      createFixture({ models: id === 'a/mini' ? [unpriced] : [unpriced, failing('MODEL_TIMEOUT', id)] }),
    )
    expect(message).toContain(words)
    expect([details['hasUnknownCost'], BigInt(String(details['spentNanos'])) >= least]).toEqual([true, true])
  })
})

describe('a budget', () => {
  it('is an upper bound: the model is told how long the answer may be', async () => {
    const { router, requests, budget } = createFixture({
      models: [
        {
          ...cheap,
          script: async ({ maxOutputTokens = 60_000 }) =>
            answerOf('x', {
              usage: { tokensIn: 10, tokensOut: maxOutputTokens, cachedTokensIn: 0, isEstimated: false },
            }),
        },
      ],
      budgetNanos: 10_000_000n,
    })
    await Promise.allSettled(Array.from({ length: 10 }, async () => await router.route(requestOf('hi'))))
    expect([requests.length, requests[0]?.maxOutputTokens, budget.spentNanos <= 10_000_000n]).toEqual([2, 4_096, true])
  })
})

describe('a stream that ends without its finish', () => {
  const streamed = async (fixture: Fixture, read: (parts: AsyncIterable<unknown>) => Promise<void>): Promise<void> => {
    const stream = await fixture.router.routeStream(requestOf('hi'))
    await read(stream.parts).catch(() => undefined)
    await expect(stream.result).rejects.toThrow()
  }

  it('costs what had arrived when the reader leaves, and under a budget the most that it can', async () => {
    for (const budgetNanos of [undefined, DOLLAR]) {
      const fixture = createFixture({
        models: [{ ...cheap, script: 'one two three four five six' }],
        ...(budgetNanos !== undefined && { budgetNanos }),
      })
      await streamed(fixture, async (parts) => {
        for await (const part of parts) {
          void part
          break
        }
      })
      const cost = fixture.outcomes[0]?.costNanos ?? 0n
      expect([cost > 0n, isWorstCase(cost)]).toEqual([true, budgetNanos !== undefined])
      expect(fixture.budget.spentNanos).toBe(budgetNanos === undefined ? 0n : cost)
    }
  })

  it.each([
    ['breaks off', { isBroken: true }],
    ['ends and says nothing of what it used', { isBroken: false }],
  ])('costs no more than was set aside where it writes on for a little and %s', async (_how, { isBroken }) => {
    const text = Array.from({ length: 46 }, (_, place) => `${place === 45 ? 'last' : 'word'}`).join(' ')
    const usage = { tokensIn: 10, tokensOut: 46, cachedTokensIn: 0, isEstimated: true }
    const fixture = createFixture({
      models: [{ ...cheap, script: answerOf(text, { usage }) }],
      budgetNanos: DOLLAR,
    })
    const bounded = requestOf('hi', { request: { messages: [{ role: 'user', content: 'hi' }], maxOutputTokens: 40 } })
    const stream = await fixture.router.routeStream(bounded)
    const { heldNanos } = fixture.budget
    for await (const part of stream.parts)
      if (isBroken && part.type === 'text-delta' && part.text.includes('last')) break
    await stream.result.catch(() => undefined)
    expect(fixture.budget).toMatchObject({ heldNanos: 0n, spentNanos: heldNanos })
    expect(fixture.outcomes[0]?.costNanos).toBe(heldNanos)
  })

  it('ends the upstream call when the reader leaves', async () => {
    const returned = vi.fn()
    const fixture = createFixture({ models: [{ ...cheap, script: 'one two three', onStreamReturn: returned }] })
    await streamed(fixture, async (parts) => {
      for await (const part of parts) {
        void part
        break
      }
    })
    expect(returned).toHaveBeenCalledTimes(1)
  })

  it('costs the most that it can when the provider fell silent until the time limit', async () => {
    const limit = new AbortController()
    const fixture = createFixture({
      models: [{ ...cheap, script: 'one two three' }],
      budgetNanos: DOLLAR,
      timeoutSignal: () => limit.signal,
    })
    await streamed(fixture, async (parts) => {
      for await (const part of parts) {
        void part
        limit.abort()
      }
    })
    expect(isWorstCase(fixture.budget.spentNanos)).toBe(true)
    expect(fixture.outcomes[0]?.costNanos).toBe(fixture.budget.spentNanos)
  })
})
