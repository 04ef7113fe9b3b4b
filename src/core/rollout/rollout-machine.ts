import { assertNever } from '../../base/assert.ts'
import type { Machine, Step } from '../machine.ts'
import { areRulesSound } from './rollout-rules.ts'
import {
  percentOf,
  SERVED_MAX,
  TRANSITIONS_MAX,
  trialOf,
  type Promotion,
  type RolloutEffect,
  type RolloutEvent,
  type RolloutInput,
  type RolloutPosition,
  type RolloutRefusal,
  type RolloutState,
  type RolloutTransition,
  type Trial,
} from './rollout-state.ts'
import {
  controlsPerCanaryAt,
  figuresOf,
  isSuspicious,
  NEW_WATCH,
  watchOutcome,
  watchWithoutControl,
  type SloBreach,
  type WatchState,
} from './slo-watch.ts'

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
  const state = event.at > before.at ? { ...before, at: event.at } : before
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
    case 'shadow-observed':
      return observeShadow(before, state, event)
    default:
      return assertNever(event)
  }
}

type Named = Extract<RolloutEvent, { type: 'candidate-promoted' | 'candidate-replaced' }>
type Why = Pick<RolloutTransition, 'cause' | 'by' | 'reason'> & { readonly breach?: SloBreach }

function promote(before: RolloutState, state: RolloutState, event: Named): Step<RolloutState, RolloutEffect> {
  if (!isPromotionSound(event)) return refused(before, 'EVENT_INVALID')
  const { position } = state
  const trial = trialOf(position)
  const why: Why = { cause: 'promote', by: event.by, reason: event.reason }
  if (trial?.candidate === event.version) {
    const target = positionOf(event, state, trial)
    if (rankOf(target) <= rankOf(position)) return refused(before, 'NOT_FURTHER_UP')
    return changed(state, { position: target, ...servedBy(state, target) }, why)
  }
  if (position.stage === 'shadow' || position.stage === 'canary') return refused(before, 'CANDIDATE_UNDER_WAY')
  if (event.version === event.incumbent) return refused(before, 'NOT_FURTHER_UP')
  return changed(state, begin(state, event), why)
}

function replace(before: RolloutState, state: RolloutState, event: Named): Step<RolloutState, RolloutEffect> {
  if (!isPromotionSound(event)) return refused(before, 'EVENT_INVALID')
  const trial = trialOf(state.position)
  const isUnderWay = state.position.stage === 'shadow' || state.position.stage === 'canary'
  if (trial === undefined || !isUnderWay) return refused(before, 'NO_CANDIDATE')
  if (trial.candidate === event.version || event.version === event.incumbent) return refused(before, 'NOT_FURTHER_UP')
  return changed(state, begin(state, event), { cause: 'replace', by: event.by, reason: event.reason })
}

/** A candidate begins; one that has served in full is what the next one is compared with. */
function begin(state: RolloutState, promotion: Promotion): Partial<RolloutState> {
  const { version, incumbent, baseline } = promotion
  const trial: Trial = { candidate: version, since: state.at, requests: 0, watch: NEW_WATCH }
  const position = positionOf(promotion, state, trial)
  const served = remember(state.served, incumbent)
  return { incumbent, baseline, position, served: position.stage === 'full' ? remember(served, version) : served }
}

function positionOf(
  { stage, percent }: Pick<Promotion, 'stage' | 'percent'>,
  { rules, at }: RolloutState,
  { candidate, watch }: Trial,
): Exclude<RolloutPosition, { stage: 'legacy_only' }> {
  const trial: Trial = { candidate, since: at, requests: 0, watch }
  if (stage === 'shadow') return { stage, trial }
  if (stage === 'full') return { stage, trial: { ...trial, watch: watchWithoutControl(watch, rules.slo) } }
  return { stage, percent: percent ?? rules.canarySteps[0] ?? 1, trial }
}

/** Higher is further; steps of the canary lie between 1 and 2. */
function rankOf(position: RolloutPosition): number {
  switch (position.stage) {
    case 'legacy_only':
      return 0
    case 'shadow':
      return 1
    case 'canary':
      return 1 + position.percent / 100
    case 'full':
      return 2
    default:
      return assertNever(position)
  }
}

function isPromotionSound({ version, incumbent, stage, percent }: Promotion): boolean {
  if (!isVersion(version) || !isVersion(incumbent)) return false
  return percent === undefined || (stage === 'canary' && percent > 0 && percent < 100)
}

function isVersion(text: string): boolean {
  return text.length >= 1 && text.length <= 128
}

function stepByHand(
  before: RolloutState,
  state: RolloutState,
  event: Extract<RolloutEvent, { type: 'step-taken' }>,
): Step<RolloutState, RolloutEffect> {
  const next = nextPosition(state)
  if (next === undefined) return refused(before, trialOf(state.position) ? 'NOT_FURTHER_UP' : 'NO_CANDIDATE')
  return changed(
    state,
    { position: next, ...servedBy(state, next) },
    {
      cause: 'step',
      by: event.by,
      reason: event.reason,
    },
  )
}

