/**
 * How a value lies in a record: one byte that says what it is, then the rest, little-endian and unaligned. Written by
 * `value-encoder.ts`, read by `value-decoder.ts`. Only threads of one process see it, so it has no version.
 */
export const UNDEFINED = 0
export const NULL = 1
export const TRUE = 2
export const FALSE = 3
/** int32 */
export const INTEGER = 4
/** float64 */
export const FLOAT = 5
/** a string: decimal digits */
export const BIGINT = 6
/** u8 length, then one byte per code unit */
export const SHORT_TEXT = 7
/** u32 length, then one byte per code unit */
export const LATIN_TEXT = 8
/** u32 length in code units, then two bytes for each: lone surrogates arrive as they were */
export const WIDE_TEXT = 9
/** u32 length, then the items */
export const ARRAY = 10
/** in an array: nothing there */
export const HOLE = 11
/** u16 number of a shape, then the values of its fields */
export const SHAPED = 12
/** As `SHAPED`, of a shape that the reader does not know yet: type or `UNDEFINED`, u8 number of fields, their names; then the values. */
export const NEW_SHAPE = 13
/** u32 number of fields, then name and value of each */
export const RECORD = 14
/** float64: milliseconds */
export const DATE = 15
/** source and flags */
export const REGEXP = 16
/** u32 size, then key and value of each */
export const MAP = 17
/** u32 size, then the items */
export const SET = 18
/** u8 kind, u32 length in bytes, the bytes; see `BYTES_KINDS` */
export const BYTES = 19
/** name, message, stack, cause, code */
export const ERROR = 20
/** code, message, details, cause, whether a retry helps */
export const CODED_ERROR = 21
/** What the kernel made of an actor reference or a reply target: a string or a number */
export const REFERENCE = 22
/** u32: the object of that number in the order of their beginnings; it is the same one again */
export const SAME = 23
/** u32: the value of that number among those that came by the port */
export const BY_PORT = 24

type BytesKind = {
  readonly of: abstract new (...parts: never[]) => object
  readonly view: (memory: ArrayBuffer) => object
}

/** What has bytes: the index is the kind. A copy has no more bytes than its view showed. */
export const BYTES_KINDS: readonly BytesKind[] = [
  { of: ArrayBuffer, view: (memory) => memory },
  { of: DataView, view: (memory) => new DataView(memory) },
  { of: Uint8Array, view: (memory) => new Uint8Array(memory) },
  { of: Uint8ClampedArray, view: (memory) => new Uint8ClampedArray(memory) },
  { of: Int8Array, view: (memory) => new Int8Array(memory) },
  { of: Uint16Array, view: (memory) => new Uint16Array(memory) },
  { of: Int16Array, view: (memory) => new Int16Array(memory) },
  { of: Uint32Array, view: (memory) => new Uint32Array(memory) },
  { of: Int32Array, view: (memory) => new Int32Array(memory) },
  { of: Float32Array, view: (memory) => new Float32Array(memory) },
  { of: Float64Array, view: (memory) => new Float64Array(memory) },
  { of: BigInt64Array, view: (memory) => new BigInt64Array(memory) },
  { of: BigUint64Array, view: (memory) => new BigUint64Array(memory) },
]

/** Levels of objects in objects. Deeper values are refused: the walk is recursive. */
export const DEPTH_MAX = 500
