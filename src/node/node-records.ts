import { CodedError } from '../base/errors.ts'
import type { TenantId } from '../base/identifiers.ts'
import { parseTenantId } from '../base/identifiers.ts'
import type { AbortOptions } from '../ports/abort-options.ts'
import type { KeyValueStore } from '../ports/key-value-store.ts'
import type { SemanticCache } from '../router/semantic-cache.ts'
import type { TelemetryPipeline } from '../telemetry/telemetry-pipeline.ts'
import type { TelemetryFilter, TelemetryPurge, TelemetryStore } from '../telemetry/telemetry-store.ts'
import { purgeMemories, type NodeMemory } from './node-memory.ts'
import { purgePlans, type NodePlans } from './node-plans.ts'
import type { TelemetryEvent } from '../wire/telemetry-event.ts'

export type { TelemetryFilter, TelemetryPurge } from '../telemetry/telemetry-store.ts'

export type PurgeOptions = {
  /** Also the cached answers: all of them, or those of the tenant. Answers carry no date to purge by; their time to live does that. */
  readonly withAnswers?: boolean
  /**
   * Also what agents remember, and the plans that they have not finished: all of it, or that of the tenant. With `before`
   * nothing: memories fade by themselves, and the planner gives up plans that were not finished for a week.
   */
  readonly withMemories?: boolean
}

/** How much was deleted. */
export type Purged = {
  readonly records: number
  readonly answers: number
  readonly memories: number
  readonly plans: number
}

/** The records of finished tasks that this node keeps with the operator's consent. What still waits to be stored is stored first. */
export type NodeRecords = {
  /** Leaves out records that cannot be read. */
  list(filter?: TelemetryFilter, options?: AbortOptions): AsyncIterable<TelemetryEvent>
  /** Records met since the start that could not be read. Any purge of a tenant, or of all, deletes them. */
  readonly unreadableCount: number
  count(): Promise<number>
  /** JSON lines, oldest first, each ending in a line break. */
  exportLines(filter?: TelemetryFilter, options?: AbortOptions): AsyncIterable<string>
  /**
   * Deletes for good: when it resolves, the store's files hold no byte of what was deleted. Budgets are books of money and stay,
   * with the names of tenants that have spent. Of a cache that is switched off, all answers can be deleted; those of a tenant throw
   * `REQUEST_INVALID`. Memories and plans that cannot be read throw as `KernellNode.openMemory` and `openPlans`.
   */
  purge(what: TelemetryPurge, options?: PurgeOptions): Promise<Purged>
}

const DELETED_AT_ONCE = 512

export type NodeRecordsComponents = {
  readonly store: TelemetryStore
  readonly pipeline: Pick<TelemetryPipeline, 'flush'>
  /** `undefined` when the operator switched it off. */
  readonly cache: SemanticCache | undefined
  /** Where the cache keeps its answers, switched on or off. */
  readonly answerStore: KeyValueStore
  readonly memory: Pick<NodeMemory, 'open'>
  readonly plans: Pick<NodePlans, 'open'>
  /** Rewrites the files of the data directory's store. */
  readonly compact: () => Promise<void>
}

export function createNodeRecords({
  store,
  pipeline,
  cache,
  answerStore,
  memory,
  plans: openPlans,
  compact,
}: NodeRecordsComponents): NodeRecords {
  return {
    async *list(filter, options) {
      await pipeline.flush()
      yield* store.list(filter, options)
    },
    get unreadableCount() {
      return store.unreadableCount
    },
    async count() {
      await pipeline.flush()
      return await store.count()
    },
    async *exportLines(filter, options) {
      await pipeline.flush()
      yield* store.exportLines(filter, options)
    },
    async purge(what, { withAnswers = false, withMemories = false } = {}) {
      if (withAnswers && cache === undefined && what.kind !== 'all') {
        const message =
          'The cache is switched off, so its answers cannot be told apart; delete all of them, or switch it on'
        throw new CodedError('REQUEST_INVALID', { message })
      }
      await pipeline.flush()
      const records = await store.purge(what)
      const answers = withAnswers ? await purgeAnswers({ cache, answerStore }, what) : 0
      await compact()
      const memories = withMemories ? await purgeMemories(memory, what) : 0
      const plans = withMemories ? await purgePlans(openPlans, what) : 0
      return { records, answers, memories, plans }
    },
  }
}

type Answers = Pick<NodeRecordsComponents, 'cache' | 'answerStore'>

async function purgeAnswers({ cache, answerStore }: Answers, what: TelemetryPurge): Promise<number> {
  if (cache === undefined) return await deleteAll(answerStore)
  if (what.kind === 'all') return await cache.invalidate({ kind: 'all' })
  const tenant: TenantId | undefined = what.kind === 'tenant' ? parseTenantId(what.tenant) : undefined
  return tenant === undefined ? 0 : await cache.invalidate({ kind: 'tenant', tenant })
}

async function deleteAll(store: KeyValueStore): Promise<number> {
  const keys: string[] = []
  for await (const { key } of store.iterate({}, { onDamaged: (damaged) => void keys.push(damaged) })) keys.push(key)
  for (let from = 0; from < keys.length; from += DELETED_AT_ONCE) {
    const batch = keys.slice(from, from + DELETED_AT_ONCE)
    await store.batch(
      batch.map((key) => ({ type: 'delete', key })),
      { sync: true },
    )
  }
  return keys.length
}
