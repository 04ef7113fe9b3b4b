import { cornersOf, MARKER_RADIUS, type Drawing, type Shape, type ShapeRole } from './drawing.ts'
import { BAND_OPACITY, PLAIN_COLOURS, SERIES_COLOURS } from './format-svg.ts'
import { strokeText } from './stroke-font.ts'

/** A picture of square dots: four bytes each (red, green, blue, opacity), row by row from the top. */
export type Raster = { readonly width: number; readonly height: number; readonly pixels: Uint8ClampedArray }

type Point = readonly [x: number, y: number]

const CIRCLE_CORNERS = 24
/** Pen of letters, as a share of their size. */
const PEN = 0.09
const BOLD_PEN = 0.13

/** A drawing on light ground, `scale` dots to a unit, with smoothed edges. Letters are strokes, so no font is needed. */
export function rasterise(drawing: Drawing, scale: number): Raster {
  const canvas = new Canvas(Math.round(drawing.width * scale), Math.round(drawing.height * scale))
  for (const shape of drawing.shapes) paint(canvas, shape, scale)
  return canvas
}

function paint(canvas: Canvas, shape: Shape, scale: number): void {
  const scaled = (points: readonly Point[]): readonly Point[] => points.map(([x, y]) => [x * scale, y * scale])
  const colour = colourOf(shape.role)
  switch (shape.kind) {
    case 'area':
      canvas.fill([scaled(shape.points)], colour, BAND_OPACITY)
      return
    case 'line':
      canvas.fill(
        dashed(
          scaled(shape.points),
          shape.dash.map((length) => length * scale),
        ).flatMap((part) => thick(part, shape.width * scale)),
        colour,
      )
      return
    case 'marker': {
      const corners = cornersOf(shape.form, shape.x, shape.y)
      const outline = corners.length > 0 ? corners : circle([shape.x, shape.y], MARKER_RADIUS)
      canvas.fill([scaled(outline)], colour)
      return
    }
    case 'text':
      canvas.fill(textOutlines(shape, scale), colour)
  }
}

function textOutlines(shape: Extract<Shape, { kind: 'text' }>, scale: number): readonly (readonly Point[])[] {
  const { strokes, width } = strokeText(shape.text, shape.size)
  const share = { start: 0, middle: 0.5, end: 1 }[shape.anchor]
  const placed = strokes.map((stroke) =>
    stroke.map(([x, y]): Point => {
      const along = x - share * width
      return shape.isUpright === true
        ? [(shape.x + y) * scale, (shape.y - along) * scale]
        : [(shape.x + along) * scale, (shape.y + y) * scale]
    }),
  )
  const pen = shape.size * (shape.isBold === true ? BOLD_PEN : PEN) * scale
  return placed.flatMap((stroke) => thick(stroke, pen))
}

function colourOf(role: ShapeRole): string {
  if (typeof role !== 'number') return PLAIN_COLOURS[role].light
  return SERIES_COLOURS[role % SERIES_COLOURS.length]?.light ?? PLAIN_COLOURS.ink.light
}

/** Outlines of a line with round ends and corners: a box per piece and a disc per point, all turning the same way. */
function thick(points: readonly Point[], width: number): readonly (readonly Point[])[] {
  const half = width / 2
  const boxes = points.slice(1).flatMap(([x, y], at): readonly (readonly Point[])[] => {
    const [fromX, fromY] = points[at] ?? [x, y]
    const length = Math.sqrt((x - fromX) * (x - fromX) + (y - fromY) * (y - fromY))
    if (length === 0) return []
    const [dx, dy] = [(-(y - fromY) * half) / length, ((x - fromX) * half) / length]
    return [
      [
        [fromX - dx, fromY - dy],
        [x - dx, y - dy],
        [x + dx, y + dy],
        [fromX + dx, fromY + dy],
      ],
    ]
  })
  return [...boxes, ...points.map((point) => circle(point, half))]
}

const CIRCLE: readonly Point[] = unitCircle()

function circle([x, y]: Point, radius: number): readonly Point[] {
  return CIRCLE.map(([cos, sin]) => [x + cos * radius, y + sin * radius])
}

/** Corners of a regular polygon, from the addition theorems; cos 15° = (sqrt 6 + sqrt 2) / 4. */
function unitCircle(): readonly Point[] {
  const [stepX, stepY] = [(Math.sqrt(6) + Math.sqrt(2)) / 4, (Math.sqrt(6) - Math.sqrt(2)) / 4]
  const points: Point[] = []
  let [x, y] = [1, 0]
  for (let corner = 0; corner < CIRCLE_CORNERS; corner += 1) {
    points.push([x, y])
    ;[x, y] = [x * stepX - y * stepY, x * stepY + y * stepX]
  }
  return points
}

