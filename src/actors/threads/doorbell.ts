import { AWAKE, boardIndex, PARKED, PARKS_WORD, RUNG, STATE_WORD, WAKES_WORD } from './thread-board.ts'
import type { ThreadBoard } from './thread-board.ts'

/**
 * How a thread sleeps until another has work for it, without blocking its event loop and without missing a wake.
 * The steps have the names that `test/torture/explore-ring.ts` explores them under.
 *
 * ```
 *  sleeper                                    waker (has published its work)
 *  P1 state = PARKED                          B1 state == PARKED ? else nobody sleeps
 *  P2 look again for work; found: P5          B2 PARKED -> RUNG by compare-and-exchange; else somebody else does it
 *  P3 wait while state == PARKED              B3 notify
 *  P5 state = AWAKE
 * ```
 *
 * A sleeper may also get up by itself, by P5 (`ThreadPump.expectAnswer`). The wait of P3 is still under way then, and is
 * that of its next sleep too: whether it ends by the bell of that one or by one of before, the sleeper looks for work.
 *
 * Either the waker's B1 comes after P1 and sees PARKED, or the sleeper's P2 comes after the work was published and sees
 * it: both are sequentially consistent atomics, so there is no third case.
 */
export class Doorbell {
  readonly thread: number
  private readonly words: Int32Array
  private readonly state: number

  constructor(board: ThreadBoard, thread: number) {
    this.words = board.words
    this.thread = thread
    this.state = boardIndex(thread, STATE_WORD)
  }

  /** P1. Follow it by looking for work once more, and then by `withdraw` or `wait`. */
  announce(): void {
    Atomics.store(this.words, this.state, PARKED)
  }

  /** P5. */
  withdraw(): void {
    Atomics.store(this.words, this.state, AWAKE)
  }

  /**
   * P3. One wait at a time.
   *
   * @returns `undefined` when the bell was rung already, else a promise that does not keep the process alive by itself.
   *   Call `woken` after it.
   */
  wait(): Promise<unknown> | undefined {
    const waiting = Atomics.waitAsync(this.words, this.state, PARKED)
    if (!waiting.async) return undefined
    Atomics.add(this.words, this.state - STATE_WORD + PARKS_WORD, 1)
    return waiting.value
  }

  /** After the promise of `wait`: P5, counted. A wake without a reason is possible and does no harm. */
  woken(): void {
    Atomics.add(this.words, this.state - STATE_WORD + WAKES_WORD, 1)
    this.withdraw()
  }
}

/** B1 to B3. Called after the work is published. */
export function ringBell({ words }: ThreadBoard, thread: number): void {
  const state = boardIndex(thread, STATE_WORD)
  if (Atomics.load(words, state) !== PARKED) return
  if (Atomics.compareExchange(words, state, PARKED, RUNG) === PARKED) Atomics.notify(words, state)
}

/** Whether shared memory and a wait that does not block exist here. */
export function canShareMemory(): boolean {
  return typeof SharedArrayBuffer === 'function' && typeof Atomics.waitAsync === 'function'
}
