import { statusOf, type PlanState, type SubTaskStatus } from 'kernell-os/core'

/** A step as its readers see it. */
export type StepReport = {
  readonly id: string
  readonly description: string
  readonly dependsOn: readonly string[]
  readonly state: SubTaskStatus['kind']
  /** Only of steps that succeeded. */
  readonly output?: string
  /** Only of steps that did not: the code of the error or a few words, or the step that failed before. */
  readonly reason?: string
}

export function stepReports(plan: PlanState): readonly StepReport[] {
  return plan.graph.subTasks.map(({ id, description, depends_on }) => {
    const status = statusOf(plan, id) ?? { kind: 'waiting', attempt: 1 }
    const reason = reasonOf(status)
    return {
      id,
      description,
      dependsOn: depends_on,
      state: status.kind,
      ...(status.kind === 'succeeded' && { output: status.output }),
      ...(reason !== undefined && { reason }),
    }
  })
}

/** Steps that have been done. */
export function doneCount({ statuses }: PlanState): number {
  return statuses.filter(({ kind }) => kind === 'succeeded').length
}

function reasonOf(status: SubTaskStatus): string | undefined {
  if (status.kind === 'stopped') return `depends on ${status.failedDependency}, which failed`
  return status.kind === 'failed' || status.kind === 'cancelled' ? status.reason : undefined
}
