import { amountToUsd, type Amount } from '../base/money.ts'
import type { DecisionRecord } from '../core/routing/decision-record.ts'
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

/** The decision record, snake_case, money in dollars. */
export type DecisionDocument = {
  readonly route: string
  readonly confidence: number
  readonly needs_decomposition: boolean
  readonly risk: string
  readonly risk_reasons: readonly string[]
  readonly difficulty: number
  readonly domain: string
  readonly expected_tokens_out: number
  readonly expected_cost_usd: number | null
  readonly expected_latency_s: number
  readonly max_budget_usd: number
  readonly policy_version: string
  readonly price_version: string
  readonly scorer: string
  readonly plan: readonly { readonly model: string; readonly tier: string; readonly role: string }[]
  readonly candidates: readonly {
    readonly model: string
    readonly tier: string
    readonly predicted_success: number
    readonly expected_cost_usd: number | null
    readonly expected_latency_s: number
    readonly excluded_because: string | null
  }[]
  readonly reasons: readonly string[]
  readonly feature_hash: string | null
  readonly draw: number
  readonly propensity: number
}

/** Dollars for display; `null` when unknown. */
export function usdOrNull(amount: Amount | undefined): number | null {
  return amount === undefined ? null : amountToUsd(amount)
}

export function resultDocument(result: RouteResult): ResultDocument {
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
    decision: decisionDocument(result.decision),
  }
}

export function decisionDocument(decision: DecisionRecord): DecisionDocument {
  return {
    route: decision.route,
    confidence: decision.confidence,
    needs_decomposition: decision.needsDecomposition,
    risk: decision.risk,
    risk_reasons: decision.riskReasons,
    difficulty: decision.difficulty,
    domain: decision.domain,
    expected_tokens_out: decision.expectedTokensOut,
    expected_cost_usd: usdOrNull(decision.expectedCostNanos),
    expected_latency_s: decision.expectedLatencyS,
    max_budget_usd: usdOrNull(decision.maxBudgetNanos) ?? 0,
    policy_version: decision.policyVersion,
    price_version: decision.priceVersion,
    scorer: decision.scorer,
    plan: decision.plan.map(({ modelId, tier, role }) => ({ model: modelId, tier, role })),
    candidates: decision.candidates.map((candidate) => ({
      model: candidate.modelId,
      tier: candidate.tier,
      predicted_success: candidate.predictedSuccess,
      expected_cost_usd: usdOrNull(candidate.expectedCostNanos),
      expected_latency_s: candidate.expectedLatencyS,
      excluded_because: candidate.excludedBecause ?? null,
    })),
    reasons: decision.reasons,
    feature_hash: decision.featureHash ?? null,
    draw: decision.draw,
    propensity: decision.propensity,
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
