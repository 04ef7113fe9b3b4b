import { describe, expect, test } from 'vitest'
import { assign, createMachine, emit, fromPromise, fromTransition, raise, sendTo, setup } from 'xstate'
import type { ActorRef } from '../../../../src/actors/actor-ref.ts'
import { createActorSystem } from '../../../../src/actors/create-actor-system.ts'
import { defineAgent } from '../../../../src/actors/define-agent.ts'
import { durableActions, durableActors } from '../../../../src/actors/durable/durable-actors.ts'
import { spawnChildOf, stash, unstashAll } from '../../../../src/actors/inside.ts'
import { CodedError } from '../../../../src/base/errors.ts'
import { ControlledLog, prefixOf } from '../controlled-log.ts'
import { DurableSystem } from '../durable-system.ts'

type CounterEvent = {
  readonly type: string
  readonly by?: number
  readonly to?: ActorRef
  readonly replyTo?: { send(event: object): unknown }
}

const counter = defineAgent({
  name: 'counter',
  durable: true,
  restart: { redeliveries: 1 },
  logic: fromTransition((count: number, event: CounterEvent) => {
    if (event.type === 'fail') throw new Error('told to fail')
    if (event.type === 'stop') return count
    const next = count + (event.by ?? 0)
    event.to?.send({ type: 'add', by: event.by })
    event.replyTo?.send({ type: 'count', count: next })
    return next
  }, 0),
})

/** The snapshot of a child that XState made. */
function childOf(ref: ActorRef, id: string): unknown {
  const { children } = ref.getSnapshot() as unknown as { readonly children: Readonly<Record<string, ActorRef>> }
  return children[id]?.getSnapshot()
}

const contextOf = (ref: ActorRef): unknown => (ref.getSnapshot() as { readonly context?: unknown }).context

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

describe('an unknown version', () => {
  const v2 = defineAgent({ name: 'counter', version: 2, durable: true, logic: counter.logic })
  const migrating = defineAgent({
    name: 'counter',
    version: 2,
    durable: true,
    logic: counter.logic,
    migrate: (snapshot) => {
      const { context, ...rest } = snapshot as { context: number }
      return { ...rest, context: context + 100 }
    },
  })

  test.each(['before', 'after'])(
    'stops the actor with its code (spawned %s the store is open), and loses nothing',
    async (when) => {
      const first = new DurableSystem()
      await first.during(first.spawn(counter, 'a').deliver({ type: 'add', by: 1 }))
      const second = await first.crash()
      if (when === 'after') {
        await second.settle()
        expect(() => second.spawn(v2, 'a')).toThrow(expect.objectContaining({ code: 'ACTOR_VERSION_UNKNOWN' }))
      } else {
        const codes: unknown[] = []
        const ref = second.spawn(v2, 'a')
        ref.watch(({ error }) => void codes.push((error as { code?: string }).code))
        await second.settle()
        expect(codes).toEqual(['ACTOR_VERSION_UNKNOWN'])
        await second.during(ref.deliver({ type: 'add', by: 5 }))
      }
      const third = await second.crash()
      const ref = third.spawn(migrating, 'a')
      await third.settle()
      expect(contextOf(ref)).toBe(when === 'after' ? 101 : 106)
    },
  )
})

