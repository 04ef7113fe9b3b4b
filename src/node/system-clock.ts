import { createSteadyStamps } from '../base/time.ts'
import type { Clock } from '../ports/clock.ts'

/** The machine's clock. */
export function createSystemClock(): Clock {
  return {
    now: createSteadyStamps(() => Date.now()),
    monotonicMs: () => performance.now(),
    timeoutSignal: (delayMs) => AbortSignal.timeout(delayMs),
  }
}
