/**
 * The memory that a guest's thread and the thread that watches it have in common. Output goes through it and not through messages: it is seen while the guest computes, and however
 * much a guest says, no queue of messages grows.
 */
export type GuestWindowBuffers = {
  readonly flags: SharedArrayBuffer
  readonly stdout: SharedArrayBuffer
  readonly stderr: SharedArrayBuffer
}

/** Limits that the guest's own thread comes to. */
export type LimitInside = 'output' | 'disk'

const STOP = 0
const REACHED = 1
const STDOUT_BYTES = 2
const STDERR_BYTES = 3
const FLAG_COUNT = 4
const REACHED_NAMES = [undefined, 'output', 'disk'] as const satisfies readonly (LimitInside | undefined)[]
const GROWTH_BYTES = 65_536

/** There is room for one byte more than may be said, so that whoever reads it sees which stream was cut. */
export function createGuestWindow(outputBytesMax: number): GuestWindowBuffers {
  const maxByteLength = outputBytesMax + 1
  const log = (): SharedArrayBuffer => new SharedArrayBuffer(Math.min(GROWTH_BYTES, maxByteLength), { maxByteLength })
  return {
    flags: new SharedArrayBuffer(FLAG_COUNT * Int32Array.BYTES_PER_ELEMENT),
    stdout: log(),
    stderr: log(),
  }
}

/** The guest's side. */
export class GuestSide {
  private readonly flags: Int32Array
  private readonly buffers: GuestWindowBuffers
  private readonly outputBytesMax: number
  private written = 0

  constructor(buffers: GuestWindowBuffers, outputBytesMax: number) {
    this.buffers = buffers
    this.flags = new Int32Array(buffers.flags)
    this.outputBytesMax = outputBytesMax
  }

  /** Bytes that may still be handed out. */
  get outputBytesLeft(): number {
    return Math.max(0, this.outputBytesMax - this.written)
  }

  get shouldStop(): boolean {
    return Atomics.load(this.flags, STOP) !== 0
  }

  /** Does not return where the limit of output is passed: what fits has been said then. */
  write(stream: 'stdout' | 'stderr', bytes: Uint8Array): void {
    const piece = bytes.subarray(0, this.outputBytesMax + 1 - this.written)
    const log = this.buffers[stream]
    const index = stream === 'stdout' ? STDOUT_BYTES : STDERR_BYTES
    const from = Atomics.load(this.flags, index)
    const to = from + piece.byteLength
    if (to > log.byteLength) log.grow(Math.min(log.maxByteLength, Math.max(to, log.byteLength * 2)))
    new Uint8Array(log).set(piece, from)
    this.written += piece.byteLength
    Atomics.store(this.flags, index, to)
    if (this.written > this.outputBytesMax) this.stopAt('output')
  }

  /** Says which limit was reached, and waits to be ended. */
  stopAt(limit: LimitInside): never {
    Atomics.store(this.flags, REACHED, REACHED_NAMES.indexOf(limit))
    for (;;) Atomics.wait(this.flags, STOP, Atomics.load(this.flags, STOP))
  }
}

/** The side of the thread that watches. */
export class WatchSide {
  private readonly flags: Int32Array
  private readonly buffers: GuestWindowBuffers
  private readonly seen = { stdout: 0, stderr: 0 }

  constructor(buffers: GuestWindowBuffers) {
    this.buffers = buffers
    this.flags = new Int32Array(buffers.flags)
  }

  get limitReached(): LimitInside | undefined {
    return REACHED_NAMES[Atomics.load(this.flags, REACHED)]
  }

  askToStop(): void {
    Atomics.store(this.flags, STOP, 1)
  }

  /** A copy of what was said since the last call. */
  takeOutput(stream: 'stdout' | 'stderr'): Uint8Array {
    const log = this.buffers[stream]
    const written = Atomics.load(this.flags, stream === 'stdout' ? STDOUT_BYTES : STDERR_BYTES)
    const to = Math.min(Math.max(written, this.seen[stream]), log.byteLength)
    const piece = new Uint8Array(log).slice(this.seen[stream], to)
    this.seen[stream] = to
    return piece
  }
}