describe('a durable statechart', () => {
  const light = setup({ types: { context: {} as { readonly rounds: number } } }).createMachine({
    id: 'light',
    initial: 'green',
    context: { rounds: 0 },
    states: {
      green: { after: { 1_000: 'red' }, on: { stop: 'off' } },
      red: { after: { 500: { target: 'green', actions: assign({ rounds: ({ context }) => context.rounds + 1 }) } } },
      off: { on: { start: 'green' } },
    },
  })
  const agent = defineAgent({ name: 'light', durable: true, logic: light })
  const valueOf = (ref: ActorRef): unknown => (ref.getSnapshot() as { readonly value?: unknown }).value

  test('goes on where it was, delayed transitions included', async () => {
    const first = new DurableSystem()
    const ref = first.spawn(agent, 'l')
    await first.environment.advance(400)
    expect(valueOf(ref)).toBe('green')
    const second = await first.crash()
    const again = second.spawn(agent, 'l')
    await second.environment.advance(599)
    expect(valueOf(again)).toBe('green')
    await second.environment.advance(1)
    expect(valueOf(again)).toBe('red')
    const third = await second.crash()
    await third.environment.advance(10_000)
    const last = third.spawn(agent, 'l')
    await third.environment.advance(1)
    expect([valueOf(last), contextOf(last)]).toEqual(['green', { rounds: 1 }])
  })

  test('cancels its delayed transition for good when it leaves the state', async () => {
    const first = new DurableSystem()
    const ref = first.spawn(agent, 'l')
    await first.settle()
    ref.send({ type: 'stop' })
    await first.environment.advance(100)
    expect(await first.during(first.durable.list())).toMatchObject([{ timers: 0 }])
    const second = await first.crash()
    const again = second.spawn(agent, 'l')
    await second.environment.advance(5_000)
    expect(valueOf(again)).toBe('off')
  })

  test('is woken by its timer out of a passive state', async () => {
    const passive = defineAgent({ name: 'light', durable: { passivateAfterMs: 100 }, logic: light })
    const world = new DurableSystem()
    world.spawn(passive, 'l')
    await world.environment.advance(400)
    expect(world.system.registry.has('l')).toBe(false)
    await world.environment.advance(600)
    expect(world.system.registry.has('l')).toBe(true)
  })

  test('keeps its children: a machine with its delay, and a promise that is asked again', async () => {
    let asked = 0
    const release: ((value: number) => void)[] = []
    const parent = setup({
      actors: {
        load: fromPromise<number>(async () => {
          asked += 1
          return await new Promise<number>((resolve) => release.push(resolve))
        }),
        blink: createMachine({
          id: 'blink',
          initial: 'on',
          states: { on: { after: { 2_000: 'off' } }, off: { type: 'final' } },
        }),
      },
      types: { context: {} as { readonly loaded: number; readonly blinked: boolean } },
    }).createMachine({
      context: { loaded: 0, blinked: false },
      invoke: [
        { id: 'load', src: 'load', onDone: { actions: assign({ loaded: ({ event }) => event.output }) } },
        { id: 'blink', src: 'blink', onDone: { actions: assign({ blinked: true }) } },
      ],
    })
    const durableParent = defineAgent({ name: 'parent', durable: true, logic: parent })
    const first = new DurableSystem()
    first.spawn(durableParent, 'p')
    await first.environment.advance(1_500)
    expect(asked).toBe(1)
    const second = await first.crash()
    const ref = second.spawn(durableParent, 'p')
    await second.environment.advance(499)
    expect([asked, contextOf(ref)]).toEqual([2, { loaded: 0, blinked: false }])
    release[1]?.(42)
    await second.environment.advance(2)
    expect(contextOf(ref)).toEqual({ loaded: 42, blinked: true })
    const third = await second.crash()
    const again = third.spawn(durableParent, 'p')
    await third.environment.advance(5_000)
    expect([asked, contextOf(again)]).toEqual([2, { loaded: 42, blinked: true }])
  })

  test('sends to its child in the record of its turn', async () => {
    const child = createMachine({
      id: 'child',
      initial: 'waiting',
      states: { waiting: { on: { go: 'gone' } }, gone: { type: 'final' } },
    })
    const parent = setup({ actors: { child } }).createMachine({
      initial: 'working',
      states: {
        working: {
          invoke: { id: 'kid', src: 'child', onDone: 'finished' },
          on: { tell: { actions: sendTo('kid', { type: 'go' }) } },
        },
        finished: {},
      },
    })
    const durableParent = defineAgent({ name: 'parent', durable: true, logic: parent })
    const log = new ControlledLog()
    const world = new DurableSystem({ log })
    const ref = world.spawn(durableParent, 'p')
    await world.settle()
    await world.during(ref.deliver({ type: 'tell' }))
    expect(valueOf(ref)).toBe('finished')
    const next = await world.crash()
    const again = next.spawn(durableParent, 'p')
    await next.settle()
    expect(valueOf(again)).toBe('finished')
  })

  test('sends to its child in the record of its turn: a crash before the child hears of it loses nothing', async () => {
    const child = createMachine({ initial: 'waiting', states: { waiting: { on: { go: 'gone' } }, gone: {} } })
    const parent = setup({ actors: { child }, types: { context: {} as { readonly told: number } } }).createMachine({
      context: { told: 0 },
      invoke: { id: 'kid', src: 'child' },
      on: { tell: { actions: [sendTo('kid', { type: 'go' }), assign({ told: ({ context }) => context.told + 1 })] } },
    })
    const durableParent = defineAgent({ name: 'parent', durable: true, logic: parent })
    const world = new DurableSystem()
    const ref = world.spawn(durableParent, 'p')
    await world.settle()
    const before = world.log.nextIndex
    ref.send({ type: 'tell' })
    await world.settle()
    for (let records = before + 1; records <= world.log.nextIndex; records += 1) {
      const next = new DurableSystem({ log: await prefixOf(world.log, records) })
      const again = next.spawn(durableParent, 'p')
      await next.settle()
      expect([contextOf(again), childOf(again, 'kid')], `${records} records`).toMatchObject([
        { told: 1 },
        { value: 'gone' },
      ])
    }
  })

  test('keeps what its child did by itself', async () => {
    const child = createMachine({ initial: 'waiting', states: { waiting: { on: { go: 'gone' } }, gone: {} } })
    const parent = setup({ actors: { child } }).createMachine({ invoke: { id: 'kid', src: 'child' } })
    const durableParent = defineAgent({ name: 'parent', durable: true, logic: parent })
    const world = new DurableSystem()
    const ref = world.spawn(durableParent, 'p')
    await world.settle()
    const { children } = ref.getSnapshot() as unknown as { readonly children: { readonly kid: ActorRef } }
    children.kid.send({ type: 'go' })
    await world.settle()
    const next = await world.crash()
    const again = next.spawn(durableParent, 'p')
    await next.settle()
    expect(childOf(again, 'kid')).toMatchObject({ value: 'gone' })
  })

  test('that has ended keeps no timers, and emits only what is stored', async () => {
    const machine = setup({ types: { emitted: {} as { type: 'ping' } } }).createMachine({
      initial: 'on',
      states: {
        on: {
          on: {
            end: {
              target: 'off',
              actions: [
                ({ self }) => durableActions(self).setTimer('t', { delayMs: 50, event: { type: 'never' } }),
                emit({ type: 'ping' }),
              ],
            },
            set: { actions: raise({ type: 'never' }, { delay: 9_000 }) },
          },
        },
        off: { type: 'final' },
      },
    })
    const log = new ControlledLog()
    const world = new DurableSystem({ log })
    const ref = world.spawn(defineAgent({ name: 'm', durable: true, logic: machine }), 'm') as ActorRef & {
      on(type: string, handler: () => void): unknown
    }
    await world.settle()
    const emitted: string[] = []
    ref.on('ping', () => emitted.push('ping'))
    ref.send({ type: 'set' })
    await world.settle()
    expect(await world.during(world.durable.list())).toMatchObject([{ timers: 1 }])
    log.isHeld = true
    ref.send({ type: 'end' })
    await world.settle()
    expect(emitted).toEqual([])
    log.release()
    await world.settle()
    expect(emitted).toEqual(['ping'])
    expect(await world.during(world.durable.list())).toMatchObject([{ timers: 0 }])
  })

  test('that reaches its end tells so when that is stored, and stays ended', async () => {
    const machine = createMachine({
      initial: 'on',
      output: { answer: 42 },
      states: { on: { on: { end: 'off' }, after: { 9_000: 'off' } }, off: { type: 'final' } },
    })
    const mortal = defineAgent({ name: 'mortal', durable: true, logic: machine })
    const log = new ControlledLog()
    const world = new DurableSystem({ log })
    const ref = world.spawn(mortal, 'm')
    await world.settle()
    const ended: unknown[] = []
    ref.watch(({ reason, output }) => void ended.push([reason, output]))
    log.isHeld = true
    ref.send({ type: 'end' })
    await world.settle()
    expect(ended).toEqual([])
    log.release()
    await world.settle()
    expect(ended).toEqual([['done', { answer: 42 }]])
    const next = await world.crash()
    const again = next.spawn(mortal, 'm')
    again.watch(({ reason, output }) => void ended.push([reason, output]))
    await next.environment.advance(10_000)
    expect(ended[1]).toEqual(['done', { answer: 42 }])
    expect(await next.during(next.durable.list())).toMatchObject([{ id: 'm', timers: 0, isInMemory: false }])
  })

  test('requests effects and approvals, emits, and raises with a delay', async () => {
    const machine = setup({
      types: { context: {} as { readonly log: readonly string[] }, emitted: {} as { type: 'ping' } },
    }).createMachine({
      context: { log: [] },
      on: {
        pay: {
          actions: [
            ({ self }) => void durableActions(self).effect('pay', 5, { needsApproval: { question: 'Pay?' } }),
            emit({ type: 'ping' }),
            raise({ type: 'later' }, { delay: 1_000, id: 'later' }),
          ],
        },
        '*': { actions: assign({ log: ({ context, event }) => [...context.log, event.type] }) },
      },
    })
    const payer = defineAgent({ name: 'payer', durable: true, logic: machine })
    const first = new DurableSystem()
    const ref = first.spawn(payer, 'p') as ActorRef & { on(type: string, handler: () => void): unknown }
    await first.settle()
    const emitted: string[] = []
    ref.on('ping', () => emitted.push('ping'))
    ref.send({ type: 'pay' })
    await first.settle()
    expect(emitted).toEqual(['ping'])
    const second = await first.crash()
    const paid: unknown[] = []
    second.durable.registerEffect('pay', (input, { key }) => void paid.push([input, key]))
    const again = second.spawn(payer, 'p')
    await second.environment.advance(1_000)
    const [approval] = await second.during(second.durable.pendingApprovals())
    await second.during(second.durable.resolveApproval(approval?.id ?? '', { decision: 'approved', by: 'ann' }))
    await second.settle()
    expect([paid, contextOf(again)]).toEqual([[[5, 'p/1/0']], { log: ['later', 'kernell.effect.done'] }])
  })
})

