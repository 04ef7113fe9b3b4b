import type { PlannedTask } from './order-by-dependencies.ts'
import type { StopCause } from './plan-state.ts'
import type { SubTask } from './sub-task.ts'

/** One timer of a step; it has one at most. */
export type PlanTimer = {
  /** `time-limit`: the attempt takes too long. `back-off`: the next attempt is due. `stop-grace`: the step did not stop in time. */
  readonly kind: 'time-limit' | 'back-off' | 'stop-grace'
  readonly id: string
  readonly attempt: number
}

/** What whoever executes a plan tells the plan machine. `id` is that of a step, attempts are counted from 1, and `reason` is for people. */
export type PlanEvent =
  | { readonly type: 'plan-started' }
  /** The state was read from where it was kept, and nothing of it runs: what was under way starts again, as the same attempt. */
  | { readonly type: 'plan-resumed' }
  /** `attempt` absent: the one that runs. */
  | { readonly type: 'subtask-succeeded'; readonly id: string; readonly output: string; readonly attempt?: number }
  | {
      readonly type: 'subtask-failed'
      readonly id: string
      readonly reason: string
      readonly attempt?: number
      /** False: another attempt would fail as well. Default true. */
      readonly isRetryable?: boolean
    }
  /** Somebody wants the step not to be done. What depends on it is stopped, unless it is optional. */
  | { readonly type: 'subtask-cancelled'; readonly id: string; readonly reason: string }
  /** Somebody wants nothing more to be done. */
  | { readonly type: 'plan-cancelled'; readonly reason: string }
  /** The timer of a `start-timer` effect fired. */
  | { readonly type: 'timer-fired'; readonly timer: PlanTimer }

/** What a step gave that another one depends on: `id` is the step that gave it. In the prompt of the other one it stands fenced, as data (`buildSubTaskPrompt`). */
export type DependencyOutput = { readonly id: string; readonly output: string }

/**
 * What the plan machine asks of whoever executes the plan, in order. `start-subtask` is answered by `subtask-succeeded` or `subtask-failed`, `start-timer` by
 * `timer-fired`.
 */
export type PlanEffect<Task extends PlannedTask = SubTask> =
  /** Execute the step; it sees these outputs and nothing else of the plan. Those of optional steps without one are left out. */
  | {
      readonly type: 'start-subtask'
      readonly subTask: Task
      readonly dependencyOutputs: readonly DependencyOutput[]
      /** 1 for the first. */
      readonly attempt: number
      /** The same whenever this attempt is started, also after a crash; of no other attempt of any plan. */
      readonly key: string
    }
  /** The step is to end soon, one way or the other, and say so. */
  | { readonly type: 'stop-subtask'; readonly id: string; readonly attempt: number; readonly cause: StopCause }
  /** The step did not end in time: whatever it says from now on is not heard. */
  | { readonly type: 'abandon-subtask'; readonly id: string; readonly attempt: number }
  /** Say `timer-fired` with this timer after `delayMs` milliseconds. It takes the place of the step's timer. */
  | { readonly type: 'start-timer'; readonly timer: PlanTimer; readonly delayMs: number }
  /** The step has no timer any more. */
  | { readonly type: 'cancel-timer'; readonly id: string }
  /** The step will not run, because `failedDependency` failed or was cancelled. */
  | { readonly type: 'report-stopped'; readonly id: string; readonly failedDependency: string }
  /** Every step has ended; see `composePlanOutput`. Emitted once. */
  | { readonly type: 'finish-plan' }
  | { readonly type: 'event-refused'; readonly code: 'PLAN_EVENT_REFUSED'; readonly detail: string }
