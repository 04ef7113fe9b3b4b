import { decisionDocument, type DecisionDocument, type PeerRefusalInit, usdOrNull } from '../node/decision-document.ts'
import { purchaseOf, type TelemetryPurchase } from '../wire/telemetry-parts.ts'
import type { RouteAttempt, RouteResult } from '../ports/router.ts'

/** A task's result as `kernell route --json` prints it. */
export type ResultDocument = {
  readonly task_id: string
  readonly output: string
  readonly route: string
  readonly tier: string
  readonly model: string
  readonly provider: string
  /** `null` when some price is unknown. */
  readonly cost_usd: number | null
  readonly premium_usd: number | null
  readonly latency_ms: number
  readonly attempts: readonly AttemptDocument[]
  readonly overhead: readonly {
    readonly purpose: string
    readonly model: string
    readonly cost_usd: number | null
    readonly latency_ms: number
  }[]
  readonly was_cached: boolean
  readonly verified: boolean | null
  readonly decision: DecisionDocument | DecisionSummary
  /** With --tools: what was called, and what came of it. */
  readonly tool_calls?: readonly {
    readonly server: string
    readonly tool: string
    readonly outcome: string
    readonly characters: number
  }[]
  /** The node that ran the task, when it was not this process; `attempts`, `overhead` and `verified` are then known to that node alone. */
  readonly served_by?: string
}

/** What a running node says of a decision in one header, and that line in parts. */
export type DecisionSummary = {
  readonly summary: string
  readonly route?: string
  readonly confidence?: number
  readonly risk?: string
  readonly difficulty?: number
  readonly plan?: readonly { readonly model: string }[]
  readonly policy_version?: string
}

export type AttemptDocument = {
  readonly model: string
  readonly provider: string
  readonly tier: string
  readonly outcome: string
  readonly reason: string | null
  readonly tokens_in: number
  readonly tokens_out: number
  readonly usage_estimated: boolean
  readonly cost_usd: number | null
  readonly latency_ms: number
  /** What was agreed with a peer; `cost_usd` is its price at the operator's rate. */
  readonly purchase?: TelemetryPurchase
}

export function resultDocument(result: RouteResult, peers?: PeerRefusalInit): ResultDocument {
  return {
    task_id: result.taskId,
    output: result.answer.text,
    route: result.route,
    tier: result.tier,
    model: result.modelId,
    provider: result.provider,
    cost_usd: usdOrNull(result.costNanos),
    premium_usd: usdOrNull(result.premiumCostNanos),
    latency_ms: roundMs(result.latencyMs),
    attempts: result.attempts.map(attemptDocument),
    overhead: result.overheadCalls.map(({ purpose, model, costNanos, latencyMs }) => {
      return { purpose, model, cost_usd: usdOrNull(costNanos), latency_ms: roundMs(latencyMs) }
    }),
    was_cached: result.cache === 'exact' || result.cache === 'similar',
    verified: result.verification?.isAccepted ?? null,
    decision: decisionDocument(result.decision, peers),
  }
}

function attemptDocument(attempt: RouteAttempt): AttemptDocument {
  return {
    model: attempt.modelId,
    provider: attempt.provider,
    tier: attempt.tier,
    outcome: attempt.outcome,
    reason: attempt.reason ?? null,
    tokens_in: attempt.tokensIn,
    tokens_out: attempt.tokensOut,
    usage_estimated: attempt.isUsageEstimated,
    cost_usd: usdOrNull(attempt.costNanos),
    latency_ms: roundMs(attempt.latencyMs),
    ...(attempt.purchase !== undefined && { purchase: purchaseOf(attempt.purchase) }),
  }
}

/** Microseconds are the last digits that a clock gives. */
function roundMs(ms: number): number {
  return Math.round(ms * 1000) / 1000
}
