import { describe, expect, it } from 'vitest'
import {
  assign,
  createActor,
  createMachine,
  fromCallback,
  type AnyActorLogic,
  type AnyActorRef,
  type AnyMachineSnapshot,
  type AnyStateMachine,
} from 'xstate'
import { compileMachine } from '../../../src/actors/compile/compile-machine.ts'
import { NOT_COMPILED, type CompiledMachine } from '../../../src/actors/compile/compiled-machine.ts'
import type { ExecutedAction, MachineScope } from '../../../src/actors/compile/step-frame.ts'
import { tableLogic } from './table-logic.ts'

type Given = { readonly context: { readonly n: number }; readonly event: { readonly type: string } }

function compiledOf(config: object): CompiledMachine {
  const compiled = compileMachine(machineOf(config))
  if (compiled === undefined) throw new Error('not covered')
  return compiled
}

/** The types of one machine do not fit all these. */
function machineOf(config: object): AnyStateMachine {
  return createMachine({ id: 'm', initial: 'a', context: { n: 0 }, ...config } as never)
}

function scopeOf(executed: ExecutedAction[] = []): MachineScope {
  return { self: { id: 'self' }, system: { name: 'system' }, actionExecutor: (action) => void executed.push(action) }
}

/** A function of a user who throws anything at all. */
function throwing(thrown: unknown): () => never {
  return () => {
    throw thrown
  }
}

const increment = assign({ n: ({ context }: Given) => context.n + 1 })
const COUNTER = {
  states: {
    a: { on: { go: { target: 'b', actions: increment }, stay: {} } },
    b: { on: { go: 'a' } },
    end: { type: 'final' },
  },
}

