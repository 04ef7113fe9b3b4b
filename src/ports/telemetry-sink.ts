/**
 * TelemetrySink: where the router reports what really happened to a task. It is not a log: one record per finished task,
 * with nothing the operator did not consent to. Implementations hash the task text with the installation's salt and keep
 * the text itself only where the operator opted in.
 *
 * `record` is on the hot path: it enqueues and returns. The queue is bounded; when full, the oldest record is dropped and
 * counted.
 */
import type { TaskOutcome } from '../core/routing/task-outcome.ts'

/**
 * Where the router reports what really happened to a task, one outcome for each that has ended. The queue is bounded: when it is full, the oldest record
 * is dropped and counted.
 */
export interface TelemetrySink {
  /** Never throws and never waits. The outcome must not be changed afterwards. */
  record(outcome: TaskOutcome): void
  /** Resolves when everything recorded before the call is where this sink keeps it. */
  flush(): Promise<void>
  /** Records dropped so far because the queue was full or the store refused them. */
  readonly droppedCount: number
}
