import type { PlotInit, PlotSeries } from '../../learning/plot/plot-init.ts'
import type { MetricSeries } from '../run/series.ts'

/** Panels of one picture, and series of one panel. */
const PANELS_MAX = 12
const SERIES_MAX = 12
/** Places of a distribution that are drawn. */
const STEPS_MAX = 200

/** What a run gave over virtual time, series of one unit together. Empty where nothing can be drawn. */
export function seriesPlots(series: readonly MetricSeries[], note: string): readonly PlotInit[] {
  const byUnit = new Map<string, PlotSeries[]>()
  for (const { name, unit, points } of series) {
    if (points.length === 0) continue
    const panel = byUnit.get(unit) ?? []
    byUnit.set(unit, panel)
    if (panel.length < SERIES_MAX) panel.push({ name, points: points.map(([atMs, y]) => ({ x: atMs / 1_000, y })) })
  }
  return [...byUnit].slice(0, PANELS_MAX).map(([unit, lines]) => ({
    title: lines.length === 1 ? `${lines[0]?.name ?? unit} over time` : `${unit} over time`,
    x: { label: 'virtual seconds' },
    y: { label: unit },
    series: lines,
    note,
  }))
}

/** How a metric is spread over seeds: the share of seeds with so much or less. Values in ascending order. */
export function distributionPlots(metrics: ReadonlyMap<string, Float64Array>, note: string): readonly PlotInit[] {
  return [...metrics]
    .filter(([, values]) => values.length > 1)
    .slice(0, PANELS_MAX)
    .map(([name, values]) => ({
      title: `${name} over seeds`,
      x: { label: name },
      y: { label: 'share of seeds with so much or less', unit: 'percent', min: 0, max: 1 },
      series: [{ name: `${values.length} seeds`, points: stepsOf(values) }],
      note,
    }))
}

function stepsOf(values: Float64Array): PlotSeries['points'] {
  const stride = Math.max(1, Math.ceil(values.length / STEPS_MAX))
  const points: { x: number; y: number }[] = []
  const step = (place: number): void => {
    const [x, before] = [values[place] ?? 0, points.at(-1)?.y ?? 0]
    points.push({ x, y: before }, { x, y: (place + 1) / values.length })
  }
  for (let place = 0; place < values.length - 1; place += stride) step(place)
  step(values.length - 1)
  return points
}
