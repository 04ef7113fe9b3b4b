import { parseTenantId } from '../base/identifiers.ts'
import { createMemoryGraph } from '../memory/create-memory-graph.ts'
import type { MemoryGraphComponents, MemoryGraphInit } from '../memory/memory-graph-init.ts'
import type { MemoryGraph } from '../memory/memory-graph.ts'
import type { EventLog } from '../ports/event-log.ts'
import type { TelemetryPurge } from '../telemetry/telemetry-purge.ts'
import { openOnDemand, type OpenedOnDemand } from './open-on-demand.ts'

export type NodeMemoryComponents = Omit<MemoryGraphComponents, 'log'> & {
  /** Opens the memory's journal; whoever owns the data directory closes it. */
  readonly openLog: () => Promise<EventLog>
}

/** The memory of agents. What is pending when it is closed is written. */
export type NodeMemory = OpenedOnDemand<MemoryGraph>

/** A tenant that has filled its share is read in a fraction of a second; the texts of all together take at most 400 MiB. */
const BOUNDS: MemoryGraphInit = {
  settings: { nodesMax: 4_000, bytesMax: 4 * 1024 * 1024 },
  tenantsMax: 100,
}

/** Texts are compared by the built-in embedder, so that none of them leaves the machine. */
export function createNodeMemory({ openLog, ...components }: NodeMemoryComponents): NodeMemory {
  return openOnDemand('MEMORY_NOT_OPEN', async () => {
    const graph = createMemoryGraph({ ...components, log: await openLog() }, BOUNDS)
    await graph.start()
    return graph
  })
}

/**
 * Deletes memories for good, and returns how many: those of a tenant, or all. There are none to delete by date, since they
 * fade and leave by themselves. Throws as `NodeMemory.open` and `MemoryGraph.eraseTenant`.
 */
export async function purgeMemories(memory: Pick<NodeMemory, 'open'>, what: TelemetryPurge): Promise<number> {
  if (what.kind === 'before') return 0
  const graph = await memory.open()
  const wanted = what.kind === 'tenant' ? [parseTenantId(what.tenant)] : graph.tenants()
  let count = 0
  for (const tenant of wanted) {
    if (tenant === undefined) continue
    count += graph.forTenant(tenant).inspect().nodes
    await graph.eraseTenant(tenant)
  }
  return count
}
