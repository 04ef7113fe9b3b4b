import { describe, expect, test } from 'vitest'
import { ControlledLog } from '../controlled-log.ts'
import { COUNTER, restartCounter } from '../counter-world.ts'
import { World } from '../durable-world.ts'
import type { WorldAgent } from '../durable-world.ts'

describe('a turn', () => {
  test('lets nothing out before it is stored, and goes on meanwhile', async () => {
    const log = new ControlledLog()
    const world = await World.open({ agents: [COUNTER], log })
    world.spawn('counter', 'a')
    await world.settle()
    log.isHeld = true
    for (const by of [1, 2, 3]) {
      world.send('a', { type: 'add', by })
      await world.settle()
    }
    expect([world.stateOf('a'), world.replies]).toEqual([{ count: 6 }, []])
    log.release()
    await world.settle()
    expect(world.replies).toEqual(['add 1', 'add 3', 'add 6'])
  })

  test('shares its sync with the others of its time', async () => {
    const log = new ControlledLog()
    const world = await World.open({ agents: [COUNTER], log })
    for (let number = 0; number < 50; number += 1) world.spawn('counter', `a${number}`)
    await world.settle()
    log.groups.length = 0
    for (let number = 0; number < 50; number += 1) world.send(`a${number}`, { type: 'add' })
    await world.settle()
    expect(log.groups).toEqual([50])
  })

  test('changes the sender and the receiver together', async () => {
    const world = await World.open({ agents: [COUNTER] })
    for (const id of ['a', 'b']) world.spawn('counter', id)
    await Promise.all([world.store.deliver('a', { type: 'add', by: 3, to: 'b' }), world.settle()])
    expect([world.stateOf('a'), world.stateOf('b')]).toEqual([{ count: 3 }, { count: 3 }])
    const next = await restartCounter(world)
    await next.settle()
    expect([next.stateOf('a'), next.stateOf('b')]).toEqual([{ count: 3 }, { count: 3 }])
  })

  test('that fails leaves nothing, and its message is given again or discarded', async () => {
    const world = await World.open({ agents: [COUNTER], redeliveries: 2 })
    world.spawn('counter', 'a')
    await Promise.all([
      world.store.deliver('a', { type: 'fail' }),
      world.store.deliver('a', { type: 'unstorable' }),
      world.store.deliver('a', { type: 'add' }),
      world.settle(),
    ])
    expect(world.failures).toHaveLength(6)
    expect(world.discarded).toEqual([{ type: 'fail' }, { type: 'unstorable' }])
    const next = await restartCounter(world)
    await next.settle()
    expect([next.stateOf('a'), next.failures]).toEqual([{ count: 1 }, []])
  })

  test('that changed nothing writes nothing, and its reply waits for the turns before it', async () => {
    const log = new ControlledLog()
    const world = await World.open({ agents: [COUNTER], log })
    world.spawn('counter', 'a')
    await world.settle()
    log.isHeld = true
    world.send('a', { type: 'add' })
    world.send('a', { type: 'read', by: 0 })
    await world.settle()
    const written = log.nextIndex
    expect(world.replies).toEqual([])
    log.release()
    await world.settle()
    expect(world.replies).toEqual(['add 1', 'read 1'])
    world.send('a', { type: 'read', by: 0 })
    await world.settle()
    expect([log.nextIndex, world.replies.length]).toEqual([written, 3])
  })

  test('may not change the stored state in place', async () => {
    const inPlace: WorldAgent = {
      ...COUNTER,
      initial: { list: [] },
      handle(state: { list: number[] }) {
        state.list.push(1)
        return state
      },
    }
    const world = await World.open({ agents: [inPlace] })
    world.spawn('counter', 'a')
    world.send('a', { type: 'add' })
    await world.settle()
    expect(world.failures).toEqual([expect.any(TypeError)])
    expect(world.stateOf('a')).toEqual({ list: [] })
  })
})
