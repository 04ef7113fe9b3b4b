import { describe, expect, it } from 'vitest'
import type { RestartKind, RestartStrategy } from '../../../src/core/supervision/restart-plan.ts'
import {
  supervisionMachine,
  type SupervisionEffect,
  type SupervisionEvent,
} from '../../../src/core/supervision/supervision-machine.ts'
import type { SupervisionState } from '../../../src/core/supervision/supervision-state.ts'

/** What really runs, as seen from outside. `asked`: it was told to stop and has not ended. */
type Life = 'starting' | 'running' | 'asked' | 'gone'

type World = {
  readonly state: SupervisionState
  readonly lives: readonly Life[]
  /** Timers that were started and have not fired. */
  readonly timers: readonly number[]
  /** Children that somebody wanted ended for good. */
  readonly dismissed: readonly boolean[]
  readonly starts: number
  readonly isOver: boolean
}

type Instance = {
  readonly strategy: RestartStrategy
  readonly kinds: readonly RestartKind[]
  readonly hasBackOff: boolean
}

const KINDS: readonly RestartKind[] = ['permanent', 'transient', 'temporary']
const STRATEGIES: readonly RestartStrategy[] = ['one-for-one', 'one-for-all', 'rest-for-one']
const RESTARTS = 2
const IDS = ['0', '1', '2']

function begin(instance: Instance): World {
  let state = supervisionMachine.initial({
    strategy: instance.strategy,
    intensity: { restarts: RESTARTS, withinMs: 10 },
    ...(instance.hasBackOff && { backOff: { firstMs: 1, maxMs: 4, quietMs: 100 } }),
  })
  instance.kinds.forEach((restartKind, index) => {
    state = supervisionMachine.transition(state, { type: 'child-added', id: String(index), restartKind }).state
  })
  return {
    state,
    lives: ['running', 'running', 'running'],
    timers: [],
    dismissed: [false, false, false],
    starts: 0,
    isOver: false,
  }
}

/** Everything that can happen next, in any order the outside may choose. */
function eventsOf(world: World): readonly SupervisionEvent[] {
  const events: SupervisionEvent[] = [{ type: 'stop-requested' }]
  IDS.forEach((id, index) => {
    const life = world.lives[index]
    if (life === 'starting') events.push({ type: 'child-started', id })
    if (life !== 'gone') {
      events.push({ type: 'child-ended', id, reason: 'failed', atMs: 0 })
      events.push({ type: 'child-ended', id, reason: 'done', atMs: 0 })
    }
    if (life === 'asked') events.push({ type: 'child-ended', id, reason: 'stopped', atMs: 0 })
    events.push({ type: 'child-stop-requested', id })
  })
  for (const timer of world.timers) events.push({ type: 'restart-due', timer })
  return events
}

function happen(instance: Instance, before: World, event: SupervisionEvent): World {
  const lives = [...before.lives]
  const dismissed = [...before.dismissed]
  let { timers, starts, isOver } = before
  if (event.type === 'child-started') lives[Number(event.id)] = 'running'
  if (event.type === 'child-ended') lives[Number(event.id)] = 'gone'
  if (event.type === 'restart-due') timers = timers.filter((timer) => timer !== event.timer)
  const step = supervisionMachine.transition(before.state, event)
  const isRefused = step.effects.some(({ type }) => type === 'event-refused')
  if (isRefused) check(step.effects.length === 1 && step.state === before.state, 'a refused event changes nothing')
  if (event.type === 'child-stop-requested' && !isRefused) dismissed[Number(event.id)] = true
  check(supervisionMachine.violations(step.state).length === 0, 'the state is sound')
  for (const effect of step.effects) apply(effect)
  return { state: step.state, lives, timers, dismissed, starts, isOver }

  function apply(effect: SupervisionEffect): void {
    if (effect.type === 'event-refused') return
    check(!isOver, 'nothing is ordered after the end')
    if (effect.type === 'stop-child') {
      check(['starting', 'running'].includes(String(lives[Number(effect.id)])), 'only what runs is stopped')
      lives[Number(effect.id)] = 'asked'
    } else if (effect.type === 'start-child') {
      const index = Number(effect.id)
      check(lives[index] === 'gone', 'only what has ended is started')
      check(instance.kinds[index] !== 'temporary', 'a temporary child never comes back')
      check(dismissed[index] === false, 'what was ended for good never comes back')
      if (instance.strategy !== 'one-for-one') {
        check(!lives.includes('asked'), 'nothing starts while something stops')
        check(!lives.includes('starting'), 'they start one after the other')
      }
      lives[index] = 'starting'
      starts += 1
    } else if (effect.type === 'start-timer') {
      timers = [...timers, effect.timer]
    } else {
      check(
        lives.every((life) => life === 'gone'),
        'a supervisor ends after its children',
      )
      isOver = true
    }
  }
}

/** Cheaper than `expect` by far, and this runs millions of times. */
function check(isTrue: boolean, claim: string): void {
  if (!isTrue) throw new Error(claim)
}

/** What a well-meaning outside does next; `undefined` when there is nothing to do. */
function helpfulEvent(world: World): SupervisionEvent | undefined {
  const asked = world.lives.indexOf('asked')
  if (asked !== -1) return { type: 'child-ended', id: String(asked), reason: 'stopped', atMs: 0 }
  const starting = world.lives.indexOf('starting')
  if (starting !== -1) return { type: 'child-started', id: String(starting) }
  const [timer] = world.timers
  return timer === undefined ? undefined : { type: 'restart-due', timer }
}

/** Without further failures everything that is to run runs, or everything has ended, in a few steps. */
function expectToSettle(instance: Instance, from: World): void {
  let world = from
  for (let steps = 0; steps < 20; steps += 1) {
    const event = helpfulEvent(world)
    if (event === undefined) break
    world = happen(instance, world, event)
  }
  check(helpfulEvent(world) === undefined, 'the supervisor becomes quiet')
  const { state, lives } = world
  check(
    world.isOver ? state.kind === 'ended' : state.kind === 'supervising',
    'a supervisor that stops comes to its end',
  )
  const known = state.kind === 'supervising' ? state.children : []
  check(
    known.every(({ phase }) => phase.kind === 'running'),
    'whoever is to run runs',
  )
  check(known.length === lives.filter((life) => life === 'running').length, 'nobody runs unsupervised')
}

/** Goes through every world that the events can lead to. The intensity makes their number finite. */
function explore(instance: Instance): number {
  const first = begin(instance)
  const seen = new Set([JSON.stringify(first)])
  const queue = [first]
  for (let world = queue.pop(); world !== undefined; world = queue.pop()) {
    expectToSettle(instance, world)
    for (const event of eventsOf(world)) {
      const next = happen(instance, world, event)
      if (instance.strategy === 'one-for-one') check(next.starts <= RESTARTS, 'no more restarts than allowed')
      const key = JSON.stringify(next)
      if (seen.has(key)) continue
      seen.add(key)
      queue.push(next)
    }
  }
  return seen.size
}

describe('every order of events of a supervisor with three children', () => {
  for (const strategy of STRATEGIES) {
    for (const hasBackOff of [false, true]) {
      it(`${strategy}${hasBackOff ? ' with back-off' : ''} keeps its order, brings back what it must, and settles`, () => {
        let worlds = 0
        for (const first of KINDS)
          for (const second of KINDS)
            for (const third of KINDS) worlds += explore({ strategy, kinds: [first, second, third], hasBackOff })
        expect(worlds).toBeGreaterThan(5_000)
      })
    }
  }
})
