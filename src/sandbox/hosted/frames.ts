/**
 * Messages between a node and a process that hosts one guest: `[u32 length of the rest][u32 length of the header][u32 number of parts][u32 length of each part][header, JSON][parts]`,
 * little-endian. A reader believes no length: it takes at most so many bytes of one frame.
 */
export type Frame = { readonly header: unknown; readonly parts: readonly Uint8Array[] }

const LENGTH_BYTES = 4
const FIXED_BYTES = 8

/** Throws a `RangeError` where a frame is too large for its lengths. */
export function encodeFrame(header: unknown, parts: readonly Uint8Array[] = []): Uint8Array {
  const text = new TextEncoder().encode(JSON.stringify(header))
  const headBytes = FIXED_BYTES + LENGTH_BYTES * parts.length + text.byteLength
  const rest = parts.reduce((sum, part) => sum + part.byteLength, headBytes)
  if (rest > 0xffff_ffff) throw new RangeError(`A frame of ${rest} bytes`)
  const bytes = new Uint8Array(LENGTH_BYTES + rest)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, rest, true)
  view.setUint32(4, text.byteLength, true)
  view.setUint32(8, parts.length, true)
  let at = LENGTH_BYTES + FIXED_BYTES
  for (const part of parts) {
    view.setUint32(at, part.byteLength, true)
    at += LENGTH_BYTES
  }
  for (const piece of [text, ...parts]) {
    bytes.set(piece, at)
    at += piece.byteLength
  }
  return bytes
}

/** Cuts a stream of bytes into frames. Broken for good once it has thrown. */
export class FrameReader {
  private pieces: Uint8Array[] = []
  private held = 0
  private wanted: number | undefined

  /** Throws a `SyntaxError` for bytes that are no frame, and a `RangeError` for one that is too large. */
  push(chunk: Uint8Array, frameBytesMax: number): readonly Frame[] {
    this.pieces.push(chunk)
    this.held += chunk.byteLength
    const frames: Frame[] = []
    for (;;) {
      if (this.wanted === undefined) {
        if (this.held < LENGTH_BYTES) return frames
        this.wanted = readUint32(this.take(LENGTH_BYTES), 0)
        if (this.wanted > frameBytesMax) throw new RangeError(`A frame of ${this.wanted} bytes`)
      }
      if (this.held < this.wanted) return frames
      frames.push(decodeFrame(this.take(this.wanted)))
      this.wanted = undefined
    }
  }

  private take(length: number): Uint8Array {
    const joined = this.pieces.length === 1 ? this.pieces[0] : Buffer.concat(this.pieces)
    const bytes = joined ?? new Uint8Array()
    this.pieces = [bytes.subarray(length)]
    this.held -= length
    return bytes.subarray(0, length)
  }
}

function decodeFrame(bytes: Uint8Array): Frame {
  if (bytes.byteLength < FIXED_BYTES) throw new SyntaxError('A frame that is too short')
  const textBytes = readUint32(bytes, 0)
  const count = readUint32(bytes, 4)
  let at = FIXED_BYTES + LENGTH_BYTES * count
  if (at + textBytes > bytes.byteLength) throw new SyntaxError('A frame whose header does not fit')
  const header: unknown = JSON.parse(new TextDecoder().decode(bytes.subarray(at, at + textBytes)))
  at += textBytes
  const parts: Uint8Array[] = []
  for (let index = 0; index < count; index += 1) {
    const length = readUint32(bytes, FIXED_BYTES + LENGTH_BYTES * index)
    if (at + length > bytes.byteLength) throw new SyntaxError('A frame whose parts do not fit')
    // A copy, so that a small part does not keep a large frame. `slice` of a buffer of Node is none.
    parts.push(new Uint8Array(bytes.subarray(at, at + length)))
    at += length
  }
  if (at !== bytes.byteLength) throw new SyntaxError('A frame with bytes to spare')
  return { header, parts }
}

function readUint32(bytes: Uint8Array, at: number): number {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(at, true)
}
