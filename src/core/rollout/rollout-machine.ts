import { assertNever } from '../../base/assert.ts'
import type { Machine, Step } from '../machine.ts'
import { observeDrift, observeFeedback, observeRequest, observeServed, observeShadow } from './observe-trial.ts'
import { changed, refused, type Why } from './rollout-change.ts'
import { givenUp, hasReference, nextPosition, positionOf, rankOf, remember, servedBy } from './rollout-positions.ts'
import { areRulesSound } from './rollout-rules.ts'
import {
  TRANSITIONS_MAX,
  trialOf,
  type Promotion,
  type RolloutEffect,
  type RolloutEvent,
  type RolloutInput,
  type RolloutState,
  type Trial,
} from './rollout-state.ts'
import { newDrift } from './watch/trial-drift.ts'
import { servedLately } from './serving-record.ts'
import { scaleOfServed } from './watch/watch-reference.ts'
import { NEW_WATCH } from './watch/watch-state.ts'

/**
 * How a better policy takes over from the one that serves, and how it is taken back.
 *
 * ```text
 *                promote            enough clean           enough clean
 * legacy_only ------------> shadow ------------> canary ------------------> full
 *      ^                      |                1, 5, 10 ... %                |
 *      |<---------------------+--------------------+-------------------------+
 *                     rollback, or a breach that the watch is sure of
 * ```
 *
 * Whoever promotes has checked the gate: the machine knows versions and nothing of what they are.
 */
export const ROLLOUT_MACHINE: Machine<RolloutState, RolloutEvent, RolloutEffect, RolloutInput> = {
  name: 'rollout',
  initial: ({ rules, at }) => ({
    rules,
    incumbent: undefined,
    baseline: undefined,
    serving: null,
    position: { stage: 'legacy_only' },
    served: [],
    revision: 0,
    rollbacks: 0,
    transitions: [],
    at,
  }),
  transition,
  violations,
}

function transition(before: RolloutState, event: RolloutEvent): Step<RolloutState, RolloutEffect> {
  const state = withTime(before, event)
  switch (event.type) {
    case 'rules-set':
      if (!areRulesSound(event.rules)) return refused(before, 'EVENT_INVALID')
      return { state: { ...state, rules: event.rules }, effects: [{ type: 'confirm-rules' }] }
    case 'candidate-promoted':
      return promote(before, state, event)
    case 'candidate-replaced':
      return replace(before, state, event)
    case 'step-taken':
      return stepByHand(before, state, event)
    case 'pause-set':
      return pause(before, state, event)
    case 'rolled-back':
      return rollBack(before, state, event)
    case 'slo-breached': {
      const trial = trialOf(state.position)
      if (trial === undefined) return refused(before, 'NO_CANDIDATE')
      return changed(state, givenUp(state), {
        cause: 'slo-breach',
        by: event.by,
        reason: event.reason,
      })
    }
    case 'request-observed':
      return observeRequest(before, state, event)
    case 'served-observed':
      return observeServed(before, state, event)
    case 'shadow-observed':
      return observeShadow(before, state, event)
    case 'feedback-observed':
      return observeFeedback(before, state, event)
    case 'drift-observed':
      return observeDrift(before, state, event)
    default:
      return assertNever(event)
  }
}

function withTime(before: RolloutState, { at, elapsedMs = 0 }: RolloutEvent): RolloutState {
  const { position } = before
  if (position.stage === 'legacy_only') return { ...before, at }
  const { trial } = position
  const since = at < trial.since ? at : trial.since
  const lastedMs = trial.lastedMs + Math.max(0, elapsedMs)
  return { ...before, at, position: { ...position, trial: { ...trial, since, lastedMs } } }
}

type Named = Extract<RolloutEvent, { type: 'candidate-promoted' | 'candidate-replaced' }>
function promote(before: RolloutState, state: RolloutState, event: Named): Step<RolloutState, RolloutEffect> {
  if (!isPromotionSound(event)) return refused(before, 'EVENT_INVALID')
  const { position } = state
  const trial = trialOf(position)
  const why: Why = { cause: 'promote', by: event.by, reason: event.reason, gate: event.gate }
  if (trial?.candidate === event.version) {
    const target = positionOf(event, state, accepted(state, trial))
    if (rankOf(target) <= rankOf(position)) return refused(before, 'NOT_FURTHER_UP')
    if (!isWatchable(event, state)) return refused(before, 'NO_REFERENCE')
    return changed(state, { position: target, ...servedBy(state, target) }, why)
  }
  if (position.stage === 'shadow' || position.stage === 'canary') return refused(before, 'CANDIDATE_UNDER_WAY')
  if (event.version === event.incumbent) return refused(before, 'NOT_FURTHER_UP')
  if (!isWatchable(event, { ...state, incumbent: event.incumbent })) return refused(before, 'NO_REFERENCE')
  return changed(state, begin(state, event), why)
}

function replace(before: RolloutState, state: RolloutState, event: Named): Step<RolloutState, RolloutEffect> {
  if (!isPromotionSound(event)) return refused(before, 'EVENT_INVALID')
  const trial = trialOf(state.position)
  const isUnderWay = state.position.stage === 'shadow' || state.position.stage === 'canary'
  if (trial === undefined || !isUnderWay) return refused(before, 'NO_CANDIDATE')
  if (trial.candidate === event.version || event.version === event.incumbent) return refused(before, 'NOT_FURTHER_UP')
  if (!isWatchable(event, { ...state, incumbent: event.incumbent })) return refused(before, 'NO_REFERENCE')
  return changed(state, begin(state, event), { cause: 'replace', by: event.by, reason: event.reason, gate: event.gate })
}

