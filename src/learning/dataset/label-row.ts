import type { OutcomeSource } from '../../core/learning/logged-task.ts'
import type { TaskDomain, TaskRisk } from '../../core/routing/task-outcome.ts'

/** Routes that a label can name: each is tiers that are priced alike. */
export const LABEL_ROUTES = ['local', 'cheap', 'premium'] as const
/** The route that a task took, by the tier that answered, or the one that would have been best; `hybrid` is none of them. */
export type LabelRoute = (typeof LABEL_ROUTES)[number]

/** What the policy got wrong, judged by the label. */
export const ERROR_TYPES = ['none', 'underestimation', 'overestimation', 'misroute'] as const
export type ErrorType = (typeof ERROR_TYPES)[number]

/** The contract's row: what was known of a task, what happened, and which route would have been best. */
export type LabelRow = {
  /** Salted hash of the task; splits and deduplication go by it. */
  readonly task_hash: string
  readonly task_token_count: number | null
  readonly task_domain: TaskDomain | null
  readonly hardware_tier: string | null
  readonly has_gpu: boolean | null
  /** `hybrid` where the policy asked for a cascade; `null` where nobody predicted. */
  readonly predicted_route: LabelRoute | 'hybrid' | null
  readonly actual_route: LabelRoute
  readonly was_escalated: boolean
  /** Tiers, in the order in which they were tried. */
  readonly escalation_chain: readonly string[]
  /** As it was recorded: an answer came and nobody refused it. */
  readonly success: boolean
  /** `null` when some price is unknown. */
  readonly cost_usd: number | null
  readonly latency_s: number
  readonly tokens_total: number
  readonly optimal_route: LabelRoute
  readonly should_use_premium: boolean
  /** What the route that was taken cost more than the optimal one; weighted dollars and seconds, 6 decimals. */
  readonly penalty: number
  /** 0 to 1, 3 decimals. */
  readonly label_confidence: number
  readonly label_reason: string
  readonly error_type: ErrorType
  /** 0 or more, 6 decimals. */
  readonly error_severity: number
}

/** A model that the policy could have begun with; the record's own field names. */
export type DatasetCandidate = {
  readonly model: string
  readonly tier: string
  /** 0 to 1. */
  readonly predicted_success: number
  readonly expected_cost_usd: number | null
  readonly expected_latency_s: number
  /** 0 to 1; over the candidates of a row the sum is 1. */
  readonly propensity: number
}

/** What one model did with the task. */
export type DatasetOutcome = {
  /** 0 to 1; 0.5 or more counts as right. */
  readonly success: number
  readonly cost_usd: number | null
  readonly latency_ms: number | null
  readonly source: OutcomeSource
}

/** What rows of the default mode say besides: all that training, off-policy evaluation and the gate need. */
export type LoggedFields = {
  /** ISO 8601, UTC. */
  readonly timestamp: string | null
  readonly policy_version: string | null
  readonly risk: TaskRisk
  /** The task; only where the operator keeps text. */
  readonly prompt?: string
  /** Base64 of Float32 little-endian: raw prompt features in the order of `PROMPT_FEATURES`. */
  readonly features?: string
  /** Which names and order the features have. */
  readonly feature_set?: string
  /** What the record's writer knew of the task beforehand and noted as its features; checked for leaks, used by no policy of ours. */
  readonly metadata?: Readonly<Record<string, unknown>>
  readonly candidates: readonly DatasetCandidate[]
  /** The model that the plan began with; its tier where the record names no model. */
  readonly action: string
  /** In (0, 1]: probability with which the action was chosen. */
  readonly propensity: number
  /** 0 to 1: what the whole plan was worth, people's word included. 0.5 or more is a success. */
  readonly reward: number
  readonly reward_source: OutcomeSource
  /** By model; the counterfactual ones included. */
  readonly outcomes: Readonly<Record<string, DatasetOutcome>>
}

/** One line of a dataset: a label row, and in the default mode what was logged around it. */
export type DatasetRow = LabelRow & { readonly logged?: LoggedFields }
