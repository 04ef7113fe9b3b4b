/**
 * Rows for training, each in one piece of memory that is written once and read in whatever order:
 *
 * ```
 * 4-byte words   0 groups of 4 pairs | 4 dense features, 1, 0... | per group 4 indices, 4 values
 * ```
 *
 * Numbers are 32-bit. Dense features with their constant 1 are filled up to a multiple of four words, and pairs with the unused
 * index `sparseCount` of value 0, so that kernels need no special case for what is left over.
 */
export type TrainingShape = {
  /** Dense features; the kernels add a constant 1, whose weight is the bias. */
  readonly denseCount: number
  /** Number of hash buckets; 0 = no sparse features. */
  readonly sparseCount: number
}

/** Where rows live: addresses are bytes, multiples of 16. Views hold until the next `allocate`. */
export type RowMemory = {
  /** Throws `RangeError` when there is no more room. */
  allocate(bytes: number): number
  release(address: number, bytes: number): void
  floats(address: number, length: number): Float32Array
  words(address: number, length: number): Uint32Array
}

/** Memory is taken in pieces of this size, which hold many rows and are never moved. */
export const CHUNK_BYTES = 1_048_576

const HEADER_BYTES = 16
const GROUP_BYTES = 32

export type RowLayout = {
  /** Bytes from the start of a row. */
  readonly denseAt: number
  readonly pairsAt: number
  /** Dense features and the constant 1, filled up to a multiple of 4. */
  readonly denseWidth: number
}

export function layoutOf({ denseCount }: TrainingShape): RowLayout {
  const denseWidth = (denseCount + 4) & ~3
  return { denseAt: HEADER_BYTES, pairsAt: HEADER_BYTES + denseWidth * 4, denseWidth }
}

/** One row to be kept. An index that occurs several times counts with the sum of its values. */
export type TrainingRow = {
  /** `denseCount` long. */
  readonly dense: Float64Array | Float32Array
  /** Pairs `0 .. pairCount - 1`; indices below `sparseCount`. */
  readonly indices: Uint32Array
  readonly values: Float64Array
  readonly pairCount: number
}

/** Rows of one shape in one memory. */
export class TrainingRows {
  readonly shape: TrainingShape
  readonly layout: RowLayout
  readonly #memory: RowMemory
  readonly #chunks: number[] = []
  #used = CHUNK_BYTES
  #addresses = new Uint32Array(1024)
  #count = 0
  #ordered = new Uint32Array(0)
  /** Place + 1 of each bucket in the row at hand; 0 = not seen. All 0 between rows. */
  readonly #places: Uint32Array

  constructor(shape: TrainingShape, memory: RowMemory) {
    for (const count of [shape.denseCount, shape.sparseCount]) {
      if (!Number.isInteger(count) || count < 0 || count > SIZE_MAX)
        throw new RangeError(`Counts of training rows must be whole numbers up to 2^24, not ${count}`)
    }
    this.shape = shape
    this.layout = layoutOf(shape)
    this.#memory = memory
    this.#places = new Uint32Array(shape.sparseCount)
  }

  get count(): number {
    return this.#count
  }

  /** Bytes taken for rows. */
  get bytes(): number {
    return this.#chunks.length * CHUNK_BYTES
  }

  /** Keeps a row; its number is `count - 1` afterwards. Throws `RangeError` for another shape, a row larger than 1 MiB, or a full memory. */
  append(row: TrainingRow): void {
    const { shape, layout } = this
    if (row.dense.length !== shape.denseCount)
      throw new RangeError(`A row has ${shape.denseCount} dense features, not ${row.dense.length}`)
    if (row.pairCount > row.indices.length || row.pairCount > row.values.length)
      throw new RangeError('pairCount points behind the indices or values')
    const address = this.#take(layout.pairsAt + Math.ceil(row.pairCount / 4) * GROUP_BYTES)
    const groups = this.#writePairs(address + layout.pairsAt, row)
    this.#used -= (Math.ceil(row.pairCount / 4) - groups) * GROUP_BYTES
    this.#memory.words(address, 4).set([groups, 0, 0, 0])
    const dense = this.#memory.floats(address + layout.denseAt, layout.denseWidth)
    dense.fill(0)
    dense.set(row.dense)
    dense[shape.denseCount] = 1
    this.#remember(address)
  }

  /** The dense features of a row, to be read or changed in place, until the next `append`. */
  dense(row: number): Float32Array {
    return this.#memory.floats(this.addressOf(row) + this.layout.denseAt, this.shape.denseCount)
  }

