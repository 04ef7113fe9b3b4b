import type { DropReason } from '../labels/label-of.ts'
import { DistinctCounter } from './distinct-counter.ts'
import type { DatasetRow } from './label-row.ts'
import type { LeakageReport } from './leakage/leakage-check.ts'

export type DatasetMode = 'compat' | 'default'

/** Why a record is not in a dataset: it was there already, it cannot be read, or the labeler has nothing to say. */
export type DropCount = DropReason | 'duplicate' | 'unreadable'

/** What every row says of what was done and what would have been right, in the order of the contract. */
const LABEL_COLUMNS: readonly string[] = [
  'actual_route',
  'was_escalated',
  'escalation_chain',
  'success',
  'cost_usd',
  'latency_s',
  'tokens_total',
  'optimal_route',
  'should_use_premium',
  'penalty',
  'label_confidence',
  'label_reason',
  'error_type',
  'error_severity',
]

/** What a policy may be taught from, and what it is taught; by their names in a row. */
export const ROW_SCHEMA: Readonly<
  Record<DatasetMode, Readonly<Record<'features' | 'labels' | 'identity', readonly string[]>>>
> = {
  compat: {
    identity: ['task_hash'],
    features: ['task_token_count', 'task_domain', 'hardware_tier', 'has_gpu', 'predicted_route'],
    labels: LABEL_COLUMNS,
  },
  default: {
    identity: ['task_hash', 'timestamp', 'policy_version'],
    features: [
      'task_token_count',
      'task_domain',
      'hardware_tier',
      'has_gpu',
      'predicted_route',
      'risk',
      'prompt',
      'features',
      'feature_set',
      'metadata',
      'candidates',
    ],
    labels: [...LABEL_COLUMNS, 'action', 'propensity', 'reward', 'reward_source', 'outcomes'],
  },
}

export type Counts = Readonly<Record<string, number>>

/** What is known of a dataset as a whole; it lies beside the file. The same records give the same card. */
export type DataCard = {
  readonly format: 'kernell-data-card'
  readonly version: 1
  readonly mode: DatasetMode
  readonly code_version: string
  /** Records that were read, kept and left out. `kept` is the number of rows. */
  readonly counts: {
    readonly records: number
    readonly kept: number
    readonly dropped: Readonly<Record<DropCount, number>>
  }
  /** The first ten of the unreadable records, and what is wrong with them. */
  readonly unreadable: readonly { readonly line: number; readonly problem: string }[]
  /** By optimal route. */
  readonly route_distribution: Counts
  readonly actual_routes: Counts
  readonly error_types: Counts
  readonly label_reasons: Counts
  readonly domains: Counts
  /** How outcomes of single models came to be known; empty in the compatibility mode. */
  readonly outcome_sources: Counts
  /** Of the routes that are optimal somewhere: the smallest share, and whether each has a tenth. */
  readonly balance: { readonly smallest_share: number; readonly is_balanced: boolean }
  readonly success_rate: number | null
  readonly with_prompt: number
  readonly with_features: number
  /** Different tasks; estimated to 2 % beyond some thousand. */
  readonly tasks: number
  /** ISO 8601; `null` where no row has a time. */
  readonly time_range: { readonly from: string | null; readonly to: string | null }
  readonly policy_versions: Counts
  /** SHA-256 of the rows, unpacked, and how many bytes they are. */
  readonly data_sha256: string
  readonly data_bytes: number
  readonly leakage: LeakageReport
  readonly schema: (typeof ROW_SCHEMA)[DatasetMode]
}

/** Names that a count tells apart; the rest is counted together. */
const NAMES_MAX = 1000
const OTHERS = '(others)'
const UNREADABLE_SHOWN = 10
const BALANCED_SHARE = 0.1

