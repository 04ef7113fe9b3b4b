/**
 * The field names of a kind of object, in order. Both ends of a channel number the shapes that crossed it, so that a later
 * object of the same shape needs its number and its values only.
 */
export type Shape = {
  /** -1 for a shape that was taken back. */
  number: number
  /** The value of the first field when that is called `type` and is a text: part of the shape. */
  readonly type: string | undefined
  readonly names: readonly string[]
  /** Shape that the value of each field had last: what its value will probably have next. */
  readonly inner: (Shape | undefined)[]
}

/** Objects that are used as dictionaries have a shape each: they must not fill the tables. */
const SHAPES_MAX = 1_024
const NAMES_MAX = 64
const NAME_UNITS_MAX = 64

/** The writer's side. A shape counts as known from the record that defines it, so records are read in the order written. */
export class ShapeTable {
  private readonly byKey = new Map<string, Shape>()
  private readonly lastByType = new Map<string, Shape>()

  get size(): number {
    return this.byKey.size
  }

  /** By number. */
  all(): readonly Shape[] {
    return [...this.byKey.values()]
  }

  /** The shape last seen with this `type`: a guess to be checked. */
  guess(type: string): Shape | undefined {
    return this.lastByType.get(type)
  }

  /** @returns `undefined` when there is none yet, or never will be. */
  find(type: string | undefined, names: readonly string[]): Shape | undefined {
    const shape = this.byKey.get(keyOf(type, names))
    if (shape?.type !== undefined) this.lastByType.set(shape.type, shape)
    return shape
  }

  /** Gives the shape the next number; `undefined` when it is not one to be kept. */
  add(type: string | undefined, names: readonly string[]): Shape | undefined {
    if (this.byKey.size >= SHAPES_MAX || names.length > NAMES_MAX) return undefined
    if ((type?.length ?? 0) > NAME_UNITS_MAX) return undefined
    // `__proto__` as a field cannot be set by assignment, which is how the reader sets fields of shapes.
    if (names.some((name) => name.length > NAME_UNITS_MAX || name === '__proto__')) return undefined
    const shape = createShape(this.byKey.size, type, names)
    this.byKey.set(keyOf(type, names), shape)
    if (type !== undefined) this.lastByType.set(type, shape)
    return shape
  }

  /** Forgets the shapes from `size` on: the record that defined them was not sent. */
  truncate(size: number): void {
    if (this.byKey.size === size) return
    for (const [key, shape] of this.byKey) {
      if (shape.number < size) continue
      this.byKey.delete(key)
      // Guesses may still point to it.
      shape.number = -1
      if (shape.type !== undefined && this.lastByType.get(shape.type) === shape) this.lastByType.delete(shape.type)
    }
  }
}

export function createShape(number: number, type: string | undefined, names: readonly string[]): Shape {
  return { number, type, names, inner: names.map(() => undefined) }
}

/** Lengths in front: names may contain anything. */
function keyOf(type: string | undefined, names: readonly string[]): string {
  let key = type === undefined ? '' : `${type.length}.${type}`
  for (const name of names) key += `|${name.length}.${name}`
  return key
}
