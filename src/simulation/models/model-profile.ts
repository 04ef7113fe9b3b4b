import type { ModelTier } from '../../core/models/model-entry.ts'

/** Kinds of tasks whose outcomes were measured. */
export const TASK_KINDS = ['choice', 'commonsense', 'code'] as const

/** One of `TASK_KINDS`: `choice` among four answers, `commonsense` for one of two words that fills a gap, `code` for a piece of work. */
export type TaskKind = (typeof TASK_KINDS)[number]

/** Of `exp(mean + deviation * z)`, z normal. */
export type LogNormal = { readonly mean: number; readonly deviation: number }

export type KindProfile = {
  /** Share of right answers, 0 to 1. */
  readonly right: number
  /** Tokens of an answer. */
  readonly tokensOut: LogNormal
}

/**
 * How long a model takes. For each answer one `exp(deviation * z)`, z normal, multiplies both times, so that a slow answer is slow
 * throughout.
 */
export type LatencyProfile = {
  /** Median milliseconds until an answer begins. */
  readonly firstMs: number
  /** Milliseconds for each token of it. */
  readonly tokenMs: number
  /** Of the logarithm of both. */
  readonly deviation: number
}

/** How a model of a world behaves: what it charges, how often it is right, how long it takes. */
export type ModelProfile = {
  /** As in the registry, `provider/model`. */
  readonly id: string
  readonly tier: ModelTier
  /** Dollars per million tokens. */
  readonly usdIn: number
  readonly usdOut: number
  readonly kinds: Readonly<Record<TaskKind, KindProfile>>
  readonly latency: LatencyProfile
}

/** What all models of a world have in common. */
export type KindFacts = {
  /** How far models fail on the same tasks: the chance that the task's difficulty decides, and not the model's own luck. */
  readonly shared: number
  /** Share of a mix. */
  readonly weight: number
}
