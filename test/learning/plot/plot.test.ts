import { inflateSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { costQualityPlot } from '../../../src/learning/plot/cost-quality.ts'
import type { PlotInit } from '../../../src/learning/plot/plot-init.ts'
import { plotRaster, plotSvg } from '../../../src/learning/plot/plot.ts'
import { strokeText } from '../../../src/learning/plot/stroke-font.ts'
import { encodePng } from '../../../src/node/learning/evaluation/encode-png.ts'

const plot: PlotInit = {
  title: 'Cost & <quality>',
  x: { label: 'cost (USD)', unit: 'usd', scale: 'log' },
  y: { label: 'right', unit: 'percent' },
  series: [
    {
      name: 'one',
      points: [
        { x: 0.1, y: 0.4 },
        { x: 10, y: 0.8 },
      ],
      band: [
        { x: 0.1, low: 0.3, high: 0.5 },
        { x: 10, low: 0.7, high: 0.9 },
      ],
    },
    { name: 'two', points: [{ x: 1, y: 0.5 }], isBaseline: true, band: [{ x: 1, low: 0.45, high: 0.55 }] },
  ],
  note: 'ten rows',
}

describe('plotSvg', () => {
  const svg = plotSvg(plot)

  it('says all that a plot is about, and nothing of it is markup', () => {
    for (const text of [
      'Cost &amp; &lt;quality&gt;',
      'cost (USD)',
      'right',
      '>one<',
      '>two<',
      '>ten rows<',
      '>$10<',
      '>80 %<',
    ])
      expect(svg).toContain(text)
    expect(svg.match(/<quality>/)).toBeNull()
  })

  it('has a band as an area, a single interval as a bar, and colours for dark ground', () => {
    expect(svg.match(/<polygon class="f-0"[^>]*fill-opacity/g)).toHaveLength(1)
    expect(svg).toContain('prefers-color-scheme: dark')
    expect(svg).toContain('<polyline class="s-1"')
  })

  it('is well-formed: every element is closed, no character is forbidden', () => {
    const bad = plotSvg({ ...plot, title: 'a\u0000b\uD800' })
    expect([bad.includes('\u0000'), bad.includes('\uD800')]).toEqual([false, false])
    expect(svg.match(/<(\w+)[^>]*[^/]>/g)?.length).toBe((svg.match(/<\/\w+>/g) ?? []).length)
  })

  it('gives the same bytes for the same input', () => {
    expect(plotSvg(plot)).toBe(svg)
  })

  it.each<[string, Partial<PlotInit>]>([
    ['no series', { series: [] }],
    ['too many', { series: Array.from({ length: 13 }, (_, at) => ({ name: `${at}`, points: [{ x: 1, y: 1 }] })) }],
    ['a series without points', { series: [{ name: 'none', points: [] }] }],
    ['a value that is no number', { series: [{ name: 'bad', points: [{ x: 1, y: Number.NaN }] }] }],
    ['a logarithm of nothing', { series: [{ name: 'bad', points: [{ x: 0, y: 1 }] }] }],
  ])('refuses %s', (_, changed) => {
    expect(() => plotSvg({ ...plot, ...changed })).toThrow(RangeError)
  })

  it('shows no share above all and none below nothing, but an estimate that lies beyond them', () => {
    const labelsAt = (...qualities: readonly number[]): readonly number[] => {
      const points = qualities.map((value, at) => ({
        usd: 0.001 * (at + 1),
        quality: { value, low: value, high: value, standardError: 0 },
      }))
      const drawn = plotSvg(costQualityPlot({ title: 'flat', series: [{ name: 'one', points }], note: '' }))
      return [...drawn.matchAll(/>(-?[0-9.]+) %</g)].map(([, percent]) => Number(percent)).toSorted((a, b) => a - b)
    }
    expect(labelsAt(1, 1)).toEqual([60, 80, 100])
    expect([labelsAt(0.9, 0.9).at(-1), labelsAt(0, 0).at(0)]).toEqual([100, 0])
    expect(labelsAt(0.7, 1.04).at(-1)).toBeGreaterThanOrEqual(100)
  })

  it('draws a single value and a flat line', () => {
    const flat: PlotInit = {
      ...plot,
      x: { label: 'x' },
      series: [
        {
          name: 'flat',
          points: [
            { x: 3, y: 0 },
            { x: 4, y: 0 },
          ],
        },
      ],
    }
    expect(plotSvg(flat)).toContain('<polyline')
    expect(plotSvg({ ...plot, series: [{ name: 'dot', points: [{ x: 3, y: 0.5 }] }] })).not.toContain('NaN')
  })
})

describe('plotRaster', () => {
  const raster = plotRaster(plot, 1)
  const isInked = (x: number, y: number): boolean => (raster.pixels[(y * raster.width + x) * 4] ?? 255) < 200
  const inkIn = (left: number, top: number, right: number, bottom: number): number => {
    let count = 0
    for (let y = top; y < bottom; y += 1) for (let x = left; x < right; x += 1) if (isInked(x, y)) count += 1
    return count
  }

  it('has letters without any font: title, labels, numbers, note', () => {
    expect([raster.width, raster.height]).toEqual([860, 520])
    expect(inkIn(40, 10, 400, 35)).toBeGreaterThan(200)
    expect(inkIn(5, 150, 30, 350)).toBeGreaterThan(50)
    expect(inkIn(10, 500, 200, 518)).toBeGreaterThan(50)
    expect(inkIn(600, 500, 860, 518)).toBe(0)
  })

  it('becomes a PNG that holds the same dots', () => {
    const png = Buffer.from(encodePng(raster))
    expect(png.subarray(0, 8).toString('hex')).toBe('89504e470d0a1a0a')
    expect([png.readUInt32BE(16), png.readUInt32BE(20)]).toEqual([860, 520])
    const length = png.readUInt32BE(33)
    const lines = inflateSync(png.subarray(41, 41 + length))
    expect(lines).toHaveLength(520 * (1 + 860 * 3))
    expect(lines[20 * (1 + 860 * 3) + 1 + 60 * 3]).toBe(raster.pixels[(20 * 860 + 60) * 4])
  })

  it('refuses a scale that nobody can look at', () => {
    expect(() => plotRaster(plot, 9)).toThrow(RangeError)
  })
})

describe('strokeText', () => {
  it('has a glyph for every printable character of ASCII', () => {
    const box = JSON.stringify(strokeText('\u{1F600}', 10).strokes)
    const missing = Array.from({ length: 94 }, (_, at) => String.fromCharCode(33 + at)).filter(
      (letter) => strokeText(letter, 10).strokes.length === 0 || JSON.stringify(strokeText(letter, 10).strokes) === box,
    )
    expect(missing).toEqual([])
  })

  it('is as wide as its letters', () => {
    expect(strokeText('', 10).width).toBe(0)
    expect(strokeText('mm', 10).width).toBeGreaterThan(2 * strokeText('i', 10).width)
  })
})

describe('costQualityPlot', () => {
  it('shows dollars of a thousand tasks, logarithmic where they are far apart', () => {
    const quality = { value: 0.8, low: 0.7, high: 1.1, standardError: 0.1 }
    const points = [
      { usd: 0.02, quality },
      { usd: 0.001, quality },
    ]
    const drawn = costQualityPlot({ title: 't', series: [{ name: 'p', points }], note: 'n' })
    expect(drawn.x.scale).toBe('log')
    expect(drawn.series[0]?.points).toEqual([
      { x: 1, y: 0.8 },
      { x: 20, y: 0.8 },
    ])
    expect(drawn.series[0]?.band?.[0]).toEqual({ x: 1, low: 0.7, high: 1 })
  })
})
