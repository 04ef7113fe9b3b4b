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

/** In the order of their numbers. `goodbye`: the sender asks nothing more here, and answers what it was asked. */
const FRAME_TYPES = ['hello', 'proof', 'request', 'answer', 'failure', 'cancel', 'goodbye'] as const
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
export function encodeFrame(frame: Frame): Uint8Array {
  const bytes = new Uint8Array(FRAME_HEADER_BYTES + frame.body.byteLength)
  writeFrameHeader(new DataView(bytes.buffer), 0, { ...frame, bodyBytes: frame.body.byteLength })
  bytes.set(frame.body, FRAME_HEADER_BYTES)
  return bytes
}

/** Writes the header of a frame whose body comes from somewhere else. @returns Where the body begins. */
export function writeFrameHeader(
  view: DataView,
  at: number,
  { type, correlation, credit, bodyBytes }: Omit<Frame, 'body'> & { readonly bodyBytes: number },
): number {
  view.setUint32(at, bodyBytes)
  view.setUint8(at + 4, FRAME_TYPES.indexOf(type))
  view.setUint8(at + 5, 0)
  view.setBigUint64(at + 6, correlation)
  view.setUint32(at + 14, credit)
  return at + FRAME_HEADER_BYTES
}

/** First room that a body gets: a length alone, which anybody can write, takes no memory. */
const BODY_ROOM_FIRST = 16_384

/** Cuts a stream of bytes into frames, in whatever pieces it comes. It holds one frame that is not complete: at most twice what has come of it. */
export class FrameReader {
  private readonly header = new Uint8Array(FRAME_HEADER_BYTES)
  private readonly headerView = new DataView(this.header.buffer)
  private headerBytes = 0
  private bodyLength = 0
  private body: Uint8Array | undefined
  private bodyBytes = 0
  /** Longest body that is taken from now on; a reader starts strict and is opened once the other side is known. */
  bodyBytesMax: number

  constructor(bodyBytesMax: number) {
    this.bodyBytesMax = bodyBytesMax
  }

  /** Bytes of a body that is not complete. */
  get heldBytes(): number {
    return this.body?.byteLength ?? 0
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
        this.bodyLength = this.readLength()
        this.bodyBytes = 0
        this.body = new Uint8Array(Math.min(this.bodyLength, BODY_ROOM_FIRST))
      }
      const taken = Math.min(this.bodyLength - this.bodyBytes, chunk.byteLength - position)
      const body = this.roomFor(this.body, this.bodyBytes + taken)
      body.set(chunk.subarray(position, position + taken), this.bodyBytes)
      this.bodyBytes += taken
      position += taken
      if (this.bodyBytes === this.bodyLength) yield this.finish(body)
    }
  }

  private roomFor(body: Uint8Array, bytes: number): Uint8Array {
    if (bytes <= body.byteLength) return body
    const larger = new Uint8Array(Math.min(this.bodyLength, Math.max(bytes, 2 * body.byteLength)))
    larger.set(body)
    this.body = larger
    return larger
  }

  private readLength(): number {
    const length = this.headerView.getUint32(0)
    if (length > this.bodyBytesMax) throw invalid(`a body of ${length} bytes; ${this.bodyBytesMax} are allowed`)
    if ((this.header[4] ?? 0) >= FRAME_TYPES.length) throw invalid(`type ${this.header[4]}`)
    if (this.header[5] !== 0) throw invalid(`flags ${this.header[5]}`)
    return length
  }

  private finish(body: Uint8Array): Frame {
    const view = this.headerView
    const type = FRAME_TYPES[view.getUint8(4)] ?? 'hello'
    this.body = undefined
    this.headerBytes = 0
    return { type, correlation: view.getBigUint64(6), credit: view.getUint32(14), body }
  }
}

function invalid(what: string): CodedError {
  return new CodedError('NETWORK_FRAME_INVALID', { message: `Not a frame of this protocol: ${what}` })
}