/** The drawn parts of a dashed line. */
function dashed(points: readonly Point[], dash: readonly number[]): readonly (readonly Point[])[] {
  const [first] = points
  if (dash.length === 0 || first === undefined) return [points]
  const parts: Point[][] = []
  let part: Point[] = [first]
  let turn = 0
  let left = dash[0] ?? 1
  for (const [at, [x, y]] of points.slice(1).entries()) {
    let [fromX, fromY] = points[at] ?? [x, y]
    for (;;) {
      const length = Math.sqrt((x - fromX) * (x - fromX) + (y - fromY) * (y - fromY))
      if (length <= left) {
        left -= length
        part.push([x, y])
        break
      }
      ;[fromX, fromY] = [fromX + ((x - fromX) * left) / length, fromY + ((y - fromY) * left) / length]
      part.push([fromX, fromY])
      if (turn % 2 === 0) parts.push(part)
      part = [[fromX, fromY]]
      turn += 1
      left = Math.max(0.5, dash[turn % dash.length] ?? 1)
    }
  }
  if (turn % 2 === 0) parts.push(part)
  return parts
}

/**
 * Dots, and a sheet on which outlines leave the area that they cover: every edge adds its signed share to the dots it passes, and the sum
 * from the left is the coverage. Outlines that turn the same way may overlap: more than whole is whole.
 */
class Canvas implements Raster {
  readonly width: number
  readonly height: number
  readonly pixels: Uint8ClampedArray
  readonly #cover: Float64Array

  constructor(width: number, height: number) {
    this.width = width
    this.height = height
    this.pixels = new Uint8ClampedArray(width * height * 4).fill(255)
    this.#cover = new Float64Array((width + 2) * height)
  }

  fill(outlines: readonly (readonly Point[])[], colour: string, opacity: number = 1): void {
    let [top, bottom] = [this.height, 0]
    for (const outline of outlines) {
      for (const [at, to] of outline.entries()) {
        this.#edge(outline.at(at - 1) ?? to, to)
        top = Math.min(top, Math.max(0, Math.floor(to[1])))
        bottom = Math.max(bottom, Math.min(this.height, Math.ceil(to[1])))
      }
    }
    const rgb = [1, 3, 5].map((at) => Number.parseInt(colour.slice(at, at + 2), 16))
    for (let row = top; row < bottom; row += 1) this.#blend(row, rgb, opacity)
  }

  #blend(row: number, rgb: readonly number[], opacity: number): void {
    const start = row * (this.width + 2)
    let sum = 0
    for (let column = 0; column < this.width; column += 1) {
      sum += this.#cover[start + column] ?? 0
      const share = Math.min(1, Math.abs(sum)) * opacity
      if (share < 1e-4) continue
      const at = (row * this.width + column) * 4
      for (const [channel, value] of rgb.entries()) {
        const under = this.pixels[at + channel] ?? 255
        this.pixels[at + channel] = under + (value - under) * share
      }
    }
    this.#cover.fill(0, start, start + this.width + 2)
  }

  /** One edge, cut at the rows that it crosses. */
  #edge(from: Point, to: Point): void {
    if (from[1] === to[1]) return
    const sign = from[1] < to[1] ? 1 : -1
    const [[x0, y0], [x1, y1]] = sign > 0 ? [from, to] : [to, from]
    const slope = (x1 - x0) / (y1 - y0)
    const last = Math.min(this.height, y1)
    for (let y = Math.max(0, y0); y < last;) {
      const row = Math.floor(y)
      const next = Math.min(row + 1, last)
      this.#piece(row, [x0 + (y - y0) * slope, x0 + (next - y0) * slope], sign * (next - y))
      y = next
    }
  }

  /** A piece within one row, from x to x; `height` is signed and at most 1. */
  #piece(row: number, [x0, x1]: Point, height: number): void {
    const [left, right] = x0 < x1 ? [x0, x1] : [x1, x0]
    const clamp = (x: number): number => Math.min(this.width, Math.max(0, x))
    const start = row * (this.width + 2)
    if (right - left < 1e-9 || clamp(left) === clamp(right)) {
      this.#spread(start, clamp(left), height)
      return
    }
    // Dot by dot, the share of the height that falls into it.
    for (let x = left; x < right;) {
      const next = Math.min(right, Math.floor(x) + 1)
      this.#spread(start, clamp((x + next) / 2), (height * (next - x)) / (right - left))
      x = next
    }
  }

  /** What lies right of `x` is covered: the dot of `x` in part, all others wholly. */
  #spread(start: number, x: number, height: number): void {
    const column = Math.floor(x)
    const covered = column + 1 - x
    this.#cover[start + column] = (this.#cover[start + column] ?? 0) + height * covered
    this.#cover[start + column + 1] = (this.#cover[start + column + 1] ?? 0) + height * (1 - covered)
  }
}
