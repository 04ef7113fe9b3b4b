import { readFeedbackEvent } from './feedback-event.ts'
import { readShadowEvent } from './shadow-event.ts'
import type { TelemetryEvent } from './telemetry-event.ts'
import {
  readBoolean,
  readCost,
  readNumber,
  readOneOf,
  readText,
  readTextList,
  type Fields,
} from './telemetry-fields.ts'
import { readAttempts, readCandidates, readOverheadCalls } from './telemetry-parts.ts'
import {
  EXECUTION_TIERS,
  POLICY_ARMS,
  POLICY_STAGES,
  RAM_BUCKETS,
  TASK_DOMAINS,
  TASK_RISKS,
  TASK_ROUTES,
} from './telemetry-vocabulary.ts'

/** The event, or what is wrong with the input, naming the field. */
export type TelemetryEventReading = { readonly event: TelemetryEvent } | { readonly problem: string }

/**
 * Reads a record. The eight fields that a label needs (task_hash, actual_tier_used, success, was_escalated, cost_usd,
 * latency_ms, tokens_in, tokens_out) must be there, `cost_usd` as a number or as `null`; every other may be absent, and is then `null` or empty. A value of the
 * wrong type or out of range is a problem, never clamped: `"false"` is not a boolean and NaN is not a number.
 */
export function parseTelemetryEvent(json: unknown): TelemetryEventReading {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return { problem: 'it is not an object' }
  try {
    return { event: readEvent(new Map(Object.entries(json))) }
  } catch (error: unknown) {
    if (error instanceof TypeError) return { problem: error.message }
    throw error
  }
}

const UNIT = { min: 0, max: 1 }
const FROM_ZERO = { min: 0 }

function readEvent(fields: Fields): TelemetryEvent {
  const text = fields.get('task_text')
  return {
    ...readTask(fields),
    ...readExecution(fields),
    ...readPolicy(fields),
    ...readServing(fields),
    overhead_calls: readOverheadCalls(fields),
    ...(typeof text === 'string' && { task_text: text }),
    ...(fields.has('feedback') && { feedback: readJoined(fields, 'feedback', readFeedbackEvent) }),
    ...(fields.has('shadows') && { shadows: readJoined(fields, 'shadows', readShadowEvent) }),
  }
}

type TaskFields = Pick<
  TelemetryEvent,
  | 'instance_id'
  | 'event_id'
  | 'timestamp'
  | 'task_hash'
  | 'task_token_count'
  | 'task_domain'
  | 'predicted_difficulty'
  | 'predicted_tier'
  | 'classifier_confidence'
>

function readTask(fields: Fields): TaskFields {
  return {
    instance_id: readText(fields, 'instance_id', null),
    event_id: readText(fields, 'event_id', null),
    timestamp: readText(fields, 'timestamp', null),
    task_hash: readText(fields, 'task_hash'),
    task_token_count: readNumber(fields, 'task_token_count', { ...FROM_ZERO, absent: null }),
    task_domain: readOneOf(fields, 'task_domain', TASK_DOMAINS),
    predicted_difficulty: readNumber(fields, 'predicted_difficulty', { min: 1, max: 5, absent: null }),
    predicted_tier: readOneOf(fields, 'predicted_tier', EXECUTION_TIERS),
    classifier_confidence: readNumber(fields, 'classifier_confidence', { ...UNIT, absent: null }),
  }
}

type PolicyFields = Pick<
  TelemetryEvent,
  | 'policy_route_predicted'
  | 'policy_confidence'
  | 'policy_expected_cost'
  | 'policy_expected_latency'
  | 'policy_risk'
  | 'policy_version'
  | 'final_route_used'
  | 'fallback_trigger'
  | 'propensity'
  | 'policy_scorer'
  | 'feature_hash'
  | 'tenant'
  | 'organisation'
  | 'team'
  | 'key_id'
  | 'premium_cost_usd'
  | 'trace_id'
>

