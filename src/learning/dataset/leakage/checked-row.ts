import type { LabelRow } from '../label-row.ts'
import type { FeatureValue } from './feature-columns.ts'
import type { NamedOutcomes } from './prompt-mentions.ts'

/** A row as the check sees it: what a policy would be taught from, and what came of the task. */
export type CheckedRow = {
  /** Columns of the record's feature fields, by path. */
  readonly columns: ReadonlyMap<string, FeatureValue>
  /** What the contract's own fields say of the task beforehand; `contractColumns` makes it. */
  readonly contract: ReadonlyMap<string, FeatureValue>
  /** The model that the plan began with; the route that ran where the row does not name it. */
  readonly action: string
  /** The numbers of `features`, where the record has them. */
  readonly vector?: ArrayLike<number>
  /** The text that a policy is served or taught with. */
  readonly prompt?: string
  /** The task in it, where the prompt is more than that. */
  readonly task?: string
  /** The answer that was given, where the record holds it. */
  readonly answer?: string
  readonly label: LabelRow
  /** More that came of it, by the names of a record; `tokens_out` among them where it is known. */
  readonly outcomes: NamedOutcomes
  /** Length of the task, known beforehand; a column that follows it may follow cost and time, too. */
  readonly tokensIn: number | null
  /** File and line. */
  readonly place: string
}

export type LeakRule = 'name' | 'equal' | 'correlated' | 'separates' | 'tells_class' | 'presence' | 'prompt'

export type Leak = { readonly field: string; readonly rule: LeakRule; readonly why: string; readonly place?: string }
