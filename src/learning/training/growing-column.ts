type Numbers = Float32Array<ArrayBuffer> | Uint32Array<ArrayBuffer> | Uint8Array<ArrayBuffer> | Int8Array<ArrayBuffer>

/** A typed array that doubles: `width` numbers per row, `empty` where nothing was set. */
export class GrowingColumn<Array extends Numbers> {
  readonly #create: new (length: number) => Array
  readonly #width: number
  readonly #empty: number
  #numbers: Array

  constructor(create: new (length: number) => Array, width: number, empty = 0) {
    this.#create = create
    this.#width = width
    this.#empty = empty
    this.#numbers = this.#filled(1024)
  }

  set(row: number, value: number): void {
    this.room(row)[row * this.#width] = value
  }

  /** The numbers of all rows, with room for `row`. Another call may replace the array. */
  room(row: number): Array {
    let rows = this.#numbers.length / this.#width
    if (row < rows) return this.#numbers
    while (row >= rows) rows *= 2
    const grown = this.#filled(rows)
    grown.set(this.#numbers)
    this.#numbers = grown
    return grown
  }

  /** The first `rows` rows, copied. */
  cut(rows: number): Array {
    if (rows > 0) this.room(rows - 1)
    return this.#numbers.slice(0, rows * this.#width) as Array
  }

  #filled(rows: number): Array {
    const numbers = new this.#create(rows * this.#width)
    if (this.#empty !== 0) numbers.fill(this.#empty)
    return numbers
  }
}
