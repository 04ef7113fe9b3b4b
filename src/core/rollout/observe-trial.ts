import { assertNever } from '../../base/assert.ts'
import type { Step } from '../machine.ts'
import { changed, refused } from './rollout-change.ts'
import { givenUp, hasReference, nextPosition, servedBy } from './rollout-positions.ts'
import { percentOf, type RolloutEffect, type RolloutEvent, type RolloutState, type Trial } from './rollout-state.ts'
import { calledNeeded } from './rollout-rules.ts'
import { recordServed, type ServingRecord } from './serving-record.ts'
import { controlsPerCanaryAt, watchOutcome, watchVote } from './watch/slo-watch.ts'
import { isHeldByDrift, takeReading } from './watch/trial-drift.ts'
import { isSuspicious, type SloBreach } from './watch/watch-evidence.ts'
import type { WatchState } from './watch/watch-state.ts'

export function observeRequest(
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
  const serving = servingAfter(state, event)
  const { watch, breach } = watchOutcome(position.trial.watch, { arm, outcome, controlsPerCanary }, state.rules.slo)
  return concluded({ ...state, serving }, { watch, breach, counts: arm === 'candidate' })
}

/** What serves alone, or beside the candidate, is what the next one is compared with. */
function servingAfter(
  { position, serving, incumbent }: RolloutState,
  { arm, outcome, candidate }: Extract<RolloutEvent, { type: 'request-observed' }>,
): ServingRecord | null {
  const policy = position.stage === 'full' ? candidate : incumbent
  const isOfPolicy = (arm === 'candidate') === (position.stage === 'full')
  return isOfPolicy && policy !== undefined ? recordServed(serving, policy, outcome) : serving
}

export function observeServed(
  before: RolloutState,
  state: RolloutState,
  { policy, outcomes }: Extract<RolloutEvent, { type: 'served-observed' }>,
): Step<RolloutState, RolloutEffect> {
  const { stage } = state.position
  const isServing = stage === 'legacy_only' || (stage === 'shadow' && policy === state.incumbent)
  if (!isServing) return refused(before, 'STALE')
  let { serving } = state
  for (const outcome of outcomes) serving = recordServed(serving, policy, outcome)
  return { state: { ...state, serving }, effects: [{ type: 'count-observation' }] }
}

export function observeShadow(
  before: RolloutState,
  state: RolloutState,
  event: Extract<RolloutEvent, { type: 'shadow-observed' }>,
): Step<RolloutState, RolloutEffect> {
  const { position, rules } = state
  if (position.stage !== 'shadow' || position.trial.candidate !== event.candidate) return refused(before, 'STALE')
  const pair = { controlsPerCanary: 1 }
  const first = watchOutcome(position.trial.watch, { ...pair, arm: 'incumbent', outcome: event.served }, rules.slo)
  const { watch, breach } = watchOutcome(first.watch, { ...pair, arm: 'candidate', outcome: event.tried }, rules.slo)
  return concluded(state, { watch, breach, counts: true, isCalled: event.isCalled })
}

export function observeFeedback(
  before: RolloutState,
  state: RolloutState,
  event: Extract<RolloutEvent, { type: 'feedback-observed' }>,
): Step<RolloutState, RolloutEffect> {
  const { position, rules } = state
  const { candidate, began, arm, value } = event
  if (!(value >= 0 && value <= 1)) return refused(before, 'EVENT_INVALID')
  if (position.stage !== 'canary' && position.stage !== 'full') return refused(before, 'STALE')
  const { trial } = position
  if (trial.candidate !== candidate || trial.began !== began) return refused(before, 'STALE')
  if (position.stage === 'full' && arm === 'incumbent') return refused(before, 'STALE')
  const controlsPerCanary = controlsPerCanaryAt(percentOf(position))
  const { watch, breach } = watchVote(trial.watch, { arm, value, controlsPerCanary }, rules.slo)
  const observed: RolloutState = { ...state, position: { ...position, trial: { ...trial, watch } } }
  return breach === undefined
    ? { state: observed, effects: [{ type: 'count-observation' }] }
    : rolledBackFor(observed, breach)
}

export function observeDrift(
  before: RolloutState,
  state: RolloutState,
  event: Extract<RolloutEvent, { type: 'drift-observed' }>,
): Step<RolloutState, RolloutEffect> {
  const { position, rules } = state
  if (position.stage === 'legacy_only') return refused(before, 'STALE')
  const { trial } = position
  if (trial.candidate !== event.candidate || trial.drift.since !== event.since) return refused(before, 'STALE')
  const { drift, breach } = takeReading(trial.drift, event.reading, rules.slo)
  const observed: RolloutState = { ...state, position: { ...position, trial: { ...trial, drift } } }
  return breach === undefined
    ? { state: observed, effects: [{ type: 'count-observation' }] }
    : rolledBackFor(observed, breach)
}

type Conclusion = {
  readonly watch: WatchState
  readonly breach: SloBreach | undefined
  /** Whether the request was one of the candidate's. */
  readonly counts: boolean
  /** Of a run in the shadow: a model was called for it. */
  readonly isCalled?: boolean
}

/** The state after an observation: on, further up, or back. */
function concluded(
  state: RolloutState,
  { watch, breach, counts, isCalled = false }: Conclusion,
): Step<RolloutState, RolloutEffect> {
  const { position, rules } = state
  if (position.stage === 'legacy_only') return { state, effects: [] }
  const { requests, called } = position.trial
  const trial: Trial = {
    ...position.trial,
    watch,
    requests: requests + Number(counts),
    called: called + Number(isCalled),
  }
  const observed: RolloutState = { ...state, position: { ...position, trial } }
  if (breach !== undefined) return rolledBackFor(observed, breach)
  const next = isReady(observed, trial) ? nextPosition(observed, trial) : undefined
  const isWatchable = next?.stage !== 'full' || hasReference(observed)
  if (next === undefined || !isWatchable || !rules.autoAdvance || trial.isPaused)
    return { state: observed, effects: [{ type: 'count-observation' }] }
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

function rolledBackFor(observed: RolloutState, breach: SloBreach): Step<RolloutState, RolloutEffect> {
  return changed(observed, givenUp(observed), { cause: 'slo-breach', by: 'watch', reason: sentenceOf(breach), breach })
}

function isReady({ position, rules }: RolloutState, trial: Trial): boolean {
  if (position.stage === 'full') return false
  const needed = position.stage === 'shadow' ? rules.minShadowRuns : rules.minCanaryRequests
  const isLongEnough = trial.lastedMs >= rules.minStepMs
  const isClean = !isSuspicious(trial.watch, rules.slo) && !isHeldByDrift(trial.drift)
  const isTried = position.stage !== 'shadow' || trial.called >= calledNeeded(rules)
  return trial.requests >= needed && isTried && isLongEnough && isClean
}

function sentenceOf({ slo, against }: SloBreach): string {
  switch (against) {
    case 'control':
      return `the candidate is worse than the incumbent in ${slo}`
    case 'limit':
      return `the candidate is beyond the limit of ${slo}`
    case 'beginning':
      return 'the candidate decides otherwise than at first, on tasks that are the same'
    default:
      return assertNever(against)
  }
}
