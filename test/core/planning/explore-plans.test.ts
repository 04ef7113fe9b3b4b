import { describe, expect, it } from 'vitest'
import type { PlannedTask } from '../../../src/core/planning/order-by-dependencies.ts'
import type { PlanEffect, PlanEvent, PlanTimer } from '../../../src/core/planning/plan-event.ts'
import { indexOfStep, type PlanInput, type StepPolicy } from '../../../src/core/planning/plan-graph.ts'
import { planMachine } from '../../../src/core/planning/plan-machine.ts'
import { isPlanFinished, type PlanState } from '../../../src/core/planning/plan-state.ts'

type State = PlanState<PlannedTask>

/** A plan and whoever carries it out: the attempts that run, and the timers that are set. */
type World = {
  readonly state: State
  readonly running: ReadonlyMap<string, number>
  readonly timers: ReadonlyMap<string, PlanTimer>
}

const IDS = ['a', 'b', 'c'] as const

/** Every graph of three steps: each may depend on any of those before it. */
const GRAPHS: readonly (readonly PlannedTask[])[] = Array.from({ length: 8 }, (_, bits) => [
  { id: 'a', depends_on: [] },
  { id: 'b', depends_on: (bits & 1) === 0 ? [] : ['a'] },
  { id: 'c', depends_on: ['a', 'b'].filter((_id, at) => (bits & (2 << at)) !== 0) },
])

const POLICIES: readonly (readonly [string, Readonly<Record<string, StepPolicy>>])[] = [
  ['once', {}],
  ['optional', { a: { isOptional: true }, b: { isOptional: true } }],
  ['again', { a: { attemptsMax: 2 }, b: { attemptsMax: 2, isOptional: true } }],
  ['later', { a: { attemptsMax: 2, backOff: { firstMs: 5, maxMs: 9 } }, c: { attemptsMax: 2 } }],
  ['limited', { a: { timeLimitMs: 10, attemptsMax: 2 }, b: { timeLimitMs: 10 } }],
]

/** What can happen next, to the plan and outside it. */
function eventsIn({ state, running, timers }: World): readonly PlanEvent[] {
  const events: PlanEvent[] = []
  for (const [id, attempt] of running) {
    events.push({ type: 'subtask-succeeded', id, output: id, attempt })
    events.push({ type: 'subtask-failed', id, reason: 'down', attempt })
    events.push({ type: 'subtask-failed', id, reason: 'wrong', attempt, isRetryable: false })
  }
  for (const timer of timers.values()) events.push({ type: 'timer-fired', timer })
  if (state.phase === 'planned') events.push({ type: 'plan-started' })
  return events
}

const DISTURBANCES: readonly PlanEvent[] = [
  { type: 'plan-started' },
  { type: 'plan-resumed' },
  { type: 'plan-cancelled', reason: 'left' },
  ...IDS.map((id): PlanEvent => ({ type: 'subtask-cancelled', id, reason: 'unwanted' })),
  // Late and wrong reports.
  ...IDS.map((id): PlanEvent => ({ type: 'subtask-succeeded', id, output: 'late', attempt: 99 })),
  { type: 'timer-fired', timer: { kind: 'stop-grace', id: 'b', attempt: 99 } },
]

const isDone = (state: State, id: string): boolean => state.statuses[indexOfStep(state.graph, id)]?.kind === 'succeeded'

/** One step with everything checked that must hold of it. */
function take(world: World, event: PlanEvent): World {
  const step = planMachine.transition(world.state, event)
  const isRefused = step.effects.some(({ type }) => type === 'event-refused')
  if (isRefused) {
    expect([step.state === world.state, step.effects.length]).toEqual([true, 1])
    return world
  }
  const isCrash = event.type === 'plan-resumed'
  const running = new Map(isCrash ? [] : world.running)
  const timers = new Map(isCrash ? [] : world.timers)
  if (event.type === 'subtask-succeeded' || event.type === 'subtask-failed') running.delete(event.id)
  if (event.type === 'timer-fired') timers.delete(event.timer.id)
  for (const effect of step.effects) carryOut(effect, { running, timers, world, isCrash })
  const { state } = step
  expect(planMachine.violations(state)).toEqual([])
  const holding = IDS.filter((id) => ['running', 'stopping'].includes(kindOf(state, id)))
  expect([...running.keys()].toSorted()).toEqual(holding)
  expect([...timers.keys()].toSorted()).toEqual(IDS.filter((id) => hasTimer(state, id)))
  expect(step.effects.filter(({ type }) => type === 'finish-plan').length).toBe(Number(isPlanFinished(state)))
  return { state, running, timers }
}

