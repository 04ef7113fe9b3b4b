import { amountFromNanos } from 'kernell-os/core'
import { describe, expect, it } from 'vitest'
import { cacheWarmer, type CacheWarmerInput, type Warmed } from '../../agents/cache-warmer/agent.ts'
import {
  answer,
  ask,
  CALLER,
  createScriptedRouter,
  createWorld,
  failure,
  type Failed,
  type RouterScript,
} from './agent-fixture.ts'

function start(script: RouterScript, more: Partial<CacheWarmerInput> = {}) {
  const world = createWorld()
  const router = createScriptedRouter(script)
  const input = { router, caller: CALLER, parallelMax: 1, restMs: 1_000, attemptsMax: 1, ...more }
  return { world, router, ref: world.spawn(cacheWarmer, input) }
}

const prompts = (count: number): string[] => Array.from({ length: count }, (_, n) => `p${n}`)

/** Asks, and lets time pass until there is an answer. */
async function warm<Reply = Warmed>(
  { world, ref }: ReturnType<typeof start>,
  fields: { readonly [field: string]: unknown },
): Promise<Reply> {
  let isOver = false
  const reply = ref.ask<Reply>({ type: 'warm', ...fields }, { timeoutMs: 3_600_000 }).finally(() => (isOver = true))
  for (let round = 0; round < 100 && !isOver; round += 1) await world.advance(1_000)
  return await reply
}

describe('the cache warmer', () => {
  it('counts what came of each prompt, and asks the same one once', async () => {
    const run = start((prompt) => {
      if (prompt === 'p0') return answer('x', { cache: 'exact' })
      if (prompt === 'p1') return answer('x', { cache: 'similar' })
      if (prompt === 'p2') return answer('x', { cache: 'off' })
      if (prompt === 'p3') return answer('x', { verification: { isAccepted: false, confidence: 0.1 } })
      return prompt === 'p4' ? failure('MODEL_SERVER_ERROR') : 'x'
    })
    expect(await warm(run, { prompts: [...prompts(6), 'p5', 'p0'] })).toEqual({
      type: 'warmed',
      id: 'request-1',
      alreadyWarm: 2,
      withoutCache: 1,
      notAccepted: 1,
      failed: 1,
      answered: 1,
      left: 0,
      stoppedBecause: undefined,
      spentNanos: 5_000n,
      hasUnknownCost: true,
    })
    expect(run.router.requests).toHaveLength(6)
  })

  it('rests between batches', async () => {
    const { world, router, ref } = start(() => 'x', { parallelMax: 2 })
    ref.send({ type: 'warm', prompts: prompts(5) })
    const counts: number[] = []
    for (let round = 0; round < 4; round += 1) {
      await world.settle()
      counts.push(router.requests.length)
      await world.advance(1_000)
    }
    expect(counts).toEqual([2, 4, 5, 5])
    expect(ref.emitted.filter(({ step }) => step === 'batch-done').map(({ done, of }) => [done, of])).toEqual([
      [2, 5],
      [4, 5],
      [5, 5],
    ])
  })

  it('asks exactly what callers will ask', async () => {
    const run = start(() => 'x', { target: { kind: 'route', route: 'cheap' }, controls: { isLocalOnly: true } })
    await warm(run, { prompts: ['p0'], system: 'Be brief.', isRefresh: true })
    expect(run.router.requests).toMatchObject([
      {
        target: { kind: 'route', route: 'cheap' },
        controls: { isLocalOnly: true, cache: 'refresh' },
        request: {
          messages: [
            { role: 'system', content: 'Be brief.' },
            { role: 'user', content: 'p0' },
          ],
        },
      },
    ])
  })

  it('stops when money is the reason of a failure, and says how many are left', async () => {
    const run = start((_prompt, _request, index) => (index < 3 ? 'x' : failure('BUDGET_EXCEEDED')))
    expect(await warm(run, { prompts: prompts(10) })).toMatchObject({
      answered: 3,
      failed: 1,
      left: 6,
      stoppedBecause: 'budget',
    })
  })

  it('stops when its own cap is used up', async () => {
    const run = start(() => answer('x', { costNanos: amountFromNanos(4_000n) }))
    const reply = await warm(run, { prompts: prompts(10), maxCostNanos: amountFromNanos(8_000n) })
    expect(reply).toMatchObject({ stoppedBecause: 'budget', answered: 2, left: 8, spentNanos: 8_000n })
  })

  it('stops in an outage, and goes on after single failures', async () => {
    const outage = start((_prompt, _request, index) => (index === 0 ? 'x' : failure('MODEL_AUTH_FAILED')))
    expect(await warm(outage, { prompts: prompts(20) })).toMatchObject({
      failed: 5,
      left: 14,
      stoppedBecause: 'failures',
    })
    const single = start((_prompt, _request, index) => (index % 3 === 0 ? failure('MODEL_AUTH_FAILED') : 'x'))
    expect(await warm(single, { prompts: prompts(20) })).toMatchObject({
      failed: 7,
      answered: 13,
      stoppedBecause: undefined,
    })
  })

  it('fails with the error when there was nothing but failures', async () => {
    const run = start(() => failure('ROUTER_NO_MODEL'))
    expect((await warm<Failed>(run, { prompts: prompts(3) })).error.code).toBe('ROUTER_NO_MODEL')
  })

  it('ends its rest when it is cancelled', async () => {
    const { world, router, ref } = start(() => 'x')
    const pending = ask<Failed>(world, ref, { type: 'warm', id: 'a', prompts: prompts(5) })
    await world.settle()
    ref.send({ type: 'cancel', id: 'a' })
    expect((await pending).error.code).toBe('REQUEST_ABORTED')
    await world.advance(10_000)
    expect(router.requests).toHaveLength(1)
  })

  it.each([{ prompts: [] }, { prompts: 'one' }, { prompts: ['a', ''] }, { prompts: ['a'], isRefresh: 1 }])(
    'refuses %j',
    async (fields) => {
      const { world, ref } = start(() => 'x')
      expect((await ask<Failed>(world, ref, { type: 'warm', ...fields })).error.code).toBe('REQUEST_INVALID')
    },
  )
})
