import fc from 'fast-check'
import { describe, expect, it, vi } from 'vitest'
import {
  createActor as createXStateActor,
  createMachine,
  fromTransition,
  assign,
  SimulatedClock,
  type AnyActorRef,
} from 'xstate'
import { createActorSystem } from '../../../src/actors/create-actor-system.ts'
import { createActor } from '../../../src/actors/create-actor.ts'
import { defineAgent } from '../../../src/actors/define-agent.ts'
import { CompiledBehaviour } from '../../../src/actors/hosting/compiled-behaviour.ts'
import { LogicBehaviour } from '../../../src/actors/hosting/logic-behaviour.ts'
import type { Cell } from '../../../src/actors/cell/cell.ts'
import { EVENT_TYPES, machineSpecs } from '../compile/machine-specs.ts'
import { buildMachine } from '../compile/random-machine.ts'
import { SimulatedEnvironment } from '../simulated-environment.ts'

const events = fc.array(fc.record({ type: fc.constantFrom(...EVENT_TYPES, 'clock'), by: fc.nat({ max: 5 }) }), {
  minLength: 1,
  maxLength: 12,
})

type Look = { readonly snapshot: Record<string, unknown>; readonly log: readonly string[] }

function lookAt(actor: AnyActorRef, log: string[]): Look {
  const { error, ...rest } = actor.getSnapshot() as Record<string, unknown>
  const text = error instanceof Error ? `${error.constructor.name} ${error.message}` : String(error)
  return { snapshot: { ...rest, error: text }, log: log.splice(0) }
}

function take(actor: AnyActorRef, clock: SimulatedClock, event: { readonly type: string; readonly by: number }): void {
  if (event.type === 'clock') clock.increment(500 * event.by)
  else actor.send(event)
}

describe('a machine on tables in a cell', () => {
  it('shows after every step what XState shows, for random machines and events', () => {
    vi.spyOn(console, 'warn').mockImplementation(() => undefined)
    let compiled = 0
    fc.assert(
      fc.property(machineSpecs, events, fc.boolean(), (spec, sent, isObserved) => {
        const log: string[] = []
        const machine = buildMachine(spec, log)
        const logger = (...words: unknown[]): void => void log.push(`logged ${JSON.stringify(words)}`)
        const optionsAt = (clock: SimulatedClock): object => ({ id: 'm', input: { given: 1 }, logger, clock })
        const clocks = [new SimulatedClock(), new SimulatedClock()] as const
        const theirs = createXStateActor(machine, optionsAt(clocks[0]))
        const begun = lookAt(theirs, log)
        const ours = createActor(machine, optionsAt(clocks[1]) as never)
        expect(lookAt(ours, log)).toStrictEqual(begun)
        for (const actor of [theirs, ours]) actor.on('*', (event) => log.push(`emitted ${JSON.stringify(event)}`))
        for (const actor of [theirs, ours]) if (isObserved) actor.subscribe({ error: () => undefined })
        // Errors that nobody observes are thrown later; here they are part of the snapshot.
        if (!isObserved)
          for (const actor of [theirs, ours]) actor.subscribe({ error: () => undefined, next: () => undefined })
        theirs.start()
        const started = lookAt(theirs, log)
        ours.start()
        expect(lookAt(ours, log)).toStrictEqual(started)
        if ((ours as unknown as Cell).behaviour instanceof CompiledBehaviour) compiled += 1
        for (const event of sent) {
          if (theirs.getSnapshot().status !== 'active') break
          take(theirs, clocks[0], event)
          const expected = lookAt(theirs, log)
          take(ours, clocks[1], event)
          expect(lookAt(ours, log)).toStrictEqual(expected)
        }
      }),
      { numRuns: 1_000 },
    )
    expect(compiled).toBeGreaterThan(900)
  })

  it('goes over to XState’s own code when it spawns, and stays itself for who holds it', () => {
    const environment = new SimulatedEnvironment()
    const system = createActorSystem({ environment })
    const child = fromTransition((count: number) => count + 1, 0)
    const machine = createMachine({
      context: { n: 0 },
      initial: 'a',
      states: {
        a: {
          on: {
            add: { actions: assign({ n: ({ context }) => context.n + 1 }) },
            spawn: {
              target: 'b',
              actions: assign({
                child: ({ spawn }: { spawn: (logic: unknown, options: object) => unknown }) =>
                  spawn(child, { id: 'c' }),
              } as never),
            },
          },
        },
        b: { on: { add: { actions: assign({ n: ({ context }) => context.n + 10 }) } } },
      },
    })
    const ref = system.spawn(defineAgent({ name: 'm', logic: machine }), { id: 'm' }) as Cell
    ref.send({ type: 'add' })
    environment.settle()
    expect(ref.behaviour).toBeInstanceOf(CompiledBehaviour)
    ref.send({ type: 'spawn' })
    ref.send({ type: 'add' })
    environment.settle()
    expect(ref.behaviour).toBeInstanceOf(LogicBehaviour)
    expect(ref.getSnapshot()).toMatchObject({ value: 'b', context: { n: 11 } })
  })

  it('may be inspected, and is back on its tables when nobody inspects', () => {
    const environment = new SimulatedEnvironment()
    const system = createActorSystem({ environment })
    const machine = createMachine({ initial: 'a', states: { a: { on: { go: 'b' } }, b: { on: { go: 'a' } } } })
    const ref = system.spawn(defineAgent({ name: 'm', logic: machine }), { id: 'm' }) as Cell
    const kinds = new Set<string>()
    const inspection = system.inspect(({ type }) => void kinds.add(type))
    ref.send({ type: 'go' })
    environment.settle()
    inspection.unsubscribe()
    ref.send({ type: 'go' })
    ref.send({ type: 'go' })
    environment.settle()
    expect([...kinds]).toContain('@xstate.microstep')
    expect(ref.getSnapshot()).toMatchObject({ value: 'b' })
    expect(ref.behaviour).toBeInstanceOf(CompiledBehaviour)
  })
})
