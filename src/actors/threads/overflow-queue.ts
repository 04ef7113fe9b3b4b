import { UNIT_BYTES } from './ring-layout.ts'

type Chunk = {
  readonly ints: Int32Array
  readonly floats: Float64Array
  readonly capacity: number
  /** In units of 8 bytes: written up to `end`, taken up to `start`. */
  end: number
  start: number
}

const CHUNK_UNITS = 8_192

/**
 * Whole records that wait in front of a full ring, in chunks of this thread's memory. A record is written into it as into
 * a ring (`reserve`, then `ints` and `floats`, then `commit`), and leaves it by `oldest` and `shift`.
 */
export class OverflowQueue {
  ints: Int32Array
  floats: Float64Array
  bytesWaiting = 0
  private readonly chunks: Chunk[]
  private last: Chunk
  private spare: Chunk | undefined

  constructor() {
    this.last = createChunk(1)
    this.chunks = [this.last]
    this.ints = this.last.ints
    this.floats = this.last.floats
  }

  /** Always finds a place. */
  reserve(units: number): number {
    if (this.last.end + units > this.last.capacity) {
      this.last = this.takeChunk(units)
      this.chunks.push(this.last)
      this.ints = this.last.ints
      this.floats = this.last.floats
    }
    return this.last.end
  }

  commit(units: number): void {
    this.last.end += units
    this.bytesWaiting += units * UNIT_BYTES
  }

  /** Units of the oldest record; 0 when there is none. */
  oldestUnits(): number {
    const chunk = this.chunks[0]
    return chunk === undefined || chunk.start === chunk.end ? 0 : (chunk.ints[chunk.start * 2] ?? 0)
  }

  /** What waits, oldest first, as it lies. */
  waiting(): readonly Pick<Chunk, 'ints' | 'floats' | 'start' | 'end'>[] {
    return this.chunks
  }

  /** Moves the oldest record to `place` of other memory. */
  shiftInto(ints: Int32Array, place: number): void {
    const chunk = this.chunks[0]
    if (chunk === undefined) return
    const from = chunk.start * 2
    const words = (chunk.ints[from] ?? 0) * 2
    for (let index = 0; index < words; index += 1) ints[place * 2 + index] = chunk.ints[from + index] ?? 0
    chunk.start += words / 2
    this.bytesWaiting -= words * 4
    if (chunk.start < chunk.end) return
    chunk.start = 0
    chunk.end = 0
    if (chunk === this.last) return
    this.chunks.shift()
    this.spare ??= chunk
  }

  private takeChunk(units: number): Chunk {
    const { spare } = this
    if (spare === undefined || spare.capacity < units) return createChunk(units)
    this.spare = undefined
    return spare
  }
}

function createChunk(units: number): Chunk {
  const capacity = Math.max(units, CHUNK_UNITS)
  const memory = new ArrayBuffer(capacity * UNIT_BYTES)
  return { ints: new Int32Array(memory), floats: new Float64Array(memory), capacity, start: 0, end: 0 }
}
