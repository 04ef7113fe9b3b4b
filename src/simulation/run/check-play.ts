import { CodedError } from '../../base/errors.ts'
import type { PlannedFault } from '../faults/fault-plan.ts'
import type { Play, PlayEnd } from '../scenario/scenario.ts'

/** Throws `SIMULATION_SCENARIO_INVALID` where `open` resolved to what cannot be played, with all that is wrong. */
export function checkPlay(name: string, play: Play): Play {
  if (!isObject(play)) throw invalid(name, [`open resolved to ${typeof play}, no play`])
  const { playMs, convergeMs, watchEvery = 64, plan = [] } = play
  const wrong: string[] = []
  if (!isSpan(playMs)) wrong.push(`playMs is 0 or more, not ${String(playMs)}`)
  if (!isSpan(convergeMs)) wrong.push(`convergeMs is 0 or more, not ${String(convergeMs)}`)
  if (!Number.isInteger(watchEvery) || watchEvery < 1)
    wrong.push(`watchEvery is a whole number from 1, not ${String(watchEvery)}`)
  for (const member of ['isSettled', 'finish'] as const)
    if (typeof play[member] !== 'function') wrong.push(`${member} is a function`)
  wrong.push(...wrongInPlan(plan, playMs))
  if (wrong.length > 0) throw invalid(name, wrong)
  return play
}

/** As `checkPlay`, for what `finish` resolved to. */
export function checkEnd(name: string, end: PlayEnd): PlayEnd {
  if (!isObject(end)) throw invalid(name, [`finish resolved to ${typeof end}, not to metrics and state`])
  const wrong: string[] = []
  if (!isObject(end.metrics)) wrong.push(`the metrics of finish are ${typeof end.metrics}`)
  if (end.state === undefined) wrong.push('finish says no state; null where there is none')
  if (wrong.length > 0) throw invalid(name, wrong)
  return end
}

function wrongInPlan(plan: readonly PlannedFault[], playMs: number): readonly string[] {
  const ids = new Set<number>()
  return plan.flatMap(({ id, atMs, forMs }) => {
    const wrong: string[] = []
    if (ids.has(id)) wrong.push(`two faults have the id ${id}`)
    ids.add(id)
    if (!isSpan(forMs)) wrong.push(`fault ${id} lasts 0 ms or more, not ${String(forMs)}`)
    // Behind the play everything is calm, and is to settle.
    if (!isSpan(atMs) || atMs >= playMs) wrong.push(`fault ${id} begins within the play, not at ${String(atMs)} ms`)
    return wrong
  })
}

function isSpan(value: unknown): boolean {
  return typeof value === 'number' && value >= 0 && value < Number.POSITIVE_INFINITY
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null
}

function invalid(name: string, wrong: readonly string[]): CodedError {
  return new CodedError('SIMULATION_SCENARIO_INVALID', { message: `${name} cannot be played: ${wrong.join('; ')}` })
}
