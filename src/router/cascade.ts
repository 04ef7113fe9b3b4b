import { assert } from '../base/assert.ts'
import {
  attemptMachine,
  type AttemptEffect,
  type AttemptEvent,
  type AttemptState,
} from '../core/routing/attempt-machine.ts'
import type { PlannedStep } from '../core/routing/decision-record.ts'
import type { StepOutcome } from './graph/step-turn.ts'
import { addCause, endError, type EndCause } from './plan-end.ts'
import type { TaskRun } from './task-run.ts'

/** A model whose turn it is. */
export type ModelTurn = {
  readonly step: PlannedStep
  readonly index: number
  /** No other model is left to ask if this one's answer is refused. */
  readonly isLastResort: boolean
  /** No other model is left to ask if this one fails. */
  readonly isLast: boolean
}

/** What came of a model's turn. */
export type ModelReport = { readonly event: AttemptEvent; readonly cause?: EndCause | undefined }

/** The answer that stands once nothing is left to ask. */
export type Standing = { readonly index: number; readonly isAccepted: boolean }

/**
 * The models of a plan, asked one after another in the order and for as long as the attempt machine says. To a task graph
 * they are the attempts of one step: the n-th attempt asks the n-th model.
 */
export class Cascade {
  private readonly run: TaskRun
  private readonly steps: readonly PlannedStep[]
  private state: AttemptState
  private effect: AttemptEffect | undefined
  private cause: EndCause = {}

  constructor(run: TaskRun, steps: readonly PlannedStep[]) {
    assert(steps.length > 0, 'a plan has a step')
    this.run = run
    this.steps = steps
    this.state = attemptMachine.initial({ steps })
    this.take({ type: 'run-started' })
  }

  /** The turn of this attempt; 1 is the first. */
  turn(attempt: number): ModelTurn {
    const { effect } = this
    assert(effect?.type === 'call-model' && effect.index === attempt - 1, 'attempts follow the order of the models')
    return this.turnAt(effect.index)
  }

  /** The turn of the model with this index, also before it has come. */
  turnAt(index: number): ModelTurn {
    const step = this.steps[index]
    assert(step !== undefined, 'a plan has the step')
    const next = this.steps[index + 1]
    return { step, index, isLastResort: next === undefined || next.role === 'fallback', isLast: next === undefined }
  }

  /** The step behind this one; `undefined` where it is the last. */
  next(index: number): PlannedStep | undefined {
    return this.steps[index + 1]
  }

  /** @returns `ANOTHER_MODEL` or `NOTHING_LEFT`. */
  report({ event, cause }: ModelReport): StepOutcome {
    if (cause !== undefined) this.cause = addCause(this.cause, cause)
    this.take(event)
    return this.effect?.type === 'call-model' ? ANOTHER_MODEL : NOTHING_LEFT
  }

  /** Throws as `endError` where no answer stands. */
  standing(): Standing {
    const { effect } = this
    assert(effect?.type === 'finish-run', 'nothing is left to ask')
    const { end } = effect
    if (end.kind !== 'accepted' && end.kind !== 'best-rejected') throw endError(end, this.run, this.cause)
    return { index: end.index, isAccepted: end.kind === 'accepted' }
  }

  private take(event: AttemptEvent): void {
    const next = attemptMachine.transition(this.state, event)
    const effect = next.effects[0]
    assert(effect !== undefined && effect.type !== 'event-refused', 'every event of a run applies')
    this.state = next.state
    this.effect = effect
  }
}

/** Outcomes of an attempt whose result is kept elsewhere: nothing is left to ask, or another model is asked. */
export const NOTHING_LEFT: StepOutcome = Object.freeze({ kind: 'succeeded', output: '' })
export const ANOTHER_MODEL: StepOutcome = Object.freeze({ kind: 'failed', reason: 'another model is asked' })