describe('compiled machine', () => {
  it('takes the context out of its register and puts the next one into it', () => {
    const compiled = compiledOf(COUNTER)
    compiled.context = { n: 5, other: true }
    expect(compiled.step(0, { type: 'go' }, scopeOf())).toBe(1)
    expect(compiled.context).toEqual({ n: 6, other: true })
  })

  it('leaves the very same context where nothing is assigned', () => {
    const compiled = compiledOf(COUNTER)
    const context = { n: 5 }
    compiled.context = context
    expect(compiled.step(0, { type: 'stay' }, scopeOf())).toBe(0)
    expect(compiled.step(0, { type: 'unknown' }, scopeOf())).toBe(0)
    expect(compiled.context).toBe(context)
  })

  it('gives executors what XState gives them', () => {
    const record = (): void => undefined
    const executed: ExecutedAction[] = []
    const compiled = compiledOf({
      states: { a: { on: { go: { actions: [record, increment, { type: 'named', params: { x: 1 } }] } } } },
    })
    const scope = scopeOf(executed)
    const event = { type: 'go' }
    compiled.context = { n: 1 }
    compiled.step(0, event, scope)
    const { self, system } = scope
    expect(executed).toEqual([
      { type: 'record', info: { context: { n: 1 }, event, self, system }, params: undefined, exec: record },
      { type: 'named', info: { context: { n: 2 }, event, self, system }, params: { x: 1 }, exec: undefined },
    ])
  })

  it.each(['xstate.stop', 'xstate.init', 'xstate.error.actor.x', 'xstate.done.actor.x', '*'])(
    'leaves %s to XState and does nothing',
    (type) => {
      const executed: ExecutedAction[] = []
      const compiled = compiledOf({ states: { a: { on: { '*': { target: 'b', actions: () => undefined } } }, b: {} } })
      expect(compiled.step(0, { type }, scopeOf(executed))).toBe(NOT_COMPILED)
      expect(executed).toEqual([])
    },
  )

  it('leaves an event without a type, and a machine that is done, to XState', () => {
    const compiled = compiledOf(COUNTER)
    expect(compiled.step(0, {} as never, scopeOf())).toBe(NOT_COMPILED)
    expect(compiled.step(2, { type: 'go' }, scopeOf())).toBe(NOT_COMPILED)
  })

  it('finds the state of a snapshot that XState restored, and none of one that it cannot go on from', () => {
    const machine = machineOf(COUNTER)
    const compiled = compileMachine(machine)
    const actor = createActor(machine).start()
    actor.send({ type: 'go' })
    const scope = scopeOf() as never
    const restored = machine.restoreSnapshot(actor.getPersistedSnapshot(), scope)
    expect(compiled?.indexOf(restored)).toBe(1)
    expect(compiled?.snapshotOf({ stateIndex: 1, context: restored.context })).toStrictEqual(restored)
    const child = createActor(fromCallback(() => undefined))
    const changes: readonly object[] = [
      { status: 'stopped' },
      { children: { child } },
      { historyValue: { h: [] } },
      { value: { a: 'b' } },
      { value: 'nowhere' },
      { context: undefined },
      { machine: machineOf(COUNTER) },
    ]
    for (const change of changes)
      expect(compiled?.indexOf({ ...restored, ...change } as AnyMachineSnapshot)).toBe(NOT_COMPILED)
  })

  it('makes snapshots that answer as those of XState do', () => {
    const compiled = compiledOf({ states: { a: { tags: ['t'], meta: { x: 1 }, on: { go: 'b' } }, b: {} } })
    const snapshot = compiled.snapshotOf({ stateIndex: 0, context: { n: 1 } })
    expect([snapshot.matches('a'), snapshot.matches('b'), snapshot.hasTag('t')]).toEqual([true, false, true])
    expect([snapshot.can({ type: 'go' }), snapshot.can({ type: 'no' })]).toEqual([true, false])
    expect(snapshot.getMeta()).toEqual({ 'm.a': { x: 1 } })
    expect(JSON.parse(JSON.stringify(snapshot))).toEqual({
      status: 'active',
      context: { n: 1 },
      value: 'a',
      tags: ['t'],
      children: {},
      historyValue: {},
    })
  })

  it('does not remember more types of events than a machine names, but for a bounded number', () => {
    const compiled = compiledOf({ states: { a: { on: { '*': 'a', go: 'b' } }, b: {} } })
    for (let count = 0; count < 5_000; count += 1) compiled.step(0, { type: `type ${count}` }, scopeOf())
    expect(compiled.step(0, { type: 'go' }, scopeOf())).toBe(1)
    const { rows } = compiled as unknown as { readonly rows: readonly Map<string, unknown>[] }
    expect(rows[0]?.size).toBeLessThan(300)
    expect(rows[0]?.has('go')).toBe(true)
  })

  it('can be used again while one of its own functions runs', () => {
    const outer = compiledOf({
      states: {
        a: {
          on: {
            go: {
              guard: ({ event }: Given) => {
                nest(event)
                return true
              },
              target: 'b',
              actions: assign(({ context, event }: Given) => {
                nest(event)
                return { n: context.n + 1 }
              }),
            },
            inner: { actions: assign(() => ({ n: 100 })) },
          },
        },
        b: {},
      },
    })
    const nest = ({ type }: { readonly type: string }): void => {
      if (type !== 'go') return
      outer.context = { n: 50 }
      outer.step(0, { type: 'inner' }, scopeOf())
    }
    outer.context = { n: 1 }
    expect(outer.step(0, { type: 'go' }, scopeOf())).toBe(1)
    expect(outer.context).toEqual({ n: 2 })
  })

  it.each([
    ['an error', new Error('no'), "Unable to evaluate guard in transition for event 'go' in state node 'm.a':\nno"],
    ['a text', 'no', "Unable to evaluate guard in transition for event 'go' in state node 'm.a':\nundefined"],
  ])('wraps %s that a guard throws as XState does', (_name, thrown, message) => {
    const guard = throwing(thrown)
    const machine = machineOf({ states: { a: { on: { go: { guard, target: 'a' } } } } })
    expect(() =>
      machine.transition(machine.resolveState({ value: 'a', context: {} }), { type: 'go' }, {} as never),
    ).toThrow(message)
    expect(() => compileMachine(machine)?.step(0, { type: 'go' }, scopeOf())).toThrow(message)
  })

  it('lets what assigns and actions throw through as it is', () => {
    const thrown = { not: 'an error' }
    const compiled = compiledOf({ states: { a: { on: { go: { actions: assign(throwing(thrown)) } } } } })
    expect(() => compiled.step(0, { type: 'go' }, scopeOf())).toThrow(expect.objectContaining(thrown))
  })
})

