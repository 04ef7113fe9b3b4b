/**
 * Clock: the only source of time for services. It gives wall time for records, monotonic time for measuring, and
 * timeout signals. It is not a scheduler (see Timers) and it never sleeps.
 *
 * ```ts
 * const measure = (clock: Clock, work: () => void): number => {
 *   const startedMs = clock.monotonicMs()
 *   work()
 *   return clock.monotonicMs() - startedMs
 * }
 * ```
 */
import type { Timestamp } from '../base/time.ts'

/**
 * The only source of time for services: wall time for records, monotonic time for measuring, and signals for time limits. It never sleeps; what is to
 * happen later is for `Timers`.
 */
export interface Clock {
  /** Wall time in milliseconds since the epoch. May jump; never use a difference of two as a duration. */
  now(): Timestamp
  /** Milliseconds from an arbitrary origin, with fractions; never decreases. */
  monotonicMs(): number
  /** A signal that aborts with a `TimeoutError` after `delayMs` (finite, >= 0). It does not keep the process alive. */
  timeoutSignal(delayMs: number): AbortSignal
}
