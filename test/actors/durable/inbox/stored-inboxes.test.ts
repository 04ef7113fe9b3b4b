import { describe, expect, test } from 'vitest'
import { ControlledLog } from '../controlled-log.ts'
import { COUNTER, restartCounter } from '../counter-world.ts'
import { World } from '../durable-world.ts'

describe('a message that was delivered', () => {
  test('is acknowledged only when it is on stable storage', async () => {
    const log = new ControlledLog()
    const world = await World.open({ agents: [COUNTER], log })
    world.spawn('counter', 'a')
    await world.settle()
    log.isHeld = true
    let isAcknowledged = false
    const delivered = world.store.deliver('a', { type: 'add' }).then(() => (isAcknowledged = true))
    await world.settle()
    expect([world.stateOf('a'), isAcknowledged, world.replies]).toEqual([{ count: 1 }, false, []])
    log.release()
    await delivered
    await world.settle()
    expect(world.replies).toEqual(['add 1'])
  })

  test('is handled after a restart if it was not before', async () => {
    const world = await World.open({ agents: [COUNTER] })
    world.spawn('counter', 'a')
    await world.settle()
    world.passivate('a')
    world.isDead = true
    await Promise.all([world.store.deliver('a', { type: 'add', by: 5 }), world.settle()])
    const next = await restartCounter(world)
    await next.settle()
    expect(next.stateOf('a')).toEqual({ count: 5 })
  })

  test('is taken once where a key is given, also after a restart and while the first one is not stored yet', async () => {
    const log = new ControlledLog()
    const world = await World.open({ agents: [COUNTER], log })
    world.spawn('counter', 'a')
    await world.settle()
    log.isHeld = true
    const acknowledged: number[] = []
    const deliveries = [1, 2].map((number) =>
      world.store.deliver('a', { type: 'add' }, { key: 'k' }).then(() => acknowledged.push(number)),
    )
    await world.settle()
    expect(acknowledged).toEqual([])
    log.release()
    await Promise.all([...deliveries, world.settle()])
    const next = await restartCounter(world)
    await Promise.all([next.store.deliver('a', { type: 'add' }, { key: 'k' }), next.settle()])
    expect(next.stateOf('a')).toEqual({ count: 1 })
  })

  test('is taken once per place in what its sender sent', async () => {
    const world = await World.open({ agents: [COUNTER] })
    world.spawn('counter', 'a')
    const deliver = (sequence: number): Promise<void> =>
      world.store.deliver('a', { type: 'add' }, { sender: { id: 'node-2/b', sequence } })
    await Promise.all([deliver(0), deliver(1), deliver(1), deliver(0), deliver(7), world.settle()])
    const next = await restartCounter(world)
    await Promise.all([
      next.store.deliver('a', { type: 'add' }, { sender: { id: 'node-2/b', sequence: 7 } }),
      next.settle(),
    ])
    expect(next.stateOf('a')).toEqual({ count: 3 })
  })

  test('that cannot be stored, or for nobody, or for a full inbox, is refused', async () => {
    const world = await World.open({ agents: [{ ...COUNTER, inboxBound: 2 }] })
    world.spawn('counter', 'a')
    await world.settle()
    world.passivate('a')
    world.isDead = true
    const refused = async (id: string, event: { type: string; extra?: unknown }): Promise<unknown> =>
      await world.store.deliver(id, event).catch((error: unknown) => (error as { code?: string }).code ?? error)
    expect(await refused('b', { type: 'add' })).toBe('ACTOR_NOT_STORED')
    expect(await refused('a', { type: 'add', extra: () => 1 })).toBe('ACTOR_STATE_NOT_STORABLE')
    expect(await refused('a', {} as never)).toBeInstanceOf(TypeError)
    const taken = [1, 2].map(async () => await world.store.deliver('a', { type: 'add' }))
    expect(await refused('a', { type: 'add' })).toBe('ACTOR_MAILBOX_FULL')
    await Promise.all([...taken, world.settle()])
  })
})
