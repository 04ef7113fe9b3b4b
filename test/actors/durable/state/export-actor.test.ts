import { describe, expect, test } from 'vitest'
import { sha256Hex } from '../../../../src/base/sha256.ts'
import { World } from '../durable-world.ts'
import type { WorldAgent } from '../durable-world.ts'

type Named = { readonly name: string; readonly greetings: readonly string[] }

describe('an exported actor', () => {
  const agent: WorldAgent = {
    name: 'greeter',
    version: 1,
    initial: { name: 'ann', greetings: [] },
    handle(state: Named, event, actions) {
      actions.effect('pay', { amount: 5n })
      actions.requestApproval({ question: 'Go on?' })
      actions.setTimer('t', { delayMs: 5_000, event: { type: 'greet' } })
      return { ...state, greetings: [...state.greetings, event.type], at: new Date(5) }
    },
  }

  async function exported(): Promise<readonly string[]> {
    const world = await World.open({ agents: [agent] })
    world.spawn('greeter', 'a')
    await Promise.all([world.store.deliver('a', { type: 'hello' }, { key: 'k' }), world.settle()])
    const lines = world.store.exportActor('a')
    await world.settle()
    return await lines
  }

  test('lives on elsewhere with its state, its timer, its effects and its keys', async () => {
    const lines = await exported()
    expect(JSON.parse(lines[0] ?? '')).toEqual({ kernell: 'actor', format: 1, id: 'a', agent: 'greeter', version: 1 })
    const other = await World.open({ agents: [agent] })
    const imported = other.store.importActor(lines)
    await Promise.all([imported, other.settle()])
    expect(await imported).toBe('a')
    await Promise.all([other.store.deliver('a', { type: 'hello' }, { key: 'k' }), other.settle()])
    expect(other.stateOf('a')).toEqual({ name: 'ann', greetings: ['hello'], at: new Date(5) })
    expect(other.store.pendingEffects()).toMatchObject([{ id: 'a/1/0', name: 'pay', input: { amount: 5n } }])
    expect(other.store.pendingApprovals()).toMatchObject([{ id: 'a/1/1', question: 'Go on?' }])
    await other.environment.advance(5_000)
    expect(other.stateOf('a')).toMatchObject({ greetings: ['hello', 'greet'] })
    const restarted = await other.reopen(agent)
    await restarted.settle()
    expect(restarted.stateOf('a')).toMatchObject({ greetings: ['hello', 'greet'] })
  })

  test('is the same for the same actor', async () => {
    expect(await exported()).toEqual(await exported())
  })

  test('is refused where the id is taken', async () => {
    const lines = await exported()
    const other = await World.open({ agents: [agent] })
    other.spawn('greeter', 'a')
    await other.settle()
    await expect(other.store.importActor(lines)).rejects.toMatchObject({ code: 'ACTOR_ALREADY_STORED' })
  })

  test.each([
    ['nothing', () => []],
    ['something else', () => ['{"a":1}']],
    ['no JSON', () => ['hello']],
    ['too little', (lines: readonly string[]) => lines.slice(0, 3)],
    ['a changed state', (lines: readonly string[]) => lines.map((line) => line.replace('hello', 'jello'))],
    [
      'another format',
      (lines: readonly string[]) => rehashed(lines.map((line) => line.replace('"format":1', '"format":2'))),
    ],
    ['another id', (lines: readonly string[]) => rehashed(lines.map((line) => line.replace('"id":"a"', '"id":"b"')))],
    ['a damaged value', (lines: readonly string[]) => rehashed(lines.with(2, '{"state":"T{"}'))],
    ['an image that is none', (lines: readonly string[]) => rehashed(lines.with(1, '{"image":"J{}"}'))],
  ])('that is %s is refused', async (_name, damage) => {
    const other = await World.open({ agents: [agent] })
    await expect(other.store.importActor(damage(await exported()))).rejects.toMatchObject({
      code: 'ACTOR_EXPORT_INVALID',
    })
    await other.settle()
    expect([...other.store.actors()].length).toBe(0)
  })

  function rehashed(lines: readonly string[]): readonly string[] {
    const kept = lines.slice(0, 3)
    return [...kept, JSON.stringify({ sha256: sha256Hex(kept.map((line) => `${line}\n`).join('')) })]
  }
})
