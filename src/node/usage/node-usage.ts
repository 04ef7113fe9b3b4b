import type { JsonValue } from '../../base/canonical-json.ts'
import { CodedError } from '../../base/errors.ts'
import type { AbortOptions } from '../../ports/abort-options.ts'
import type { TelemetryPipeline } from '../../telemetry/telemetry-pipeline.ts'
import type { TelemetryStore } from '../../telemetry/telemetry-store.ts'
import type { UsageFilter, UsageQuery } from './usage-query.ts'
import { type UsageRow, usageRowOf } from './usage-row.ts'
import { UsageTable } from './usage-table.ts'

/** What tasks took and cost, by the records that the node keeps. */
export type NodeUsage = {
  /** `{"object": "usage", "by", "data": [...], "records_from"}`: what is older than the last is in no sum. Throws `USAGE_NOT_KEPT`, `REQUEST_INVALID`, `GATEWAY_OVERLOADED`, what the store throws, and the signal's reason. */
  summarize(query: UsageQuery, options?: AbortOptions): Promise<{ readonly [name: string]: JsonValue }>
  /** Every task, the oldest first, as they are read. Throws as `summarize`. */
  rows(filter: UsageFilter, options?: AbortOptions): AsyncIterable<UsageRow>
}

export type NodeUsageComponents = {
  readonly hasConsent: boolean
  readonly store: Pick<TelemetryStore, 'list'>
  readonly pipeline: Pick<TelemetryPipeline, 'flush'>
}

/** Readers at one time: each reads all records of its span, beside what the node is for. */
const READERS_MAX = 4

export function createNodeUsage({ hasConsent, store, pipeline }: NodeUsageComponents): NodeUsage {
  let readers = 0
  const rows = async function* (
    filter: UsageFilter,
    options?: AbortOptions,
  ): AsyncGenerator<UsageRow, void, undefined> {
    if (!hasConsent) throw new CodedError('USAGE_NOT_KEPT', { message: 'This node keeps no records of tasks' })
    if (readers >= READERS_MAX)
      throw new CodedError('GATEWAY_OVERLOADED', { message: `${readers} others read the usage at this time` })
    readers += 1
    try {
      await pipeline.flush()
      const { from, to, tenant } = filter
      const span = {
        ...(from !== undefined && { from }),
        ...(to !== undefined && { to }),
        ...(tenant !== undefined && { tenant }),
      }
      for await (const event of store.list(span, options)) {
        const row = usageRowOf(event)
        if (isWithin(row, filter)) yield row
      }
    } finally {
      readers -= 1
    }
  }
  const oldest = async (options?: AbortOptions): Promise<string | null> => {
    for await (const { timestamp } of store.list({ limit: 1 }, options)) return timestamp
    return null
  }
  return {
    rows,
    async summarize({ by, ...filter }, options) {
      const table = new UsageTable(by)
      for await (const row of rows(filter, options)) table.add(row)
      const { from = null, to = null } = filter
      return { object: 'usage', by: [...by], from, to, records_from: await oldest(options), data: [...table.rows()] }
    },
  }
}

function isWithin(row: UsageRow, { organisation, team, key, model }: UsageFilter): boolean {
  const asked: readonly (readonly [string | undefined, string | null])[] = [
    [organisation, row.organisation],
    [team, row.team],
    [key, row.key],
    [model, row.model],
  ]
  return asked.every(([wanted, is]) => wanted === undefined || wanted === is)
}
