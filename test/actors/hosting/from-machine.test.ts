import { describe, expect, it } from 'vitest'
import { createActor, type AnyEventObject } from 'xstate'
import { defineAgent } from '../../../src/actors/define-agent.ts'
import { fromMachine, type MachineContext, type MachineStep } from '../../../src/actors/hosting/from-machine.ts'
import { ActorSystem } from '../../../src/actors/system/actor-system.ts'
import type { Machine } from '../../../src/core/machine.ts'
import { SimulatedEnvironment } from '../simulated-environment.ts'

type Count = { readonly total: number }
type Add = { readonly type: 'add'; readonly amount: number }
type Effect = { readonly type: 'tell-total'; readonly total: number }
type Context = MachineContext<Count, Count>

const counter: Machine<Count, Add, Effect, Count> = {
  name: 'counter',
  initial: (input) => input,
  transition({ total }, { amount }) {
    if (amount === 0) throw new Error('nothing to add')
    return { state: { total: total + amount }, effects: [{ type: 'tell-total', total: total + amount }] }
  },
  violations: ({ total }) => (total > 10 ? ['at most ten'] : []),
}

type Hosted = {
  readonly environment: SimulatedEnvironment
  readonly system: ActorSystem
  readonly steps: MachineStep<Count, Add, Effect, Count>[]
  readonly ref: ReturnType<ActorSystem['spawn']>
  readonly total: () => number
}

function host(options: Parameters<typeof fromMachine<Count, Add, Effect, Count, AnyEventObject>>[2] = {}): Hosted {
  const environment = new SimulatedEnvironment()
  const system = new ActorSystem({ environment, isInline: false })
  system.onSupervision(() => {})
  const steps: Hosted['steps'] = []
  const logic = fromMachine<Count, Add, Effect, Count, AnyEventObject>(
    counter,
    (step) => void steps.push(step),
    options,
  )
  const ref = system.spawn(defineAgent({ name: 'counter', logic }), { id: 'counter', input: { total: 1 } })
  const total = (): number => (ref.getSnapshot() as unknown as { context: Context }).context.state.total
  return { environment, system, steps, ref, total }
}

describe('a pure machine as logic', () => {
  it('hands out what follows from each event, with what it needs to act on it', () => {
    const { environment, ref, steps, total } = host()
    ref.send({ type: 'add', amount: 2 })
    ref.send({ type: 'add', amount: 3 })
    environment.settle()
    expect(steps).toEqual([
      {
        effects: [{ type: 'tell-total', total: 3 }],
        event: { type: 'add', amount: 2 },
        state: { total: 3 },
        input: { total: 1 },
        actor: ref,
      },
      expect.objectContaining({ state: { total: 6 } }),
    ])
    expect(total()).toBe(6)
  })

  it('has its new state when the effects run', () => {
    const seen: number[] = []
    const environment = new SimulatedEnvironment()
    const system = new ActorSystem({ environment, isInline: false })
    const logic = fromMachine<Count, Add, Effect, Count>(counter, ({ actor }) => {
      seen.push((actor.getSnapshot() as unknown as { context: Context }).context.state.total)
    })
    const ref = system.spawn(defineAgent({ name: 'counter', logic }), { input: { total: 1 } })
    ref.send({ type: 'add', amount: 2 })
    environment.settle()
    expect(seen).toEqual([3])
  })

  it('does not take what the runtime tells its actor for events', async () => {
    const { environment, ref, steps, total } = host()
    ref.send({ type: 'kernell.terminated', id: 'x' })
    environment.settle()
    await ref.stop()
    expect([steps, total()]).toEqual([[], 1])
  })

  it('takes events out of messages as it is told', () => {
    const { environment, ref, total } = host({
      eventOf: ({ type, parcel }: AnyEventObject) =>
        type === 'deliver' ? { type: 'add', amount: Number(parcel) } : undefined,
    })
    ref.send({ type: 'deliver', parcel: 4 })
    ref.send({ type: 'add', amount: 9 })
    environment.settle()
    expect(total()).toBe(5)
  })

  it.each([
    ['the machine throws', { type: 'add', amount: 0 }],
    ['an invariant is broken', { type: 'add', amount: 20 }],
  ])('fails when %s, and starts again from its input', (_when, event) => {
    const { environment, ref, system, steps, total } = host({ isChecked: true })
    ref.send({ type: 'add', amount: 2 })
    ref.send(event)
    ref.send({ type: 'add', amount: 5 })
    environment.settle()
    expect([total(), steps.map(({ state }) => state.total)]).toEqual([6, [3, 6]])
    expect(system.deadLetters.recent().map(({ reason }) => reason)).toEqual(['poison'])
  })

  it('runs effects before its new state is in place when it is told to', () => {
    const seen: number[] = []
    const environment = new SimulatedEnvironment()
    const system = new ActorSystem({ environment, isInline: false })
    const logic = fromMachine<Count, Add, Effect, Count>(
      counter,
      ({ actor, state }) =>
        seen.push(state.total, (actor.getSnapshot() as unknown as { context: Context }).context.state.total),
      { isEager: true },
    )
    const ref = system.spawn(defineAgent({ name: 'counter', logic }), { input: { total: 1 } })
    ref.send({ type: 'add', amount: 2 })
    environment.settle()
    expect(seen).toEqual([3, 1])
  })

  it.each([[true], [false]])('tells of its end, whatever the reason (eager: %s)', async (isEager) => {
    const ends: unknown[] = []
    const environment = new SimulatedEnvironment()
    const system = new ActorSystem({ environment, isInline: false })
    system.onSupervision(() => {})
    const logic = fromMachine<Count, Add, Effect, Count>(
      counter,
      ({ event }) => {
        if (event.amount === 7) throw new Error('no effect')
      },
      { isEager, onEnd: ({ input }, failure) => ends.push([input.total, failure?.error]) },
    )
    const definition = defineAgent({ name: 'counter', logic, restart: 'temporary' })
    for (const amount of [0, 7, 1]) {
      const ref = system.spawn(definition, { input: { total: amount } })
      ref.watch(() => {})
      ref.send({ type: 'add', amount })
      environment.settle()
      await ref.stop()
    }
    expect(ends).toEqual([
      [0, new Error('nothing to add')],
      [7, new Error('no effect')],
      [1, undefined],
    ])
  })

  it('runs on XState itself', () => {
    const steps: unknown[] = []
    const logic = fromMachine(counter, ({ effects }) => void steps.push(effects))
    const actor = createActor(logic, { input: { total: 1 } }).start()
    actor.send({ type: 'add', amount: 2 })
    actor.stop()
    expect([actor.getSnapshot().context, steps]).toEqual([
      { state: { total: 3 }, input: { total: 1 } },
      [[{ type: 'tell-total', total: 3 }]],
    ])
  })
})
