import type { RoutingRow } from '../../../core/learning/routing-rows.ts'
import type { ModelEntry } from '../../../core/models/model-entry.ts'
import type { MetricValue } from '../../scenario/scenario.ts'
import type { OutcomeSource } from '../../models/outcome-source.ts'

/** What came of asking a model: how right it was, 0 to 1, and what it cost. */
export type Truth = { readonly score: number; readonly usd: number }

/** A task that is sent through the router. What each model makes of it is for the end alone. */
export type Question = {
  readonly prompt: string
  /** The one right answer, where the world knows its text. */
  readonly right?: string
  readonly truths: ReadonlyMap<string, Truth>
}

/** Everything that is asked in a run, and what the policy may have learned before. */
export type Questions = {
  readonly outcomes: OutcomeSource
  readonly entries: readonly ModelEntry[]
  /** Rows that a policy is trained on; none of them is asked. */
  readonly train: readonly RoutingRow[]
  readonly asked: readonly Question[]
  /** Where the figures come from, for the report. */
  readonly source: Readonly<Record<string, MetricValue>>
  /** Whether answers may come from the cache and from exact tools: not where what is served was recorded. */
  readonly hasShortcuts: boolean
}
