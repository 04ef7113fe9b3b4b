/** A quantity over virtual time, for pictures. */
export type MetricSeries = {
  readonly name: string
  /** What is counted or measured in; series of one unit share a picture. */
  readonly unit: string
  /** Virtual milliseconds, value; in the order of time. */
  readonly points: readonly (readonly [atMs: number, value: number])[]
}

/** What a run keeps: more is cut, whoever gives it. */
const SERIES_MAX = 32
const POINTS_MAX = 2_000

/**
 * Keeps a quantity over time in bounded memory: when it is full, every other point goes, and from then on fewer are kept.
 *
 * ```ts
 * import { SeriesRecorder } from 'kernell-os/simulation'
 *
 * const open = new SeriesRecorder('open contracts', 'contracts')
 * open.add(1_000, 12)
 * console.log(open.series.points)
 * ```
 */
export class SeriesRecorder {
  readonly name: string
  readonly unit: string
  private points: (readonly [atMs: number, value: number])[] = []
  private last: readonly [atMs: number, value: number] | undefined
  private stride = 1
  private seen = 0

  constructor(name: string, unit: string) {
    this.name = name
    this.unit = unit
  }

  get series(): MetricSeries {
    const { last } = this
    const isKept = last === undefined || this.points.at(-1) === last
    return { name: this.name, unit: this.unit, points: isKept ? this.points : [...this.points, last] }
  }

  /** What is not finite is left out. */
  add(atMs: number, value: number): void {
    if (!Number.isFinite(value)) return
    this.last = [atMs, value]
    if (this.seen % this.stride === 0) this.points.push(this.last)
    this.seen += 1
    if (this.points.length < POINTS_MAX) return
    this.points = this.points.filter((_, place) => place % 2 === 0)
    this.stride *= 2
  }
}

/** As many series and points as a report holds. */
export function boundedSeries(series: readonly MetricSeries[]): readonly MetricSeries[] {
  return series.slice(0, SERIES_MAX).map(({ name, unit, points }) => {
    const recorder = new SeriesRecorder(name, unit)
    for (const [atMs, value] of points) recorder.add(atMs, value)
    return recorder.series
  })
}
