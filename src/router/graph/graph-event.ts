import type { PlannedTask } from '../../core/planning/order-by-dependencies.ts'
import type { PlanEvent } from '../../core/planning/plan-event.ts'
import { statusOf, type PlanState } from '../../core/planning/plan-state.ts'

/** What a subscriber sees of a graph, in the order in which it happened. */
export type GraphEvent =
  | { readonly type: 'step-started'; readonly id: string; readonly attempt: number }
  /** Partial output of an attempt. It is void when that attempt fails. */
  | { readonly type: 'step-text'; readonly id: string; readonly attempt: number; readonly text: string }
  /** There is another attempt, now or later. */
  | { readonly type: 'attempt-failed'; readonly id: string; readonly reason: string }
  | { readonly type: 'step-succeeded'; readonly id: string; readonly output: string }
  | { readonly type: 'step-failed'; readonly id: string; readonly reason: string }
  | { readonly type: 'step-cancelled'; readonly id: string; readonly reason: string }
  /** It will not run, because `failedDependency` failed or was cancelled. */
  | { readonly type: 'step-stopped'; readonly id: string; readonly failedDependency: string }

/** A step of the machine: the event, and the plan before and after it. */
export type PlanStep = {
  readonly event: PlanEvent
  readonly before: PlanState<PlannedTask>
  readonly state: PlanState<PlannedTask>
}

/** What an event of the plan means for the steps that it has changed; an end is told once. Starts and stops are effects. */
export function graphEventsOf(step: PlanStep): readonly GraphEvent[] {
  const { event, before, state } = step
  switch (event.type) {
    case 'plan-started':
      return []
    case 'plan-resumed':
    case 'plan-cancelled':
      return state.graph.subTasks.flatMap(({ id }, index) =>
        state.statuses[index] === before.statuses[index] ? [] : endOf(id, step),
      )
    case 'timer-fired':
      return endOf(event.timer.id, step)
    case 'subtask-succeeded':
    case 'subtask-failed':
    case 'subtask-cancelled':
      return endOf(event.id, step)
  }
}

function endOf(id: string, step: PlanStep): readonly GraphEvent[] {
  const status = statusOf(step.state, id)
  switch (status?.kind) {
    case 'succeeded':
      return step.event.type === 'subtask-succeeded' ? [{ type: 'step-succeeded', id, output: status.output }] : []
    case 'failed':
      return [{ type: 'step-failed', id, reason: status.reason }]
    case 'cancelled':
      return [{ type: 'step-cancelled', id, reason: status.reason }]
    case 'running':
    case 'waiting':
    case 'backing-off':
      return attemptEnd(id, step)
    case 'stopping':
    case 'stopped':
    case undefined:
      return []
  }
}

/** An attempt that was told to stop has failed for the reason of that, whatever it says itself, and if it says nothing. */
function attemptEnd(id: string, { event, before }: PlanStep): readonly GraphEvent[] {
  const status = statusOf(before, id)
  if (status?.kind === 'stopping') return [{ type: 'attempt-failed', id, reason: status.reason }]
  return event.type === 'subtask-failed' ? [{ type: 'attempt-failed', id, reason: event.reason }] : []
}