type Spawning = Given & { readonly spawn: (logic: unknown, options: object) => AnyActorRef }

describe('a compiled machine that spawns', () => {
  /** Runs a machine both ways and gives back what its functions and its children said, and how it stood after each event. */
  function runBoth(
    makeConfig: (say: (text: string) => () => void) => object,
    types: readonly string[],
  ): readonly [expected: readonly string[], actual: readonly string[]] {
    const run = (makeLogic: (machine: AnyStateMachine) => AnyStateMachine): readonly string[] => {
      const said: string[] = []
      const machine = machineOf(makeConfig((text) => () => void said.push(text)))
      const actor = createActor(makeLogic(machine), { id: 'm' })
      const look = (): void => {
        const { value, context, status, children, error } = actor.getSnapshot() as AnyMachineSnapshot
        const names = Object.keys(children).join()
        said.push(`${String(value)} ${status} ${JSON.stringify(context)} [${names}] ${String(error)}`)
      }
      actor.subscribe({ error: () => undefined })
      look()
      actor.start()
      look()
      for (const type of types) {
        if (actor.getSnapshot().status === 'active') actor.send({ type })
        look()
      }
      return said
    }
    return [run((machine) => machine), run((machine) => tableLogic(machine) as unknown as AnyStateMachine)]
  }

  function childOf(say: (text: string) => () => void): AnyActorLogic {
    return fromCallback(({ input, sendBack, receive }) => {
      say(`started ${JSON.stringify(input)}`)()
      receive(({ type }: { readonly type: string }) => say(`received ${type}`)())
      sendBack({ type: 'back' })
      return say('stopped')
    })
  }

  /** Spawns `kid` with the present `n`. */
  function spawnKid(logic: unknown): unknown {
    const spawn = ({ spawn: make, context }: Spawning): object => {
      return { n: context.n + 1, child: make(logic, { id: 'kid', input: { n: context.n } }) }
    }
    return assign(spawn as never)
  }

  const forward = ({ context }: { readonly context: { readonly child?: AnyActorRef } }): void =>
    context.child?.send({ type: 'hello' })

  it('starts the child, in the middle of a list of actions, exactly as XState does, and goes on with XState', () => {
    const [expected, actual] = runBoth(
      (say) => {
        const actions = [say('before'), increment, spawnKid(childOf(say)), say('after'), forward, increment]
        return {
          states: {
            a: { exit: say('left a'), on: { go: { target: 'b', actions } } },
            b: {
              entry: say('in b'),
              on: { back: { actions: say('back') }, poke: { actions: [increment, forward] }, finish: 'end' },
            },
            end: { type: 'final', entry: say('in end') },
          },
        }
      },
      ['none', 'go', 'poke', 'finish'],
    )
    expect(expected).toContain('received hello')
    expect(actual).toEqual(expected)
  })

  it('stops the child when the same step ends the machine', () => {
    const [expected, actual] = runBoth(
      (say) => ({
        states: { a: { on: { go: { target: 'end', actions: spawnKid(childOf(say)) } } }, end: { type: 'final' } },
      }),
      ['go'],
    )
    expect(expected.some((line) => line.includes('done') && line.includes('[kid]'))).toBe(true)
    expect(actual).toEqual(expected)
  })

  it('spawns in the function of the context, also before a machine that fails to begin', () => {
    const makeConfig = (entry: unknown) => (say: (text: string) => () => void) => ({
      context: ({ spawn }: Spawning) => ({ n: 0, child: spawn(childOf(say), { id: 'first' }) }),
      entry,
      states: { a: { on: { go: { actions: [increment, forward] } } } },
    })
    const fail = assign(() => {
      throw new Error('no')
    })
    for (const entry of [[], fail]) {
      const [expected, actual] = runBoth(makeConfig(entry), ['go'])
      expect(expected[0]).toContain('[first]')
      expect(actual).toEqual(expected)
    }
  })

  it('spawns a child by the name of its logic, and fails as XState does without one', () => {
    const [expected, actual] = runBoth(
      () => ({ states: { a: { on: { go: { actions: spawnKid('worker') } } } } }),
      ['go'],
    )
    expect(expected.at(-1)).toContain("Actor logic 'worker' not implemented")
    expect(actual).toEqual(expected)
  })
})
