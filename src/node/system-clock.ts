import { timestampFromMs } from '../base/time.ts'
import type { Timestamp } from '../base/time.ts'
import type { Clock } from '../ports/clock.ts'

/** The machine's clock. A wall clock set back never yields a smaller stamp: it stands still until time catches up. */
export function createSystemClock(): Clock {
  let lastMs = 0
  return {
    now(): Timestamp {
      lastMs = Math.max(lastMs, Date.now())
      return timestampFromMs(lastMs)
    },
    monotonicMs: () => performance.now(),
    timeoutSignal: (delayMs) => AbortSignal.timeout(delayMs),
  }
}
