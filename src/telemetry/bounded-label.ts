/** What values beyond the limit are counted as. */
export const OTHER_LABEL = 'other'

/** Keeps a label from growing without end: the first values are kept, later new ones become `other`. */
export class BoundedLabel {
  readonly #max: number
  readonly #known = new Set<string>()

  constructor(max: number) {
    this.#max = max
  }

  bound(value: string): string {
    if (this.#known.has(value)) return value
    if (this.#known.size >= this.#max) return OTHER_LABEL
    this.#known.add(value)
    return value
  }
}
