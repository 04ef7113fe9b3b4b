import type { TenantId } from '../../base/identifiers.ts'
import { CodedError } from '../../base/errors.ts'
import type { PlannedTask } from '../../core/planning/order-by-dependencies.ts'
import type { TaskGraphs } from './task-graphs.ts'

/** The graphs of one tenant among those of a journal: it sees no others, and takes up no others. */
export type TenantTaskGraphs<Task extends PlannedTask> = Pick<
  TaskGraphs<Task>,
  'run' | 'unfinished' | 'resume' | 'forget'
> & {
  /** As `TaskGraphs.erase`, of all unfinished graphs of the tenant. */
  erase(): Promise<number>
}

/**
 * The part of `graphs` that is a tenant's. What it runs has the tenant before its id (`TENANT/ID`, 256 characters in all),
 * so that graphs of two tenants never share an id or the key of a step; `resume` and `forget` take the ids of `unfinished`.
 */
export function taskGraphsOf<Task extends PlannedTask>(
  graphs: TaskGraphs<Task>,
  tenant: TenantId,
): TenantTaskGraphs<Task> {
  const prefix = `${tenant}/`
  const isOwn = (id: string): boolean => id.startsWith(prefix)
  const checkOwn = (id: string): void => {
    if (!isOwn(id)) throw new CodedError('GRAPH_UNKNOWN', { message: `No unfinished graph ${id}`, details: { id } })
  }
  return {
    run: (plan, init) => graphs.run({ ...plan, id: prefix + plan.id }, init),
    unfinished: () => graphs.unfinished().filter(({ graph: { id } }) => isOwn(id)),
    resume(id, init) {
      checkOwn(id)
      return graphs.resume(id, init)
    },
    async forget(id) {
      checkOwn(id)
      await graphs.forget(id)
    },
    erase: async () => await graphs.erase(isOwn),
  }
}
