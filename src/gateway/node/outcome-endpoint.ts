import { parseTaskId } from '../../base/identifiers.ts'
import { CodedError } from '../../base/errors.ts'
import type { TelemetryEvent } from '../../wire/telemetry-event.ts'
import { type Exchange, type GatewayContext, respondJson } from '../exchange.ts'

/**
 * `GET /v1/outcomes/:task_id`: what was recorded of a task of the caller's own tenant, and what was said of it since. That a task is of another tenant looks as if
 * there were none.
 */
export async function answerOutcome(exchange: Exchange, { node }: GatewayContext): Promise<void> {
  // Clients of the chat interface know a task by the id of its completion.
  const taskId = parseTaskId((exchange.params['task_id'] ?? '').replace(/^chatcmpl-/, ''))
  const event = taskId === undefined ? undefined : await node.records.find(exchange.who.caller.tenant, taskId)
  if (event === undefined)
    throw new CodedError('FEEDBACK_TASK_UNKNOWN', {
      message: 'There is no record of that task',
      details: { param: 'task_id' },
    })
  respondJson(exchange, JSON.stringify(outcomeOf(event)))
}

/** What whoever asked may know: what it cost and how it went, and not how the node decides. */
function outcomeOf(event: TelemetryEvent): Readonly<Record<string, unknown>> {
  return {
    object: 'outcome',
    task_id: event.event_id,
    trace_id: event.trace_id,
    timestamp: event.timestamp,
    key: event.key_id ?? null,
    route: event.final_route_used,
    tier: event.actual_tier_used,
    model: event.model_used,
    provider: event.api_provider,
    success: event.success,
    is_accepted: event.verifier_accepted,
    confidence: event.verifier_confidence,
    was_escalated: event.was_escalated,
    was_cached: event.was_cached,
    failure: event.success ? null : event.fallback_trigger,
    tokens_in: event.tokens_in,
    tokens_out: event.tokens_out,
    cost_usd: event.cost_usd,
    premium_cost_usd_estimated: event.premium_cost_usd ?? null,
    latency_ms: event.latency_ms,
    attempts: event.attempts.length,
    feedback: (event.feedback ?? []).map(({ feedback_id, timestamp, kind, value, source }) => ({
      feedback_id,
      timestamp,
      kind,
      value,
      source,
    })),
  }
}
