import type { Amount } from '../../base/money.ts'
import type { TaskOutcome } from '../../core/routing/task-outcome.ts'
import { usdOrNull } from '../decision-document.ts'

/** A finished task in short: what it was decided to be, and what it came to. No text of it. Dollars are for reading. */
export type TaskRow = {
  /** Counts up by one since the start of the node. */
  readonly seq: number
  readonly id: string
  /** Milliseconds since 1970. */
  readonly at: number
  readonly tenant: string
  readonly domain: string
  readonly risk: string
  /** 1 to 5. */
  readonly difficulty: number
  readonly route: string
  /** Tier that answered, or was tried last; `null` when nothing was called. */
  readonly tier: string | null
  readonly model: string | null
  readonly provider: string | null
  /** What the plan began with; `null` where nothing was planned. */
  readonly planned_model: string | null
  readonly planned_tier: string | null
  readonly policy: string
  /** Of the decision, 0 to 1. */
  readonly confidence: number
  readonly success: boolean
  readonly is_cached: boolean
  readonly is_escalated: boolean
  /** `null` where no check ran. */
  readonly is_accepted: boolean | null
  readonly tokens_in: number
  readonly tokens_out: number
  /** `null` when some price is unknown. */
  readonly cost_usd: number | null
  /** What one call of the premium model would have cost, estimated; `null` when it is not known. */
  readonly premium_cost_usd: number | null
  readonly latency_ms: number
  readonly attempts: number
  /** Code of what made the router leave its plan, or of what the task failed with. */
  readonly trigger: string | null
}

/** One call of a task. */
export type AttemptRow = {
  readonly model: string
  readonly tier: string
  readonly outcome: string
  readonly tokens_in: number
  readonly tokens_out: number
  readonly cost_usd: number | null
  readonly latency_ms: number
  readonly confidence: number | null
  readonly step: string | null
}

/** What stays of an outcome: no text of the task, and amounts as they are, since most tasks are never looked at. */
export type KeptTask = Pick<
  TaskOutcome,
  | 'decisionId'
  | 'at'
  | 'tenant'
  | 'taskDomain'
  | 'finalRoute'
  | 'actualTier'
  | 'modelUsed'
  | 'apiProvider'
  | 'success'
  | 'wasCached'
  | 'escalationChain'
  | 'verifier'
  | 'tokensIn'
  | 'tokensOut'
  | 'costNanos'
  | 'latencyMs'
  | 'attempts'
  | 'fallbackTrigger'
> & {
  readonly seq: number
  readonly predicted: Pick<
    TaskOutcome['predicted'],
    'risk' | 'difficulty' | 'modelId' | 'tier' | 'policyVersion' | 'confidence'
  >
  /** Known a moment after the rest. */
  premiumNanos: Amount | undefined
}

export function keptTaskOf(outcome: TaskOutcome, seq: number): KeptTask {
  const { risk, difficulty, modelId, tier, policyVersion, confidence } = outcome.predicted
  return {
    seq,
    decisionId: outcome.decisionId,
    at: outcome.at,
    tenant: outcome.tenant,
    taskDomain: outcome.taskDomain,
    finalRoute: outcome.finalRoute,
    actualTier: outcome.actualTier,
    modelUsed: outcome.modelUsed,
    apiProvider: outcome.apiProvider,
    success: outcome.success,
    wasCached: outcome.wasCached,
    escalationChain: outcome.escalationChain,
    verifier: outcome.verifier,
    tokensIn: outcome.tokensIn,
    tokensOut: outcome.tokensOut,
    costNanos: outcome.costNanos,
    latencyMs: outcome.latencyMs,
    attempts: outcome.attempts,
    fallbackTrigger: outcome.fallbackTrigger,
    predicted: { risk, difficulty, modelId, tier, policyVersion, confidence },
    premiumNanos: undefined,
  }
}

export function taskRowOf(task: KeptTask): TaskRow {
  const { predicted, verifier } = task
  return {
    seq: task.seq,
    id: task.decisionId,
    at: task.at,
    tenant: task.tenant,
    domain: task.taskDomain,
    risk: predicted.risk,
    difficulty: predicted.difficulty,
    route: task.finalRoute,
    tier: task.actualTier ?? null,
    model: task.modelUsed ?? null,
    provider: task.apiProvider ?? null,
    planned_model: predicted.modelId ?? null,
    planned_tier: predicted.tier ?? null,
    policy: predicted.policyVersion,
    confidence: predicted.confidence,
    success: task.success,
    is_cached: task.wasCached,
    is_escalated: task.escalationChain.length > 1,
    is_accepted: verifier?.isAccepted ?? null,
    tokens_in: task.tokensIn,
    tokens_out: task.tokensOut,
    cost_usd: usdOrNull(task.costNanos),
    premium_cost_usd: usdOrNull(task.premiumNanos),
    latency_ms: task.latencyMs,
    attempts: task.attempts.length,
    trigger: task.fallbackTrigger ?? null,
  }
}

export function attemptRowsOf({ attempts }: Pick<TaskOutcome, 'attempts'>): readonly AttemptRow[] {
  return attempts.map((attempt) => ({
    model: attempt.modelId,
    tier: attempt.tier,
    outcome: attempt.outcome,
    tokens_in: attempt.tokensIn,
    tokens_out: attempt.tokensOut,
    cost_usd: usdOrNull(attempt.costNanos),
    latency_ms: attempt.latencyMs,
    confidence: attempt.confidence ?? null,
    step: attempt.stepId ?? null,
  }))
}
