import { describe, expect, test } from 'vitest'
import { ControlledLog, prefixOf } from '../controlled-log.ts'
import { World } from '../durable-world.ts'
import { ManualEnvironment, WALL_START_MS } from '../manual-environment.ts'
import { HOUR, openRecorder, recorder, seenBy, tell } from './recorder.ts'

describe('a durable timer', () => {
  const agent = recorder({
    set: (actions) => actions.setTimer('t', { delayMs: HOUR, event: { type: 'due' } }),
    sooner: (actions) => actions.setTimer('t', { delayMs: 10, event: { type: 'sooner' } }),
    at: (actions) => actions.setTimer('t', { at: WALL_START_MS + HOUR, event: { type: 'due' } }),
    cancel: (actions) => actions.cancelTimer('t'),
    'cancel and set': (actions) => {
      actions.cancelTimer('t')
      actions.setTimer('t', { delayMs: 5, event: { type: 'new' } })
    },
  })

  test('fires once, at its time', async () => {
    const world = await openRecorder(agent)
    tell(world, 'set')
    await world.environment.advance(HOUR - 1)
    expect(seenBy(world)).toEqual([])
    await world.environment.advance(1)
    await world.environment.advance(HOUR)
    expect(seenBy(world)).toEqual([{ type: 'due' }])
    const next = await world.reopen(agent)
    await next.environment.advance(HOUR)
    expect(seenBy(next)).toEqual([{ type: 'due' }])
  })

  test('survives a restart with what is left of it, and fires at once when it is overdue', async () => {
    const world = await openRecorder(agent)
    tell(world, 'set')
    await world.environment.advance(HOUR / 2)
    const second = await world.reopen(agent)
    await second.environment.advance(HOUR / 2 - 1)
    expect(seenBy(second)).toEqual([])
    second.isDead = true
    await second.store.close()
    await second.environment.advance(10 * HOUR)
    const third = await second.reopen(agent)
    await third.environment.advance(1)
    expect(seenBy(third)).toEqual([{ type: 'due' }])
  })

  test('of the same id replaces the one before, also within one turn', async () => {
    const world = await openRecorder(agent)
    tell(world, 'set')
    tell(world, 'sooner')
    await world.environment.advance(2 * HOUR)
    tell(world, 'set')
    tell(world, 'cancel and set')
    await world.environment.advance(2 * HOUR)
    expect(seenBy(world)).toEqual([{ type: 'sooner' }, { type: 'new' }])
  })

  test('is cancelled for good, even when it is due already', async () => {
    const world = await openRecorder(agent)
    tell(world, 'set')
    await world.settle()
    tell(world, 'cancel')
    await world.settle()
    const next = await world.reopen(agent)
    await next.environment.advance(2 * HOUR)
    expect(seenBy(next)).toEqual([])
    tell(next, 'set')
    await next.environment.advance(HOUR - 1)
    // The command waits in front of the timer that becomes due.
    tell(next, 'cancel')
    await next.environment.advance(1)
    expect([seenBy(next), next.failures]).toEqual([[], []])
  })

  test('that fired before it was cancelled, and is told of after, is not handled', async () => {
    const world = await openRecorder(agent)
    tell(world, 'set')
    await world.settle()
    const { owner } = world.spawn('recorder', 'a')
    const { id, generation, dueAt } = world.store.actor('a')?.timers?.get('t') ?? { id: '', generation: 0, dueAt: 0 }
    const due = { event: { type: 'due' }, fired: { id, generation, dueAt } }
    tell(world, 'cancel')
    world.due(owner, due)
    await world.settle()
    tell(world, 'set')
    world.due(owner, due)
    await world.settle()
    expect([seenBy(world), world.failures]).toEqual([[], []])
  })

  test('for a delay does not feel the wall clock, one for an instant follows it', async () => {
    const world = await openRecorder(agent)
    tell(world, 'set')
    await world.settle()
    world.environment.setWallBy(5 * HOUR)
    await world.environment.advance(60_000)
    expect(seenBy(world)).toEqual([])
    world.environment.setWallBy(-50 * HOUR)
    await world.environment.advance(HOUR)
    expect(seenBy(world)).toEqual([{ type: 'due' }])

    const other = await openRecorder(agent)
    tell(other, 'at')
    await other.settle()
    other.environment.setWallBy(-2 * HOUR)
    await other.environment.advance(HOUR)
    expect(seenBy(other)).toEqual([])
    other.environment.setWallBy(2 * HOUR)
    await other.environment.advance(60_000)
    expect(seenBy(other)).toEqual([{ type: 'due' }])
  })

  test('for a delay is never made longer by a clock that was set back while the process was down', async () => {
    const world = await openRecorder(agent)
    tell(world, 'set')
    await world.settle()
    world.environment.setWallBy(-100 * HOUR)
    const next = await world.reopen(agent)
    await next.environment.advance(HOUR)
    expect(seenBy(next)).toEqual([{ type: 'due' }])
  })

  test('fires again when the process died before its turn was stored', async () => {
    const log = new ControlledLog()
    const world = await openRecorder(agent, { log })
    tell(world, 'set')
    await world.settle()
    const records = log.nextIndex
    await world.environment.advance(HOUR)
    expect(log.nextIndex).toBe(records + 1)
    world.isDead = true
    const next = await World.open({
      agents: [agent],
      log: await prefixOf(log, records),
      environment: world.environment,
    })
    await next.environment.advance(1)
    expect(seenBy(next)).toEqual([{ type: 'due' }])
  })

  test('wakes an actor that is not in memory', async () => {
    const world = await openRecorder(agent)
    tell(world, 'set')
    await world.settle()
    world.passivate('a')
    await world.environment.advance(HOUR)
    expect(world.isActive('a')).toBe(true)
    expect(seenBy(world)).toEqual([{ type: 'due' }])
  })
})