function readPolicy(fields: Fields): PolicyFields {
  return {
    policy_route_predicted: readOneOf(fields, 'policy_route_predicted', TASK_ROUTES),
    policy_confidence: readNumber(fields, 'policy_confidence', { ...UNIT, absent: null }),
    policy_expected_cost: readNumber(fields, 'policy_expected_cost', { ...FROM_ZERO, absent: null }),
    policy_expected_latency: readNumber(fields, 'policy_expected_latency', { ...FROM_ZERO, absent: null }),
    policy_risk: readOneOf(fields, 'policy_risk', TASK_RISKS),
    policy_version: readText(fields, 'policy_version', null),
    final_route_used: readOneOf(fields, 'final_route_used', TASK_ROUTES),
    fallback_trigger: readText(fields, 'fallback_trigger', null),
    propensity: readNumber(fields, 'propensity', { ...UNIT, absent: null }),
    policy_scorer: readText(fields, 'policy_scorer', null),
    feature_hash: readText(fields, 'feature_hash', null),
    tenant: readText(fields, 'tenant', null),
    ...readPayers(fields),
    trace_id: readText(fields, 'trace_id', null),
  }
}

type PayerFields = Pick<TelemetryEvent, 'organisation' | 'team' | 'key_id' | 'premium_cost_usd'>

function readPayers(fields: Fields): PayerFields {
  const organisation = readText(fields, 'organisation', null)
  const team = readText(fields, 'team', null)
  const keyId = readText(fields, 'key_id', null)
  const premiumCost = readNumber(fields, 'premium_cost_usd', { ...FROM_ZERO, absent: null })
  return {
    ...(organisation !== null && { organisation }),
    ...(team !== null && { team }),
    ...(keyId !== null && { key_id: keyId }),
    ...(premiumCost !== null && { premium_cost_usd: premiumCost }),
  }
}

type ServingFields = Pick<
  TelemetryEvent,
  | 'model_planned'
  | 'model_used'
  | 'candidates'
  | 'attempts'
  | 'features'
  | 'feature_set'
  | 'policy_stage'
  | 'policy_arm'
>

function readServing(fields: Fields): ServingFields {
  return {
    model_planned: readText(fields, 'model_planned', null),
    model_used: readText(fields, 'model_used', null),
    candidates: readCandidates(fields),
    attempts: readAttempts(fields),
    features: readText(fields, 'features', null),
    feature_set: readText(fields, 'feature_set', null),
    policy_stage: readOneOf(fields, 'policy_stage', POLICY_STAGES),
    policy_arm: readOneOf(fields, 'policy_arm', POLICY_ARMS),
  }
}

type ExecutionFields = Omit<
  TelemetryEvent,
  keyof TaskFields | keyof PolicyFields | keyof ServingFields | 'overhead_calls' | 'task_text' | 'feedback' | 'shadows'
>

function readExecution(fields: Fields): ExecutionFields {
  return {
    actual_tier_used: readText(fields, 'actual_tier_used'),
    was_escalated: readBoolean(fields, 'was_escalated'),
    escalation_chain: readTextList(fields, 'escalation_chain'),
    success: readBoolean(fields, 'success'),
    tokens_in: readNumber(fields, 'tokens_in', FROM_ZERO),
    tokens_out: readNumber(fields, 'tokens_out', FROM_ZERO),
    cost_usd: readCost(fields),
    latency_ms: readNumber(fields, 'latency_ms', FROM_ZERO),
    was_cached: readBoolean(fields, 'was_cached', null),
    verifier_accepted: readBoolean(fields, 'verifier_accepted', null),
    verifier_confidence: readNumber(fields, 'verifier_confidence', { ...UNIT, absent: null }),
    hardware_tier: readText(fields, 'hardware_tier', null),
    has_gpu: readBoolean(fields, 'has_gpu', null),
    ram_bucket: readOneOf(fields, 'ram_bucket', RAM_BUCKETS),
    local_model_used: readText(fields, 'local_model_used', null),
    api_provider: readText(fields, 'api_provider', null),
  }
}

/** What is joined to a record when it is listed; a reader of single events throws a `TypeError`. */
function readJoined<Event>(fields: Fields, name: string, read: (json: unknown) => Event): readonly Event[] {
  const value = fields.get(name)
  if (!Array.isArray(value)) throw new TypeError(`${name} is not a list`)
  return value.map((item: unknown) => read(item))
}
