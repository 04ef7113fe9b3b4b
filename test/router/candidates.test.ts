import { describe, expect, it } from 'vitest'
import type { RouteRequest } from '../../src/ports/router.ts'
import { createFixture, requestOf, type ScriptedEntry } from './router-fixture.ts'

const local: ScriptedEntry = { id: 'ollama/small', tier: 'local_small', script: 'from local' }
const cheap: ScriptedEntry = { id: 'openai/mini', tier: 'cheap_api', script: 'from cheap', price: 1 }
const premium: ScriptedEntry = { id: 'openai/large', tier: 'premium_api', script: 'from premium', price: 10 }
const route = (name: 'local' | 'cheap' | 'premium', extra: Partial<RouteRequest> = {}): RouteRequest =>
  requestOf('Write a poem about rivers', { target: { kind: 'route', route: name }, ...extra })
const image: RouteRequest['request'] = {
  messages: [{ role: 'user', content: [{ type: 'image', url: 'https://a.example/x.png' }] }],
}

describe('a route of which no model can do what is asked', () => {
  it('names what is missing, although a stronger model that may not begin has it', async () => {
    const { router, calls } = createFixture({ models: [{ ...cheap, capabilities: { vision: false } }, premium] })
    await expect(router.route(route('cheap', { request: image }))).rejects.toMatchObject({
      code: 'ROUTER_NO_CAPABLE_MODEL',
      details: { missing: ['vision'], excluded: ['openai/mini: lacks vision'] },
    })
    expect(calls).toEqual([])
  })

  it('does not blame the request for what models outside the route lack', async () => {
    const { router } = createFixture({ models: [{ ...premium, capabilities: { vision: false } }] })
    await expect(router.route(route('cheap', { request: image }))).rejects.toMatchObject({
      code: 'ROUTER_NO_MODEL',
      details: { excluded: ['openai/large: lacks vision'] },
    })
  })
})

describe('conditions that exclude each other', () => {
  const conflicts: readonly (readonly [string, RouteRequest])[] = [
    ['premium, but local only', route('premium', { controls: { isLocalOnly: true } })],
    ['premium with a key of the local tiers', route('premium', { controls: { tiers: ['local_small'] } })],
    ['only the cache', requestOf('Write a poem', { controls: { tiers: ['cache'] } })],
    [
      'a provider and a tier it does not have',
      requestOf('Write a poem', { controls: { tiers: ['premium_api'], providers: ['ollama'] } }),
    ],
    [
      'a named model and a tier it is not of',
      requestOf('Write a poem', { target: { kind: 'model', modelId: 'mini' }, controls: { tiers: ['premium_api'] } }),
    ],
  ]
  it.each(conflicts)('are named as such and not as a missing configuration: %s', async (_name, request) => {
    const { router, calls } = createFixture({ models: [local, cheap, premium] })
    await expect(router.route(request)).rejects.toMatchObject({
      code: 'ROUTER_NOT_ALLOWED',
      message: expect.not.stringContaining('OPENAI_API_KEY'),
      details: { excluded: expect.arrayContaining([expect.stringContaining(':')]) },
    })
    expect(calls).toEqual([])
  })
})

describe('the route local', () => {
  it('never leaves the machine, even when every local model fails', async () => {
    const { router, calls } = createFixture({
      models: [{ ...local, script: new Error('down') }, cheap, premium],
    })
    await expect(router.route(route('local'))).rejects.toBeDefined()
    expect(calls).toEqual(['ollama/small'])
  })

  it('goes on to a larger local model', async () => {
    const large: ScriptedEntry = { id: 'ollama/large', tier: 'local_large', script: 'from large' }
    const { router, calls } = createFixture({ models: [{ ...local, script: new Error('down') }, large, cheap] })
    expect((await router.route(route('local'))).answer.text).toBe('from large')
    expect(calls).toEqual(['ollama/small', 'ollama/large'])
  })
})
