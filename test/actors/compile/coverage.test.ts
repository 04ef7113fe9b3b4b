import { describe, expect, it } from 'vitest'
import {
  and,
  assign,
  cancel,
  createMachine,
  emit,
  enqueueActions,
  forwardTo,
  fromPromise,
  fromTransition,
  log,
  not,
  raise,
  sendParent,
  sendTo,
  spawnChild,
  stateIn,
  stopChild,
} from 'xstate'
import { compileMachine } from '../../../src/actors/compile/compile-machine.ts'

/** A covered machine, with something added to its root, to its state `a`, or beside its states. */
type Change = {
  readonly root?: object
  readonly a?: object
  readonly states?: object
  readonly implementations?: object
}

function machineWith({
  root = {},
  a = {},
  states = {},
  implementations = {},
}: Change): ReturnType<typeof createMachine> {
  const config = { id: 'm', initial: 'a', context: { n: 0 }, states: { a, b: {}, ...states }, ...root }
  // The types of one machine do not fit all these.
  return createMachine(config as never, implementations as never)
}

const onGo = (transition: unknown): Change => ({ a: { on: { go: transition } } })
const withAction = (action: unknown): Change => onGo({ actions: action })
const withGuard = (guard: unknown): Change => onGo({ guard, target: 'b' })

/** An action or guard that carries a meaning which only another copy or version of XState knows. */
const foreign = (mark: string): unknown => Object.assign(() => true, { [mark]: () => [] })

const COVERED: readonly (readonly [string, Change])[] = [
  ['nothing but states', {}],
  [
    'targets of every spelling',
    { root: { on: { go: ['.b', { target: '#m.b' }] } }, a: { on: { x: 'b', y: { target: 'b' } } } },
  ],
  ['states within states', { a: { initial: 'x', states: { x: { initial: 'y', states: { y: {} } } } } }],
  ['many leaves', { states: Object.fromEntries(Array.from({ length: 510 }, (_, at) => [`s${at}`, {}])) }],
  ['final states within others, and onDone', { a: { initial: 'x', states: { x: { type: 'final' } }, onDone: 'b' } }],
  ['always', { root: { always: { actions: () => undefined, guard: () => false } }, a: { always: 'b' } }],
  ['after', { root: { after: { 10: '.b' } }, a: { after: { named: 'b' } } }],
  [
    'actions that change nothing in the snapshot',
    withAction([
      raise({ type: 'x' }),
      sendTo('x', { type: 'x' }),
      sendParent({ type: 'x' }),
      forwardTo('x'),
      emit({ type: 'x' }),
      log('x'),
      cancel('x'),
    ]),
  ],
  ['a state value in a guard', withGuard(stateIn({ a: 'x' }))],
  ['forbidden events', { a: { on: { go: undefined, no: {} } } }],
  ['wildcards', { a: { on: { '*': 'b', 'x.*': 'b' } } }],
  ['final states with outputs', { root: { output: () => 1 }, states: { c: { type: 'final', output: 2 } } }],
  [
    'functions, names and assign',
    withAction([() => undefined, 'missing', { type: 'x', params: {} }, assign({ n: 1 })]),
  ],
  ['combined guards', withGuard(and(['x', not(stateIn('a'))]))],
  [
    'guards that stand for others',
    { ...withGuard('x'), implementations: { guards: { x: { type: 'y' }, y: () => true } } },
  ],
  ['tags, meta and descriptions', { a: { tags: ['t'], meta: { x: 1 }, description: 'd' } }],
  ['no context', { root: { context: undefined } }],
  ['context by function', { root: { context: () => ({ n: 1 }) } }],
]

