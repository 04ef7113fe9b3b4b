import type { JsonValue } from '../../base/canonical-json.ts'
import { DAY_MS, MINUTE_MS, SECOND_MS, type Timestamp } from '../../base/time.ts'
import type { Clock } from '../../ports/clock.ts'
import type { SeriesPoint, TaskSeries } from '../activity/task-series.ts'
import type { NodeUsage } from './node-usage.ts'

/** How many days a history may have. */
export const HISTORY_DAYS = [7, 30, 90] as const
export type HistoryDays = (typeof HISTORY_DAYS)[number]

/** What tasks cost and saved by day of UTC, over restarts of the node. */
export type CostHistory = {
  /**
   * `{"days": [{"at", "tasks", "failed", "cost_usd", "saved_usd", ...}]}`, the oldest first, today last. Rejects with `USAGE_NOT_KEPT` on a node that keeps no records, and as
   * `NodeUsage.summarize`.
   */
  document(days: HistoryDays): Promise<JsonValue>
}

export type CostHistoryComponents = {
  readonly usage: Pick<NodeUsage, 'summarize'>
  /** Tasks of this node since its start; absent where other nodes count into the same sums, which are then all that is read. */
  readonly live?: Pick<TaskSeries, 'document'>
  readonly clock: Clock
  readonly startedAt: Timestamp
}

/** Sums of before are read again after this time, since they are purged. */
const OLD_KEPT_MS = 10 * MINUTE_MS
/** The same where sums are all that is read. */
const NEW_KEPT_MS = 10 * SECOND_MS
/** Days that the series in memory has whole. */
const LIVE_DAYS = 29

/** What a day came to. Dollars are rounded, for reading. */
type DaySums = {
  readonly tasks: number
  readonly failed: number
  readonly cached: number
  readonly cost_usd: number
  readonly unknown_costs: number
  readonly saved_usd: number
  readonly compared: number
}

type Reading = { readonly id: string; readonly untilMs: number; readonly byDay: Promise<ReadonlyMap<number, DaySums>> }

/** Reads sums once for all who ask, and adds what is in memory. At most the sums that `telemetry` keeps are read, at most once at a time for each number of days. */
export function createCostHistory({ usage, live, clock, startedAt }: CostHistoryComponents): CostHistory {
  const readings = new Map<HistoryDays, Reading>()
  const recordsOf = async (days: HistoryDays, span: Span): Promise<ReadonlyMap<number, DaySums>> => {
    const known = readings.get(days)
    const id = `${span.from} ${live === undefined ? '' : span.until}`
    if (known?.id === id && clock.now() < known.untilMs) return await known.byDay
    const keptMs = live === undefined ? NEW_KEPT_MS : OLD_KEPT_MS
    const reading = { id, untilMs: clock.now() + keptMs, byDay: readDays(usage, span) }
    readings.set(days, reading)
    // Whoever asks next tries again; all who wait are told.
    reading.byDay.catch(() => {
      if (readings.get(days) === reading) readings.delete(days)
    })
    return await reading.byDay
  }
  return {
    async document(days) {
      const now = clock.now()
      const today = Math.floor(now / DAY_MS)
      const from = (today - days + 1) * DAY_MS
      const liveFrom = live === undefined ? now + 1 : Math.max(startedAt, (today - LIVE_DAYS + 1) * DAY_MS)
      const byDay = liveFrom <= from ? NOTHING_READ : await recordsOf(days, { from, until: liveFrom })
      const sums = new Map(byDay)
      // After the sums, so that no task between the two is missed.
      for (const point of live?.document('month', clock.now()).points ?? []) {
        const day = Math.floor(point.at / DAY_MS)
        if (point.tasks > 0) sums.set(day, addPoint(sums.get(day) ?? NOTHING, point))
      }
      const all = Array.from({ length: days }, (_unused, index) => today - days + 1 + index)
      return { days: all.map((day) => ({ at: day * DAY_MS, ...(sums.get(day) ?? NOTHING) })) }
    },
  }
}

type Span = { readonly from: number; readonly until: number }

const NOTHING: DaySums = {
  tasks: 0,
  failed: 0,
  cached: 0,
  cost_usd: 0,
  unknown_costs: 0,
  saved_usd: 0,
  compared: 0,
}
const NOTHING_READ: ReadonlyMap<number, DaySums> = new Map()

async function readDays(
  usage: Pick<NodeUsage, 'summarize'>,
  { from, until }: Span,
): Promise<ReadonlyMap<number, DaySums>> {
  const { data } = await usage.summarize({
    by: ['day'],
    kind: 'task',
    from: new Date(from).toISOString(),
    to: new Date(until).toISOString(),
  })
  const rows = data as readonly Readonly<Record<string, JsonValue>>[]
  return new Map(
    rows.flatMap((row): readonly (readonly [number, DaySums])[] => {
      const { day } = row
      return typeof day === 'string' ? [[Math.floor(Date.parse(day) / DAY_MS), sumsOf(row)]] : []
    }),
  )
}

function sumsOf(row: Readonly<Record<string, JsonValue>>): DaySums {
  const figure = (name: string): number => Number(row[name] ?? 0)
  return {
    tasks: figure('requests'),
    failed: figure('requests') - figure('succeeded'),
    cached: figure('cache_hits'),
    cost_usd: figure('cost_usd'),
    unknown_costs: figure('requests_without_cost'),
    saved_usd: figure('saved_usd_estimated'),
    compared: figure('requests_with_estimate'),
  }
}

function addPoint(sums: DaySums, point: SeriesPoint): DaySums {
  return {
    tasks: sums.tasks + point.tasks,
    failed: sums.failed + point.failed,
    cached: sums.cached + point.cached,
    cost_usd: sums.cost_usd + point.cost_usd,
    unknown_costs: sums.unknown_costs + point.unknown_costs,
    saved_usd: sums.saved_usd + point.saved_usd,
    compared: sums.compared + point.compared,
  }
}
