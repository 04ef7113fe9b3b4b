import { DAY_MS, HOUR_MS, MINUTE_MS } from '../../base/time.ts'
import { TaskTotals, type TotalsDocument } from './task-totals.ts'

export const SERIES_SPANS = ['hour', 'day', 'month'] as const
/** How much of the past a series shows. */
export type SeriesSpan = (typeof SERIES_SPANS)[number]

/** One point: the tasks that ended in the time from `at` on. */
export type SeriesPoint = TotalsDocument & { readonly at: number }

export type SeriesDocument = { readonly step_ms: number; readonly points: readonly SeriesPoint[] }

type Resolution = { readonly stepMs: number; readonly count: number }

const RESOLUTIONS: Readonly<Record<SeriesSpan, Resolution>> = {
  hour: { stepMs: MINUTE_MS, count: 60 },
  day: { stepMs: 15 * MINUTE_MS, count: 96 },
  month: { stepMs: 6 * HOUR_MS, count: (30 * DAY_MS) / (6 * HOUR_MS) },
}

/** Totals over time, in as many buckets as are shown and no more. */
export class TaskSeries {
  private readonly buckets: Readonly<Record<SeriesSpan, Map<number, TaskTotals>>> = {
    hour: new Map(),
    day: new Map(),
    month: new Map(),
  }

  /** The buckets that an instant is in, made where they are missing. */
  bucketsAt(at: number): readonly TaskTotals[] {
    return SERIES_SPANS.map((span) => this.bucketAt(span, at))
  }

  document(span: SeriesSpan, now: number): SeriesDocument {
    const { stepMs, count } = RESOLUTIONS[span]
    const last = Math.floor(now / stepMs)
    const points: SeriesPoint[] = []
    for (let index = last - count + 1; index <= last; index += 1)
      points.push({ at: index * stepMs, ...(this.buckets[span].get(index) ?? NOTHING).document() })
    return { step_ms: stepMs, points }
  }

  private bucketAt(span: SeriesSpan, at: number): TaskTotals {
    const { stepMs, count } = RESOLUTIONS[span]
    const buckets = this.buckets[span]
    const index = Math.floor(at / stepMs)
    const known = buckets.get(index)
    if (known !== undefined) return known
    const made = new TaskTotals()
    buckets.set(index, made)
    // In the order in which they were made, so the first is the oldest; one more than is shown, for a clock that is set back.
    const [oldest] = buckets.keys()
    if (oldest !== undefined && buckets.size > count + 1) buckets.delete(oldest)
    return made
  }
}

const NOTHING = new TaskTotals()
