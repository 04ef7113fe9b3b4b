import { CodedError } from '../../base/errors.ts'
import type { SandboxStream } from '../../ports/sandbox-runtime.ts'

const HEAD_BYTES = 8
const STREAMS: Readonly<Record<number, SandboxStream>> = { 1: 'stdout', 2: 'stderr' }

/** Takes the two streams apart that an engine sends over one connection: a byte that says which, three that say nothing, a length and that many bytes. Nothing is kept but a head. */
export class StreamSplitter {
  private readonly onPiece: (stream: SandboxStream, piece: Uint8Array) => void
  private head: Buffer = Buffer.alloc(0)
  private stream: SandboxStream = 'stdout'
  private left = 0

  constructor(onPiece: (stream: SandboxStream, piece: Uint8Array) => void) {
    this.onPiece = onPiece
  }

  /** Throws `SANDBOX_BROKEN` for a stream that there is not. */
  write(bytes: Buffer): void {
    let rest = bytes
    while (rest.length > 0) {
      if (this.left === 0) rest = this.readHead(rest)
      const piece = rest.subarray(0, this.left)
      rest = rest.subarray(piece.length)
      this.left -= piece.length
      if (piece.length > 0) this.onPiece(this.stream, piece)
    }
  }

  private readHead(bytes: Buffer): Buffer {
    const missing = HEAD_BYTES - this.head.length
    this.head = Buffer.concat([this.head, bytes.subarray(0, missing)])
    if (this.head.length === HEAD_BYTES) {
      const stream = STREAMS[this.head.readUInt8(0)]
      if (stream === undefined)
        throw new CodedError('SANDBOX_BROKEN', { message: 'the engine sent a stream that there is not' })
      this.stream = stream
      this.left = this.head.readUInt32BE(4)
      this.head = Buffer.alloc(0)
    }
    return bytes.subarray(missing)
  }
}
