import { type DurationMs, durationFromMs } from '../../../base/time.ts'
import { DEFAULT_TIMERS } from '../../../core/escrow/escrow-rules.ts'
import type { EscrowTimers } from '../../../core/escrow/escrow-terms.ts'
import { TIMER_NAMES, type TimerName } from '../../../core/governance/parameter-set.ts'
import { invalidRequest } from '../../control/control-request.ts'

/**
 * Spans of a contract from JSON such as `{"deliverMs": 60000}`, milliseconds. Spans that are not named are those of the design, shortened where they must end
 * before one that is named: a start before the delivery, evidence before the ruling. Throws `REQUEST_INVALID`.
 */
export function timersOfText(text: string): { readonly timers: EscrowTimers; readonly asked: ReadonlySet<TimerName> } {
  const named = namedTimers(text)
  const timers: Record<TimerName, DurationMs> = { ...DEFAULT_TIMERS, ...named }
  if (named.startMs === undefined) timers.startMs = shorterOf(timers.startMs, timers.deliverMs)
  if (named.evidenceMs === undefined) timers.evidenceMs = shorterOf(timers.evidenceMs, timers.ruleMs)
  return { timers, asked: new Set(TIMER_NAMES.filter((name) => named[name] !== undefined)) }
}

function namedTimers(text: string): Partial<EscrowTimers> {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    throw invalidRequest('timers', 'The timers are not JSON')
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json))
    throw invalidRequest('timers', 'The timers are an object such as {"deliverMs": 60000}')
  const named: Partial<Record<TimerName, DurationMs>> = {}
  for (const [name, value] of Object.entries(json)) {
    const timer = TIMER_NAMES.find((known) => known === name)
    if (timer === undefined)
      throw invalidRequest('timers', `There is no timer ${name}; there are ${TIMER_NAMES.join(', ')}`)
    if (!Number.isSafeInteger(value) || Number(value) < 0)
      throw invalidRequest('timers', `${name} must be a whole number of milliseconds`)
    named[timer] = durationFromMs(Number(value))
  }
  return named
}

function shorterOf(span: DurationMs, limit: DurationMs): DurationMs {
  return span < limit ? span : durationFromMs(Math.floor(limit / 2))
}
