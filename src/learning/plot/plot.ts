import { drawPlot } from './draw-plot.ts'
import { stackDrawings } from './drawing.ts'
import { formatSvg } from './format-svg.ts'
import type { PlotInit } from './plot-init.ts'
import { rasterise, type Raster } from './rasterise.ts'

/**
 * A plot as one SVG document, 860 by 520 units: axes with labels, a legend, bands for intervals. Colours follow the reader's light or dark
 * mode, and every series also differs in dash or marker, so that it can be read without colours. The same input gives the same bytes.
 *
 * Throws `RangeError` for no series or more than 12, a series without points, more than 20,000 points in one, a number that is not finite,
 * and a value of 0 or below on a logarithmic axis.
 */
export function plotSvg(init: PlotInit): string {
  return formatSvg(drawPlot(init))
}

/** The same plot as dots on light ground, `scale` dots to a unit (default 2). Needs no font. Throws as `plotSvg`, and `RangeError` for a scale outside 1 to 4. */
export function plotRaster(init: PlotInit, scale: number = 2): Raster {
  if (!(scale >= 1 && scale <= 4)) throw new RangeError(`A scale is 1 to 4, not ${scale}`)
  return rasterise(drawPlot(init), scale)
}

/**
 * Several plots below each other as one SVG document; `title` is what they show together, for readers that do not see them. 1 to 12.
 *
 * Throws as `plotSvg`.
 */
export function plotPanelsSvg(title: string, panels: readonly PlotInit[]): string {
  return formatSvg(stackDrawings(title, panels.map(drawPlot)))
}

/** The same as dots. Throws as `plotRaster`. */
export function plotPanelsRaster(title: string, panels: readonly PlotInit[], scale: number = 2): Raster {
  if (!(scale >= 1 && scale <= 4)) throw new RangeError(`A scale is 1 to 4, not ${scale}`)
  return rasterise(stackDrawings(title, panels.map(drawPlot)), scale)
}
