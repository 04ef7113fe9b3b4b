/**
 * Frames: how questions and answers share one stream of bytes. A fixed header, then the body; nothing in it is signed, since whoever it came from is known
 * from the channel. It is not the place for evidence: that is an envelope inside a body.
 *
 * ```
 *  0        4      5      6              14        18
 *  | length | type | flags | correlation | credit  | body ...
 *    u32      u8     u8      u64           u32        `length` bytes          all big-endian
 * ```
 *
 * `flags` are 0. `correlation` is chosen by whoever asks, and repeated in the answer. `credit` says how many more questions the sender takes.
 */
import { CodedError } from '../../base/errors.ts'

export const FRAME_HEADER_BYTES = 18

const FRAME_TYPES = ['hello', 'proof', 'request', 'answer', 'failure', 'cancel'] as const
export type FrameType = (typeof FRAME_TYPES)[number]

export type Frame = {
  readonly type: FrameType
  /** 0 to 2^64 - 1. */
  readonly correlation: bigint
  /** 0 to 2^32 - 1. */
  readonly credit: number
  readonly body: Uint8Array
}

/** Header and body in one piece of new memory. */
export function encodeFrame({ type, correlation, credit, body }: Frame): Uint8Array {
  const bytes = new Uint8Array(FRAME_HEADER_BYTES + body.byteLength)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, body.byteLength)
  view.setUint8(4, FRAME_TYPES.indexOf(type))
  view.setBigUint64(6, correlation)
  view.setUint32(14, credit)
  bytes.set(body, FRAME_HEADER_BYTES)
  return bytes
}

/** Cuts a stream of bytes into frames, in whatever pieces it comes. It holds one frame that is not complete, at most `bodyBytesMax` long. */
export class FrameReader {
  private readonly header = new Uint8Array(FRAME_HEADER_BYTES)
  private headerBytes = 0
  private body: Uint8Array | undefined
  private bodyBytes = 0
  /** Longest body that is taken from now on; a reader starts strict and is opened once the other side is known. */
  bodyBytesMax: number

  constructor(bodyBytesMax: number) {
    this.bodyBytesMax = bodyBytesMax
  }

  /** The frames that `chunk` completes. Throws `NETWORK_FRAME_INVALID`; the stream cannot be read any further then. */
  *push(chunk: Uint8Array): Generator<Frame, void> {
    let position = 0
    while (position < chunk.byteLength) {
      if (this.body === undefined) {
        const taken = Math.min(FRAME_HEADER_BYTES - this.headerBytes, chunk.byteLength - position)
        this.header.set(chunk.subarray(position, position + taken), this.headerBytes)
        this.headerBytes += taken
        position += taken
        if (this.headerBytes < FRAME_HEADER_BYTES) return
        this.body = new Uint8Array(this.readLength())
        this.bodyBytes = 0
      }
      const taken = Math.min(this.body.byteLength - this.bodyBytes, chunk.byteLength - position)
      this.body.set(chunk.subarray(position, position + taken), this.bodyBytes)
      this.bodyBytes += taken
      position += taken
      if (this.bodyBytes === this.body.byteLength) yield this.finish(this.body)
    }
  }

  private readLength(): number {
    const length = new DataView(this.header.buffer).getUint32(0)
    if (length > this.bodyBytesMax) throw invalid(`a body of ${length} bytes; ${this.bodyBytesMax} are allowed`)
    if ((this.header[4] ?? 0) >= FRAME_TYPES.length) throw invalid(`type ${this.header[4]}`)
    if (this.header[5] !== 0) throw invalid(`flags ${this.header[5]}`)
    return length
  }

  private finish(body: Uint8Array): Frame {
    const view = new DataView(this.header.buffer)
    const type = FRAME_TYPES[view.getUint8(4)] ?? 'hello'
    this.body = undefined
    this.headerBytes = 0
    return { type, correlation: view.getBigUint64(6), credit: view.getUint32(14), body }
  }
}

function invalid(what: string): CodedError {
  return new CodedError('NETWORK_FRAME_INVALID', { message: `Not a frame of this protocol: ${what}` })
}
