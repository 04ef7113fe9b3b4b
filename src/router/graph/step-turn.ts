import type { PlannedTask } from '../../core/planning/order-by-dependencies.ts'
import type { DependencyOutput } from '../../core/planning/plan-event.ts'

/** One attempt at a step, as whoever carries it out sees it. */
export interface StepTurn<Task extends PlannedTask> {
  readonly subTask: Task
  /** Of the steps that it depends on, and of no others. */
  readonly dependencyOutputs: readonly DependencyOutput[]
  /** 1 for the first. */
  readonly attempt: number
  /**
   * The same when this attempt is made again after a crash, and of no other attempt: what has an effect outside is given
   * it, so that it has its effect once.
   */
  readonly key: string
  /** Aborts when the attempt is to end: cancelled, out of time, or its graph is gone. */
  readonly signal: AbortSignal
  /** The same without a signal: `listener` is called once, with the signal's reason. Each call replaces the listener before. */
  onStop(listener: (reason: unknown) => void): void
  /**
   * Shows partial output to the reader of the graph. Resolves when the reader has room; rejects with the signal's reason,
   * and with a TypeError when the text before was not waited for. Without a reader it is forgotten.
   */
  emit(text: string): Promise<void>
}

/**
 * How one attempt at a step ended, as `ExecuteStep` says it. One that failed is made again while the policy of the step has attempts
 * left.
 */
export type StepOutcome =
  | { readonly kind: 'succeeded'; readonly output: string }
  | {
      readonly kind: 'failed'
      /** A code, or a few words for people. */
      readonly reason: string
      /** False: another attempt would fail as well. Default true. */
      readonly isRetryable?: boolean
    }

/** Carries out an attempt. What it throws is a failed attempt; its code, or `INTERNAL_ERROR`, is the reason. */
export type ExecuteStep<Task extends PlannedTask> = (turn: StepTurn<Task>) => Promise<StepOutcome>
