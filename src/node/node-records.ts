import { CodedError } from '../base/errors.ts'
import type { TenantId } from '../base/identifiers.ts'
import { parseTenantId } from '../base/identifiers.ts'
import type { AbortOptions } from '../ports/abort-options.ts'
import type { SemanticCache } from '../router/semantic-cache.ts'
import type { TelemetryPipeline } from '../telemetry/telemetry-pipeline.ts'
import type { TelemetryFilter, TelemetryPurge, TelemetryStore } from '../telemetry/telemetry-store.ts'
import type { TelemetryEvent } from '../wire/telemetry-event.ts'

export type { TelemetryFilter, TelemetryPurge } from '../telemetry/telemetry-store.ts'

export type PurgeOptions = {
  /** Also the cached answers: all of them, or those of the tenant. Answers carry no date to purge by; their time to live does that. */
  readonly withAnswers?: boolean
}

/** How much was deleted. */
export type Purged = { readonly records: number; readonly answers: number }

/** The records of finished tasks that this node keeps with the operator's consent. What still waits to be stored is stored first. */
export type NodeRecords = {
  list(filter?: TelemetryFilter, options?: AbortOptions): AsyncIterable<TelemetryEvent>
  count(): Promise<number>
  /** JSON lines, oldest first, each ending in a line break. */
  exportLines(filter?: TelemetryFilter, options?: AbortOptions): AsyncIterable<string>
  /**
   * Deletes for good: when it resolves, the store's files hold no byte of what was deleted. Budgets are books of money and stay,
   * with the names of tenants that have spent. Throws `REQUEST_INVALID` for answers of a cache that is switched off.
   */
  purge(what: TelemetryPurge, options?: PurgeOptions): Promise<Purged>
}

export type NodeRecordsComponents = {
  readonly store: TelemetryStore
  readonly pipeline: Pick<TelemetryPipeline, 'flush'>
  /** `undefined` when the operator switched it off. */
  readonly cache: SemanticCache | undefined
  /** Rewrites the files of the data directory's store. */
  readonly compact: () => Promise<void>
}

export function createNodeRecords({ store, pipeline, cache, compact }: NodeRecordsComponents): NodeRecords {
  return {
    async *list(filter, options) {
      await pipeline.flush()
      yield* store.list(filter, options)
    },
    async count() {
      await pipeline.flush()
      return await store.count()
    },
    async *exportLines(filter, options) {
      await pipeline.flush()
      yield* store.exportLines(filter, options)
    },
    async purge(what, { withAnswers = false } = {}) {
      if (withAnswers && cache === undefined) {
        const message = 'The cache is switched off, so its answers cannot be told apart; switch it on to delete them'
        throw new CodedError('REQUEST_INVALID', { message })
      }
      await pipeline.flush()
      const records = await store.purge(what)
      const answers = withAnswers ? await purgeAnswers(cache, what) : 0
      await compact()
      return { records, answers }
    },
  }
}

async function purgeAnswers(cache: SemanticCache | undefined, what: TelemetryPurge): Promise<number> {
  if (what.kind === 'all') return (await cache?.invalidate({ kind: 'all' })) ?? 0
  const tenant: TenantId | undefined = what.kind === 'tenant' ? parseTenantId(what.tenant) : undefined
  return tenant === undefined ? 0 : ((await cache?.invalidate({ kind: 'tenant', tenant })) ?? 0)
}
