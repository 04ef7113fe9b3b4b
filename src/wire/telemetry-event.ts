/**
 * The telemetry record as it is kept on disk and exported: field names are the contract's, `_usd` numbers are for reading
 * only; they become amounts again before anybody adds them. `TaskOutcome` is the value that the program works with.
 */
import { amountToUsd } from '../base/money.ts'
import { encodeFloats } from '../core/policy/float-text.ts'
import { redactText } from '../core/redaction/redact-text.ts'
import type { ExecutionTier, TaskDomain, TaskOutcome, TaskRisk, TaskRoute } from '../core/routing/task-outcome.ts'
import type { FeedbackEvent } from './feedback-event.ts'
import type { ShadowEvent } from './shadow-event.ts'
import {
  attemptsOf,
  candidatesOf,
  overheadCallsOf,
  usdOrNull,
  type TelemetryAttempt,
  type TelemetryCandidate,
  type TelemetryOverheadCall,
} from './telemetry-parts.ts'
import type { POLICY_ARMS, POLICY_STAGES, RamBucket } from './telemetry-vocabulary.ts'

/** `null` means that the value was not known or did not apply. Times are milliseconds unless the name says seconds. */
export type TelemetryEvent = {
  readonly instance_id: string | null
  readonly event_id: string | null
  /** ISO 8601, UTC, milliseconds. */
  readonly timestamp: string | null
  /** HMAC-SHA-256 of the task text under the installation's secret, 64 hexadecimal digits. */
  readonly task_hash: string
  readonly task_token_count: number | null
  readonly task_domain: TaskDomain | null
  /** 1 to 5. */
  readonly predicted_difficulty: number | null
  readonly predicted_tier: ExecutionTier | null
  readonly classifier_confidence: number | null
  /** Any text is read, so that records of other programs can be; ours are one of `EXECUTION_TIERS`, or `none` when nothing was called. */
  readonly actual_tier_used: string
  readonly was_escalated: boolean
  readonly escalation_chain: readonly string[]
  readonly success: boolean
  readonly tokens_in: number
  readonly tokens_out: number
  /** `null` when some price is unknown. */
  readonly cost_usd: number | null
  readonly latency_ms: number
  readonly was_cached: boolean | null
  readonly verifier_accepted: boolean | null
  readonly verifier_confidence: number | null
  readonly hardware_tier: string | null
  readonly has_gpu: boolean | null
  readonly ram_bucket: RamBucket | null
  readonly local_model_used: string | null
  readonly api_provider: string | null
  readonly policy_route_predicted: TaskRoute | null
  readonly policy_confidence: number | null
  /** Dollars. */
  readonly policy_expected_cost: number | null
  /** Seconds. */
  readonly policy_expected_latency: number | null
  readonly policy_risk: TaskRisk | null
  readonly policy_version: string | null
  readonly final_route_used: TaskRoute | null
  readonly fallback_trigger: string | null
  /** Probability, in (0, 1], with which the route was chosen. */
  readonly propensity: number | null
  readonly policy_scorer: string | null
  readonly feature_hash: string | null
  readonly tenant: string | null
  /** Who paid beside the tenant; each absent where nobody is named. */
  readonly organisation?: string
  readonly team?: string
  /** Id of the API key, never the key. */
  readonly key_id?: string
  /** What one call of the premium model would have cost, estimated from the tokens of the answer; absent where that is not known. */
  readonly premium_cost_usd?: number
  readonly trace_id: string | null
  /** The model that the plan began with; `null` when nothing was planned. */
  readonly model_planned: string | null
  /** The model that answered, or was called last; `null` when none was called. */
  readonly model_used: string | null
  /** The models that the policy could have begun with, at most `TELEMETRY_CANDIDATES_MAX`. */
  readonly candidates: readonly TelemetryCandidate[]
  readonly attempts: readonly TelemetryAttempt[]
  /** Base64 of the prompt's raw features as little-endian 32-bit floats, in the order of `feature_set`. They hold no words. */
  readonly features: string | null
  /** Which features, in which order: see `promptFeatureSet`. */
  readonly feature_set: string | null
  /** How far the policy that was asked was rolled out then; `null` where nothing is rolled out. */
  readonly policy_stage: (typeof POLICY_STAGES)[number] | null
  /** Which of two policies decided; `null` where there is only one. */
  readonly policy_arm: (typeof POLICY_ARMS)[number] | null
  readonly overhead_calls: readonly TelemetryOverheadCall[]
  /** The task itself; absent unless the operator opted in. */
  readonly task_text?: string
  /** What was said of the answer afterwards, oldest first. Kept apart and joined when records are listed; absent when there is none. */
  readonly feedback?: readonly FeedbackEvent[]
  /** What other policies would have done. As `feedback`. */
  readonly shadows?: readonly ShadowEvent[]
}

