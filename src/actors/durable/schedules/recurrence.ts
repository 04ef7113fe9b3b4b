/**
 * What becomes of the runs of a schedule that were due while nobody was there to run them (the process was down, the
 * clock was set forward, the actor could not be started).
 *
 * - `skip`: they do not happen; the schedule goes on with the next one.
 * - `once`: one run stands for all of them.
 * - `all`: each happens, oldest first, at most the newest `MISSED_RUNS_MAX`.
 */
export type MissedRuns = 'skip' | 'once' | 'all'

/** `every`: at `anchorAt` plus whole multiples of `everyMs`, whatever the delay of single runs. `cron`: see `createCronOccurrences`. */
export type Recurrence =
  | { readonly kind: 'every'; readonly everyMs: number; readonly anchorAt: number }
  | { readonly kind: 'cron'; readonly expression: string; readonly timeZone: string }

export type Schedule = { readonly recurrence: Recurrence; readonly missed: MissedRuns }

/** The instants of a recurrence, in ms since the epoch. */
export interface Occurrences {
  /** The first one after `instant`; `undefined` when there is none. */
  after(instant: number): number | undefined
  /** At most `count` of them at or before `instant`, newest first. */
  before(instant: number, count: number): readonly number[]
}

export type PlannedRun = {
  /** The occurrence that runs now; `undefined` when none does. */
  readonly runFor: number | undefined
  /** Earlier occurrences that this run stands for, or that `skip` left out; counted up to `MISSED_RUNS_MAX`. */
  readonly missedCount: number
  /** When the schedule is due again; `undefined` when it has ended. */
  readonly next: number | undefined
}

export const MISSED_RUNS_MAX = 100

/** A run that is later than this has been missed. Timers of a busy process are late by less. */
export const LATE_MS_MAX = 10_000

/**
 * What a schedule does that was due at `dueAt` and is looked at now.
 *
 * @param dueAt  An occurrence, not after `now`.
 */
export function planRun(
  occurrences: Occurrences,
  { dueAt, now, missed }: { readonly dueAt: number; readonly now: number; readonly missed: MissedRuns },
): PlannedRun {
  const due = occurrences.before(now, MISSED_RUNS_MAX + 1).filter((instant) => instant >= dueAt)
  const newest = due[0] ?? dueAt
  if (missed === 'all') {
    const runFor = (due.length > MISSED_RUNS_MAX ? due[MISSED_RUNS_MAX - 1] : undefined) ?? dueAt
    return {
      runFor,
      missedCount: Math.max(0, Math.min(due.length, MISSED_RUNS_MAX) - 1),
      next: occurrences.after(runFor),
    }
  }
  const isOnTime = now - newest <= LATE_MS_MAX
  const isRun = missed === 'once' || isOnTime
  const missedCount = Math.min(MISSED_RUNS_MAX, Math.max(0, due.length - (isRun ? 1 : 0)))
  return { runFor: isRun ? newest : undefined, missedCount, next: occurrences.after(Math.max(newest, now)) }
}

/** @param everyMs  A whole number >= 1. */
export function createEveryOccurrences(everyMs: number, anchorAt: number): Occurrences {
  const floor = (instant: number): number => anchorAt + Math.floor((instant - anchorAt) / everyMs) * everyMs
  return {
    after: (instant) => floor(instant) + everyMs,
    before(instant, count) {
      const newest = floor(instant)
      return Array.from({ length: count }, (_, index) => newest - index * everyMs)
    },
  }
}
