import { describe, expect, test } from 'vitest'
import { assign, createMachine, emit, fromPromise, raise, sendTo, setup } from 'xstate'
import type { ActorRef } from '../../../../src/actors/actor-ref.ts'
import { defineAgent } from '../../../../src/actors/define-agent.ts'
import { durableActions } from '../../../../src/actors/durable/durable-actors.ts'
import { ControlledLog, prefixOf } from '../controlled-log.ts'
import { DurableSystem } from '../durable-system.ts'
import { childOf, contextOf } from './counter-agent.ts'

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
