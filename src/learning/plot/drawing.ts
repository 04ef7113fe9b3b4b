/** What a shape is for; a writer turns it into a colour. A number is the place of a series. */
export type ShapeRole = 'ink' | 'faint' | 'grid' | number

export type MarkerForm = 'circle' | 'square' | 'triangle' | 'diamond'

/** One shape, in units of the drawing: x grows to the right, y downwards. */
export type Shape =
  | {
      readonly kind: 'line'
      readonly role: ShapeRole
      readonly points: readonly (readonly [x: number, y: number])[]
      readonly width: number
      /** Lengths of stroke and gap in turn; empty: drawn through. */
      readonly dash: readonly number[]
    }
  | {
      readonly kind: 'area'
      readonly role: ShapeRole
      readonly points: readonly (readonly [x: number, y: number])[]
    }
  | {
      readonly kind: 'marker'
      readonly role: ShapeRole
      readonly form: MarkerForm
      readonly x: number
      readonly y: number
    }
  | {
      readonly kind: 'text'
      readonly role: ShapeRole
      readonly text: string
      readonly x: number
      /** Of the baseline. */
      readonly y: number
      readonly size: number
      readonly anchor: 'start' | 'middle' | 'end'
      /** Turned by a quarter to the left, read from below. */
      readonly isUpright?: boolean
      readonly isBold?: boolean
    }

/** Shapes in painting order, on a plain ground. */
export type Drawing = {
  readonly width: number
  readonly height: number
  /** What the whole shows, for readers that do not see it. */
  readonly title: string
  readonly shapes: readonly Shape[]
}

/** Half the size of a marker. */
export const MARKER_RADIUS = 4

/** Corners of a marker around a point; a circle has none. */
export function cornersOf(form: MarkerForm, x: number, y: number): readonly (readonly [x: number, y: number])[] {
  const r = MARKER_RADIUS
  if (form === 'square')
    return [
      [x - r, y - r],
      [x + r, y - r],
      [x + r, y + r],
      [x - r, y + r],
    ]
  if (form === 'triangle')
    return [
      [x, y - r - 1],
      [x + r + 1, y + r],
      [x - r - 1, y + r],
    ]
  if (form === 'diamond')
    return [
      [x, y - r - 1],
      [x + r + 1, y],
      [x, y + r + 1],
      [x - r - 1, y],
    ]
  return []
}

const STACKED_MAX = 12

/** Drawings below each other. Throws `RangeError` for none or more than 12. */
export function stackDrawings(title: string, drawings: readonly Drawing[]): Drawing {
  if (drawings.length === 0 || drawings.length > STACKED_MAX)
    throw new RangeError(`1 to ${STACKED_MAX} drawings are stacked, not ${drawings.length}`)
  let height = 0
  const shapes: Shape[] = []
  for (const drawing of drawings) {
    for (const shape of drawing.shapes) shapes.push(movedDown(shape, height))
    height += drawing.height
  }
  return { width: Math.max(...drawings.map(({ width }) => width)), height, title, shapes }
}

function movedDown(shape: Shape, by: number): Shape {
  if (shape.kind === 'text' || shape.kind === 'marker') return { ...shape, y: shape.y + by }
  return { ...shape, points: shape.points.map(([x, y]) => [x, y + by] as const) }
}
