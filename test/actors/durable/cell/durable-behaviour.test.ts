import { describe, expect, test } from 'vitest'
import { fromTransition, setup } from 'xstate'
import { createActorSystem } from '../../../../src/actors/create-actor-system.ts'
import { defineAgent } from '../../../../src/actors/define-agent.ts'
import { durableActions, durableActors } from '../../../../src/actors/durable/durable-actors.ts'
import { spawnChildOf, stash, unstashAll } from '../../../../src/actors/inside.ts'
import { ControlledLog } from '../controlled-log.ts'
import { DurableSystem } from '../durable-system.ts'
import { contextOf, counter } from './counter-agent.ts'

describe('a durable actor', () => {
  test('takes messages before its store is open, and is there after the process died', async () => {
    const first = new DurableSystem()
    const ref = first.spawn(counter, 'a')
    expect(ref.send({ type: 'add', by: 2 })).toBe(true)
    await first.during(ref.deliver({ type: 'add', by: 3 }))
    expect(contextOf(ref)).toBe(5)
    const second = await first.crash()
    const again = second.spawn(counter, 'a')
    await second.settle()
    expect(contextOf(again)).toBe(5)
  })

  test('answers when its turn is stored, and not before', async () => {
    const log = new ControlledLog()
    const world = new DurableSystem({ log })
    const ref = world.spawn(counter, 'a')
    await world.settle()
    log.isHeld = true
    let answer: unknown
    const asked = ref.ask({ type: 'add', by: 4 }).then((reply) => {
      answer = reply
    })
    await world.settle()
    expect(answer).toBeUndefined()
    log.release()
    await asked
    expect(answer).toEqual({ type: 'count', count: 4 })
  })

  test('shows its new snapshot to subscribers when it is stored', async () => {
    const log = new ControlledLog()
    const world = new DurableSystem({ log })
    const ref = world.spawn(counter, 'a')
    await world.settle()
    const seen: unknown[] = []
    ref.subscribe((snapshot) => seen.push((snapshot as { context?: unknown }).context))
    log.isHeld = true
    ref.send({ type: 'add', by: 1 })
    await world.settle()
    expect(seen).toEqual([])
    log.release()
    await world.settle()
    expect(seen).toEqual([1])
  })

  test('moves to another durable actor in one record, and to a volatile one when that is stored', async () => {
    const log = new ControlledLog()
    const world = new DurableSystem({ log })
    const a = world.spawn(counter, 'a')
    const b = world.spawn(counter, 'b')
    const volatile = world.spawn(defineAgent({ name: 'volatile', logic: counter.logic }), 'v')
    await world.settle()
    log.isHeld = true
    a.send({ type: 'add', by: 1, to: b })
    a.send({ type: 'add', by: 2, to: volatile })
    await world.settle()
    expect([contextOf(a), contextOf(b), contextOf(volatile)]).toEqual([3, 1, 0])
    log.release()
    await world.settle()
    expect(contextOf(volatile)).toBe(2)
    const next = await world.crash()
    expect([next.spawn(counter, 'a'), next.spawn(counter, 'b')].map(({ id }) => id)).toEqual(['a', 'b'])
    await next.settle()
    expect(['a', 'b'].map((id) => contextOf(next.spawnedOr(id)))).toEqual([3, 1])
  })

  test('starts again from its last stored state when it fails, and a message it cannot handle becomes a dead letter', async () => {
    const world = new DurableSystem()
    const ref = world.spawn(counter, 'a')
    await world.during(ref.deliver({ type: 'add', by: 7 }))
    await world.during(Promise.all([ref.deliver({ type: 'fail' }), ref.deliver({ type: 'add', by: 1 })]))
    expect(contextOf(ref)).toBe(8)
    expect(world.system.deadLetters.recent()).toMatchObject([{ event: { type: 'fail' }, reason: 'poison' }])
    const next = await world.crash()
    const again = next.spawn(counter, 'a')
    await next.settle()
    expect([contextOf(again), next.supervision]).toEqual([8, []])
  })

  test('leaves memory when it is idle, and comes back with the next message', async () => {
    const idle = defineAgent({ name: 'idle', durable: { passivateAfterMs: 1_000 }, logic: counter.logic })
    const world = new DurableSystem()
    const ref = world.spawn(idle, 'a')
    await world.during(ref.deliver({ type: 'add', by: 1 }))
    await world.environment.advance(3_000)
    expect([world.system.registry.has('a'), await world.during(world.durable.list())]).toMatchObject([
      false,
      [{ id: 'a', isInMemory: false }],
    ])
    expect(ref.send({ type: 'add', by: 1 })).toBe(true)
    await world.settle()
    expect(contextOf(ref)).toBe(2)
    await world.environment.advance(3_000)
    await world.during(ref.deliver({ type: 'add', by: 1 }))
    expect(contextOf(ref)).toBe(3)
  })

  test('that was stopped is kept, does not come back by itself, and goes on when it is spawned', async () => {
    const world = new DurableSystem()
    const ref = world.spawn(counter, 'a')
    await world.during(ref.deliver({ type: 'add', by: 1 }))
    await world.during(ref.stop())
    expect(ref.send({ type: 'add', by: 1 })).toBe(false)
    await world.during(ref.deliver({ type: 'add', by: 10 }))
    expect(world.system.registry.has('a')).toBe(false)
    const again = world.spawn(counter, 'a')
    await world.settle()
    expect([contextOf(again), contextOf(ref)]).toEqual([11, 11])
  })

  test('does not lose what waits when the system stops', async () => {
    const world = new DurableSystem()
    const ref = world.spawn(counter, 'a')
    await world.settle()
    const delivered = [1, 2, 3].map(async (by) => await world.extension.store.deliver('a', { type: 'add', by }))
    // The messages are in the mailbox.
    await world.during(Promise.all([...delivered, world.system.stop({ drainMs: 0 })]))
    expect(contextOf(ref)).toBe(0)
    expect(world.system.deadLetters.count).toBe(0)
    const next = await world.crash()
    const again = next.spawn(counter, 'a')
    await next.settle()
    expect(contextOf(again)).toBe(6)
  })

  test('comes into memory for a timer that fired while nobody knew its definition', async () => {
    const timed = defineAgent({
      name: 'timed',
      durable: { passivateAfterMs: 100 },
      logic: fromTransition((seen: number, event: { type: string }, { self }) => {
        if (event.type === 'set') durableActions(self).setTimer('t', { delayMs: 1_000, event: { type: 'due' } })
        return event.type === 'due' ? seen + 1 : seen
      }, 0),
    })
    const first = new DurableSystem()
    await first.during(first.spawn(timed, 'a').deliver({ type: 'set' }))
    const second = await first.crash()
    await second.environment.advance(5_000)
    expect(second.system.registry.has('a')).toBe(false)
    second.durable.define(timed)
    await second.environment.advance(1)
    expect(contextOf(second.spawnedOr('a'))).toBe(1)
  })

  test('that starts another one in its first turn keeps the keys of its effects', async () => {
    const child = defineAgent({ name: 'child', durable: true, logic: counter.logic })
    const keys: string[] = []
    const parent = defineAgent({
      name: 'parent',
      durable: true,
      logic: setup({}).createMachine({
        entry: ({ self }) => {
          spawnChildOf(self, child, { id: 'c' })
          keys.push(durableActions(self).effect('pay', 1))
        },
      }),
    })
    const world = new DurableSystem()
    const called: string[] = []
    world.durable.registerEffect('pay', (_input, { key }) => void called.push(key))
    world.spawn(parent, 'p')
    await world.settle()
    expect(called).toEqual(keys)
    const next = await world.crash()
    next.spawn(parent, 'p')
    await next.settle()
    expect(await next.during(next.durable.list())).toMatchObject([{ id: 'p/c' }, { id: 'p' }])
  })

  test('does not hold the process when its system has stopped', async () => {
    const world = new DurableSystem()
    world.spawn(counter, 'a')
    await world.during(world.system.stop())
    expect(world.environment.timerCount).toBe(0)
  })

  test('whose id is taken, or whose state cannot be stored, is told', async () => {
    const world = new DurableSystem()
    world.spawn(counter, 'a')
    expect(() => world.spawn(counter, 'a')).toThrow(expect.objectContaining({ code: 'ACTOR_ID_TAKEN' }))
    const wrong = defineAgent({
      name: 'wrong',
      durable: true,
      restart: 'temporary',
      logic: fromTransition((): object => ({ run: () => 1 }), {}),
    })
    const ended: unknown[] = []
    const ref = world.spawn(wrong, 'w')
    ref.watch(({ reason, error }) => void ended.push([reason, (error as { code?: string }).code]))
    ref.send({ type: 'go' })
    await world.settle()
    expect(ended).toEqual([['failed', 'ACTOR_STATE_NOT_STORABLE']])
    expect(ref.getSnapshot()).toMatchObject({ status: 'error', context: {} })
    expect(Object.keys((ref.getSnapshot() as unknown as { readonly context: object }).context)).toEqual([])
  })

  test('is seen by inspectors: what it is delivered, and each step', async () => {
    const world = new DurableSystem()
    const seen: unknown[] = []
    world.system.inspect((event) => {
      const { type } = event
      if (type === '@xstate.event') seen.push(event.event.type)
      if (type === '@xstate.snapshot') seen.push((event.snapshot as { readonly context?: unknown }).context)
    })
    const ref = world.spawn(counter, 'a')
    await world.during(ref.deliver({ type: 'add', by: 2 }))
    expect(seen.slice(-2)).toEqual(['add', 2])
  })

  test('needs a system with a data directory to be told of', () => {
    expect(() => durableActors(createActorSystem())).toThrow(expect.objectContaining({ code: 'ACTOR_PLATFORM_LACKS' }))
    expect(() => durableActions({})).toThrow(TypeError)
  })

  test('may put messages aside: they are handled after a restart too', async () => {
    type Door = { readonly isOpen: boolean; readonly seen: readonly string[] }
    const door = defineAgent({
      name: 'door',
      durable: true,
      logic: fromTransition(
        (state: Door, event: { type: string }, { self }) => {
          if (event.type === 'open') {
            unstashAll(self)
            return { ...state, isOpen: true }
          }
          if (!state.isOpen) {
            stash(self, event)
            return state
          }
          return { ...state, seen: [...state.seen, event.type] }
        },
        { isOpen: false, seen: [] },
      ),
    })
    const world = new DurableSystem()
    const ref = world.spawn(door, 'd')
    await world.during(Promise.all([ref.deliver({ type: 'one' }), ref.deliver({ type: 'two' })]))
    const next = await world.crash()
    const again = next.spawn(door, 'd')
    await next.settle()
    expect(contextOf(again)).toEqual({ isOpen: false, seen: [] })
    await next.during(again.deliver({ type: 'open' }))
    expect(contextOf(again)).toEqual({ isOpen: true, seen: ['one', 'two'] })
    const last = await next.crash()
    const third = last.spawn(door, 'd')
    await last.settle()
    expect(contextOf(third)).toEqual({ isOpen: true, seen: ['one', 'two'] })
  })
})