const NOT_COVERED: readonly (readonly [string, Change])[] = [
  ['invoke', { a: { invoke: { src: fromPromise(() => Promise.resolve(1)) } } }],
  ['invoke of the root', { root: { invoke: { src: 'x' } } }],
  ['parallel states within another', { a: { initial: 'x', states: { x: { type: 'parallel', states: { y: {} } } } } }],
  ['history within another', { a: { initial: 'x', states: { x: {}, h: { type: 'history' } } } }],
  [
    'such actions of an inner initial transition',
    { a: { initial: { target: 'x', actions: stopChild('x') }, states: { x: {} } } },
  ],
  [
    'more leaves than are worth it',
    { states: Object.fromEntries(Array.from({ length: 511 }, (_, at) => [`s${at}`, {}])) },
  ],
  ['parallel states', { root: { type: 'parallel', initial: undefined } }],
  ['a parallel state', { a: { type: 'parallel', states: { x: {}, y: {} } } }],
  ['history', { states: { h: { type: 'history' } } }],
  ['no states', { root: { initial: undefined, states: undefined } }],
  ['routes', { a: { id: 'a', route: {} } }],
  ["XState's own events", { a: { on: { 'xstate.done.actor.x': 'b' } } }],
  ['a star within a name', { a: { on: { 'x.*.y': 'b' } } }],
  ['a star within a token', { a: { on: { 'x*': 'b' } } }],
  ['two stars', { a: { on: { 'x.*.*': 'b' } } }],
  ['the root as a target', onGo('#m')],
  ['several targets', onGo({ target: ['a', 'b'] })],
  ['enqueueActions', withAction(enqueueActions(() => undefined))],
  ['spawnChild', withAction(spawnChild('x'))],
  ['stopChild', withAction(stopChild('x'))],
  ['such actions on entry', { a: { entry: spawnChild('x') } }],
  ['such actions on exit', { a: { exit: [() => undefined, stopChild('x')] } }],
  ['such actions of the root', { root: { entry: spawnChild('x') } }],
  ['such actions of the initial transition', { root: { initial: { target: 'a', actions: spawnChild('x') } } }],
  ['such actions behind a name', { ...withAction('x'), implementations: { actions: { x: spawnChild('x') } } }],
  ['such actions of a transition without an event', { a: { always: { actions: stopChild('x') } } }],
  ['a guard without a name', { a: { always: { guard: '', target: 'b' } } }],
  ['actions by alias', { ...withAction('x'), implementations: { actions: { x: 'y', y: () => undefined } } }],
  ['actions of a foreign kind', withAction(foreign('resolve'))],
  ['guards of a foreign kind', withGuard(foreign('check'))],
  ['guards of a foreign kind within others', withGuard(not(foreign('check') as never))],
  [
    'guards that stand for each other in a circle',
    { ...withGuard('x'), implementations: { guards: { x: 'y', y: 'x' } } },
  ],
  ['a state that does not exist in a guard', withGuard(stateIn('#nowhere'))],
  ['a bound of microsteps', { root: { options: { maxIterations: 1_000 } } }],
  ['a context that is no object', { root: { context: 'text' } }],
  ['a context with a prototype as a property', { root: { context: JSON.parse('{"__proto__":{}}') } }],
]

describe('compileMachine', () => {
  it.each(COVERED)('covers %s', (_name, change) => {
    expect(compileMachine(machineWith(change))).toBeDefined()
  })

  it.each(NOT_COVERED)('does not cover %s', (_name, change) => {
    expect(compileMachine(machineWith(change))).toBeUndefined()
  })

  it('does not cover other logic, nor a machine that somebody has wrapped', () => {
    const machine = machineWith({})
    expect(compileMachine(fromTransition(() => 0, 0))).toBeUndefined()
    expect(compileMachine(Object.assign({}, machine) as never)).toBeUndefined()
    expect(compileMachine(Object.create(machine) as never)).toBeUndefined()
  })

  it('compiles a machine once, and one with other implementations anew', () => {
    const machine = machineWith(withAction('x'))
    const compiled = compileMachine(machine)
    expect(compileMachine(machine)).toBe(compiled)
    expect(compileMachine(machine.provide({ actions: { x: () => undefined } }))).not.toBe(compiled)
  })
})
