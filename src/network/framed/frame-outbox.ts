import type { Frame } from '../../wire/v1/frames.ts'
import { FRAME_HEADER_BYTES, writeFrameHeader } from '../../wire/v1/frames.ts'

/** A frame whose body may come in two pieces, so that nobody joins them before they are written. */
export type OutgoingFrame = Omit<Frame, 'body'> & { readonly prefix?: Uint8Array; readonly body: Uint8Array }

/** Bytes that are gathered before they are written at once; a larger write saves nothing more. */
const GATHERED_BYTES_MAX = 65_536

/**
 * Gathers the frames of one turn into one write. A small frame costs its encryption and its system call more than its bytes, and the answers and next
 * questions of one chunk come in one turn.
 */
export class FrameOutbox {
  private readonly write: (bytes: Uint8Array) => void
  private frames: OutgoingFrame[] = []
  private isFlushAwaited = false
  /** Bytes that were not written yet. */
  gatheredBytes = 0

  constructor(write: (bytes: Uint8Array) => void) {
    this.write = write
  }

  push(frame: OutgoingFrame): void {
    this.frames.push(frame)
    this.gatheredBytes += FRAME_HEADER_BYTES + (frame.prefix?.byteLength ?? 0) + frame.body.byteLength
    if (this.gatheredBytes >= GATHERED_BYTES_MAX) this.flush()
    else if (!this.isFlushAwaited) {
      this.isFlushAwaited = true
      // The second microtask: those who were answered in this turn have asked again by then.
      queueMicrotask(() => queueMicrotask(() => this.flush()))
    }
  }

  flush(): void {
    this.isFlushAwaited = false
    if (this.frames.length === 0) return
    const { frames, gatheredBytes } = this
    this.frames = []
    this.gatheredBytes = 0
    const bytes = new Uint8Array(gatheredBytes)
    const view = new DataView(bytes.buffer)
    let at = 0
    for (const { prefix, body, ...header } of frames) {
      const prefixBytes = prefix?.byteLength ?? 0
      at = writeFrameHeader(view, at, { ...header, bodyBytes: prefixBytes + body.byteLength })
      if (prefix !== undefined) bytes.set(prefix, at)
      bytes.set(body, at + prefixBytes)
      at += prefixBytes + body.byteLength
    }
    this.write(bytes)
  }
}
