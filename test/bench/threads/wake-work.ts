/** What a thread of `run-wake-worker.ts` is given. */
export type WakeWork = {
  readonly words: Int32Array
  /** It waits as nothing but a bare thread can, rather than as one with an event loop. */
  readonly isBlocking: boolean
}

/** Words, each on its own cache lines. */
export const ASKED = 0
export const ANSWERED = 32
export const WAKE_BYTES = 256
