import { Cron } from 'croner'
import { createEveryOccurrences } from './recurrence.ts'
import type { Occurrences, Recurrence } from './recurrence.ts'

/**
 * The instants of a cron expression of five fields (minute, hour, day of month, month, day of week) or six (seconds
 * first).
 *
 * In a time zone with summer time, a fixed time of day (`30 2 * * *`) that a change leaves out runs right after the gap, and
 * one that comes twice runs once.
 *
 * @param timeZone  An IANA name, or `UTC`.
 * @throws RangeError when the expression or the zone is not one, or when no instant ever fits.
 */
export function createCronOccurrences(expression: string, timeZone: string): Occurrences {
  const cron = parse(expression, timeZone)
  return {
    after: (instant) => cron.nextRun(new Date(instant))?.getTime(),
    // Runs strictly before the reference are given, in whole seconds.
    before: (instant, count) => cron.previousRuns(count, new Date(instant + 1)).map((date) => date.getTime()),
  }
}

export function createOccurrences(recurrence: Recurrence): Occurrences {
  if (recurrence.kind === 'every') return createEveryOccurrences(recurrence.everyMs, recurrence.anchorAt)
  return createCronOccurrences(recurrence.expression, recurrence.timeZone)
}

function parse(expression: string, timeZone: string): Cron {
  try {
    const cron = new Cron(expression, { mode: '5-or-6-parts', timezone: timeZone, paused: true })
    if (!/^\S+(\s+\S+){4,5}$/.test(expression.trim())) throw new RangeError('five or six fields are needed')
    if (cron.nextRun(new Date(0)) === null) throw new RangeError('no date fits it')
    return cron
  } catch (error: unknown) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new RangeError(`Not a cron expression in ${timeZone}: ${JSON.stringify(expression)} (${reason})`, {
      cause: error,
    })
  }
}
