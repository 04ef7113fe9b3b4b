import { CLOCK_SET_BACK_MAX_MS } from '../../../base/time.ts'
import type { Clock } from '../../../ports/clock.ts'

/** The instants that are stored: in the order of their records, as far as the clock of the machine allows. */
export class StoreClock {
  readonly #clock: Clock
  #lastAt = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** In ms since the epoch. */
  now(): number {
    const now = this.#clock.now()
    // A clock that was set back a little stands still; one that was wrong before is believed.
    if (now >= this.#lastAt || this.#lastAt - now > CLOCK_SET_BACK_MAX_MS) this.#lastAt = now
    return this.#lastAt
  }
}
