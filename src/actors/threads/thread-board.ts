/**
 * Shared memory of all threads of one system: what each shows to the others. One block of 128 bytes per thread.
 */
export type ThreadBoard = { readonly words: Int32Array }

const THREAD_WORDS = 32
export const THREAD_BYTES: number = THREAD_WORDS * 4

/** Whether the thread sleeps; see `doorbell.ts`. */
export const STATE_WORD = 0
/** Times the thread really went to sleep. */
export const PARKS_WORD = 1
/** Times the thread was woken from it. */
export const WAKES_WORD = 2
/** Grows with every pass of the thread's loop: a heartbeat. */
export const PULSE_WORD = 3
/** Which receiver has the turn, as the targets of records are numbered; 0 for none. */
export const TURN_WORD = 4

export const AWAKE = 0
export const PARKED = 1
/** Somebody wakes the thread at this moment; nobody else need do it. */
export const RUNG = 2

export function createThreadBoard(threads: number): ThreadBoard {
  return viewThreadBoard(new SharedArrayBuffer(threads * THREAD_BYTES))
}

export function viewThreadBoard(buffer: SharedArrayBuffer): ThreadBoard {
  return { words: new Int32Array(buffer) }
}

export function boardIndex(thread: number, word: number): number {
  return thread * THREAD_WORDS + word
}
