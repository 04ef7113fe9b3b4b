import type { Drawing, MarkerForm, Shape } from './drawing.ts'
import { createScale, type PlotScale } from './plot-scale.ts'
import type { PlotInit, PlotSeries } from './plot-init.ts'

const WIDTH = 860
const HEIGHT = 520
const SERIES_MAX = 12
const POINTS_MAX = 20_000
const TEXT_SIZE = 12
const TITLE_SIZE = 16
/** Mean width of a letter as a share of its size; text is laid out without measuring it. */
const LETTER_WIDTH = 0.56
const NAME_LETTERS_MAX = 34
const MARKERS: readonly MarkerForm[] = ['circle', 'square', 'triangle', 'diamond']
const BASELINE_DASHES: readonly (readonly number[])[] = [
  [6, 4],
  [2, 3],
  [9, 3, 2, 3],
  [4, 2],
]

/** Room of the axes, and what turns values into places within it. */
type Frame = {
  readonly left: number
  readonly right: number
  readonly top: number
  readonly bottom: number
  readonly x: PlotScale
  readonly y: PlotScale
}

/** Lays a plot out. Throws `RangeError` as `plotSvg` says. */
export function drawPlot(init: PlotInit): Drawing {
  checkSeries(init.series)
  const frame = frameOf(init)
  const title: Shape = {
    kind: 'text',
    role: 'ink',
    text: init.title,
    x: frame.left,
    y: 28,
    size: TITLE_SIZE,
    anchor: 'start',
    isBold: true,
  }
  const shapes: Shape[] = [title, ...drawAxes(init, frame)]
  for (const [place, series] of init.series.entries()) shapes.push(...drawBand(frame, series, place))
  for (const [place, series] of init.series.entries()) shapes.push(...drawSeries(frame, series, place))
  shapes.push(...drawLegend(init.series, frame))
  if (init.note !== undefined)
    shapes.push({ kind: 'text', role: 'faint', text: init.note, x: 16, y: HEIGHT - 10, size: 11, anchor: 'start' })
  return { width: WIDTH, height: HEIGHT, title: init.title, shapes }
}

function checkSeries(series: readonly PlotSeries[]): void {
  if (series.length === 0 || series.length > SERIES_MAX)
    throw new RangeError(`A plot has 1 to ${SERIES_MAX} series, not ${series.length}`)
  for (const { name, points, band = [] } of series) {
    if (points.length === 0) throw new RangeError(`The series "${name}" has no points`)
    if (points.length > POINTS_MAX || band.length > POINTS_MAX)
      throw new RangeError(`The series "${name}" has more than ${POINTS_MAX} points`)
  }
}

function frameOf({ x, y, series }: PlotInit): Frame {
  const xScale = createScale(
    x,
    series.flatMap(({ points, band = [] }) => [...points, ...band].map((at) => at.x)),
  )
  const yValues = series.flatMap(({ points, band = [] }) => [
    ...points.map((point) => point.y),
    ...band.flatMap(({ low, high }) => [low, high]),
  ])
  const yScale = createScale(y, yValues)
  const tickLetters = Math.max(...yScale.ticks.map(({ text }) => text.length), 1)
  const nameLetters = Math.max(...series.map(({ name }) => shortName(name).length))
  return {
    left: Math.round(46 + tickLetters * TEXT_SIZE * LETTER_WIDTH),
    right: Math.round(WIDTH - 64 - nameLetters * TEXT_SIZE * LETTER_WIDTH),
    top: 48,
    bottom: HEIGHT - 76,
    x: xScale,
    y: yScale,
  }
}

function xOf({ left, right, x }: Frame, value: number): number {
  return left + x.place(value) * (right - left)
}

function yOf({ top, bottom, y }: Frame, value: number): number {
  return bottom - y.place(value) * (bottom - top)
}

