import { namesOfRecord, type UsageNames } from '../../telemetry/sums/usage-figures.ts'
import type { TelemetryEvent } from '../../wire/telemetry-event.ts'

/** One task, as far as its cost is concerned. No text, and nothing that a text could be told by. */
export type UsageRow = Omit<UsageNames, 'kind'> & {
  readonly timestamp: string | null
  readonly task_id: string | null
  readonly is_cache_hit: boolean
  readonly is_success: boolean
  readonly tokens_in: number
  readonly tokens_out: number
  /** `null` where a price was not known. */
  readonly cost_usd: number | null
  /** Of one call of the premium model, estimated; `null` where that is not known. */
  readonly premium_cost_usd_estimated: number | null
  readonly latency_ms: number
}

/** Names of the members, in the order of columns. */
export const USAGE_COLUMNS = [
  'timestamp',
  'task_id',
  'organisation',
  'tenant',
  'team',
  'key',
  'model',
  'provider',
  'route',
  'tier',
  'is_cache_hit',
  'is_success',
  'tokens_in',
  'tokens_out',
  'cost_usd',
  'premium_cost_usd_estimated',
  'latency_ms',
] as const satisfies readonly (keyof UsageRow)[]

export function usageRowOf(event: TelemetryEvent): UsageRow {
  return {
    timestamp: event.timestamp,
    task_id: event.event_id,
    ...namesOfRecord(event),
    is_cache_hit: event.was_cached === true,
    is_success: event.success,
    tokens_in: event.tokens_in,
    tokens_out: event.tokens_out,
    cost_usd: event.cost_usd,
    premium_cost_usd_estimated: event.premium_cost_usd ?? null,
    latency_ms: event.latency_ms,
  }
}
