import { assertNever } from '../../base/assert.ts'
import type { Machine, Step } from '../machine.ts'
import type { PlannedStep } from './decision-record.ts'

/** How one planned step ended. */
export type StepOutcome =
  | { readonly kind: 'accepted'; readonly confidence: number }
  | { readonly kind: 'rejected'; readonly confidence: number; readonly isValid: boolean; readonly check: string }
  | { readonly kind: 'failed'; readonly code: string }
  | { readonly kind: 'refused-by-budget' }

/**
 * Escalation through a plan, one step after another:
 *
 * ```
 * planned --run-started--> calling(0) --answer-accepted--> finished(accepted)
 *                            | answer-rejected, call-failed, budget-refused        (answer-kept: finished(best-rejected))
 *                            v
 *                          calling(1) ... past the last step, and before a fallback where an answer was rejected: finished(best rejected answer, or why there is none)
 * any ----run-aborted----> finished(aborted)
 * ```
 */
export type AttemptState =
  | { readonly kind: 'planned'; readonly steps: readonly PlannedStep[] }
  | {
      readonly kind: 'calling'
      readonly steps: readonly PlannedStep[]
      readonly index: number
      readonly outcomes: readonly StepOutcome[]
    }
  | {
      readonly kind: 'finished'
      readonly steps: readonly PlannedStep[]
      readonly outcomes: readonly StepOutcome[]
      readonly end: AttemptEnd
    }

export type AttemptEnd =
  | { readonly kind: 'accepted'; readonly index: number }
  /** Nothing was accepted; the most probable of the valid refused answers is handed out, marked as not accepted. */
  | { readonly kind: 'best-rejected'; readonly index: number }
  | { readonly kind: 'all-failed' }
  | { readonly kind: 'out-of-budget' }
  | { readonly kind: 'aborted' }

export type AttemptEvent =
  | { readonly type: 'run-started' }
  | { readonly type: 'answer-accepted'; readonly confidence: number }
  | { readonly type: 'answer-rejected'; readonly confidence: number; readonly isValid: boolean; readonly check: string }
  /** Valid but not certain, on a route that asked for one answer and not for certainty: it stands as it is. */
  | { readonly type: 'answer-kept'; readonly confidence: number }
  | { readonly type: 'call-failed'; readonly code: string }
  | { readonly type: 'budget-refused' }
  | { readonly type: 'run-aborted' }

export type AttemptEffect =
  | { readonly type: 'call-model'; readonly index: number; readonly step: PlannedStep }
  | { readonly type: 'finish-run'; readonly end: AttemptEnd }
  | { readonly type: 'event-refused'; readonly code: 'ATTEMPT_EVENT_REFUSED'; readonly detail: string }

type AttemptStep = Step<AttemptState, AttemptEffect>

/** Which model is called next, and when to stop. Pure: the shell calls models, verifies answers and keeps the money. */
export const attemptMachine: Machine<
  AttemptState,
  AttemptEvent,
  AttemptEffect,
  { readonly steps: readonly PlannedStep[] }
> = {
  name: 'attempt',
  initial: ({ steps }) => ({ kind: 'planned', steps }),
  transition,
  violations,
}

function transition(state: AttemptState, event: AttemptEvent): AttemptStep {
  if (state.kind === 'finished') return refuse(state, `${event.type} after the end`)
  if (event.type === 'run-aborted') return finish(state, outcomesOf(state), { kind: 'aborted' })
  if (state.kind === 'planned') {
    if (event.type !== 'run-started') return refuse(state, `${event.type} before the start`)
    return call(state.steps, 0, [])
  }
  switch (event.type) {
    case 'run-started':
      return refuse(state, 'the run has started already')
    case 'answer-accepted': {
      const outcomes: readonly StepOutcome[] = [...state.outcomes, { kind: 'accepted', confidence: event.confidence }]
      return finish(state, outcomes, { kind: 'accepted', index: state.index })
    }
    case 'answer-rejected': {
      const { confidence, isValid, check } = event
      const outcomes: readonly StepOutcome[] = [...state.outcomes, { kind: 'rejected', confidence, isValid, check }]
      // A fallback stands in for models that failed, and not for answers that were refused.
      if (state.steps[state.index + 1]?.role === 'fallback')
        return finish(state, outcomes, endWithoutAcceptance(outcomes))
      return call(state.steps, state.index + 1, outcomes)
    }
    case 'answer-kept': {
      const kept = { kind: 'rejected', confidence: event.confidence, isValid: true, check: 'confidence' } as const
      return finish(state, [...state.outcomes, kept], { kind: 'best-rejected', index: state.index })
    }
    case 'call-failed':
      return call(state.steps, state.index + 1, [...state.outcomes, { kind: 'failed', code: event.code }])
    case 'budget-refused':
      return call(state.steps, state.index + 1, [...state.outcomes, { kind: 'refused-by-budget' }])
    default:
      return assertNever(event)
  }
}

function call(steps: readonly PlannedStep[], index: number, outcomes: readonly StepOutcome[]): AttemptStep {
  const step = steps[index]
  if (step === undefined) return finish({ kind: 'planned', steps }, outcomes, endWithoutAcceptance(outcomes))
  return { state: { kind: 'calling', steps, index, outcomes }, effects: [{ type: 'call-model', index, step }] }
}

/** Later answers come from stronger models, so among equals the last one wins. */
function endWithoutAcceptance(outcomes: readonly StepOutcome[]): AttemptEnd {
  let best: number | undefined
  let bestConfidence = -1
  for (const [index, outcome] of outcomes.entries()) {
    if (outcome.kind !== 'rejected') continue
    const confidence = outcome.isValid ? outcome.confidence : -0.5
    if (confidence >= bestConfidence) {
      best = index
      bestConfidence = confidence
    }
  }
  if (best !== undefined) return { kind: 'best-rejected', index: best }
  const isMoneyTheReason = outcomes.length > 0 && outcomes.every((outcome) => outcome.kind === 'refused-by-budget')
  return isMoneyTheReason ? { kind: 'out-of-budget' } : { kind: 'all-failed' }
}

function finish(state: AttemptState, outcomes: readonly StepOutcome[], end: AttemptEnd): AttemptStep {
  return { state: { kind: 'finished', steps: state.steps, outcomes, end }, effects: [{ type: 'finish-run', end }] }
}

function refuse(state: AttemptState, detail: string): AttemptStep {
  return { state, effects: [{ type: 'event-refused', code: 'ATTEMPT_EVENT_REFUSED', detail }] }
}

function outcomesOf(state: AttemptState): readonly StepOutcome[] {
  return state.kind === 'planned' ? [] : state.outcomes
}

function violations(state: AttemptState): readonly string[] {
  const broken: string[] = []
  const outcomes = outcomesOf(state)
  if (outcomes.length > state.steps.length) broken.push('a step ends once')
  if (state.kind === 'calling' && state.index !== outcomes.length)
    broken.push('steps are called in order, without gaps')
  if (outcomes.slice(0, -1).some(({ kind }) => kind === 'accepted'))
    broken.push('nothing is called after an accepted answer')
  if (state.kind !== 'finished') return broken
  const { end } = state
  if (end.kind === 'accepted' && outcomes[end.index]?.kind !== 'accepted')
    broken.push('an accepted end has an accepted step')
  if (end.kind === 'best-rejected' && outcomes[end.index]?.kind !== 'rejected')
    broken.push('a rejected end has a rejected step')
  if (end.kind === 'out-of-budget' && outcomes.some(({ kind }) => kind === 'failed'))
    broken.push('money is the reason only when nothing else failed')
  return broken
}
