/** How far an axis reaches, and how its numbers are written. */
export type PlotAxis = {
  /** What is measured, with its unit; written beside the axis. */
  readonly label: string
  /** Default `linear`. On a logarithmic axis every value must be above 0. */
  readonly scale?: 'linear' | 'log'
  /** `percent`: 0.5 is written as 50 %. `usd`: dollars. Default `number`. */
  readonly unit?: 'number' | 'percent' | 'usd'
  /** Ends of the axis; absent: what the values need. */
  readonly min?: number
  readonly max?: number
  /** Least and largest that the quantity can be, where it has limits: a linear axis is not rounded or widened beyond them. */
  readonly limits?: readonly [least: number, largest: number]
}

/** Edges of an interval around a series at one place of the x axis. */
export type BandPoint = { readonly x: number; readonly low: number; readonly high: number }

/** One value of a series, in the units of the axes: on an axis of `percent` 0.5 is 50 %. */
export type PlotPoint = { readonly x: number; readonly y: number }

/** One curve of a plot, or one set of marks, with the interval around it. */
export type PlotSeries = {
  /** In the legend; long names are cut there. */
  readonly name: string
  /** In drawing order; at least one. All numbers finite. */
  readonly points: readonly PlotPoint[]
  /** Drawn as a shaded area behind the series; in ascending order of `x`. A single place is drawn as an upright bar. */
  readonly band?: readonly BandPoint[]
  /** `line` (default) joins the points, `markers` does not, `both` joins and marks them. */
  readonly style?: 'line' | 'markers' | 'both'
  /** A series that others are compared with is drawn dashed. */
  readonly isBaseline?: boolean
}

/** A plot as data: axes, series and a note. It says what is drawn, and nothing of how. */
export type PlotInit = {
  readonly title: string
  readonly x: PlotAxis
  readonly y: PlotAxis
  /** In the order of the legend; 1 to 12. */
  readonly series: readonly PlotSeries[]
  /** One line below the plot: what the data is, how many rows, what the bands are. */
  readonly note?: string
}
