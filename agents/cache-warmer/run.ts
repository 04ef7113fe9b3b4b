/** Warms a cache within a budget: `node agents/cache-warmer/run.ts`, after `npm run build`. */
import assert from 'node:assert/strict'
import { createActorSystem } from 'kernell-os/actors'
import { amountFromNanos, CodedError, DEFAULT_TENANT, formatAmount } from 'kernell-os/core'
import { createScriptedModel } from 'kernell-os/testing'
import { createExactCache } from '../offline/exact-cache.ts'
import { createOfflineRouter } from '../offline/offline-router.ts'
import { cacheWarmer, type CacheWarmerInput, type Warmed } from './agent.ts'

const model = createScriptedModel({
  modelId: 'small',
  replies: ({ messages }, index) =>
    index === 1
      ? {
          kind: 'throw',
          error: new CodedError('MODEL_RATE_LIMITED', { message: 'slower', details: { retryAfterMs: 5 } }),
        }
      : `The answer to: ${JSON.stringify(messages.at(-1)?.content)}`,
})
const failing = createScriptedModel({
  modelId: 'failing',
  replies: (_, index) =>
    index === 0 ? 'The only answer.' : { kind: 'throw', error: new CodedError('MODEL_AUTH_FAILED', { message: 'no' }) },
})
const system = createActorSystem()
const offline = await createOfflineRouter({
  models: [model, failing].map((each) => ({ model: each, tier: 'cheap_api', usdPerMillion: '1' })),
  actors: system,
  cache: createExactCache(),
})
const input: CacheWarmerInput = {
  router: offline.router,
  caller: { tenant: DEFAULT_TENANT },
  target: { kind: 'model', modelId: 'small' },
  restMs: 20,
}
const ref = system.spawn(cacheWarmer, { id: 'cache-warmer', input })
const prompts = Array.from({ length: 5 }, (_, n) => `How do I reset the password of account type ${n}?`)

const begunAt = performance.now()
const first = await ref.ask<Warmed>({ type: 'warm', prompts: [...prompts, ...prompts] })
const tookMs = performance.now() - begunAt
assert.deepEqual([first.type, first.answered, first.failed, first.left], ['warmed', 5, 0, 0])
// The same prompt twice counts once, and is not asked of the cache either.
assert.equal(first.alreadyWarm, 0)
// Five prompts two at a time: three batches, and a rest of 20 ms between them, which a timer may end a moment early.
assert.ok(tookMs >= 38, `no rest between the batches: ${tookMs} ms`)
const calls = model.calls.length
assert.equal(calls, 6)

const second = await ref.ask<Warmed>({ type: 'warm', prompts })
assert.deepEqual([second.alreadyWarm, second.spentNanos, model.calls.length], [5, 0n, calls])

const poor = await ref.ask<Warmed>({
  type: 'warm',
  prompts: Array.from({ length: 50 }, (_, n) => `What is new in version ${n}?`),
  maxCostNanos: amountFromNanos(200_000n),
})
assert.equal(poor.stoppedBecause, 'budget')
assert.ok(poor.left > 0 && poor.spentNanos <= 200_000n)

const useless = system.spawn(cacheWarmer, {
  id: 'useless',
  input: { ...input, target: { kind: 'model', modelId: 'failing' }, parallelMax: 1, restMs: 1, attemptsMax: 1 },
})
const stopped = await useless.ask<Warmed>({
  type: 'warm',
  prompts: Array.from({ length: 12 }, (_, n) => `What is ${n}?`),
})
assert.deepEqual([stopped.answered, stopped.failed, stopped.left, stopped.stoppedBecause], [1, 5, 6, 'failures'])
await offline.stop()
await system.stop()

process.stdout
  .write(`${first.answered} prompts asked for $${formatAmount(first.spentNanos)}, one of them again after a pause, with a rest after every two
the second time all ${second.alreadyWarm} came from the cache, for nothing
with $0.0002 it asked ${poor.answered} of 50 prompts, and stopped
after ${stopped.failed} failures in a row it asked none of the ${stopped.left} prompts that were left
`)
