import { assert } from '../base/assert.ts'
import { attemptMachine, type AttemptEvent, type AttemptState } from '../core/routing/attempt-machine.ts'
import type { PlannedStep } from '../core/routing/decision-record.ts'
import { addCause, endError, type EndCause } from './plan-end.ts'
import type { TaskRun } from './task-run.ts'

/** A step whose turn it is. */
export type StepTurn = {
  readonly step: PlannedStep
  readonly index: number
  /** No other step is left to ask. */
  readonly isLastResort: boolean
}

/** What came of a step: an event for the machine, or a result that ends the plan at once. */
export type StepReport<Result> =
  | { readonly kind: 'reported'; readonly event: AttemptEvent; readonly cause?: EndCause | undefined }
  | { readonly kind: 'ended'; readonly result: Result }

/** How a plan came to an answer: a step ended it, or the answer of a step stands once nothing is left to ask. */
export type PlanEnd<Result> =
  | { readonly kind: 'ended'; readonly result: Result }
  | { readonly kind: 'standing'; readonly index: number; readonly isAccepted: boolean }

/**
 * Takes the steps of a plan one after another, in the order and for as long as the attempt machine says.
 *
 * Throws as `endError` where no answer stands, and what `takeStep` throws.
 */
export async function drivePlan<Result = never>(
  run: TaskRun,
  steps: readonly PlannedStep[],
  takeStep: (turn: StepTurn) => Promise<StepReport<Result>>,
): Promise<PlanEnd<Result>> {
  assert(steps.length > 0, 'a plan has a step')
  let state: AttemptState = attemptMachine.initial({ steps })
  let event: AttemptEvent = { type: 'run-started' }
  let cause: EndCause = {}
  for (;;) {
    const next = attemptMachine.transition(state, event)
    state = next.state
    const effect = next.effects[0]
    assert(effect !== undefined && effect.type !== 'event-refused', 'every event of a run applies')
    if (effect.type === 'finish-run') {
      const { end } = effect
      if (end.kind !== 'accepted' && end.kind !== 'best-rejected') throw endError(end, run, cause)
      return { kind: 'standing', index: end.index, isAccepted: end.kind === 'accepted' }
    }
    const { step, index } = effect
    const report = await takeStep({ step, index, isLastResort: index === steps.length - 1 })
    if (report.kind === 'ended') return report
    cause = addCause(cause, report.cause)
    event = report.event
  }
}
