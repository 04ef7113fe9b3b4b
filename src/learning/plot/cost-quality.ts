import type { Estimate } from '../../core/learning/off-policy/mean-interval.ts'
import type { PlotInit, PlotSeries } from './plot-init.ts'

/** A policy, or one setting of it, by what it costs and how often it is right. */
export type CostQualityPoint = {
  /** Dollars per task. */
  readonly usd: number
  readonly quality: Estimate
}

export type CostQualitySeries = {
  readonly name: string
  /** Several: a curve over settings, joined in the order of cost. One: a marker. */
  readonly points: readonly CostQualityPoint[]
  readonly isBaseline?: boolean
}

export type CostQualityInit = {
  readonly title: string
  readonly series: readonly CostQualitySeries[]
  readonly note: string
}

const TASKS = 1000

/** The cost-quality curve: dollars per 1,000 tasks, logarithmic where costs are far apart, and the share of right answers with its 95 % interval. */
export function costQualityPlot({ title, series, note }: CostQualityInit): PlotInit {
  const costs = series.flatMap(({ points }) => points.map(({ usd }) => usd))
  const least = costs.reduce((low, usd) => Math.min(low, usd), Number.POSITIVE_INFINITY)
  const most = costs.reduce((high, usd) => Math.max(high, usd), 0)
  const isWide = least > 0 && most > 8 * least
  return {
    title,
    x: { label: 'cost of 1,000 tasks (USD)', unit: 'usd', scale: isWide ? 'log' : 'linear' },
    y: { label: 'share of right answers', unit: 'percent', limits: [0, 1] },
    series: series.filter(({ points }) => points.length > 0).map(seriesOf),
    note,
  }
}

function seriesOf({ name, points, isBaseline }: CostQualitySeries): PlotSeries {
  const sorted = points.toSorted((a, b) => a.usd - b.usd)
  return {
    name,
    points: sorted.map(({ usd, quality }) => ({ x: usd * TASKS, y: quality.value })),
    band: sorted.map(({ usd, quality }) => ({
      x: usd * TASKS,
      low: Math.max(0, quality.low),
      high: Math.min(1, quality.high),
    })),
    style: isBaseline === true && points.length > 1 ? 'line' : 'both',
    ...(isBaseline !== undefined && { isBaseline }),
  }
}
