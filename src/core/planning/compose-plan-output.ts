import type { PlannedTask } from './order-by-dependencies.ts'
import { isPlanFinished, statusOf, type PlanState, type SubTaskStatus } from './plan-state.ts'

/** A step without an output, and why. */
export type UndoneStep = { readonly id: string; readonly reason: string }

/** The answer of a finished plan as far as there is one, and what it lacks; `composePlanOutput` makes it. */
export type ComposedOutput = {
  /** The outputs of the last steps that succeeded, in plan order, separated by blank lines; `''` when no step did. */
  readonly output: string
  /** Whether every step that is not optional succeeded. */
  readonly isComplete: boolean
  /** Steps that failed, were stopped or were cancelled, optional ones left out, in plan order. */
  readonly undone: readonly UndoneStep[]
}

/**
 * Puts the answer together: outputs of steps that no finished step has consumed. What a later step has consumed is already
 * part of that step's output and is not repeated; what a failed step should have consumed is the best there is. Undone steps are listed apart, so that the caller says what is missing.
 *
 * @throws RangeError when the plan has not finished.
 */
export function composePlanOutput(state: PlanState<PlannedTask>): ComposedOutput {
  if (!isPlanFinished(state)) throw new RangeError('the plan has not finished')
  const { graph } = state
  const consumed = new Set(
    graph.subTasks.flatMap(({ id, depends_on }) => (statusOf(state, id)?.kind === 'succeeded' ? depends_on : [])),
  )
  const outputs: string[] = []
  const undone: UndoneStep[] = []
  for (const [index, { id }] of graph.subTasks.entries()) {
    const status = state.statuses[index]
    if (status?.kind === 'succeeded' && !consumed.has(id)) outputs.push(status.output)
    const reason = status === undefined ? undefined : reasonUndone(status)
    if (reason !== undefined && graph.policies[index]?.isOptional !== true) undone.push({ id, reason })
  }
  return { output: outputs.join('\n\n'), isComplete: undone.length === 0, undone }
}

function reasonUndone(status: SubTaskStatus): string | undefined {
  if (status.kind === 'stopped') return `depends on ${status.failedDependency}, which failed`
  return status.kind === 'failed' || status.kind === 'cancelled' ? status.reason : undefined
}
