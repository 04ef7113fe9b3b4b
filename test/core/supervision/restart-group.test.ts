import { describe, expect, it } from 'vitest'
import type { BackOff } from '../../../src/core/supervision/back-off.ts'
import {
  childEnded,
  childStarted,
  createRestartGroup,
  nextStart,
  restartAllOf,
  restartDue,
  restartGroupViolations,
  type ChildEnd,
  type EndDecision,
  type RestartGroup,
} from '../../../src/core/supervision/restart-group.ts'
import { createRestartIntensity } from '../../../src/core/supervision/restart-intensity.ts'
import type { RestartKind, RestartStrategy } from '../../../src/core/supervision/restart-plan.ts'

type Child = { readonly id: string; readonly restartKind: RestartKind }

const BACK_OFF = { firstMs: 100, maxMs: 1_000, quietMs: 500 }
const [a, b, c]: readonly [Child, Child, Child] = [
  { id: 'a', restartKind: 'permanent' },
  { id: 'b', restartKind: 'transient' },
  { id: 'c', restartKind: 'permanent' },
]
const ALL = [a, b, c]

function end(child: Child, more: Partial<ChildEnd<Child>> = {}): ChildEnd<Child> {
  const intensity = createRestartIntensity({ restarts: 3, withinMs: 1_000 })
  const none = { backOffInit: undefined, backOff: undefined }
  return { child, reason: 'failed', children: ALL, atMs: 0, intensity, ...none, ...more }
}

type Restarting = Extract<EndDecision<Child>, { kind: 'restart' }>

function restarting(group: RestartGroup<Child>, ended: ChildEnd<Child>): Restarting {
  const decision = childEnded(group, ended)
  if (decision.kind !== 'restart') throw new Error(`it is to be restarted, not ${decision.kind}`)
  expect(restartGroupViolations(decision.group, ALL)).toEqual([])
  return decision
}

/** Starts whoever may start, each at once. */
function startAll(from: RestartGroup<Child>): {
  readonly group: RestartGroup<Child>
  readonly started: readonly string[]
} {
  const started: string[] = []
  let group = from
  for (let next = nextStart(group); next !== undefined; next = nextStart(group)) {
    started.push(next.child.id)
    group = childStarted(next.group, next.child)
  }
  return { group, started }
}

const ids = (children: readonly Child[]): readonly string[] => children.map(({ id }) => id)

describe('a child that fails', () => {
  it.each([
    ['one-for-one', [], ['b']],
    ['one-for-all', ['c', 'a'], ['a', 'b', 'c']],
    ['rest-for-one', ['c'], ['b', 'c']],
  ] as const)('%s ends its siblings newest first and starts oldest first', (strategy, stopped, started) => {
    const { group, stop, wait } = restarting(createRestartGroup(strategy), end(b))
    expect(ids(stop)).toEqual(stopped)
    expect(wait).toBeUndefined()
    expect(startAll(group)).toEqual({ group: createRestartGroup(strategy), started })
  })

  it('waits for its back-off, longer each time', () => {
    const first = restarting(createRestartGroup('one-for-one'), end(a, { backOffInit: BACK_OFF }))
    expect(first.wait).toEqual({ timer: 0, delayMs: 100 })
    expect(nextStart(first.group)).toBeUndefined()
    const { group, started } = startAll(restartDue(first.group, 0))
    expect(started).toEqual(['a'])
    const backOff: BackOff | undefined = first.backOff
    expect(restarting(group, end(a, { atMs: 150, backOffInit: BACK_OFF, backOff })).wait).toEqual({
      timer: 1,
      delayMs: 200,
    })
  })

  it('that is down already is ignored, and a timer that nobody waits for changes nothing', () => {
    const { group } = restarting(createRestartGroup('one-for-all'), end(a, { backOffInit: BACK_OFF }))
    for (const child of ALL) expect(childEnded(group, end(child))).toEqual({ kind: 'ignored' })
    expect(restartDue(group, 7)).toBe(group)
    const up = restartDue(group, 0)
    expect(restartDue(up, 0)).toBe(up)
  })

  it('while a younger one waits is started before that, which keeps its timer', () => {
    const strategy: RestartStrategy = 'rest-for-one'
    const waiting = restarting(createRestartGroup(strategy), end(c, { backOffInit: BACK_OFF }))
    const both = restarting(waiting.group, end(a))
    expect(ids(both.stop)).toEqual(['b'])
    const { group, started } = startAll(both.group)
    expect(started).toEqual(['a', 'b'])
    expect(startAll(restartDue(group, 0)).started).toEqual(['c'])
  })

  it('as it starts is started before its younger siblings', () => {
    const { group } = restarting(createRestartGroup('rest-for-one'), end(a))
    const starting = nextStart(group)
    if (starting === undefined) throw new Error('one may start')
    expect(nextStart(starting.group)).toBeUndefined()
    const again = restarting(starting.group, end(a))
    expect(again.stop).toEqual([])
    expect(startAll(again.group).started).toEqual(['a', 'b', 'c'])
  })

  it('once too often escalates; one that is not restarted leaves and is not counted', () => {
    const intensity = createRestartIntensity({ restarts: 0, withinMs: 1_000 })
    const group = createRestartGroup<Child>('one-for-one')
    expect(childEnded(group, end(a, { intensity }))).toMatchObject({ kind: 'escalate', intensity: { recentMs: [] } })
    expect(childEnded(group, end(b, { intensity, reason: 'done' }))).toEqual({ kind: 'leave' })
  })

  it('ends temporary siblings for good', () => {
    const temporary: Child = { id: 't', restartKind: 'temporary' }
    const { group, stop } = restarting(createRestartGroup('one-for-all'), end(a, { children: [a, temporary, b] }))
    expect(ids(stop)).toEqual(['b', 't'])
    expect(startAll(group).started).toEqual(['a', 'b'])
  })
})

describe('a supervisor that begins again', () => {
  it('starts all, oldest first', () => {
    for (const strategy of ['one-for-all', 'rest-for-one'] as const)
      expect(startAll(restartAllOf(strategy, ALL)).started).toEqual(['a', 'b', 'c'])
  })

  it('starts a hundred thousand in a time that grows with their number alone', () => {
    const many = Array.from({ length: 100_000 }, (_, index): Child => ({ id: String(index), restartKind: 'permanent' }))
    expect(startAll(restartAllOf('one-for-all', many)).started).toHaveLength(100_000)
  })
})