/** What comes after the stage and step of now; `undefined` where nothing does. */
function nextPosition(state: RolloutState): RolloutPosition | undefined {
  const { position, rules } = state
  if (position.stage === 'legacy_only' || position.stage === 'full') return undefined
  const now = percentOf(position)
  const percent = rules.canarySteps.find((step) => step > now)
  return percent === undefined
    ? positionOf({ stage: 'full' }, state, position.trial)
    : positionOf({ stage: 'canary', percent }, state, position.trial)
}

function servedBy(state: RolloutState, position: RolloutPosition): Partial<RolloutState> {
  return position.stage === 'full' ? { served: remember(state.served, position.trial.candidate) } : {}
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

/** The candidate is gone, and what it may have served in full is nothing to go back to. */
function givenUp({ position, served, rollbacks }: RolloutState): Partial<RolloutState> {
  const candidate = trialOf(position)?.candidate
  return {
    position: { stage: 'legacy_only' },
    served: served.filter((version) => version !== candidate),
    rollbacks: rollbacks + 1,
  }
}

function remember(served: readonly string[], version: string): readonly string[] {
  return [version, ...served.filter((other) => other !== version)].slice(0, SERVED_MAX)
}

function observeRequest(
  before: RolloutState,
  state: RolloutState,
  event: Extract<RolloutEvent, { type: 'request-observed' }>,
): Step<RolloutState, RolloutEffect> {
  const { position } = state
  if (position.stage !== 'canary' && position.stage !== 'full') return refused(before, 'STALE')
  if (position.trial.candidate !== event.candidate) return refused(before, 'STALE')
  if (position.stage === 'full' && event.arm === 'incumbent') return refused(before, 'STALE')
  const controlsPerCanary = controlsPerCanaryAt(percentOf(position))
  const { arm, outcome } = event
  const { watch, breach } = watchOutcome(position.trial.watch, { arm, outcome, controlsPerCanary }, state.rules.slo)
  return concluded(state, { watch, breach, counts: arm === 'candidate' })
}

function observeShadow(
  before: RolloutState,
  state: RolloutState,
  event: Extract<RolloutEvent, { type: 'shadow-observed' }>,
): Step<RolloutState, RolloutEffect> {
  const { position, rules } = state
  if (position.stage !== 'shadow' || position.trial.candidate !== event.candidate) return refused(before, 'STALE')
  const pair = { controlsPerCanary: 1 }
  const first = watchOutcome(position.trial.watch, { ...pair, arm: 'incumbent', outcome: event.served }, rules.slo)
  const { watch, breach } = watchOutcome(first.watch, { ...pair, arm: 'candidate', outcome: event.tried }, rules.slo)
  return concluded(state, { watch, breach, counts: true })
}

type Conclusion = {
  readonly watch: WatchState
  readonly breach: SloBreach | undefined
  /** Whether the request was one of the candidate's. */
  readonly counts: boolean
}

/** The state after an observation: on, further up, or back. */
function concluded(state: RolloutState, { watch, breach, counts }: Conclusion): Step<RolloutState, RolloutEffect> {
  const { position, rules } = state
  if (position.stage === 'legacy_only') return { state, effects: [] }
  const trial: Trial = { ...position.trial, watch, requests: position.trial.requests + Number(counts) }
  const observed: RolloutState = { ...state, position: { ...position, trial } }
  if (breach !== undefined) {
    return changed(observed, givenUp(observed), {
      cause: 'slo-breach',
      by: 'watch',
      reason: sentenceOf(breach),
      breach,
    })
  }
  const next = isReady(observed, trial) ? nextPosition(observed) : undefined
  if (next === undefined || !rules.autoAdvance) return { state: observed, effects: [{ type: 'count-observation' }] }
  return changed(
    observed,
    { position: next, ...servedBy(observed, next) },
    {
      cause: 'step',
      by: 'watch',
      reason: `${trial.requests} requests without a breach`,
    },
  )
}

function isReady({ position, rules, at }: RolloutState, trial: Trial): boolean {
  if (position.stage === 'full') return false
  const needed = position.stage === 'shadow' ? rules.minShadowRuns : rules.minCanaryRequests
  const isLongEnough = at - trial.since >= rules.minStepMs
  return trial.requests >= needed && isLongEnough && !isSuspicious(trial.watch, rules.slo)
}

function sentenceOf({ slo, against }: SloBreach): string {
  return against === 'control'
    ? `the candidate is worse than the incumbent in ${slo}`
    : `the candidate is beyond the limit of ${slo}`
}

/** The state after a transition, which is announced and remembered. */
function changed(state: RolloutState, next: Partial<RolloutState>, why: Why): Step<RolloutState, RolloutEffect> {
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
  }
  const transitions = [described, ...state.transitions].slice(0, TRANSITIONS_MAX)
  return { state: { ...after, transitions }, effects: [{ type: 'announce-transition', transition: described }] }
}

function refused(state: RolloutState, code: RolloutRefusal): Step<RolloutState, RolloutEffect> {
  return { state, effects: [{ type: 'event-refused', code }] }
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
