import { describe, expect, it } from 'vitest'
import type { CacheAdmission, CacheQuery, SemanticCache } from '../../src/router/semantic-cache.ts'
import type { RouteRequest } from '../../src/ports/router.ts'
import { CACHE_UPKEEP } from './cache-upkeep.ts'
import { createFixture, requestOf, type ScriptedEntry } from './router-fixture.ts'

const near: ScriptedEntry = { id: 'near/small', tier: 'local_small', script: 'fine', price: 0 }
const cheap: ScriptedEntry = { id: 'openai/mini', tier: 'cheap_api', script: 'fine', price: 1 }

/** A cache that knows nothing and writes down what it is told. */
function emptyCache(): {
  readonly cache: SemanticCache
  readonly asked: CacheQuery[]
  readonly told: CacheAdmission[]
} {
  const asked: CacheQuery[] = []
  const told: CacheAdmission[] = []
  const cache: SemanticCache = {
    lookup(query) {
      asked.push(query)
      return { kind: 'miss', reason: 'no-entry', ticket: { entryId: '0'.repeat(32) } }
    },
    admit(_ticket, admission) {
      told.push(admission)
      return 'stored'
    },
    ...CACHE_UPKEEP,
  }
  return { cache, asked, told }
}

describe('the cache', () => {
  it.each([
    [0.9, true],
    [0.2, false],
  ])('is told whether an answer of confidence %s was accepted (%s)', async (confidence, isAccepted) => {
    const { cache, told } = emptyCache()
    const { router } = createFixture({ models: [cheap], cache, check: () => ({ confidence }) })
    await router.route(requestOf('hi'))
    expect(told.map((admission) => [admission.isAccepted, admission.confidence])).toEqual([[isAccepted, confidence]])
  })

  it.each<[string, Partial<RouteRequest>, boolean]>([
    ['anybody', {}, false],
    ['APIs', { controls: { tiers: ['cache', 'cheap_api'] } }, false],
    ['nobody outside this machine', { controls: { isLocalOnly: true } }, true],
    ['local tiers', { controls: { tiers: ['cache', 'local_small'] } }, true],
    ['one provider', { controls: { providers: ['near'] } }, true],
    ['the local route', { target: { kind: 'route', route: 'local' } }, true],
  ])('is told of a task for %s whether it is confined', async (_who, request, isConfined) => {
    const { cache, asked } = emptyCache()
    const { router } = createFixture({ models: [near, cheap], cache })
    await router.route(requestOf('hi', request))
    expect(asked.map((query) => query.isConfined)).toEqual([isConfined])
  })
})

describe('the memory of failures', () => {
  it('counts refused answers of a conversation in a row and forgets them with the first accepted one', async () => {
    const confidences = [0.2, 0.2, 0.9, 0.2, 0.9]
    const { router, policyInputs } = createFixture({
      models: [cheap],
      check: () => ({ confidence: confidences.shift() ?? 1 }),
    })
    for (let turn = 0; turn < 5; turn += 1) await router.route(requestOf('hi'))
    await router.route(requestOf('another'))
    expect(policyInputs.map(({ recentFailures }) => recentFailures)).toEqual([0, 1, 2, 0, 1, 0])
  })
})
