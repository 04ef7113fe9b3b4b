import { describe, expect, test } from 'vitest'
import { readJournal } from '../../../../src/actors/durable/journal/read-journal.ts'
import { COUNTER, restartCounter } from '../counter-world.ts'
import { World } from '../durable-world.ts'

describe('an activation', () => {
  test('fences off the one before', async () => {
    const world = await World.open({ agents: [COUNTER] })
    const { owner } = world.spawn('counter', 'a')
    await world.settle()
    const later = world.store.activate('a', COUNTER)
    expect(world.isActive('a')).toBe(false)
    expect(() => owner.commit(owner.beginTurn(), { state: { count: 9 } })).toThrow(
      expect.objectContaining({ code: 'ACTOR_FENCED' }),
    )
    later.commit(later.beginTurn(), { state: { count: 4 } })
    await world.settle()
    expect((await readJournal(world.log)).actors.get('a')).toMatchObject({ epoch: 2, commits: 2 })
  })

  test('comes by itself with the first message, and passivation keeps the state', async () => {
    const world = await World.open({ agents: [COUNTER] })
    world.spawn('counter', 'a')
    await Promise.all([world.store.deliver('a', { type: 'add' }), world.settle()])
    world.passivate('a')
    expect(world.store.actor('a')?.state.kind).toBe('packed')
    await Promise.all([world.store.deliver('a', { type: 'add' }), world.settle()])
    expect([world.isActive('a'), world.stateOf('a')]).toEqual([true, { count: 2 }])
  })

  test('of another definition is refused', async () => {
    const world = await World.open({ agents: [COUNTER, { ...COUNTER, name: 'other' }] })
    world.spawn('counter', 'a')
    await world.settle()
    expect(() => world.store.activate('a', { name: 'other', version: 1 })).toThrow(
      expect.objectContaining({ code: 'ACTOR_ALREADY_STORED' }),
    )
  })

  test('of a removed actor may not write, and its successor starts anew', async () => {
    const world = await World.open({ agents: [COUNTER] })
    const { owner } = world.spawn('counter', 'a')
    await Promise.all([world.store.deliver('a', { type: 'add' }), world.settle()])
    await Promise.all([world.store.remove('a'), world.settle()])
    expect(() => owner.commit(owner.beginTurn(), { state: { count: 9 } })).toThrow(/ACTOR_FENCED|removed/)
    world.spawn('counter', 'a')
    await world.settle()
    const next = await restartCounter(world)
    expect(next.stateOf('a')).toEqual({ count: 0 })
    expect(next.store.actor('a')?.incarnation).toBe(2)
  })
})