type Carrying = {
  readonly running: Map<string, number>
  readonly timers: Map<string, PlanTimer>
  readonly world: World
  readonly isCrash: boolean
}

function carryOut(effect: PlanEffect<PlannedTask>, { running, timers, world, isCrash }: Carrying): void {
  switch (effect.type) {
    case 'start-subtask': {
      const { id, depends_on } = effect.subTask
      expect(running.has(id)).toBe(false)
      // Nothing that was done is done again, and an attempt runs twice only after a crash.
      expect(isDone(world.state, id)).toBe(false)
      const before = world.state.statuses[indexOfStep(world.state.graph, id)]
      if (before !== undefined && 'attempt' in before && before.kind !== 'waiting' && before.kind !== 'backing-off')
        expect(effect.attempt).toBe(before.attempt + (isCrash && before.kind === 'running' ? 0 : 1))
      expect(effect.key).toBe(`plan/${id}/${effect.attempt}`)
      expect(effect.dependencyOutputs.every((output) => depends_on.includes(output.id))).toBe(true)
      running.set(id, effect.attempt)
      return
    }
    case 'stop-subtask':
      expect(running.get(effect.id)).toBe(effect.attempt)
      return
    case 'abandon-subtask':
      running.delete(effect.id)
      return
    case 'start-timer':
      timers.set(effect.timer.id, effect.timer)
      return
    case 'cancel-timer':
      expect(timers.has(effect.id)).toBe(true)
      timers.delete(effect.id)
      return
    case 'report-stopped':
    case 'finish-plan':
    case 'event-refused':
  }
}

function kindOf(state: State, id: string): string {
  return state.statuses[indexOfStep(state.graph, id)]?.kind ?? ''
}

function hasTimer(state: State, id: string): boolean {
  const index = indexOfStep(state.graph, id)
  const kind = kindOf(state, id)
  if (kind === 'backing-off' || kind === 'stopping') return true
  return kind === 'running' && state.graph.policies[index]?.timeLimitMs !== undefined
}

const keyOf = ({ state, timers }: World): string =>
  JSON.stringify([state.phase, state.statuses, [...timers.values()].map(({ kind, id }) => kind + id).toSorted()])

/** Every world that can be reached. Each either has finished or can go on by itself, and does not go on for ever. */
function explore(input: PlanInput<PlannedTask>): number {
  const start: World = { state: planMachine.initial(input), running: new Map(), timers: new Map() }
  const seen = new Map<string, World>([[keyOf(start), start]])
  const next = new Map<string, Set<string>>()
  const queue = [start]
  for (let world = queue.pop(); world !== undefined; world = queue.pop()) {
    const own = eventsIn(world)
    expect(own.length > 0 || isPlanFinished(world.state)).toBe(true)
    const followers = new Set<string>()
    for (const event of [...own, ...DISTURBANCES]) {
      const reached = take(world, event)
      const key = keyOf(reached)
      if (own.includes(event)) followers.add(key)
      if (seen.has(key)) continue
      seen.set(key, reached)
      queue.push(reached)
    }
    next.set(keyOf(world), followers)
  }
  expectEnds(next)
  return seen.size
}

/** No way through the events of the plan itself leads back to where it was. */
function expectEnds(next: ReadonlyMap<string, ReadonlySet<string>>): void {
  const colours = new Map<string, 'open' | 'closed'>()
  const visit = (key: string): void => {
    colours.set(key, 'open')
    for (const follower of next.get(key) ?? []) {
      expect(colours.get(follower)).not.toBe('open')
      if (!colours.has(follower)) visit(follower)
    }
    colours.set(key, 'closed')
  }
  for (const key of next.keys()) if (!colours.has(key)) visit(key)
}

describe('every plan of three steps, in every order of everything that can happen', () => {
  it.each(POLICIES)('keeps its invariants and ends: %s', (_name, policies) => {
    let worlds = 0
    for (const subTasks of GRAPHS)
      for (const parallelMax of [1, 3]) worlds += explore({ subTasks, policies, parallelMax })
    expect(worlds).toBeGreaterThan(400)
  })
})
