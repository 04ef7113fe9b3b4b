/**
 * The two ends of a way for records from one thread to another, in order: through shared memory (`ring-writer.ts`) or in
 * batches through a port (`batch-writer.ts`). A record is a place in arrays that its writer fills: see `ring-layout.ts`.
 */
export interface RecordWriter {
  /** Over the memory that the places of `reserve` lie in. They may change with each `reserve`. */
  readonly ints: Int32Array
  readonly floats: Float64Array
  readonly bytes: Uint8Array
  /** Units of 8 bytes that the largest record may have. */
  readonly unitsMax: number
  /**
   * Finds room for a record, in units of 8 bytes, header included. A second call without `commit` gives the same place.
   *
   * @returns Its place in units of 8 bytes, or -1 when there is no room now.
   */
  reserve(units: number): number
  /** The record is written; it is seen with the next `publish`. */
  commit(units: number): void
  /** Shows the other thread what was committed, and wakes it when it is parked. */
  publish(): void
  /** Asks to be woken when there is room again. Called after the thread announced that it parks, or at any time. */
  wantRoom(): void
  /** KiB that the reader has counted so far, modulo 2^32. */
  takenKib(): number
}

export interface RecordReader {
  readonly ints: Int32Array
  readonly floats: Float64Array
  readonly bytes: Uint8Array
  /** @returns The place of the next record in units of 8 bytes, or -1 when there is none. Never that of padding. */
  peek(): number
  /** Goes past the record that `peek` gave. */
  advance(): void
  /** Whether half of what may be on the way was read and not released. */
  readonly isHalfHeld: boolean
  /** Gives the room of everything before the present place back to the writer, and wakes it when it waits for room. */
  release(): void
  /** Counts what came by the port besides the records; seen by the writer after the next `release`. */
  countTaken(kib: number): void
  /** Whether nothing is there; looks at the shared memory. */
  isEmpty(): boolean
}
