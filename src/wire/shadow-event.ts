/**
 * What another policy would have done with a task: a call beside the served one, whose answer nobody got. It is kept beside the record of
 * the task and holds no text of either answer.
 */
import { fieldsOf, readBoolean, readCost, readNumber, readText } from './telemetry-fields.ts'

/** What another policy did with a task beside the one that served it, as it is recorded: nobody got this answer. */
export type ShadowEvent = {
  readonly shadow_id: string
  /** ISO 8601, UTC, milliseconds. */
  readonly timestamp: string
  /** The task that was served. */
  readonly event_id: string
  readonly tenant: string | null
  /** The policy that chose the model. */
  readonly policy_version: string
  readonly model: string
  readonly tier: string
  /** Whether the verifier accepted the answer; `null` when it could not say. */
  readonly success: boolean | null
  /** Of the verifier, 0 to 1; `null` when it did not run. */
  readonly confidence: number | null
  /** How far the answer agrees with the served one, 0 to 1; `null` when they were not compared. */
  readonly agreement: number | null
  readonly tokens_in: number
  readonly tokens_out: number
  /** Dollars; `null` when a price is unknown. */
  readonly cost_usd: number | null
  readonly latency_ms: number
}

/** What `parseShadowEvent` made of JSON: the event, or a problem that names the field, for people. */
export type ShadowEventReading = { readonly event: ShadowEvent } | { readonly problem: string }

/** One line of JSON, without a line break. */
export function formatShadowEvent(event: ShadowEvent): string {
  return JSON.stringify(event)
}

/** Reads what `formatShadowEvent` writes; what is out of range is a problem that names the field. */
export function parseShadowEvent(json: unknown): ShadowEventReading {
  try {
    return { event: readShadowEvent(json) }
  } catch (error: unknown) {
    if (error instanceof TypeError) return { problem: error.message }
    throw error
  }
}

const UNIT_OR_NULL = { min: 0, max: 1, absent: null } as const

/** As `parseShadowEvent`; throws a `TypeError` instead. */
export function readShadowEvent(json: unknown): ShadowEvent {
  const fields = fieldsOf(json)
  return {
    shadow_id: readText(fields, 'shadow_id'),
    timestamp: readText(fields, 'timestamp'),
    event_id: readText(fields, 'event_id'),
    tenant: readText(fields, 'tenant', null),
    policy_version: readText(fields, 'policy_version'),
    model: readText(fields, 'model'),
    tier: readText(fields, 'tier'),
    success: readBoolean(fields, 'success', null),
    confidence: readNumber(fields, 'confidence', UNIT_OR_NULL),
    agreement: readNumber(fields, 'agreement', UNIT_OR_NULL),
    tokens_in: readNumber(fields, 'tokens_in', { min: 0 }),
    tokens_out: readNumber(fields, 'tokens_out', { min: 0 }),
    cost_usd: readCost(fields),
    latency_ms: readNumber(fields, 'latency_ms', { min: 0 }),
  }
}
