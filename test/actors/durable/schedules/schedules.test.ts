import { describe, expect, test } from 'vitest'
import { createCronOccurrences } from '../../../../src/actors/durable/schedules/cron-schedule.ts'
import {
  createEveryOccurrences,
  LATE_MS_MAX,
  MISSED_RUNS_MAX,
  planRun,
} from '../../../../src/actors/durable/schedules/recurrence.ts'

const HOUR = 3_600_000
const hourly = createEveryOccurrences(HOUR, 0)
const at = (text: string): number => Date.parse(text)
const iso = (instant: number | undefined): string => new Date(instant ?? Number.NaN).toISOString()

describe('a schedule that is due', () => {
  test.each(['skip', 'once', 'all'] as const)('on time runs for its instant (%s)', (missed) => {
    const plan = planRun(hourly, { dueAt: 5 * HOUR, now: 5 * HOUR + 400, missed })
    expect(plan).toEqual({ runFor: 5 * HOUR, missedCount: 0, next: 6 * HOUR })
  })

  test('keeps its phase whatever the delay of a run', () => {
    const everyTen = createEveryOccurrences(10, 3)
    expect(planRun(everyTen, { dueAt: 23, now: 29, missed: 'once' }).next).toBe(33)
    expect(planRun(everyTen, { dueAt: 23, now: 33, missed: 'once' })).toEqual({ runFor: 33, missedCount: 1, next: 43 })
  })

  test('skips what was missed', () => {
    const now = 9 * HOUR + LATE_MS_MAX + 1
    expect(planRun(hourly, { dueAt: 5 * HOUR, now, missed: 'skip' })).toEqual({
      runFor: undefined,
      missedCount: 5,
      next: 10 * HOUR,
    })
    expect(planRun(hourly, { dueAt: 5 * HOUR, now: 9 * HOUR + 5, missed: 'skip' })).toEqual({
      runFor: 9 * HOUR,
      missedCount: 4,
      next: 10 * HOUR,
    })
  })

  test('runs once for all that was missed', () => {
    expect(planRun(hourly, { dueAt: 5 * HOUR, now: 9.5 * HOUR, missed: 'once' })).toEqual({
      runFor: 9 * HOUR,
      missedCount: 4,
      next: 10 * HOUR,
    })
  })

  test('runs for all that was missed, oldest first, up to a bound', () => {
    const runs: number[] = []
    const now = 10 * HOUR
    let dueAt = 7 * HOUR
    while (dueAt <= now) {
      const plan = planRun(hourly, { dueAt, now, missed: 'all' })
      runs.push(plan.runFor ?? -1)
      dueAt = plan.next ?? Number.POSITIVE_INFINITY
    }
    expect(runs).toEqual([7 * HOUR, 8 * HOUR, 9 * HOUR, 10 * HOUR])
    const late = planRun(hourly, { dueAt: HOUR, now: 1_000 * HOUR, missed: 'all' })
    expect(late.runFor).toBe((1_000 - MISSED_RUNS_MAX + 1) * HOUR)
  })
})

describe('a cron expression', () => {
  test('gives instants in its time zone', () => {
    const daily = createCronOccurrences('30 7 * * 1-5', 'Europe/Berlin')
    expect(iso(daily.after(at('2026-01-02T06:30:00Z')))).toBe('2026-01-05T06:30:00.000Z')
    expect(iso(daily.after(at('2026-07-01T05:29:59.999Z')))).toBe('2026-07-01T05:30:00.000Z')
    expect(daily.before(at('2026-01-05T06:30:00Z'), 2).map(iso)).toEqual([
      '2026-01-05T06:30:00.000Z',
      '2026-01-02T06:30:00.000Z',
    ])
    expect(daily.before(at('2026-01-05T06:29:59.999Z'), 1).map(iso)).toEqual(['2026-01-02T06:30:00.000Z'])
  })

  test('takes seconds as a sixth field', () => {
    expect(createCronOccurrences('*/20 * * * * *', 'UTC').after(5_000)).toBe(20_000)
  })

  test('runs once in a night that has an hour too few, and once in one that has an hour too many', () => {
    const nightly = createCronOccurrences('30 2 * * *', 'Europe/Berlin')
    const march = nightly.after(at('2026-03-28T12:00:00Z'))
    expect([iso(march), iso(nightly.after(march ?? 0))]).toEqual([
      '2026-03-29T01:00:00.000Z',
      '2026-03-30T00:30:00.000Z',
    ])
    const october = nightly.after(at('2026-10-24T12:00:00Z'))
    expect([iso(october), iso(nightly.after(october ?? 0))]).toEqual([
      '2026-10-25T00:30:00.000Z',
      '2026-10-26T01:30:00.000Z',
    ])
  })

  test('catches up by its policy', () => {
    const monthly = createCronOccurrences('0 0 1 * *', 'UTC')
    const dueAt = at('2026-02-01T00:00:00Z')
    const now = at('2026-04-15T00:00:00Z')
    expect(iso(planRun(monthly, { dueAt, now, missed: 'once' }).runFor)).toBe('2026-04-01T00:00:00.000Z')
    expect(iso(planRun(monthly, { dueAt, now, missed: 'all' }).runFor)).toBe('2026-02-01T00:00:00.000Z')
    expect(planRun(monthly, { dueAt, now, missed: 'skip' }).runFor).toBeUndefined()
  })

  test.each([
    ['* * * *', 'UTC'],
    ['61 * * * *', 'UTC'],
    ['0 0 30 2 *', 'UTC'],
    ['2026-01-01T00:00:00', 'UTC'],
    ['* * * * *', 'Mars/Olympus'],
    ['', 'UTC'],
  ])('%j in %s is refused', (expression, timeZone) => {
    expect(() => createCronOccurrences(expression, timeZone)).toThrow(RangeError)
  })
})
