import type { Link } from '../../src/actors/threads/thread-links.ts'

/** What `stress-ring.ts` gives each of its two threads. */
export type RingChild = {
  readonly role: 'writer' | 'reader'
  readonly link: Link
  readonly board: SharedArrayBuffer
  /** What the child tells: see `PROGRESS` and the others. */
  readonly report: Int32Array
  readonly seed: number
  readonly work: RingWork
  readonly plant: string
}

/** Either so many messages as fast as they go, or messages with random pauses until both threads parked so often. */
export type RingWork = { readonly messages: number } | { readonly parks: number }

/** Words of `report`. */
export const SENT = 0
export const RECEIVED = 1
export const WRONG = 2
export const IS_DONE = 3
