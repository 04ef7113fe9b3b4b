/** How often a supervisor restarts children before it gives up. */
export type RestartIntensityLimit = {
  /** Restarts that are still fine within the window, a whole number 0..`RESTARTS_MAX`. With 0 the first one is too many. */
  readonly restarts: number
  /** Length of the sliding window in milliseconds, finite and > 0. */
  readonly withinMs: number
}

/** The restarts that may still count. Bounded: never more than `limit.restarts` instants. */
export type RestartIntensity = {
  readonly limit: RestartIntensityLimit
  /** Instants in milliseconds as the clock gave them, in the order in which they were recorded. */
  readonly recentMs: readonly number[]
}

export type RecordedRestart = {
  readonly state: RestartIntensity
  /** True when this restart is one more than the limit allows; the supervisor then fails instead of restarting. */
  readonly isExceeded: boolean
}

/** Largest `restarts`: recording costs at most so many steps, and a limit beyond it would hardly limit. */
export const RESTARTS_MAX = 1_000

const NONE: readonly number[] = Object.freeze([])

/** @throws RangeError when the limit is out of range. */
export function createRestartIntensity(limit: RestartIntensityLimit): RestartIntensity {
  const { restarts, withinMs } = limit
  if (!Number.isInteger(restarts) || restarts < 0 || restarts > RESTARTS_MAX)
    throw new RangeError(`restarts ${restarts} is not a whole number 0..${RESTARTS_MAX}`)
  if (!Number.isFinite(withinMs) || withinMs <= 0)
    throw new RangeError(`withinMs ${withinMs} is not a finite number above 0`)
  return { limit, recentMs: NONE }
}

/**
 * Counts one restart at `atMs` (milliseconds of any one clock).
 *
 * An earlier restart counts while it is no further than `withinMs` away from this one, in either direction: a clock that
 * jumped back by more than the window forgets what lies in the future, so it can neither hold restarts back for as long
 * as the jump nor count them together; one that trembles by less than the window loses nothing.
 */
export function recordRestart(state: RestartIntensity, atMs: number): RecordedRestart {
  const { restarts, withinMs } = state.limit
  const counting = state.recentMs.filter((earlierMs) => Math.abs(atMs - earlierMs) <= withinMs)
  const isExceeded = counting.length >= restarts
  counting.push(atMs)
  // Of the restarts beyond the limit only the newest can matter again.
  const recentMs = counting.length > restarts ? counting.slice(counting.length - restarts) : counting
  return { state: { limit: state.limit, recentMs }, isExceeded }
}
