import type { Brand } from './brands.ts'

/** An instant: milliseconds since 1970-01-01T00:00:00Z. */
export type Timestamp = Brand<number, 'Timestamp'>

/** A span of time in milliseconds, 0 or more. Instants and spans do not mix. */
export type DurationMs = Brand<number, 'DurationMs'>

/** Makes an instant. Throws `RangeError` unless `ms` is finite and 0 or more. */
export function timestampFromMs(ms: number): Timestamp {
  if (!Number.isFinite(ms) || ms < 0) throw new RangeError(`Timestamp out of range: ${ms}`)
  return ms as Timestamp
}

/** Makes a span. Throws `RangeError` unless `ms` is finite and 0 or more. */
export function durationFromMs(ms: number): DurationMs {
  if (!Number.isFinite(ms) || ms < 0) throw new RangeError(`Duration out of range: ${ms}`)
  return ms as DurationMs
}

/** The instant `duration` later, at most the last that is an exact integer: a deadline that is written is read back, whatever span somebody named. */
export function addDuration(instant: Timestamp, duration: DurationMs): Timestamp {
  return Math.min(instant + duration, Number.MAX_SAFE_INTEGER) as Timestamp
}

/** Span from `earlier` to `later`; 0 when the clock went backward, so that a span is never negative. */
export function elapsedBetween(earlier: Timestamp, later: Timestamp): DurationMs {
  return Math.max(0, later - earlier) as DurationMs
}

/**
 * A wall clock set back by no more than this counts as standing still; one set back by more is believed. Small steps come from
 * synchronisation, large ones from a clock that was wrong before.
 */
export const CLOCK_SET_BACK_MAX_MS: DurationMs = 300_000 as DurationMs

export const SECOND_MS: DurationMs = 1_000 as DurationMs
export const MINUTE_MS: DurationMs = 60_000 as DurationMs
export const HOUR_MS: DurationMs = 3_600_000 as DurationMs
export const DAY_MS: DurationMs = 86_400_000 as DurationMs

/**
 * Stamps of a wall clock that never go back a little: set back, as synchronising does, it stands still until time catches up. One set back by more than
 * `CLOCK_SET_BACK_MAX_MS` was wrong before and is believed, since standing still would stamp everything with the wrong time for as long as it was ahead.
 */
export function createSteadyStamps(wallMs: () => number): () => Timestamp {
  let lastMs = 0
  return () => {
    const ms = wallMs()
    if (ms > lastMs || lastMs - ms > CLOCK_SET_BACK_MAX_MS) lastMs = ms
    return timestampFromMs(lastMs)
  }
}
