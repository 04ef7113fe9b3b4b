import type { ActorSystem } from '../actors/system/actor-system.ts'
import { SUB_TASK_CODEC } from '../core/planning/plan-codec.ts'
import type { SubTask } from '../core/planning/sub-task.ts'
import type { EventLog } from '../ports/event-log.ts'
import { createTaskGraphs, type TaskGraphs } from '../router/graph/task-graphs.ts'
import type { TelemetryPurge } from '../telemetry/telemetry-purge.ts'
import { openOnDemand, type OpenedOnDemand } from './open-on-demand.ts'

export type NodePlansComponents = {
  readonly actors: ActorSystem
  /** Opens the journal of these plans; whoever owns the data directory closes it. */
  readonly openLog: () => Promise<EventLog>
}

/** The plans of agents. What runs when they are closed stays in the journal as it is. */
export type NodePlans = OpenedOnDemand<TaskGraphs<SubTask>>

/** Unfinished plans of all tenants. One holds what at most 32 steps said; a journal of this many is read within a second. */
const GRAPHS_MAX = 400

export function createNodePlans({ actors, openLog }: NodePlansComponents): NodePlans {
  return openOnDemand('STORE_NOT_OPEN', async () => {
    const graphs = createTaskGraphs({ actors, log: await openLog(), codec: SUB_TASK_CODEC }, { graphsMax: GRAPHS_MAX })
    await graphs.start()
    return graphs
  })
}

/**
 * Deletes unfinished plans for good, and what the journal still holds of finished ones; returns how many were unfinished:
 * those of a tenant, or all. None go by date. Throws as `NodePlans.open` and `TaskGraphs.erase`.
 */
export async function purgePlans(plans: Pick<NodePlans, 'open'>, what: TelemetryPurge): Promise<number> {
  if (what.kind === 'before') return 0
  const graphs = await plans.open()
  return await graphs.erase((id) => what.kind === 'all' || id.startsWith(`${what.tenant}/`))
}