/** Counts rows as they are written; what it keeps is bounded. */
export class DataCardCounter {
  readonly #routes = { local: 0, cheap: 0, premium: 0 }
  readonly #actual = { local: 0, cheap: 0, premium: 0 }
  readonly #errors = { none: 0, underestimation: 0, overestimation: 0, misroute: 0 }
  readonly #dropped = { duplicate: 0, unreadable: 0, unknown_tier: 0, ambiguous: 0, unverified: 0 }
  readonly #reasons = new Map<string, number>()
  readonly #domains = new Map<string, number>()
  readonly #sources = new Map<string, number>()
  readonly #policies = new Map<string, number>()
  readonly #unreadable: { readonly line: number; readonly problem: string }[] = []
  readonly #tasks = new DistinctCounter()
  #kept = 0
  #successes = 0
  #prompts = 0
  #features = 0
  #from: string | undefined
  #to: string | undefined

  keep(row: DatasetRow): void {
    this.#kept += 1
    this.#routes[row.optimal_route] += 1
    this.#actual[row.actual_route] += 1
    this.#errors[row.error_type] += 1
    this.#tasks.add(row.task_hash)
    count(this.#reasons, row.label_reason)
    count(this.#domains, row.task_domain ?? '(unknown)')
    const { logged } = row
    const isSuccess = logged === undefined ? row.success : logged.reward >= 0.5
    if (isSuccess) this.#successes += 1
    if (logged === undefined) return
    if (logged.prompt !== undefined) this.#prompts += 1
    if (logged.features !== undefined) this.#features += 1
    for (const { source } of Object.values(logged.outcomes)) count(this.#sources, source)
  }

  /** Time and policy of a kept record; rows of the compatibility mode do not say them. */
  keepOrigin(timestamp: string | null, policyVersion: string | null): void {
    count(this.#policies, policyVersion ?? '(unknown)')
    if (timestamp === null) return
    if (this.#from === undefined || timestamp < this.#from) this.#from = timestamp
    if (this.#to === undefined || timestamp > this.#to) this.#to = timestamp
  }

  drop(reason: Exclude<DropCount, 'unreadable'>): void {
    this.#dropped[reason] += 1
  }

  /** `line` from 1; of this node's records, the place in their order. */
  dropUnreadable(line: number, problem: string): void {
    this.#dropped.unreadable += 1
    if (this.#unreadable.length < UNREADABLE_SHOWN) this.#unreadable.push({ line, problem })
  }

  get keptCount(): number {
    return this.#kept
  }

  card(rest: Pick<DataCard, 'mode' | 'code_version' | 'data_sha256' | 'data_bytes' | 'leakage'>): DataCard {
    const dropped = { ...this.#dropped }
    const shares = Object.values(this.#routes).flatMap((rows) => (rows === 0 ? [] : [rows / this.#kept]))
    const smallest = Math.min(1, ...shares)
    return {
      format: 'kernell-data-card',
      version: 1,
      mode: rest.mode,
      code_version: rest.code_version,
      counts: {
        records: Object.values(dropped).reduce((sum, rows) => sum + rows, this.#kept),
        kept: this.#kept,
        dropped,
      },
      unreadable: this.#unreadable,
      route_distribution: { ...this.#routes },
      actual_routes: { ...this.#actual },
      error_types: { ...this.#errors },
      label_reasons: sorted(this.#reasons),
      domains: sorted(this.#domains),
      outcome_sources: sorted(this.#sources),
      balance: { smallest_share: smallest, is_balanced: shares.length > 1 && smallest > BALANCED_SHARE },
      success_rate: this.#kept === 0 ? null : this.#successes / this.#kept,
      with_prompt: this.#prompts,
      with_features: this.#features,
      tasks: this.#tasks.count,
      time_range: { from: this.#from ?? null, to: this.#to ?? null },
      policy_versions: sorted(this.#policies),
      data_sha256: rest.data_sha256,
      data_bytes: rest.data_bytes,
      leakage: rest.leakage,
      schema: ROW_SCHEMA[rest.mode],
    }
  }
}

function count(counts: Map<string, number>, name: string): void {
  const known = counts.get(name)
  const counted = known === undefined && counts.size >= NAMES_MAX ? OTHERS : name
  counts.set(counted, (counts.get(counted) ?? 0) + 1)
}

function sorted(counts: ReadonlyMap<string, number>): Counts {
  return Object.fromEntries([...counts].toSorted(([a], [b]) => (a < b ? -1 : 1)))
}
