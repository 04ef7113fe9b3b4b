import type { Step } from '../machine.ts'
import { figuresOf } from './watch/arm-totals.ts'
import {
  percentOf,
  TRANSITIONS_MAX,
  trialOf,
  type RolloutEffect,
  type RolloutRefusal,
  type RolloutState,
  type RolloutTransition,
} from './rollout-state.ts'
import type { SloBreach } from './watch/watch-evidence.ts'

export type Why = Pick<RolloutTransition, 'cause' | 'by' | 'reason'> & {
  readonly breach?: SloBreach
  readonly gate?: string | undefined
}

/** The state after a transition, which is announced and remembered. */
export function changed(state: RolloutState, next: Partial<RolloutState>, why: Why): Step<RolloutState, RolloutEffect> {
  const after: RolloutState = { ...state, ...next, revision: state.revision + 1 }
  const trial = trialOf(after.position) ?? trialOf(state.position)
  // What was seen so far is what it was decided from.
  const seen = trialOf(state.position)
  const described: RolloutTransition = {
    revision: after.revision,
    at: state.at,
    from: state.position.stage,
    to: after.position.stage,
    percentBefore: percentOf(state.position),
    percentAfter: percentOf(after.position),
    candidate: trial?.candidate ?? null,
    incumbent: after.incumbent ?? null,
    cause: why.cause,
    reason: why.reason,
    by: why.by,
    canary: seen === undefined ? null : figuresOf(seen.watch.canary),
    control: seen === undefined ? null : figuresOf(seen.watch.control),
    breach: why.breach ?? null,
    gate: why.gate ?? null,
  }
  const transitions = [described, ...state.transitions].slice(0, TRANSITIONS_MAX)
  return { state: { ...after, transitions }, effects: [{ type: 'announce-transition', transition: described }] }
}

export function refused(state: RolloutState, code: RolloutRefusal): Step<RolloutState, RolloutEffect> {
  return { state, effects: [{ type: 'event-refused', code }] }
}
