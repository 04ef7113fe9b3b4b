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
const system = createActorSystem()
const offline = await createOfflineRouter({
  models: [{ model, tier: 'cheap_api', usdPerMillion: '1' }],
  actors: system,
  cache: createExactCache(),
})
const input: CacheWarmerInput = { router: offline.router, caller: { tenant: DEFAULT_TENANT }, restMs: 1 }
const ref = system.spawn(cacheWarmer, { id: 'cache-warmer', input })
const prompts = Array.from({ length: 5 }, (_, n) => `How do I reset the password of account type ${n}?`)

const first = await ref.ask<Warmed>({ type: 'warm', prompts: [...prompts, ...prompts] })
assert.deepEqual([first.type, first.answered, first.failed, first.left], ['warmed', 5, 0, 0])
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
await offline.stop()
await system.stop()

process.stdout
  .write(`${first.answered} prompts asked for $${formatAmount(first.spentNanos)}, one of them again after the pause the provider asked for
the second time all ${second.alreadyWarm} came from the cache, for nothing
with $0.0002 it asked ${poor.answered} of 50 prompts, and stopped
`)
