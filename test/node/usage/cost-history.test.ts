import { describe, expect, it } from 'vitest'
import { CodedError } from '../../../src/base/errors.ts'
import { timestampFromMs } from '../../../src/base/time.ts'
import type { SeriesDocument, SeriesPoint } from '../../../src/node/activity/task-series.ts'
import { createCostHistory, type CostHistoryComponents } from '../../../src/node/usage/cost-history.ts'
import type { UsageQuery } from '../../../src/node/usage/usage-query.ts'

const DAY = 86_400_000
/** 2027-03-10T15:00:00Z. */
const NOW = Date.parse('2027-03-10T15:00:00Z')

type Row = Readonly<Record<string, string | number | null>>
type Day = Readonly<Record<string, number>>

const recordsOf = (day: string, requests: number, usd: string): Row => ({
  day,
  requests,
  succeeded: requests - 1,
  cache_hits: 2,
  cost_usd: usd,
  requests_without_cost: 1,
  saved_usd_estimated: '0.5',
  requests_with_estimate: requests - 1,
})

/** Records that answer what they are asked, and say what that was. */
class Records {
  readonly asked: UsageQuery[] = []
  rows: readonly Row[] = []
  failure: Error | undefined

  async summarize(query: UsageQuery): Promise<{ data: Row[] }> {
    this.asked.push(query)
    if (this.failure !== undefined) throw this.failure
    const { from = '', to = '' } = query
    return await Promise.resolve({
      data: this.rows.filter(({ day }) => `${day}T00:00:00.000Z` >= from && `${day}T00:00:00.000Z` < to),
    })
  }
}

function historyOf(init: { startedAt: string; points?: readonly Partial<SeriesPoint>[]; isShared?: true }) {
  const records = new Records()
  const clock = { nowMs: NOW, now: () => timestampFromMs(clock.nowMs) }
  const point = { tasks: 0, failed: 0, cached: 0, cost_usd: 0, unknown_costs: 0, saved_usd: 0, compared: 0 }
  const live = {
    document: (): SeriesDocument => ({
      step_ms: 6 * 3_600_000,
      points: (init.points ?? []).map((each) => ({ ...point, ...each }) as SeriesPoint),
    }),
  }
  const components = {
    usage: records,
    clock,
    startedAt: timestampFromMs(Date.parse(init.startedAt)),
    ...(init.isShared === undefined && { live }),
  }
  const history = createCostHistory(components as unknown as CostHistoryComponents)
  const days = async (count: 7 | 30 | 90): Promise<readonly Day[]> =>
    ((await history.document(count)) as { days: Day[] }).days
  return { records, clock, days }
}

describe('the history of costs', () => {
  it('has every day, the oldest first, from the records of before the start and the tasks since', async () => {
    const { records, days } = historyOf({
      startedAt: '2027-03-10T12:30:00Z',
      points: [
        { at: Date.parse('2027-03-10T12:00:00Z'), tasks: 3, failed: 1, cost_usd: 0.25, saved_usd: 1, compared: 3 },
      ],
    })
    records.rows = [
      recordsOf('2027-03-10', 10, '2.5'),
      recordsOf('2027-03-05', 4, '1'),
      recordsOf('2027-02-01', 9, '9'),
    ]
    const week = await days(7)
    expect(week.map(({ at = 0 }) => new Date(at).toISOString().slice(5, 10))).toEqual([
      '03-04',
      '03-05',
      '03-06',
      '03-07',
      '03-08',
      '03-09',
      '03-10',
    ])
    expect(week[1]).toMatchObject({ tasks: 4, failed: 1, cached: 2, cost_usd: 1, unknown_costs: 1, saved_usd: 0.5 })
    expect(week[2]).toMatchObject({ tasks: 0, cost_usd: 0 })
    expect(week[6]).toMatchObject({ tasks: 13, failed: 2, cost_usd: 2.75, saved_usd: 1.5, compared: 12 })
    // Tasks since the start are in memory, and are not counted twice.
    expect(records.asked).toEqual([
      { by: ['day'], kind: 'task', from: '2027-03-04T00:00:00.000Z', to: '2027-03-10T12:30:00.000Z' },
    ])
  })

  it('reads the records once for all who ask, and again after ten minutes', async () => {
    const { records, clock, days } = historyOf({ startedAt: '2027-03-10T12:30:00Z' })
    await Promise.all([days(7), days(7), days(7)])
    clock.nowMs += 9 * 60_000
    await days(7)
    expect(records.asked.length).toBe(1)
    clock.nowMs += 2 * 60_000
    await days(7)
    expect(records.asked.length).toBe(2)
  })

  it('reads no record of days that are in memory whole', async () => {
    const { records, days } = historyOf({
      startedAt: '2026-01-01T00:00:00Z',
      points: [{ at: NOW - 3 * DAY, tasks: 2, cost_usd: 1 }],
    })
    expect((await days(7))[3]).toMatchObject({ tasks: 2, cost_usd: 1 })
    expect(records.asked).toEqual([])
    await days(90)
    expect(records.asked[0]).toMatchObject({ to: '2027-02-10T00:00:00.000Z' })
  })

  it('is of the records alone where other nodes write into them, and then not older than ten seconds', async () => {
    const { records, clock, days } = historyOf({ startedAt: '2027-03-01T00:00:00Z', isShared: true })
    records.rows = [recordsOf('2027-03-10', 10, '2.5')]
    expect((await days(7))[6]).toMatchObject({ tasks: 10, cost_usd: 2.5 })
    clock.nowMs += 5_000
    await days(7)
    expect(records.asked.length).toBe(1)
    clock.nowMs += 6_000
    await days(7)
    expect(records.asked.length).toBe(2)
  })

  it('tells why there is none, and tries again with the next question', async () => {
    const { records, days } = historyOf({ startedAt: '2027-03-10T12:30:00Z' })
    records.failure = new CodedError('GATEWAY_OVERLOADED', { message: 'Others read the usage' })
    await expect(days(7)).rejects.toMatchObject({ code: 'GATEWAY_OVERLOADED' })
    records.failure = undefined
    expect((await days(7)).length).toBe(7)
  })
})
