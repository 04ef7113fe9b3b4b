import type { Played } from './play-target.ts'

/** What a thread is to play. */
export type FuzzJob = {
  readonly names: readonly string[]
  readonly seed: number
  readonly secondsEach: number
  /** The run that is under way, the length of its input, and its input as text. */
  readonly place: SharedArrayBuffer
}

export type TargetReport = Played & { readonly name: string }

const INPUT_MAX = 128 * 1024
const HEAD_BYTES = 12

export function createPlace(): SharedArrayBuffer {
  return new SharedArrayBuffer(HEAD_BYTES + INPUT_MAX)
}

/** Notes an input before it is read: it may be the last. */
export function noteInput(place: SharedArrayBuffer, run: number, input: unknown): void {
  const [text, encoding] =
    input instanceof Uint8Array
      ? [Buffer.from(input).toString('latin1'), 'latin1' as const]
      : [textOf(input), 'utf8' as const]
  const written = Buffer.from(place, HEAD_BYTES).write(text, encoding)
  const head = new Int32Array(place, 0, 3)
  Atomics.store(head, 1, written)
  Atomics.store(head, 0, run)
  Atomics.add(head, 2, 1)
}

export function notedRun(place: SharedArrayBuffer): number {
  return Atomics.load(new Int32Array(place, 0, 3), 0)
}

/** Grows with every input. */
export function notedBeat(place: SharedArrayBuffer): number {
  return Atomics.load(new Int32Array(place, 0, 3), 2)
}

export function notedInput(place: SharedArrayBuffer): string {
  const length = Atomics.load(new Int32Array(place, 0, 3), 1)
  return Buffer.from(place, HEAD_BYTES, length).toString('base64')
}

function textOf(input: unknown): string {
  try {
    return typeof input === 'string' ? input : (JSON.stringify(input) ?? 'undefined')
  } catch {
    return 'a value that cannot be written down'
  }
}
