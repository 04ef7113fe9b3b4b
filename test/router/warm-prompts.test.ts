import { describe, expect, it } from 'vitest'
import type { ModelEntry, ModelPrice } from '../../src/core/models/model-entry.ts'
import type { CivilDate } from '../../src/core/models/civil-date.ts'
import { candidatesOf } from '../../src/router/judge-candidates.ts'
import { answerOf, createFixture, requestOf, type Script } from './router-fixture.ts'

const LONG = 'A long document. '.repeat(600)
const usage = (cachedTokensIn: number) => ({ tokensIn: 3_000, tokensOut: 20, cachedTokensIn, isEstimated: false })
const first = requestOf(LONG)
const next = requestOf('x', {
  request: {
    messages: [
      { role: 'user', content: LONG },
      { role: 'assistant', content: 'An answer' },
      { role: 'user', content: 'And then?' },
    ],
  },
})

/** What the policy was told to expect of caches for the last request. */
function conversation(answers: readonly Script[]) {
  let count = 0
  const script: Script = async (request, signal) => {
    const answer = answers[count]
    count += 1
    return typeof answer === 'function' ? await answer(request, signal) : (answer as never)
  }
  return createFixture({ models: [{ id: 'a/mini', tier: 'cheap_api', script, price: 1 }] })
}

describe('prompt caches of providers', () => {
  it('are expected to have what the model of a conversation has read', async () => {
    const { router, policyInputs } = conversation([
      answerOf('1', { usage: usage(0) }),
      answerOf('2', { usage: usage(2_500) }),
    ])
    await router.route(first)
    await router.route(next)
    expect(policyInputs[0]?.cachedTokensIn).toBeUndefined()
    const expected = policyInputs[1]?.cachedTokensIn?.get('a/mini') ?? 0
    expect(expected).toBeGreaterThan(1_024)
    expect(expected).toBeLessThanOrEqual(policyInputs[1]?.tokensIn ?? 0)
  })

  it('are not, where the provider says that it had nothing', async () => {
    const { router, policyInputs } = conversation([
      answerOf('1', { usage: usage(0) }),
      answerOf('2', { usage: usage(0) }),
      answerOf('3', { usage: usage(0) }),
    ])
    for (const request of [first, next, next]) await router.route(request)
    expect(policyInputs.map(({ cachedTokensIn }) => cachedTokensIn !== undefined)).toEqual([false, true, false])
  })

  it('of one tenant are not expected for another, nor for a conversation that begins anew', async () => {
    const { router, policyInputs } = conversation([1, 2, 3].map((each) => answerOf(`${each}`, { usage: usage(0) })))
    await router.route(first)
    await router.route({ ...next, caller: { tenant: 'other' as never } })
    await router.route(first)
    expect(policyInputs.map(({ cachedTokensIn }) => cachedTokensIn)).toEqual([undefined, undefined, undefined])
  })

  it('make a candidate cheaper by what they save, also where its cost was learned', () => {
    const price: ModelPrice = {
      inputNanosPerMillion: 1_000_000_000n,
      cachedInputNanosPerMillion: 100_000_000n,
      outputNanosPerMillion: 1_000_000_000n,
      contextTiers: [],
      source: 'test',
      checkedOn: '2026-01-01' as CivilDate,
    }
    const entry: ModelEntry = {
      id: 'a/mini',
      provider: 'a',
      model: 'mini',
      tier: 'cheap_api',
      difficultyMax: 5,
      specialties: [],
      prices: [price],
      capabilities: { tools: true, vision: true, jsonSchema: true, logprobs: true, streaming: true },
      aliases: [],
    }
    const cost = (cached: number | undefined, learnedUsd?: number): bigint | undefined =>
      candidatesOf(
        {
          input: {
            prompt: 'x',
            candidates: [entry],
            excluded: [],
            fixedRoute: 'auto',
            tokensIn: 10_000,
            ...(cached !== undefined && { cachedTokensIn: new Map([['a/mini', cached]]) }),
            today: '2026-02-01' as CivilDate,
            priceVersion: 'test',
            draw: 0.5,
            isCascadeAllowed: true,
            recentFailures: 0,
          },
          profile: { difficulty: 3, domain: 'general' } as never,
          tokensOut: 0,
          judged:
            learnedUsd === undefined ? undefined : { success: Float64Array.of(0.8), usd: Float64Array.of(learnedUsd) },
          isUnsure: false,
        },
        () => 0,
      )[0]?.expectedCostNanos
    expect([cost(undefined), cost(8_000)]).toEqual([10_000_000n, 2_800_000n])
    expect([cost(undefined, 0.02), cost(8_000, 0.02), cost(8_000, 0.001)]).toEqual([20_000_000n, 12_800_000n, 0n])
  })
})
