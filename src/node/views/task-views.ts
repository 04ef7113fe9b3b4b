import type { JsonValue } from '../../base/canonical-json.ts'
import { CodedError } from '../../base/errors.ts'
import { FEED_ROWS_MAX, type NamedTotals } from '../activity/task-feed.ts'
import { SERIES_SPANS } from '../activity/task-series.ts'
import type { KernellNode } from '../kernell-node.ts'
import { plain } from '../market/desks/plain-json.ts'
import { HISTORY_DAYS } from '../usage/cost-history.ts'
import { partOf, type ViewQuery, wholeNumberOf, wordOf } from './view-query.ts'

const ROWS_DEFAULT = 500

/** The last tasks, newest first; with `before` those before a seq. */
export function viewDecisions({ activity: { tasks } }: KernellNode, query: ViewQuery): JsonValue {
  const limit = wholeNumberOf(query, 'limit', { least: 1, most: FEED_ROWS_MAX, usual: ROWS_DEFAULT })
  const before = wholeNumberOf(query, 'before', { least: 0, most: Number.MAX_SAFE_INTEGER, usual: tasks.end })
  return plain({ tasks: tasks.rowsBefore(before, limit), start: tasks.start, end: tasks.end })
}

/** One task: what was decided and why, and every call that was made. Throws `VIEW_SUBJECT_UNKNOWN`. */
export function viewDecision(node: KernellNode, { id = '' }: ViewQuery): JsonValue {
  const found = node.activity.tasks.find(id)
  const decision = node.explainDecision(id)
  if (found !== undefined || decision !== undefined)
    return plain({ task: found?.row ?? null, attempts: found?.attempts ?? [], decision: decision ?? null })
  throw new CodedError('VIEW_SUBJECT_UNKNOWN', {
    message: `No task ${JSON.stringify(id.slice(0, 128))} is known since the node started`,
    details: { id: id.slice(0, 128) },
  })
}

/** What tasks cost and saved: since the start, over time, by tier, model and tenant; and what the checks said of answers. */
export function viewCosts({ activity: { tasks } }: KernellNode, query: ViewQuery, now: number): JsonValue {
  const span = wordOf(query, 'span', SERIES_SPANS)
  return plain({
    totals: tasks.totals.document(),
    span,
    series: tasks.series.document(span, now),
    tiers: rowsOf(tasks.tiers),
    models: rowsOf(tasks.models),
    tenants: rowsOf(tasks.tenants),
  })
}

/** What tasks cost and saved by day, also before the start: of the last `?days=7`, 30 or 90. A node that keeps no records says so in its place. */
export async function viewHistory(node: KernellNode, query: ViewQuery): Promise<JsonValue> {
  const asked = wordOf(query, 'days', ['30', '7', '90'])
  const days = HISTORY_DAYS.find((known) => String(known) === asked) ?? 30
  const history = await partOf(async () => {
    if (node.costHistory !== undefined) return await node.costHistory.document(days)
    throw new CodedError('USAGE_NOT_KEPT', { message: 'This node keeps no records of tasks' })
  })
  return plain({ days, history })
}

function rowsOf(totals: NamedTotals): readonly object[] {
  return [...totals].map(([name, each]) => ({ name, ...each.document() }))
}

/** What the cache holds and answered. */
export function viewCache({ activity, config }: KernellNode): JsonValue {
  const statistics = activity.cacheStatistics()
  const { isEnabled, ttlMs, entriesMax, bytesMax, embedder } = config.cache
  return plain({
    is_enabled: isEnabled,
    ttl_ms: ttlMs,
    entries_max: entriesMax,
    bytes_max: bytesMax,
    embedder,
    statistics:
      statistics === undefined
        ? null
        : {
            entries: statistics.entries,
            bytes: statistics.sizeBytes,
            exact_hits: statistics.exactHits,
            similar_hits: statistics.similarHits,
            misses: statistics.misses,
            stored: statistics.stored,
            evicted: statistics.evicted,
            expired: statistics.expired,
            corrupted: statistics.corrupted,
            is_similarity_on: statistics.isSimilarityOn,
          },
  })
}
