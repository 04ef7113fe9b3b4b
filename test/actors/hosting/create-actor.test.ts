import {
  assign,
  createMachine,
  fromCallback,
  fromObservable,
  fromPromise,
  fromTransition,
  setup,
  spawnChild,
  sendTo,
  stopChild,
  toPromise,
  type Subscribable,
  type AnyActorRef,
} from 'xstate'
import { describe, expect, it, vi } from 'vitest'
import { createActorSystem } from '../../../src/actors/create-actor-system.ts'
import { createActor } from '../../../src/actors/create-actor.ts'
import { defineAgent } from '../../../src/actors/define-agent.ts'
import { reducerOf } from '../../../src/actors/hosting/reducer-behaviour.ts'
import { cellCounts } from '../../../src/actors/system/cell-counts.ts'
import { SimulatedEnvironment } from '../simulated-environment.ts'

describe('createActor', () => {
  it('drains to quiescence before a send from outside returns', () => {
    const child = fromTransition(
      (count: number, event: { type: string }) => (event.type === 'tick' ? count + 1 : count),
      0,
    )
    const machine = setup({ actors: { child } }).createMachine({
      invoke: { src: 'child', id: 'child' },
      on: { tick: { actions: sendTo('child', { type: 'tick' }) } },
    })
    const actor = createActor(machine).start()
    actor.send({ type: 'tick' })
    actor.send({ type: 'tick' })
    expect(actor.getSnapshot().children.child?.getSnapshot()).toMatchObject({ context: 2 })
    actor.stop()
  })

  it('gives an actor whose members can be passed on and replaced', () => {
    const actor = createActor(fromTransition((count: number) => count + 1, 0)).start()
    const { send } = actor
    send({ type: 'tick' })
    expect(actor.getSnapshot().context).toBe(1)
    const spy = vi.spyOn(actor, 'send')
    actor.send({ type: 'tick' })
    expect(spy).toHaveBeenCalledOnce()
    expect(actor.getSnapshot().context).toBe(2)
  })

  it('drives children that XState constructs through cells of its own', () => {
    const before = { ...cellCounts() }
    const machine = setup({ actors: { child: createMachine({}) } }).createMachine({
      entry: [spawnChild('child', { id: 'a' }), spawnChild('child', { id: 'b' })],
    })
    createActor(machine).start().stop()
    expect(cellCounts().created - before.created).toBe(1)
    expect(cellCounts().adopted - before.adopted).toBe(2)
  })

  it('runs a chain of 20,000 actors without growing the stack', () => {
    const link = fromTransition((next: AnyActorRef | undefined, event: { type: string; next?: AnyActorRef }) => {
      if (event.type === 'link') return event.next
      if (event.type === 'hop') next?.send({ type: 'hop' })
      return next
    }, undefined)
    let reached = 0
    const parent = createActor(createMachine({})).start()
    const last = createActor(
      fromTransition(() => void (reached += 1), undefined),
      { parent },
    ).start()
    let next: AnyActorRef = last as never
    for (let n = 0; n < 20_000; n += 1) {
      const actor = createActor(link, { parent } as never).start()
      actor.send({ type: 'link', next })
      next = actor as never
    }
    reached = 0
    next.send({ type: 'hop' })
    expect(reached).toBe(1)
  })

  it('runs promises, callbacks and observables unchanged', async () => {
    expect(await toPromise(createActor(fromPromise(async () => await Promise.resolve(42))).start())).toBe(42)
    const heard: unknown[] = []
    const callback = createActor(
      fromCallback(({ receive, emit }) => {
        receive((event) => emit({ type: `echo ${event.type}` }))
        return () => void heard.push('cleaned')
      }),
    )
    callback.on('*', (event) => void heard.push(event))
    callback.start()
    callback.send({ type: 'x' })
    callback.stop()
    expect(heard).toEqual([{ type: 'echo x' }, 'cleaned'])
    const observable = createActor(
      fromObservable(() => ({
        subscribe: ((observer: { next?: (value: number) => void; complete?: () => void }) => {
          observer.next?.(7)
          observer.complete?.()
          return { unsubscribe: () => {} }
        }) as Subscribable<number>['subscribe'],
      })),
    ).start()
    expect(observable.getSnapshot()).toMatchObject({ status: 'done', context: 7 })
  })

  it('restores a persisted snapshot with its children', () => {
    const child = fromTransition(
      (count: number, event: { type: string }) => (event.type === 'tick' ? count + 1 : count),
      0,
    )
    const machine = setup({ actors: { child } }).createMachine({
      context: { n: 0 },
      invoke: { src: 'child', id: 'child' },
      on: { tick: { actions: [sendTo('child', { type: 'tick' }), assign({ n: ({ context }) => context.n + 1 })] } },
    })
    const first = createActor(machine).start()
    first.send({ type: 'tick' })
    const stored = JSON.parse(JSON.stringify(first.getPersistedSnapshot()))
    const second = createActor(machine, { snapshot: stored }).start()
    second.send({ type: 'tick' })
    expect(second.getSnapshot().context).toEqual({ n: 2 })
    expect(second.getSnapshot().children.child?.getSnapshot()).toMatchObject({ context: 2 })
  })
})

describe('logic in a system', () => {
  it('has its delayed transitions on the system clock, and a stop cancels them', async () => {
    const environment = new SimulatedEnvironment()
    const system = createActorSystem({ environment })
    const machine = createMachine({
      initial: 'a',
      states: { a: { after: { 50: 'b' } }, b: { after: { 50: 'c' } }, c: {} },
    })
    const agent = defineAgent({ name: 'm', logic: machine })
    const [a, b] = [system.spawn(agent, { id: 'a' }), system.spawn(agent, { id: 'b' })]
    environment.advance(60)
    expect([a, b].map((ref) => (ref.getSnapshot() as { value?: unknown }).value)).toEqual(['b', 'b'])
    await b.stop()
    environment.advance(60)
    expect((a.getSnapshot() as { value?: unknown }).value).toBe('c')
    expect(Object.keys(system.getSnapshot()._scheduledEvents)).toEqual([])
  })

  it('may stop its XState children, and a failed child is an event for its parent', () => {
    const environment = new SimulatedEnvironment()
    const system = createActorSystem({ environment })
    const fails = fromTransition((_: undefined, event: { type: string }) => {
      if (event.type === 'break') throw new Error('child broke')
      return undefined
    }, undefined)
    const machine = setup({ actors: { fails } }).createMachine({
      initial: 'on',
      states: {
        on: {
          invoke: { src: 'fails', id: 'child', onError: 'off' },
          on: { break: { actions: sendTo('child', { type: 'break' }) } },
        },
        off: { entry: stopChild('child') },
      },
    })
    const ref = system.spawn(defineAgent({ name: 'm', logic: machine }), { id: 'm' })
    ref.send({ type: 'break' })
    environment.settle()
    expect((ref.getSnapshot() as { value?: unknown }).value).toBe('off')
  })

  it('is recognised as a reducer only when XState made it so', () => {
    expect(reducerOf(fromTransition((state) => state, 0))).toBeTypeOf('function')
    expect(reducerOf(fromPromise(async () => {}))).toBeUndefined()
    expect(reducerOf(fromCallback(() => {}))).toBeUndefined()
    expect(
      reducerOf({ ...fromTransition((state) => state, 0), transition: (state: never) => state } as never),
    ).toBeUndefined()
  })
})