/** What a record says beside the task: the installation, and what became of the text. */
export type TelemetryContext = {
  readonly instanceId: string
  readonly taskHash: string
  readonly hardwareTier: string
  readonly hasGpu: boolean
  readonly ramBucket: RamBucket
  /** Name of the set of features that outcomes carry: `promptFeatureSet()`. */
  readonly featureSet: string
  /** True only when the operator opted in to keeping task text. */
  readonly keepsText: boolean
}

/** The record of an outcome. */
export function telemetryEventOf(outcome: TaskOutcome, context: TelemetryContext): TelemetryEvent {
  const { predicted, verifier } = outcome
  return {
    instance_id: context.instanceId,
    event_id: outcome.decisionId,
    timestamp: isoOf(outcome.at),
    task_hash: context.taskHash,
    task_token_count: outcome.taskTokenCount,
    task_domain: outcome.taskDomain,
    predicted_difficulty: predicted.difficulty,
    predicted_tier: predicted.tier ?? null,
    classifier_confidence: predicted.classifierConfidence,
    actual_tier_used: outcome.actualTier ?? 'none',
    was_escalated: outcome.escalationChain.length > 1,
    escalation_chain: outcome.escalationChain,
    success: outcome.success,
    tokens_in: outcome.tokensIn,
    tokens_out: outcome.tokensOut,
    cost_usd: usdOrNull(outcome.costNanos),
    latency_ms: outcome.latencyMs,
    was_cached: outcome.wasCached,
    verifier_accepted: verifier?.isAccepted ?? null,
    verifier_confidence: verifier?.confidence ?? null,
    hardware_tier: context.hardwareTier,
    has_gpu: context.hasGpu,
    ram_bucket: context.ramBucket,
    local_model_used: outcome.localModel ?? null,
    api_provider: outcome.apiProvider ?? null,
    policy_route_predicted: predicted.route,
    policy_confidence: predicted.confidence,
    policy_expected_cost: usdOrNull(predicted.expectedCostNanos),
    policy_expected_latency: predicted.expectedLatencyS,
    policy_risk: predicted.risk,
    policy_version: predicted.policyVersion,
    final_route_used: outcome.finalRoute,
    fallback_trigger: outcome.fallbackTrigger ?? null,
    propensity: predicted.propensity,
    policy_scorer: predicted.scorer,
    feature_hash: predicted.featureHash ?? null,
    tenant: outcome.tenant,
    ...(outcome.organisation !== undefined && { organisation: outcome.organisation }),
    ...(outcome.team !== undefined && { team: outcome.team }),
    ...(outcome.keyId !== undefined && { key_id: outcome.keyId }),
    ...(outcome.premiumCostNanos !== undefined && { premium_cost_usd: amountToUsd(outcome.premiumCostNanos) }),
    trace_id: outcome.traceId ?? null,
    model_planned: predicted.modelId ?? null,
    model_used: outcome.modelUsed ?? null,
    candidates: candidatesOf(predicted.candidates),
    attempts: attemptsOf(outcome.attempts),
    features: predicted.features === undefined ? null : encodeFloats(Float32Array.from(predicted.features)),
    feature_set: predicted.features === undefined ? null : context.featureSet,
    policy_stage: predicted.served?.stage ?? null,
    policy_arm: predicted.served?.arm ?? null,
    overhead_calls: overheadCallsOf(outcome.overheadCalls),
    ...(context.keepsText && { task_text: redactText(outcome.taskText) }),
  }
}

/** One line of JSON, without a line break. */
export function formatTelemetryEvent(event: TelemetryEvent): string {
  return JSON.stringify(event)
}

/** ISO 8601 of an instant; `Date` is used as a calendar only, never as a clock. */
function isoOf(at: number): string {
  return new Date(at).toISOString()
}