describe('a journal that cannot be written', () => {
  test('ends the durable actors with its code, and leaves the others alone', async () => {
    const log = new ControlledLog()
    const world = new DurableSystem({ log })
    const ref = world.spawn(counter, 'a')
    const volatile = world.spawn(defineAgent({ name: 'volatile', logic: counter.logic }), 'v')
    await world.settle()
    const ended: unknown[] = []
    ref.watch(({ reason, error }) => void ended.push([reason, (error as { code?: string }).code]))
    log.failFrom = 0
    ref.send({ type: 'add', by: 1 })
    await world.settle()
    expect(ended).toEqual([['failed', 'STORE_WRITE_FAILED']])
    expect(ref.send({ type: 'add', by: 1 })).toBe(false)
    await expect(ref.deliver({ type: 'add', by: 1 })).rejects.toMatchObject({ code: 'STORE_WRITE_FAILED' })
    volatile.send({ type: 'add', by: 1 })
    await world.settle()
    expect(contextOf(volatile)).toBe(1)
  })

  test('or not be opened, is told to whoever waits for it', async () => {
    const log = new ControlledLog()
    log.read = () => {
      throw new CodedError('STORE_CORRUPTED', { message: 'injected' })
    }
    const world = new DurableSystem({ log })
    const ref = world.spawn(counter, 'a')
    const ended: string[] = []
    ref.watch(({ reason }) => void ended.push(reason))
    await expect(world.during(world.system.ready)).rejects.toMatchObject({ code: 'STORE_CORRUPTED' })
    await world.settle()
    expect(ended).toEqual(['failed'])
    await world.during(world.system.stop())
  })
})
