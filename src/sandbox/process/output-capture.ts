import type { SandboxStream } from '../../ports/sandbox-runtime.ts'

export type OutputCaptureInit = {
  /** Of both streams together, bytes. */
  readonly bytesMax: number
  readonly onOutput?: ((stream: SandboxStream, piece: Uint8Array) => void) | undefined
  /** Called once, when something had to be cut off. */
  readonly onOverflow: () => void
}

/** What a program writes, kept up to a limit that its two streams share. What is beyond is counted as cut off and thrown away. */
export class OutputCapture {
  private readonly init: OutputCaptureInit
  private readonly pieces = { stdout: [] as Uint8Array[], stderr: [] as Uint8Array[] }
  private readonly cut = { stdout: false, stderr: false }
  private taken = 0
  private hasOverflown = false
  private listener: OutputCaptureInit['onOutput']

  constructor(init: OutputCaptureInit) {
    this.init = init
    this.listener = init.onOutput
  }

  /** Bytes that were kept. */
  get bytes(): number {
    return this.taken
  }

  get bytesLeft(): number {
    return this.init.bytesMax - this.taken
  }

  get isOver(): boolean {
    return this.hasOverflown
  }

  write(stream: SandboxStream, piece: Uint8Array): void {
    if (piece.length === 0) return
    const kept = piece.subarray(0, this.bytesLeft)
    if (kept.length > 0) {
      this.taken += kept.length
      this.pieces[stream].push(kept)
      this.tell(stream, kept)
    }
    if (kept.length === piece.length) return
    this.cut[stream] = true
    if (this.hasOverflown) return
    this.hasOverflown = true
    this.init.onOverflow()
  }

  /** A listener that throws has no say in the run, nor in the process: it is told no more. */
  private tell(stream: SandboxStream, piece: Uint8Array): void {
    try {
      this.listener?.(stream, piece)
    } catch {
      this.listener = undefined
    }
  }

  /** All that was kept of a stream, and whether something is missing. */
  read(stream: SandboxStream): { readonly bytes: Uint8Array; readonly isTruncated: boolean } {
    return { bytes: new Uint8Array(Buffer.concat(this.pieces[stream])), isTruncated: this.cut[stream] }
  }
}
