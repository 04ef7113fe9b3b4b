import type { TaskRisk } from '../routing/task-outcome.ts'

/** How an outcome of a model came to be known. */
export type OutcomeSource = 'executed' | 'exploration' | 'shadow' | 'recorded' | 'feedback'

/** What one model did with a task: seen, never guessed. */
export type ObservedOutcome = {
  /** 0 to 1; 1: the answer was right (verified, or said so by a person). */
  readonly success: number
  /** Dollars; `undefined` when a price is unknown. */
  readonly costUsd: number | undefined
  readonly latencyMs: number | undefined
  readonly source: OutcomeSource
}

/** A model that the policy could have begun with. */
export type LoggedCandidate = {
  readonly model: string
  readonly tier: string
  /** Probability, 0 to 1, with which the policy that decided begins with this model; over all candidates the sum is 1. */
  readonly propensity: number
  /** 0 to 1; what was predicted then. */
  readonly predictedSuccess: number
  /** Dollars; `undefined` when a price was unknown. */
  readonly expectedCostUsd: number | undefined
  readonly expectedLatencyS: number
}

/**
 * One task as the learning loop sees it: what was known before it ran, what was chosen with which probability, and what happened.
 * Outcomes are labels: nothing of `outcome`, `observed` or `action` is ever an input of a policy.
 */
export type LoggedTask = {
  /** Splits and deduplication go by it. */
  readonly taskHash: string
  /** ISO 8601, UTC; `undefined` where it was not recorded. */
  readonly timestamp: string | undefined
  /** The task itself; only where the operator keeps text. */
  readonly prompt: string | undefined
  /** Raw prompt features in the order of `PROMPT_FEATURES`; where the text was not kept. */
  readonly features: Float64Array | undefined
  readonly risk: TaskRisk
  readonly policyVersion: string | undefined
  readonly candidates: readonly LoggedCandidate[]
  /** The model that the plan began with, and the probability in (0, 1] with which it was drawn. */
  readonly action: string
  readonly propensity: number
  /** What the whole plan came to, escalations included. */
  readonly outcome: ObservedOutcome
  /** What single models did, by name: the one that was chosen, those that it escalated to, and counterfactuals. */
  readonly observed: ReadonlyMap<string, ObservedOutcome>
}