describe('a durable schedule', () => {
  const agent = recorder({
    once: (actions) => actions.setSchedule('s', { everyMs: HOUR, event: { type: 'tick' } }),
    all: (actions) => actions.setSchedule('s', { everyMs: HOUR, missed: 'all', event: { type: 'tick' } }),
    skip: (actions) => actions.setSchedule('s', { everyMs: HOUR, missed: 'skip', event: { type: 'tick' } }),
    daily: (actions) => actions.setSchedule('s', { cron: '0 6 * * *', event: { type: 'tick' } }),
    cancel: (actions) => actions.cancelTimer('s'),
  })
  const runsOf = (world: World): readonly (readonly [number, number])[] =>
    seenBy(world).map((event) => {
      const { dueAt, missedCount } = (event as { schedule: { dueAt: number; missedCount: number } }).schedule
      return [(dueAt - WALL_START_MS) / HOUR, missedCount]
    })

  test('runs again and again in its phase, through restarts, until it is cancelled', async () => {
    const world = await openRecorder(agent)
    tell(world, 'once')
    await world.environment.advance(2.5 * HOUR)
    const next = await world.reopen(agent)
    await next.environment.advance(2 * HOUR)
    tell(next, 'cancel')
    await next.environment.advance(5 * HOUR)
    expect(runsOf(next)).toEqual([
      [1, 0],
      [2, 0],
      [3, 0],
      [4, 0],
    ])
  })

  test.each([
    [
      'once',
      [
        [5, 4],
        [6, 0],
      ],
    ],
    [
      'all',
      [
        [1, 4],
        [2, 3],
        [3, 2],
        [4, 1],
        [5, 0],
        [6, 0],
      ],
    ],
    ['skip', [[6, 5]]],
  ])('does with missed runs what its policy says (%s)', async (policy, expected) => {
    const world = await openRecorder(agent)
    tell(world, policy)
    await world.settle()
    world.isDead = true
    await world.store.close()
    await world.environment.advance(5.5 * HOUR)
    const next = await world.reopen(agent)
    await next.environment.advance(1)
    await next.environment.advance(HOUR)
    expect(runsOf(next)).toEqual(expected)
  })

  test('follows a cron expression', async () => {
    const world = await openRecorder(agent, { environment: new ManualEnvironment(Date.parse('2026-03-01T05:00:00Z')) })
    tell(world, 'daily')
    await world.environment.advance(49.5 * HOUR)
    const days = seenBy(world).map((event) =>
      new Date((event as { schedule: { dueAt: number } }).schedule.dueAt).toISOString(),
    )
    expect(days).toEqual(['2026-03-01T06:00:00.000Z', '2026-03-02T06:00:00.000Z', '2026-03-03T06:00:00.000Z'])
  })

  test.each([
    [{ everyMs: 0 }, /period/],
    [{ everyMs: 1.5 }, /period/],
    [{ cron: 'now and then' }, /cron/],
    [{ cron: '* * * * *', timeZone: 'Nowhere' }, /cron/],
  ])('that makes no sense is refused (%j)', async (init, message) => {
    const wrong = recorder({
      wrong: (actions) => actions.setSchedule('s', { ...init, event: { type: 'tick' } }),
    })
    const world = await openRecorder(wrong)
    tell(world, 'wrong')
    await world.settle()
    expect(world.failures).toEqual([
      expect.objectContaining({ name: 'RangeError', message: expect.stringMatching(message) }),
    ])
  })
})
