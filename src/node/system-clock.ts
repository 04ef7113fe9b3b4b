import { CLOCK_SET_BACK_MAX_MS, timestampFromMs } from '../base/time.ts'
import type { Timestamp } from '../base/time.ts'
import type { Clock } from '../ports/clock.ts'

/**
 * The machine's clock. A wall clock set back a little, as synchronising does, never yields a smaller stamp: it stands still until time
 * catches up. One set back by more than `CLOCK_SET_BACK_MAX_MS` was wrong before and is believed, since standing still would stamp
 * everything with the wrong time for as long as it was ahead.
 */
export function createSystemClock(): Clock {
  let lastMs = 0
  return {
    now(): Timestamp {
      const wallMs = Date.now()
      if (wallMs > lastMs || lastMs - wallMs > CLOCK_SET_BACK_MAX_MS) lastMs = wallMs
      return timestampFromMs(lastMs)
    },
    monotonicMs: () => performance.now(),
    timeoutSignal: (delayMs) => AbortSignal.timeout(delayMs),
  }
}
