import { writeFile } from 'node:fs/promises'
import { CodedError } from '../../../base/errors.ts'
import type { PlotInit } from '../../../learning/plot/plot-init.ts'
import { plotPanelsRaster, plotPanelsSvg, plotRaster, plotSvg } from '../../../learning/plot/plot.ts'
import { encodePng } from './encode-png.ts'

/** Whether a plot can be written to a file of this name. */
export function isPlotFile(file: string): boolean {
  return /\.(?:svg|png)$/i.test(file)
}

/** Writes a plot as SVG or PNG, by the end of the name. Throws `STORE_WRITE_FAILED`, and `TypeError` for another end. */
export async function writePlot(file: string, plot: PlotInit): Promise<void> {
  await writePicture(file, { png: () => encodePng(plotRaster(plot)), svg: () => plotSvg(plot) })
}

/** Writes several plots below each other; `title` is what they show together. Throws as `writePlot`. */
export async function writePlotPanels(file: string, title: string, panels: readonly PlotInit[]): Promise<void> {
  await writePicture(file, {
    png: () => encodePng(plotPanelsRaster(title, panels)),
    svg: () => plotPanelsSvg(title, panels),
  })
}

async function writePicture(
  file: string,
  { png, svg }: { readonly png: () => Uint8Array; readonly svg: () => string },
): Promise<void> {
  if (!isPlotFile(file)) throw new TypeError(`A plot is written to .svg or .png, not to ${file}`)
  const content = /\.png$/i.test(file) ? png() : svg()
  try {
    await writeFile(file, content)
  } catch (cause: unknown) {
    throw new CodedError('STORE_WRITE_FAILED', { message: `${file} cannot be written`, cause, details: { file } })
  }
}
