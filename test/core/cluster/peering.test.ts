import { describe, expect, test } from 'vitest'
import { clusterTiming } from '../../../src/core/cluster/cluster-timing.ts'
import { createHealth, heard, healthScore, phiOf } from '../../../src/core/cluster/health.ts'
import {
  createPeering,
  isClear,
  mayAct,
  mayPlace,
  peeringViolations,
  stepPeering,
  type Peering,
  type PeeringEvent,
} from '../../../src/core/cluster/peering.ts'

const timing = clusterTiming(100)
const fresh = createPeering(timing, 0)
const began = (session: string, atMs: number, run = 'r1'): PeeringEvent => ({
  type: 'session-began',
  session,
  run,
  heldSinceMs: atMs - 5,
  grantedAtMs: atMs,
  atMs,
})

function run(start: Peering, ...events: readonly PeeringEvent[]): { state: Peering; effects: string[] } {
  const effects: string[] = []
  let state = start
  for (const event of events) {
    const step = stepPeering(state, event)
    state = step.state
    expect(peeringViolations(state)).toEqual([])
    effects.push(...step.effects.map((each) => Object.values(each).join(' ')))
  }
  return { state, effects }
}

describe('a session', () => {
  test('begins with a lease from when it was asked for, and lets actors be placed', () => {
    const { state, effects } = run(fresh, began('s', 50))
    expect(effects).toEqual(['begin-session s', 'phase-changed up'])
    expect([mayPlace(fresh), mayPlace(state)]).toEqual([false, true])
    expect([844, 845].map((now) => mayAct(state, 's', now))).toEqual([true, false])
    expect(mayAct(state, 'other', 60)).toBe(false)
  })

  test('is renewed from when the heartbeat was sent, not from when its answer came', () => {
    const { state } = run(fresh, began('s', 50), {
      type: 'beat-answered',
      session: 's',
      sentAtMs: 300,
      atMs: 700,
    })
    expect([1_099, 1_100].map((now) => mayAct(state, 's', now))).toEqual([true, false])
  })

  test('a late or doubled answer takes nothing back', () => {
    const answer = (sentAtMs: number, atMs: number): PeeringEvent => ({
      type: 'beat-answered',
      session: 's',
      sentAtMs,
      atMs,
    })
    const { state } = run(fresh, began('s', 50), answer(400, 410), answer(300, 420), answer(400, 430))
    expect(state.session?.heldUntilMs).toBe(1_200)
  })

  test('whose lease is over does not come back with an answer that was under way', () => {
    const { state, effects } = run(fresh, began('s', 50), {
      type: 'beat-answered',
      session: 's',
      sentAtMs: 844,
      atMs: 845,
    })
    expect([state.phase, effects.slice(2)]).toEqual(['down', ['end-session s lease-over', 'phase-changed down']])
  })

  test('ends by silence, by the other side, by another one, and with a lease', () => {
    const start = run(fresh, began('s', 50)).state
    const beats: PeeringEvent[] = [1, 2].map((at) => ({
      type: 'beat-answered',
      session: 's',
      sentAtMs: at * 400,
      atMs: at * 400,
    }))
    const endOf = (...events: readonly PeeringEvent[]): string | undefined =>
      run(start, ...events).effects.find((each) => each.startsWith('end-session'))
    expect(endOf({ type: 'tick', atMs: 845 })).toBe('end-session s lease-over')
    // Mean of 200 ms at most: 4 * ln 10 of it.
    const slow = { ...run(start, ...beats).state, session: { ...start.session, heldUntilMs: 1e9 } } as Peering
    expect(run(slow, { type: 'tick', atMs: 800 + 1_900 }).effects).toContain('end-session s silent')
    expect(endOf({ type: 'session-refused', session: 's', atMs: 100 })).toBe('end-session s unknown')
    expect(endOf({ type: 'session-dropped', atMs: 100 })).toBe('end-session s dropped')
    expect(endOf(began('t', 100))).toBe('end-session s replaced')
    expect(endOf({ type: 'peer-left', session: 's', atMs: 100 })).toBe('end-session s left')
  })

  test('an event of another one is refused', () => {
    const { state } = run(fresh, began('s', 50))
    for (const type of ['beat-came', 'session-refused', 'peer-left'] as const)
      expect(run(state, { type, session: 'x', atMs: 60 }).effects).toEqual(['event-refused SESSION_UNKNOWN'])
  })

  test('is suspected before it is lost, and trusted again when it is heard', () => {
    const { state } = run(fresh, began('s', 50))
    const { state: suspect, effects } = run(state, { type: 'tick', atMs: 400 })
    expect([effects, mayPlace(suspect)]).toEqual([['phase-changed suspect'], false])
    expect(run(suspect, { type: 'beat-came', session: 's', atMs: 410 }).effects).toEqual(['phase-changed up'])
  })
})

describe('what was placed on a node', () => {
  const { state: lost } = run(
    fresh,
    began('s', 50),
    { type: 'beat-came', session: 's', atMs: 300 },
    { type: 'tick', atMs: 845 },
  )

  test('may act until a lease after the last answer, and as much longer as clocks differ', () => {
    expect(timing.clearMs).toBe(834)
    expect([1_133, 1_134].map((now) => isClear(lost, now))).toEqual([false, true])
  })

  test('is clear at once when the same process begins anew, not when another one does', () => {
    expect(isClear(run(lost, began('t', 900)).state, 900)).toBe(true)
    expect(isClear(run(lost, began('t', 900, 'r2')).state, 900)).toBe(false)
  })

  test('is clear at once when the node has left', () => {
    expect(isClear(run(fresh, began('s', 50), { type: 'peer-left', session: 's', atMs: 90 }).state, 90)).toBe(true)
  })

  test('by an earlier process of this node may act until the node answers', () => {
    expect([isClear(fresh, timing.clearMs - 1), isClear(run(fresh, began('s', 50)).state, 50)]).toEqual([false, true])
  })
})

describe('health', () => {
  test('falls evenly with silence, and is full again with a sign of life', () => {
    const health = createHealth(0, timing)
    const scores = [0, 230, 460, 920, 5_000].map((now) => Math.round(healthScore(health, now, timing) * 100))
    expect(scores).toEqual([100, 75, 50, 0, 0])
    expect(phiOf(heard(health, 230, timing), 230)).toBe(0)
  })

  test('neither a burst nor a slow spell takes its mean out of bounds', () => {
    let health = createHealth(0, timing)
    for (let at = 1; at < 100; at += 1) health = heard(health, at, timing)
    expect(health.meanMs).toBe(100)
    for (let at = 1; at < 100; at += 1) health = heard(health, at * 10_000, timing)
    expect(health.meanMs).toBe(200)
  })

  test('times out of range are refused', () => {
    for (const heartbeatMs of [0, 9, 60_001, Number.NaN]) expect(() => clusterTiming(heartbeatMs)).toThrow(RangeError)
  })
})
