import { isPlanFinished, type PlanState } from './plan-machine.ts'

/** A step without an output, and why. */
export type UndoneStep = { readonly id: string; readonly reason: string }

export type ComposedOutput = {
  /** The outputs of the last steps that succeeded, in plan order, separated by blank lines; `''` when no step did. */
  readonly output: string
  /** Whether every step succeeded. */
  readonly isComplete: boolean
  /** Steps that failed or were stopped, in plan order. */
  readonly undone: readonly UndoneStep[]
}

/**
 * Puts the answer together: outputs of steps that no finished step has consumed. What a later step has consumed is already
 * part of that step's output and is not repeated; what a failed step should have consumed is the best there is. Undone steps are listed apart, so that the caller says what is missing.
 *
 * @throws RangeError when the plan has not finished.
 */
export function composePlanOutput(state: PlanState): ComposedOutput {
  if (!isPlanFinished(state)) throw new RangeError('the plan has not finished')
  const consumed = new Set(
    state.subTasks.flatMap(({ id, depends_on }) => (state.statuses.get(id)?.kind === 'succeeded' ? depends_on : [])),
  )
  const outputs: string[] = []
  const undone: UndoneStep[] = []
  for (const { id } of state.subTasks) {
    const status = state.statuses.get(id)
    if (status?.kind === 'succeeded' && !consumed.has(id)) outputs.push(status.output)
    if (status?.kind === 'failed') undone.push({ id, reason: status.reason })
    if (status?.kind === 'stopped') undone.push({ id, reason: `depends on ${status.failedDependency}, which failed` })
  }
  return { output: outputs.join('\n\n'), isComplete: undone.length === 0, undone }
}
