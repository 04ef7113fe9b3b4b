import { crc32c } from './crc32c.ts'

/**
 * Layout of a journal segment, little-endian:
 *
 * ```text
 * header  | magic 'KLOG' | format u32 | sequence f64 | firstIndex f64 | salt u32 | flags u32 | crc u32 |        40 bytes
 * frame   | magic 'KFRM' | body size u32 | crc u32 | syncedBytes f64 | firstIndex f64 | count u32 | body |      32 + body
 * body    | (record size u32 | record) x count |
 * ```
 *
 * A frame is one append: whole or absent. `syncedBytes` is how much of the file was on stable storage when the frame was
 * written. That tells two kinds of damage apart: bytes that a later frame says were synced are corruption, anything else
 * is a tail that an interrupted write tore. The salt keeps a record that imitates a frame from passing for one.
 */
export const SEGMENT_HEADER_BYTES = 40
export const FRAME_HEADER_BYTES = 32
export const SEGMENT_FORMAT = 1

const SEGMENT_MAGIC = 0x474f4c4b
const FRAME_MAGIC = 0x4d52464b
const FLAG_SNAPSHOT = 1

export type SegmentHeader = {
  /** Position in the order of segments; names the file. */
  readonly sequence: number
  /** Index of the first record, or of the record after the snapshot. */
  readonly firstIndex: number
  readonly salt: number
  /** The first frame is a snapshot, and no earlier segment is needed. */
  readonly hasSnapshot: boolean
}

export type LogFrame = {
  readonly syncedBytes: number
  readonly firstIndex: number
  readonly payloads: readonly Uint8Array[]
  /** Size of the whole frame in the file. */
  readonly sizeBytes: number
}

export function encodeSegmentHeader(header: SegmentHeader): Uint8Array {
  const bytes = new Uint8Array(SEGMENT_HEADER_BYTES)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, SEGMENT_MAGIC, true)
  view.setUint32(4, SEGMENT_FORMAT, true)
  view.setFloat64(8, header.sequence, true)
  view.setFloat64(16, header.firstIndex, true)
  view.setUint32(24, header.salt, true)
  view.setUint32(28, header.hasSnapshot ? FLAG_SNAPSHOT : 0, true)
  view.setUint32(36, crc32c(bytes.subarray(0, 36)), true)
  return bytes
}

/** The header, or `undefined` when the bytes are not one; `'newer'` when a later version of this package wrote them. */
export function decodeSegmentHeader(bytes: Uint8Array): SegmentHeader | 'newer' | undefined {
  if (bytes.length < SEGMENT_HEADER_BYTES) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset, SEGMENT_HEADER_BYTES)
  if (view.getUint32(0, true) !== SEGMENT_MAGIC) return undefined
  if (view.getUint32(36, true) !== crc32c(bytes.subarray(0, 36))) return undefined
  if (view.getUint32(4, true) > SEGMENT_FORMAT) return 'newer'
  return {
    sequence: view.getFloat64(8, true),
    firstIndex: view.getFloat64(16, true),
    salt: view.getUint32(24, true),
    hasSnapshot: (view.getUint32(28, true) & FLAG_SNAPSHOT) !== 0,
  }
}

/** Bytes of `payloads` as a frame's body, headers of records included. */
export function bodySizeOf(payloads: readonly Uint8Array[]): number {
  let size = 0
  for (const payload of payloads) size += 4 + payload.byteLength
  return size
}

export type EncodeFrameInit = {
  readonly salt: number
  readonly syncedBytes: number
  readonly firstIndex: number
  readonly payloads: readonly Uint8Array[]
}

/** Writes a frame into `target` at `offset`; returns the offset after it. `target` must have the room. */
export function encodeFrame(target: Uint8Array, offset: number, init: EncodeFrameInit): number {
  const bodySize = bodySizeOf(init.payloads)
  const view = new DataView(target.buffer, target.byteOffset + offset, FRAME_HEADER_BYTES + bodySize)
  view.setUint32(0, FRAME_MAGIC, true)
  view.setUint32(4, bodySize, true)
  view.setFloat64(12, init.syncedBytes, true)
  view.setFloat64(20, init.firstIndex, true)
  view.setUint32(28, init.payloads.length, true)
  let position = FRAME_HEADER_BYTES
  for (const payload of init.payloads) {
    view.setUint32(position, payload.byteLength, true)
    target.set(payload, offset + position + 4)
    position += 4 + payload.byteLength
  }
  view.setUint32(8, frameChecksum(target.subarray(offset, offset + position), init.salt), true)
  return offset + position
}

/** The frame at `offset`, or `undefined` when there is no whole and sound one. Payloads are views into `bytes`. */
export function decodeFrame(bytes: Uint8Array, offset: number, salt: number): LogFrame | undefined {
  if (bytes.length - offset < FRAME_HEADER_BYTES) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset + offset, bytes.length - offset)
  if (view.getUint32(0, true) !== FRAME_MAGIC) return undefined
  const sizeBytes = FRAME_HEADER_BYTES + view.getUint32(4, true)
  if (sizeBytes > view.byteLength) return undefined
  if (view.getUint32(8, true) !== frameChecksum(bytes.subarray(offset, offset + sizeBytes), salt)) return undefined
  const payloads: Uint8Array[] = []
  const count = view.getUint32(28, true)
  let position = FRAME_HEADER_BYTES
  for (let record = 0; record < count; record += 1) {
    const size = view.getUint32(position, true)
    payloads.push(bytes.subarray(offset + position + 4, offset + position + 4 + size))
    position += 4 + size
  }
  return {
    syncedBytes: view.getFloat64(12, true),
    firstIndex: view.getFloat64(20, true),
    payloads,
    sizeBytes,
  }
}

/**
 * Whether a sound frame behind `offset` says that the bytes at `offset` were synced before it was written. Searches byte
 * by byte, and only after damage was found.
 */
export function isDamageSynced(bytes: Uint8Array, offset: number, salt: number): boolean {
  for (let position = offset + 1; position + FRAME_HEADER_BYTES <= bytes.length; position += 1) {
    if (bytes[position] !== 0x4b || bytes[position + 1] !== 0x46) continue
    const frame = decodeFrame(bytes, position, salt)
    if (frame !== undefined && frame.syncedBytes > offset) return true
  }
  return false
}

/** CRC of everything but the first twelve bytes, continued over the size field and started from the segment's salt. */
function frameChecksum(frame: Uint8Array, salt: number): number {
  return crc32c(frame.subarray(12), crc32c(frame.subarray(4, 8), salt))
}