  /** Throws `RangeError` for a row that is not there. */
  addressOf(row: number): number {
    if (!(row >= 0 && row < this.#count)) throw new RangeError(`There is no row ${row}`)
    return this.#addresses[row] ?? 0
  }

  /** Addresses of row numbers, in their order. The array is overwritten by the next call. Throws `RangeError` for a row that is not there. */
  addressesOf(order: Uint32Array): Uint32Array {
    if (this.#ordered.length < order.length) this.#ordered = new Uint32Array(order.length)
    const out = this.#ordered.subarray(0, order.length)
    for (let place = 0; place < order.length; place += 1) {
      const row = order[place] ?? 0
      if (row >= this.#count) throw new RangeError(`There is no row ${row}`)
      out[place] = this.#addresses[row] ?? 0
    }
    return out
  }

  /** Gives the memory back; the rows are gone. */
  release(): void {
    for (const chunk of this.#chunks) this.#memory.release(chunk, CHUNK_BYTES)
    this.#chunks.length = 0
    this.#used = CHUNK_BYTES
    this.#count = 0
  }

  #take(bytes: number): number {
    if (bytes > CHUNK_BYTES) throw new RangeError(`A training row may take ${CHUNK_BYTES} bytes, not ${bytes}`)
    if (this.#used + bytes > CHUNK_BYTES) {
      this.#chunks.push(this.#memory.allocate(CHUNK_BYTES))
      this.#used = 0
    }
    const address = (this.#chunks.at(-1) ?? 0) + this.#used
    this.#used += bytes
    return address
  }

  #remember(address: number): void {
    if (this.#count === this.#addresses.length) {
      const grown = new Uint32Array(2 * this.#count)
      grown.set(this.#addresses)
      this.#addresses = grown
    }
    this.#addresses[this.#count] = address
    this.#count += 1
  }

  /** Writes the pairs, equal indices merged in order of first occurrence; returns the number of groups. */
  #writePairs(at: number, { indices, values, pairCount }: TrainingRow): number {
    const { sparseCount } = this.shape
    const room = Math.ceil(pairCount / 4) * 8
    const [words, floats] = [this.#memory.words(at, room), this.#memory.floats(at, room)]
    const places = this.#places
    let count = 0
    let isOutside = false
    for (let i = 0; i < pairCount; i += 1) {
      const index = indices[i] ?? 0
      if (index >= sparseCount) {
        isOutside = true
        break
      }
      const seen = places[index] ?? 0
      const place = seen === 0 ? count : seen - 1
      const word = (place >> 2) * 8 + (place & 3)
      if (seen === 0) {
        count += 1
        places[index] = count
        words[word] = index
        floats[word + 4] = values[i] ?? 0
      } else floats[word + 4] = (floats[word + 4] ?? 0) + (values[i] ?? 0)
    }
    for (let place = 0; place < count; place += 1) places[words[(place >> 2) * 8 + (place & 3)] ?? 0] = 0
    if (isOutside) throw new RangeError(`Indices must be below ${sparseCount}`)
    const groups = (count + 3) >> 2
    for (let place = count; place < groups * 4; place += 1) {
      words[(place >> 2) * 8 + (place & 3)] = sparseCount
      floats[(place >> 2) * 8 + (place & 3) + 4] = 0
    }
    return groups
  }
}

const SIZE_MAX = 1 << 24

/** Rows in ordinary memory, in pieces of `CHUNK_BYTES`. */
export function createRowMemory(): RowMemory & { readonly chunks: readonly RowChunk[] } {
  const chunks: RowChunk[] = []
  const chunkOf = (address: number): RowChunk => {
    const chunk = chunks[Math.floor(address / CHUNK_BYTES)]
    if (chunk === undefined) throw new RangeError(`No memory was taken at ${address}`)
    return chunk
  }
  return {
    chunks,
    allocate(bytes) {
      if (bytes !== CHUNK_BYTES) throw new RangeError(`Memory comes in pieces of ${CHUNK_BYTES} bytes`)
      if (chunks.length === CHUNKS_MAX) throw new RangeError('Training rows take 4 GiB at most')
      const buffer = new ArrayBuffer(CHUNK_BYTES)
      chunks.push({ floats: new Float32Array(buffer), words: new Uint32Array(buffer) })
      return (chunks.length - 1) * CHUNK_BYTES
    },
    release() {
      chunks.length = 0
    },
    floats(address, length) {
      const at = (address % CHUNK_BYTES) / 4
      return chunkOf(address).floats.subarray(at, at + length)
    },
    words(address, length) {
      const at = (address % CHUNK_BYTES) / 4
      return chunkOf(address).words.subarray(at, at + length)
    },
  }
}

/** The same bytes as floats and as words. */
export type RowChunk = { readonly floats: Float32Array; readonly words: Uint32Array }

const CHUNKS_MAX = 4095
