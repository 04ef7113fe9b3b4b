import { describe, expect, it } from 'vitest'
import { CodedError } from '../../src/base/errors.ts'
import type { ModelStreamPart } from '../../src/ports/language-model.ts'
import { liveActors, quiet } from './graph/graph-fixture.ts'
import { answerOf, createFixture, requestOf, type ScriptedEntry } from './router-fixture.ts'

const cheap: ScriptedEntry = { id: 'openai/mini', tier: 'cheap_api', script: 'from cheap', price: 1 }
const premium: ScriptedEntry = { id: 'openai/large', tier: 'premium_api', script: 'from premium', price: 10 }
const request = requestOf('Write a poem', { target: { kind: 'route', route: 'cheap' } })
const refuseEmpty = ({ text }: { readonly text: string }) =>
  text.trim() === ''
    ? { valid: false, confidence: 0, checks: [{ name: 'non-empty', passed: false, detail: '' } as const] }
    : {}
const textOf = async (parts: AsyncIterable<ModelStreamPart>): Promise<string> => {
  let text = ''
  for await (const part of parts) if (part.type === 'text-delta') text += part.text
  return text
}

describe('a stream that ends without content', () => {
  it.each([
    ['nothing', ''],
    ['white space', ' \n'],
  ])('goes on to the next model before the first byte: %s', async (_what, text) => {
    const { router, calls } = createFixture({ models: [{ ...cheap, script: text }, premium], check: refuseEmpty })
    const stream = await router.routeStream(request)
    expect([stream.tier, stream.route, stream.modelId]).toEqual(['premium_api', 'hybrid', 'openai/large'])
    expect(await textOf(stream.parts)).toBe('from premium')
    const result = await stream.result
    expect(calls).toEqual(['openai/mini', 'openai/large'])
    expect(result.attempts.map(({ outcome, reason }) => [outcome, reason])).toEqual([
      ['rejected', 'non-empty'],
      ['accepted', undefined],
    ])
    // Both calls were metered and are paid for, as without streaming.
    expect(result.costNanos).toBe((await router.route(request)).costNanos)
  })

  it('is handed out, marked as not accepted, when no other model is left', async () => {
    const { router, budget } = createFixture({
      models: [{ ...cheap, script: '' }],
      check: refuseEmpty,
      budgetNanos: 1_000_000_000n,
    })
    const stream = await router.routeStream(request)
    const parts: string[] = []
    for await (const part of stream.parts) parts.push(part.type)
    expect(parts).toEqual(['finish'])
    expect((await stream.result).verification).toEqual({ isAccepted: false, confidence: 0 })
    expect([budget.heldNanos, budget.spentNanos]).toEqual([0n, 150_000n])
  })

  it('does not make one with content wait or climb', async () => {
    const { router, calls } = createFixture({ models: [cheap, premium] })
    const stream = await router.routeStream(request)
    expect([await textOf(stream.parts), stream.route, calls]).toEqual(['from cheap', 'cheap', ['openai/mini']])
  })
})

describe('a stream that nobody reads', () => {
  it('ends with its time, is paid for, and leaves no actor behind', async () => {
    let limit = new AbortController()
    const { router, budget, system } = createFixture({
      models: [cheap],
      budgetNanos: 1_000_000_000n,
      timeoutSignal: () => (limit = new AbortController()).signal,
    })
    const stream = await router.routeStream(request)
    expect([budget.heldNanos > 0n, liveActors(system).length]).toEqual([true, 2])
    limit.abort()
    await expect(stream.result).rejects.toMatchObject({ code: 'ROUTER_ALL_FAILED' })
    await quiet()
    expect([budget.heldNanos, budget.spentNanos > 0n, liveActors(system).length]).toEqual([0n, true, 0])
    await expect(textOf(stream.parts)).rejects.toMatchObject({ code: 'MODEL_TIMEOUT' })
  })

  it('is one plan until it has been read, and none after that', async () => {
    const { router, system } = createFixture({ models: [cheap] })
    const stream = await router.routeStream(request)
    const parts = stream.parts[Symbol.asyncIterator]()
    await parts.next()
    expect(liveActors(system).length).toBe(2)
    await parts.return?.()
    await quiet()
    expect(liveActors(system).length).toBe(0)
  })
})

describe('the route of a stream', () => {
  it('is hybrid when the model before it failed', async () => {
    const failing = { ...cheap, script: new CodedError('MODEL_SERVER_ERROR', { message: 'down' }) }
    const { router } = createFixture({ models: [failing, premium] })
    const stream = await router.routeStream(request)
    await textOf(stream.parts)
    expect([stream.route, (await stream.result).route]).toEqual(['hybrid', 'hybrid'])
  })
})

describe('what providers say of their failures', () => {
  const refused = new CodedError('MODEL_REQUEST_REFUSED', { message: 'openai answered 400 for mini: no such field x' })
  const limited = new CodedError('MODEL_RATE_LIMITED', {
    message: 'openai answered 429 for large',
    details: { retryAfterMs: 2_000 },
  })

  it.each([[refused], [limited]])('is the answer when one model was asked: %s', async (error) => {
    const { router } = createFixture({ models: [{ ...cheap, script: error }] })
    await expect(router.route(request)).rejects.toBe(error)
    await expect(router.routeStream(request)).rejects.toBe(error)
  })

  it('is beside every attempt when several were, with the first time to come back', async () => {
    const { router } = createFixture({
      models: [
        { ...cheap, script: refused },
        { ...premium, script: limited },
      ],
    })
    const failure = {
      code: 'ROUTER_ALL_FAILED',
      details: {
        retryAfterMs: 2_000,
        attempts: [
          { modelId: 'openai/mini', reason: 'MODEL_REQUEST_REFUSED', message: refused.message },
          { modelId: 'openai/large', reason: 'MODEL_RATE_LIMITED', message: limited.message, retryAfterMs: 2_000 },
        ],
      },
    }
    await expect(router.route(request)).rejects.toMatchObject(failure)
    await expect(router.routeStream(request)).rejects.toMatchObject(failure)
  })

  it('is not told of errors that are the own of the program', async () => {
    const { router } = createFixture({ models: [{ ...cheap, script: new Error('secret detail') }] })
    const error: unknown = await router.route(request).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'ROUTER_ALL_FAILED' })
    expect(JSON.stringify(error)).not.toContain('secret detail')
  })
})

describe('what the premium model would have cost', () => {
  const metered = (tokensIn: number, isEstimated: boolean) =>
    answerOf('x', { usage: { tokensIn, tokensOut: 50, cachedTokensIn: 0, isEstimated } })
  const long = requestOf('word '.repeat(2_000), { target: { kind: 'route', route: 'cheap' } })

  it('is what it did cost, where it is what answered', async () => {
    const { router } = createFixture({ models: [{ ...premium, script: metered(10, false) }] })
    const result = await router.route({ ...long, target: { kind: 'route', route: 'premium' } })
    expect([result.costNanos, result.premiumCostNanos]).toEqual([600_000n, 600_000n])
  })

  it('counts the input as the answering call metered it, and not as it was guessed before', async () => {
    const { router } = createFixture({ models: [{ ...cheap, script: metered(10, false) }, premium] })
    expect((await router.route(long)).premiumCostNanos).toBe(600_000n)
  })

  it('counts the request where nobody metered it', async () => {
    const { router } = createFixture({ models: [{ ...cheap, script: metered(10, true) }, premium] })
    expect((await router.route(long)).premiumCostNanos).toBeGreaterThan(10_000_000n)
  })
})
