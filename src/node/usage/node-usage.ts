import type { JsonValue } from '../../base/canonical-json.ts'
import { CodedError } from '../../base/errors.ts'
import { DAY_MS } from '../../base/time.ts'
import type { AbortOptions } from '../../ports/abort-options.ts'
import type { CountedUsage } from '../../telemetry/sums/usage-figures.ts'
import type { UsageSums } from '../../telemetry/sums/record-sums.ts'
import type { TelemetryPipeline } from '../../telemetry/telemetry-pipeline.ts'
import type { TelemetryStore } from '../../telemetry/telemetry-store.ts'
import { addUpUsage, isWithin, usageOfRecords } from './add-up-usage.ts'
import type { UsageFilter, UsageQuery } from './usage-query.ts'
import { type UsageRow, usageRowOf } from './usage-row.ts'
import { UsageTable } from './usage-table.ts'

/** What requests took and cost, by the sums and the records that the node keeps. */
export type NodeUsage = {
  /**
   * `{"object": "usage", "by", "data": [...], "sums_from", "records_from"}`: what is older than the first is in no sum; of hours that `from` and `to` cut, and of days older than those
   * told by hours, what is older than the last may be missing. Throws `USAGE_NOT_KEPT`, `REQUEST_INVALID`, `GATEWAY_OVERLOADED`, what the store throws, and the signal's reason.
   */
  summarize(query: UsageQuery, options?: AbortOptions): Promise<{ readonly [name: string]: JsonValue }>
  /** Every task of which there is a record, the oldest first, as they are read. Throws as `summarize`. */
  rows(filter: UsageFilter, options?: AbortOptions): AsyncIterable<UsageRow>
}

export type NodeUsageComponents = {
  readonly hasConsent: boolean
  readonly store: Pick<TelemetryStore, 'list'>
  readonly pipeline: Pick<TelemetryPipeline, 'flush'>
  /** Absent: records are all that is added up. */
  readonly sums?: Pick<UsageSums, 'parts' | 'firstDay' | 'flush' | 'whole'>
}

/** Readers at one time: each reads all of its span, beside what the node is for. */
const READERS_MAX = 4

export function createNodeUsage({ hasConsent, store, pipeline, sums }: NodeUsageComponents): NodeUsage {
  let readers = 0
  const asReader = async function* <Item>(read: () => AsyncIterable<Item>): AsyncGenerator<Item, void, undefined> {
    if (!hasConsent) throw new CodedError('USAGE_NOT_KEPT', { message: 'This node keeps no records of tasks' })
    if (readers >= READERS_MAX)
      throw new CodedError('GATEWAY_OVERLOADED', { message: `${readers} others read the usage at this time` })
    readers += 1
    try {
      await pipeline.flush()
      yield* read()
    } finally {
      readers -= 1
    }
  }
  const counted = async function* (
    query: UsageQuery,
    options?: AbortOptions,
  ): AsyncGenerator<CountedUsage, void, undefined> {
    if (sums === undefined) {
      yield* usageOfRecords(store, query, options)
      return
    }
    await sums.flush()
    await sums.whole()
    yield* addUpUsage({ store, sums }, query, options)
  }
  const oldestRecord = async (options?: AbortOptions): Promise<string | null> => {
    for await (const { timestamp } of store.list({ limit: 1 }, options)) return timestamp
    return null
  }
  return {
    rows: (filter, options) => asReader(() => rowsOf(store, filter, options)),
    async summarize(query, options) {
      const table = new UsageTable(query.by)
      for await (const usage of asReader(() => counted(query, options))) table.add(usage)
      const { by, from = null, to = null } = query
      const records = await oldestRecord(options)
      const oldest = sums === undefined ? records : await oldestSum(sums, options)
      return {
        object: 'usage',
        by: [...by],
        from,
        to,
        sums_from: oldest,
        records_from: records,
        data: [...table.rows()],
      }
    },
  }
}

async function* rowsOf(
  store: Pick<TelemetryStore, 'list'>,
  filter: UsageFilter,
  options?: AbortOptions,
): AsyncGenerator<UsageRow, void, undefined> {
  const { from, to, tenant } = filter
  const span = {
    ...(from !== undefined && { from }),
    ...(to !== undefined && { to }),
    ...(tenant !== undefined && { tenant }),
  }
  for await (const event of store.list(span, options)) {
    const row = usageRowOf(event)
    if (isWithin({ ...row, kind: 'task' }, filter)) yield row
  }
}

/** When the first request was that is in a sum. */
async function oldestSum(
  sums: Pick<UsageSums, 'parts' | 'firstDay'>,
  { signal }: AbortOptions = {},
): Promise<string | null> {
  const day = await sums.firstDay('day')
  if (day === undefined) return null
  const next = new Date(Date.parse(day) + DAY_MS).toISOString()
  let oldest: string | null = null
  for await (const { figures } of sums.parts('day', { from: day, to: next, ...(signal !== undefined && { signal }) }))
    if (oldest === null || figures.firstAt < oldest) oldest = figures.firstAt
  return oldest
}
