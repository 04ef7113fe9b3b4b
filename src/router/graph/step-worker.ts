import { fromTransition } from 'xstate'
import { CodedError } from '../../base/errors.ts'
import { defineAgent } from '../../actors/define-agent.ts'
import type { ActorRef } from '../../actors/actor-ref.ts'
import type { AgentDefinition } from '../../actors/agent-definition.ts'
import type { PlannedTask } from '../../core/planning/order-by-dependencies.ts'
import type { DependencyOutput, PlanEffect } from '../../core/planning/plan-event.ts'
import type { GraphStream } from './graph-stream.ts'
import type { ExecuteStep, StepOutcome, StepTurn } from './step-turn.ts'

/** What an attempt needs of its graph. */
export interface AttemptOwner<Task extends PlannedTask> {
  readonly execute: ExecuteStep<Task>
  /** `undefined` while nobody reads. */
  readonly stream: GraphStream | undefined
  attemptEnded(turn: RunningTurn<Task>, outcome: StepOutcome): void
  attemptThrew(turn: RunningTurn<Task>, error: unknown): void
  /** The worker of this attempt is no more, and the attempt with it. */
  workerEnded(turn: RunningTurn<Task>, error: unknown): void
}

/** An attempt under way. Plain fields: one is made for every step that is started. */
export class RunningTurn<Task extends PlannedTask> implements StepTurn<Task> {
  readonly subTask: Task
  readonly dependencyOutputs: readonly DependencyOutput[]
  readonly attempt: number
  readonly key: string
  private readonly owner: AttemptOwner<Task>
  /** Made for those who look at the signal: most attempts end by themselves. */
  private controller: AbortController | undefined
  private stopReason: { readonly reason: unknown } | undefined
  private stopListener: ((reason: unknown) => void) | undefined
  private isOver = false

  constructor(owner: AttemptOwner<Task>, effect: Extract<PlanEffect<Task>, { type: 'start-subtask' }>) {
    this.owner = owner
    this.subTask = effect.subTask
    this.dependencyOutputs = effect.dependencyOutputs
    this.attempt = effect.attempt
    this.key = effect.key
  }

  get signal(): AbortSignal {
    if (this.controller === undefined) {
      this.controller = new AbortController()
      if (this.stopReason !== undefined) this.controller.abort(this.stopReason.reason)
    }
    return this.controller.signal
  }

  onStop(listener: (reason: unknown) => void): void {
    this.stopListener = listener
    if (this.stopReason !== undefined) listener(this.stopReason.reason)
  }

  async emit(text: string): Promise<void> {
    if (this.stopReason !== undefined) throw this.stopReason.reason
    const { stream } = this.owner
    if (stream === undefined || this.isOver) return
    await stream.pushText({ type: 'step-text', id: this.subTask.id, attempt: this.attempt, text }, this)
  }

  /** The worker's turn. What `execute` throws before its first wait is thrown here: the worker fails. */
  begin(): void {
    const { owner } = this
    owner.execute(this).then(
      (outcome) => {
        if (this.isOver) return
        this.isOver = true
        owner.attemptEnded(this, outcome)
      },
      (error: unknown) => {
        if (this.isOver) return
        this.isOver = true
        owner.attemptThrew(this, error)
      },
    )
  }

  /** Whatever is said of the attempt after this is not heard. @param failure  Absent: somebody ended the worker. */
  workerEnded(failure?: { readonly error: unknown }): void {
    if (this.isOver) return
    this.isOver = true
    const message = `The worker of step ${this.subTask.id} was ended`
    const error = failure === undefined ? new CodedError('ACTOR_STOPPED', { message }) : failure.error
    this.stop(error)
    this.owner.workerEnded(this, error)
  }

  /** Idempotent. */
  stop(reason: unknown): void {
    if (this.stopReason !== undefined) return
    this.stopReason = { reason }
    this.controller?.abort(reason)
    this.stopListener?.(reason)
    this.owner.stream?.refuseFrom(this, reason)
  }
}

type Attempt = Pick<RunningTurn<PlannedTask>, 'begin' | 'workerEnded'>
export type WorkerMessage =
  | { readonly type: 'attempt-started'; readonly turn: Attempt }
  | { readonly type: 'xstate.stop' }

/**
 * The actor that carries out a step: one attempt after another, each as long as it takes. Its own failure and its end from
 * outside are failures of the attempt under way; it is not started again, the graph decides about another attempt.
 */
export const STEP_WORKER: AgentDefinition = defineAgent({
  name: 'graph-step',
  restart: 'temporary',
  mailbox: { bound: 16 },
  logic: fromTransition((attempt: Attempt | undefined, message: WorkerMessage, { self: actor }) => {
    if (message.type === 'xstate.stop') {
      attempt?.workerEnded()
      return undefined
    }
    try {
      message.turn.begin()
    } catch (error: unknown) {
      // The graph is told here, so that nobody else has to hear of the end. The scope is the cell of this runtime.
      ;(actor as unknown as ActorRef).watch(() => {})
      message.turn.workerEnded({ error })
      throw error
    }
    return message.turn
  }, undefined),
})