/** Whoever answers everything from now on is compared with what the incumbent did before; where nothing is known of that, somebody must say so. */
function isWatchable({ stage, isWithoutReference }: Promotion, state: RolloutState): boolean {
  return stage !== 'full' || isWithoutReference === true || hasReference(state)
}

/** A candidate begins; one that has served in full is what the next one is compared with. */
function begin(state: RolloutState, promotion: Promotion): Partial<RolloutState> {
  const { version, incumbent, baseline } = promotion
  const began = state.revision + 1
  const drift = newDrift(began)
  const trial: Trial = {
    candidate: version,
    began,
    since: state.at,
    lastedMs: 0,
    requests: 0,
    called: 0,
    isPaused: false,
    watch: { ...NEW_WATCH, scale: scaleOfServed(servedLately(state.serving, incumbent)) },
    drift,
  }
  const position = positionOf(promotion, { ...state, incumbent }, trial)
  const served = remember(state.served, incumbent)
  return { incumbent, baseline, position, served: position.stage === 'full' ? remember(served, version) : served }
}

function isPromotionSound(promotion: Promotion): boolean {
  const { version, incumbent, stage, percent } = promotion
  if (!isVersion(version) || !isVersion(incumbent)) return false
  if (promotion.isWithoutReference === true && stage !== 'full') return false
  return percent === undefined || (stage === 'canary' && percent > 0 && percent < 100)
}

function isVersion(text: string): boolean {
  return text.length >= 1 && text.length <= 128
}

/** Whoever takes a step has seen what comes now: drift is measured from here on. */
function accepted({ revision }: RolloutState, trial: Trial): Trial {
  // The allowed chance is that of a whole trial, so its periods count on.
  return { ...trial, drift: { ...newDrift(revision + 1), periods: trial.drift.periods } }
}

function stepByHand(
  before: RolloutState,
  state: RolloutState,
  event: Extract<RolloutEvent, { type: 'step-taken' }>,
): Step<RolloutState, RolloutEffect> {
  const trial = trialOf(state.position)
  const next = trial === undefined ? undefined : nextPosition(state, accepted(state, trial))
  if (next === undefined) return refused(before, trial ? 'NOT_FURTHER_UP' : 'NO_CANDIDATE')
  if (next.stage === 'full' && !hasReference(state)) return refused(before, 'NO_REFERENCE')
  return changed(
    state,
    { position: next, ...servedBy(state, next) },
    {
      cause: 'step',
      by: event.by,
      reason: event.reason,
      gate: event.gate,
    },
  )
}

/** The candidate stays where it is; what it answers and how it is watched does not change. */
function pause(
  before: RolloutState,
  state: RolloutState,
  { isPaused, by, reason }: Extract<RolloutEvent, { type: 'pause-set' }>,
): Step<RolloutState, RolloutEffect> {
  const { position } = state
  if (position.stage === 'legacy_only') return refused(before, 'NO_CANDIDATE')
  if (position.stage === 'full' || position.trial.isPaused === isPaused) return refused(before, 'NOT_FURTHER_UP')
  const next = { ...position, trial: { ...position.trial, isPaused } }
  return changed(state, { position: next }, { cause: isPaused ? 'pause' : 'resume', by, reason })
}

/** Where a rollback without a name goes: the incumbent; where it serves alone, the policy before it. `undefined`: there is none. */
export function rollbackTarget({ position, incumbent, served }: RolloutState, baseline: string): string | undefined {
  const current = incumbent ?? baseline
  return position.stage === 'legacy_only' ? served[served.indexOf(current) + 1] : current
}

function rollBack(
  before: RolloutState,
  state: RolloutState,
  event: Extract<RolloutEvent, { type: 'rolled-back' }>,
): Step<RolloutState, RolloutEffect> {
  const { position, incumbent, served } = state
  const why: Why = { cause: 'rollback', by: event.by, reason: event.reason }
  const current = incumbent ?? event.baseline
  const to = event.to ?? rollbackTarget(state, event.baseline)
  if (to === undefined) return refused(before, 'NOTHING_BEFORE')
  if (position.stage === 'legacy_only' && to === current) return refused(before, 'NOTHING_BEFORE')
  const isKnown = to === current || to === event.baseline || served.includes(to)
  if (!isKnown || to === trialOf(position)?.candidate) return refused(before, 'NEVER_SERVED')
  const base = incumbent === undefined || to !== current ? { incumbent: to, baseline: event.baseline } : {}
  return changed(state, { ...base, ...givenUp(state) }, why)
}

function violations(state: RolloutState): readonly string[] {
  const broken: string[] = []
  const check = (isSound: boolean, what: string): void => void (isSound || broken.push(what))
  const { position, incumbent, transitions, revision } = state
  const trial = trialOf(position)
  check(areRulesSound(state.rules), 'the rules are in range')
  check(trial === undefined || incumbent !== undefined, 'a candidate has an incumbent to go back to')
  check(trial?.candidate === undefined || trial.candidate !== incumbent, 'a candidate is not its own incumbent')
  if (position.stage === 'canary') check(position.percent > 0 && position.percent < 100, 'a canary has a share')
  if (position.stage === 'full') check(state.served[0] === trial?.candidate, 'what serves in full is remembered')
  check(transitions.length === Math.min(revision, TRANSITIONS_MAX), 'every transition is remembered')
  check((transitions[0]?.revision ?? 0) === revision, 'transitions are numbered')
  check(new Set(state.served).size === state.served.length, 'a policy is remembered once')
  for (const bets of [trial?.watch.againstControl, trial?.watch.againstLimit]) {
    for (const { wealths } of Object.values(bets ?? {}))
      check(
        wealths.every((wealth: number) => wealth >= 0 && Number.isFinite(wealth)),
        'a wealth is 0 or more',
      )
  }
  return [...new Set(broken)]
}
