/**
 * Shared memory between one thread that writes and one that reads: where everything lies. Not the way of using it; that
 * is `ring-writer.ts`, `ring-reader.ts` and `doorbell.ts`, and `test/torture/explore-ring.ts` proves that way step by step.
 *
 * ```
 *  byte 0            128           256            384           512
 *       [ HEAD READ ][ TAIL | .. ][ ROOM_WANTED ][ TAKEN | .. ][ records ............. ]
 *        the reader's the writer's  both           the reader's  a power of two of bytes
 * ```
 *
 * Each word that another thread polls is alone on two cache lines: processors fetch lines in pairs.
 *
 * HEAD and TAIL count units of 8 bytes since the beginning, modulo 2^32, so that "empty" and "full" differ; their low bits
 * are the place. A record lies in one piece; what is too short for it at the end of the memory becomes padding.
 *
 * READ is how far the reader got; HEAD follows when it is done with what it read. Should its thread be lost, what lies
 * between the two may have been handled, and what lies behind READ has not (`salvage.ts`).
 *
 * ```
 *  int32  0 units of 8 bytes, header included
 *         1 kind in the low 4 bits, a number of the kind's own above
 *         2 target: which receiver on the reader's thread     3 its incarnation
 *         4.. payload
 * ```
 */
export type RingMemory = { readonly buffer: SharedArrayBuffer }

export const UNIT_BYTES = 8
/** Units before the payload. Padding may be shorter than that: it has the first two words only. */
export const HEADER_UNITS = 2
export const KIND_BITS = 4
export const KIND_MASK = 15

/** Kinds of records. What follows the header is told where they are written (`event-encoder.ts`, `channel-writer.ts`). */
export const PADDING = 0
/** The fields of an event whose shape the reader knows, each a float64. The number above the kind is the shape's. */
export const FLAT = 1
/** A value as `value-encoder.ts` writes it. */
export const VALUE = 2
/** As `VALUE`, and what only structured clone can carry comes by the port, under the sequence number in the payload. */
export const ATTACHED = 3
/** The whole value comes by the port, under the sequence number in the payload: it is too large for the ring. */
export const LARGE = 4

/** Indexes of the shared words in an `Int32Array` over the whole memory. */
export const HEAD_WORD = 0
export const READ_WORD = 1
export const TAIL_WORD = 32
export const ROOM_WANTED_WORD = 64
/** KiB that the reader took from the port, modulo 2^32. */
export const TAKEN_WORD = 96
const RECORDS_BYTE = 512

export const RING_BYTES_MIN = 1_024
export const RING_BYTES_MAX = 2 ** 26
/** Bytes of records in one ring, unless told otherwise. N threads have N (N - 1) rings. */
export const RING_BYTES_DEFAULT = 2 ** 18

/** Views of one ring. Both ends make their own. */
export type RingViews = {
  readonly words: Int32Array
  readonly ints: Int32Array
  readonly floats: Float64Array
  readonly bytes: Uint8Array
  /** Of the records, in units of 8 bytes; a power of two. */
  readonly capacity: number
}

/** @throws RangeError when `sizeBytes` is not a power of two from `RING_BYTES_MIN` to `RING_BYTES_MAX`. */
export function createRingMemory(sizeBytes: number = RING_BYTES_DEFAULT): RingMemory {
  const isPower = Number.isInteger(Math.log2(sizeBytes))
  if (!isPower || sizeBytes < RING_BYTES_MIN || sizeBytes > RING_BYTES_MAX) {
    throw new RangeError(
      `The size of a ring is a power of two from ${RING_BYTES_MIN} to ${RING_BYTES_MAX}: ${sizeBytes}`,
    )
  }
  return { buffer: new SharedArrayBuffer(RECORDS_BYTE + sizeBytes) }
}

export function viewRing({ buffer }: RingMemory): RingViews {
  return {
    words: new Int32Array(buffer, 0, RECORDS_BYTE / 4),
    ints: new Int32Array(buffer, RECORDS_BYTE),
    floats: new Float64Array(buffer, RECORDS_BYTE),
    bytes: new Uint8Array(buffer, RECORDS_BYTE),
    capacity: (buffer.byteLength - RECORDS_BYTE) / UNIT_BYTES,
  }
}
