import type { SandboxStream } from '../../ports/sandbox-runtime.ts'
import type { GuestSide } from '../hosted/guest-window.ts'

/** `wasi:io/streams` of a run's standard streams, and what it waits by. Shapes are those that translated components call. */

const PIECE_BYTES_MAX = 65_536n

/** How a stream says that it is at its end: a translation hands the payload on, and what has none ends the component. */
class StreamClosed extends Error {
  readonly payload = { tag: 'closed' }
}

export class WasiError {
  toDebugString(): string {
    return 'The stream is closed.'
  }
}

/** Ready at a moment of this thread's clock, milliseconds. */
export class WasiPollable {
  private readonly readyAtMs: number

  constructor(readyAtMs: number) {
    this.readyAtMs = readyAtMs
  }

  get waitMs(): number {
    return Math.max(0, this.readyAtMs - performance.now())
  }

  ready(): boolean {
    return this.waitMs === 0
  }

  block(): void {
    waitForAny([this])
  }
}

/** Holds the thread until one of them is ready. @returns Which ones are. */
export function waitForAny(pollables: readonly WasiPollable[]): Uint32Array {
  if (pollables.length === 0) throw new RangeError('There is nothing to wait for.')
  const never = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT))
  for (;;) {
    const ready = pollables.flatMap((pollable, index) => (pollable.ready() ? [index] : []))
    if (ready.length > 0) return Uint32Array.from(ready)
    // Nobody wakes it: it is the way of this thread to sleep, and its end interrupts it.
    Atomics.wait(never, 0, 0, Math.min(...pollables.map(({ waitMs }) => waitMs)))
  }
}

export class WasiInput {
  private rest: Uint8Array

  constructor(bytes: Uint8Array) {
    this.rest = bytes
  }

  read(length: bigint): Uint8Array {
    if (this.rest.byteLength === 0) throw new StreamClosed()
    const piece = this.rest.slice(0, Number(length < PIECE_BYTES_MAX ? length : PIECE_BYTES_MAX))
    this.rest = this.rest.subarray(piece.byteLength)
    return piece
  }

  blockingRead(length: bigint): Uint8Array {
    return this.read(length)
  }

  skip(length: bigint): bigint {
    return BigInt(this.read(length).byteLength)
  }

  blockingSkip(length: bigint): bigint {
    return this.skip(length)
  }

  subscribe(): WasiPollable {
    return new WasiPollable(0)
  }
}

export class WasiOutput {
  private readonly window: GuestSide
  private readonly stream: SandboxStream

  constructor(window: GuestSide, stream: SandboxStream) {
    this.window = window
    this.stream = stream
  }

  checkWrite(): bigint {
    return PIECE_BYTES_MAX
  }

  write(contents: Uint8Array): void {
    this.window.write(this.stream, contents)
  }

  blockingWriteAndFlush(contents: Uint8Array): void {
    this.write(contents)
  }

  writeZeroes(length: bigint): void {
    this.write(new Uint8Array(Number(length < PIECE_BYTES_MAX ? length : PIECE_BYTES_MAX)))
  }

  blockingWriteZeroesAndFlush(length: bigint): void {
    this.writeZeroes(length)
  }

  splice(source: WasiInput, length: bigint): bigint {
    const piece = source.read(length)
    this.write(piece)
    return BigInt(piece.byteLength)
  }

  blockingSplice(source: WasiInput, length: bigint): bigint {
    return this.splice(source, length)
  }

  flush(): void {}

  blockingFlush(): void {}

  subscribe(): WasiPollable {
    return new WasiPollable(0)
  }
}