function drawAxes({ x, y }: PlotInit, frame: Frame): readonly Shape[] {
  const { left, right, top, bottom } = frame
  const shapes: Shape[] = []
  for (const { value, text } of frame.y.ticks) {
    const at = yOf(frame, value)
    shapes.push(straight('grid', [left, at], [right, at]))
    shapes.push({ kind: 'text', role: 'ink', text, x: left - 8, y: at + 4, size: TEXT_SIZE, anchor: 'end' })
  }
  for (const { value, text } of frame.x.ticks) {
    const at = xOf(frame, value)
    shapes.push(straight('grid', [at, top], [at, bottom]))
    shapes.push({ kind: 'text', role: 'ink', text, x: at, y: bottom + 18, size: TEXT_SIZE, anchor: 'middle' })
  }
  shapes.push(straight('ink', [left, bottom], [right, bottom]), straight('ink', [left, top], [left, bottom]))
  const middle = { x: (left + right) / 2, y: (top + bottom) / 2 }
  shapes.push(
    { kind: 'text', role: 'ink', text: x.label, x: middle.x, y: bottom + 40, size: 13, anchor: 'middle' },
    { kind: 'text', role: 'ink', text: y.label, x: 20, y: middle.y, size: 13, anchor: 'middle', isUpright: true },
  )
  return shapes
}

function straight(role: Shape['role'], from: readonly [number, number], to: readonly [number, number]): Shape {
  return { kind: 'line', role, points: [from, to], width: 1, dash: [] }
}

function drawBand(frame: Frame, { band = [] }: PlotSeries, place: number): readonly Shape[] {
  const [first] = band
  if (first === undefined) return []
  if (band.length === 1) {
    const x = xOf(frame, first.x)
    const ends = [
      [x, yOf(frame, first.low)],
      [x, yOf(frame, first.high)],
    ] as const
    return [{ kind: 'line', role: place, points: ends, width: 1.5, dash: [] }]
  }
  const upper = band.map(({ x, high }) => [xOf(frame, x), yOf(frame, high)] as const)
  const lower = band.map(({ x, low }) => [xOf(frame, x), yOf(frame, low)] as const)
  return [{ kind: 'area', role: place, points: [...upper, ...lower.toReversed()] }]
}

function drawSeries(frame: Frame, series: PlotSeries, place: number): readonly Shape[] {
  const places = series.points.map(({ x, y }) => [xOf(frame, x), yOf(frame, y)] as const)
  const isMarked = series.style === 'markers' || series.style === 'both' || places.length === 1
  const isJoined = series.style !== 'markers' && places.length > 1
  return [
    ...(isJoined ? [joined(places, series, place)] : []),
    ...(isMarked ? places.map(([x, y]): Shape => ({ kind: 'marker', role: place, form: markerOf(place), x, y })) : []),
  ]
}

function joined(points: readonly (readonly [number, number])[], series: PlotSeries, place: number): Shape {
  const dash = series.isBaseline === true ? (BASELINE_DASHES[place % BASELINE_DASHES.length] ?? []) : []
  return { kind: 'line', role: place, points, width: 2, dash }
}

function markerOf(place: number): MarkerForm {
  return MARKERS[place % MARKERS.length] ?? 'circle'
}

function drawLegend(series: readonly PlotSeries[], { right, top }: Frame): readonly Shape[] {
  return series.flatMap((each, place) => {
    const y = top + 10 + place * 22
    const isMarked = each.style === 'markers' || each.style === 'both' || each.points.length === 1
    const isJoined = each.style !== 'markers' && each.points.length > 1
    const ends = [
      [right + 14, y],
      [right + 40, y],
    ] as const
    const shapes: Shape[] = []
    if (isJoined) shapes.push(joined(ends, each, place))
    if (isMarked) shapes.push({ kind: 'marker', role: place, form: markerOf(place), x: right + 27, y })
    const text = shortName(each.name)
    shapes.push({ kind: 'text', role: 'ink', text, x: right + 48, y: y + 4, size: TEXT_SIZE, anchor: 'start' })
    return shapes
  })
}

function shortName(name: string): string {
  return name.length > NAME_LETTERS_MAX ? `${name.slice(0, NAME_LETTERS_MAX - 1)}…` : name
}
