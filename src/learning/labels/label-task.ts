import { assessRisk } from '../../core/policy/risk-detection.ts'
import type { TelemetryEvent } from '../../wire/telemetry-event.ts'
import type { DatasetOutcome, LoggedFields } from '../dataset/label-row.ts'
import type { Labelled } from './compatibility-label.ts'
import { labelCorrectly } from './corrected-label.ts'
import { joinOutcomes, type JoinedTask } from './join-outcomes.ts'
import { labelRowOf } from './label-of.ts'
import { routeOfTier } from './label-route.ts'

/**
 * The row of the default mode: the corrected label, and what was logged around it. Compared with `labelCompatibly`: a chain that failed is never
 * a success, a local success counts only when it was verified (or a person says so), and the optimal route is the cheapest that is known
 * to do, from all outcomes that are known. Nothing is dropped for being uncertain; the label's confidence says so.
 */
export function labelTask(event: TelemetryEvent): Labelled {
  const actual = routeOfTier(event.actual_tier_used)
  if (actual === undefined) return { dropped: 'unknown_tier' }
  const joined = joinOutcomes(event)
  const label = labelCorrectly(event, actual, joined)
  if (label === undefined) return { dropped: 'unverified' }
  return { row: { ...labelRowOf(event, actual, label), logged: loggedFieldsOf(event, joined) } }
}

function loggedFieldsOf(event: TelemetryEvent, joined: JoinedTask): LoggedFields {
  const { task_text: prompt, features, feature_set: featureSet } = event
  return {
    timestamp: event.timestamp,
    policy_version: event.policy_version,
    risk: event.policy_risk ?? (prompt === undefined ? 'medium' : assessRisk(prompt).risk),
    ...(prompt !== undefined && { prompt }),
    ...(features !== null && featureSet !== null && { features, feature_set: featureSet }),
    candidates: event.candidates,
    action: joined.action,
    propensity: joined.propensity,
    reward: joined.whole?.value ?? 0,
    reward_source: joined.wholeSource,
    outcomes: outcomesOf(joined),
  }
}

/** A split task has no model that did it, so its outcomes are those of its steps, and of no use here. */
function outcomesOf({ outcomes, isSplit }: JoinedTask): Readonly<Record<string, DatasetOutcome>> {
  if (isSplit) return {}
  return Object.fromEntries(
    outcomes.flatMap(({ model, success, costUsd, latencyMs, source }) =>
      success === undefined
        ? []
        : [[model, { success: success.value, cost_usd: costUsd, latency_ms: latencyMs, source }]],
    ),
  )
}
