import type { Timestamp } from '../../base/time.ts'
import { createSystemClock } from '../system-clock.ts'

/** What the clock of this machine says. */
export function currentTime(): Timestamp {
  return createSystemClock().now()
}
