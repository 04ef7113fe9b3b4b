import type { TelemetryEvent } from '../../wire/telemetry-event.ts'
import type { DatasetRow, LabelRoute } from '../dataset/label-row.ts'
import { labelRowOf, type DropReason, type Label } from './label-of.ts'
import { LATENCY_WEIGHT, ROUTE_PRICES_USD, routeOfTier } from './label-route.ts'

/** A row, or why there is none. */
export type Labelled = { readonly row: DatasetRow } | { readonly dropped: DropReason }

/** Above: a premium answer was too dear to have been easy. Dollars, exclusive. */
const OVERKILL_COST_USD = 0.02
/** Tokens in and out, exclusive. */
const OVERKILL_TOKENS = 500
const OVERKILL_SCORE = 0.75
/** Below this score the verifier is in doubt, and so is the label. */
const SURE_SCORE = 0.85
const DOUBT_FACTOR = 0.7
const CONFIDENCE_MIN = 0.5
/** What a failed cheap call costs: its price and the step of an escalation. */
const CHEAP_FAILURE_PENALTY = 0.305

/**
 * Labels as other programs with this contract make them: nine rules in order, faults included (a chain that failed in the end is
 * labelled by its last tier). `labelCorrectly` is what we train on.
 *
 * Readings: the score is `verifier_confidence`, 0 where it is absent, so a record without a verifier has 0.7 of the confidence. Verified means
 * that `verifier_accepted` is true: an inconclusive verifier accepted nothing. An unknown cost meets no bound (rule 3a) and adds
 * nothing to penalty and severity. A chain of one tier is no escalation x -> y, whatever `was_escalated` says.
 */
export function labelCompatibly(event: TelemetryEvent): Labelled {
  const actual = routeOfTier(event.actual_tier_used)
  if (actual === undefined) return { dropped: 'unknown_tier' }
  const label = labelByRules(event, actual)
  const isSure = (event.verifier_confidence ?? 0) >= SURE_SCORE
  const confidence = isSure ? label.confidence : label.confidence * DOUBT_FACTOR
  if (confidence < CONFIDENCE_MIN) return { dropped: 'ambiguous' }
  return { row: labelRowOf(event, actual, { ...label, confidence }) }
}

/** What each rule says: the optimal route (rule 6 takes the one that was used) and how sure it is. */
const RULES = {
  succeeded_at_local: { optimal: 'local', confidence: 0.95 },
  succeeded_at_cheap: { optimal: 'cheap', confidence: 0.9 },
  premium_overkill_low_tokens: { optimal: 'cheap', confidence: 0.75 },
  premium_warranted: { optimal: 'premium', confidence: 0.85 },
  local_failed_cheap_succeeded: { optimal: 'cheap', confidence: 0.85 },
  local_failed_to_premium: { optimal: 'premium', confidence: 0.8 },
  cheap_failed_to_premium: { optimal: 'premium', confidence: 0.85 },
  all_failed_needs_premium: { optimal: 'premium', confidence: 0.6 },
  ambiguous_actual_used: { optimal: undefined, confidence: 0.5 },
} as const

type Verdict = { readonly reason: keyof typeof RULES; readonly penalty: number }

function labelByRules(event: TelemetryEvent, actual: LabelRoute): Label {
  const { reason, penalty } = firstRule(event, actual)
  const { optimal = actual, confidence } = RULES[reason]
  return { optimal, reason, penalty, confidence }
}

function firstRule(event: TelemetryEvent, actual: LabelRoute): Verdict {
  if (event.success && !event.was_escalated) return ruleOfFirstTry(event, actual)
  const escalated = event.was_escalated ? ruleOfEscalation(event) : undefined
  if (escalated !== undefined) return escalated
  if (!event.success || event.verifier_accepted !== true)
    return { reason: 'all_failed_needs_premium', penalty: event.cost_usd ?? 0 }
  return { reason: 'ambiguous_actual_used', penalty: 0 }
}

function ruleOfFirstTry(event: TelemetryEvent, actual: LabelRoute): Verdict {
  if (actual === 'local') return { reason: 'succeeded_at_local', penalty: 0 }
  if (actual === 'cheap') return { reason: 'succeeded_at_cheap', penalty: 0 }
  const { cost_usd: cost } = event
  const isOverkill =
    cost !== null &&
    cost < OVERKILL_COST_USD &&
    event.tokens_in + event.tokens_out < OVERKILL_TOKENS &&
    event.verifier_accepted === true &&
    (event.verifier_confidence ?? 0) >= OVERKILL_SCORE
  if (!isOverkill) return { reason: 'premium_warranted', penalty: 0 }
  return { reason: 'premium_overkill_low_tokens', penalty: cost - ROUTE_PRICES_USD.cheap }
}

/** `undefined` for a chain that no rule names. */
function ruleOfEscalation({
  escalation_chain: chain,
  cost_usd: cost,
  latency_ms: latencyMs,
}: TelemetryEvent): Verdict | undefined {
  if (chain.length < 2) return undefined
  const first = routeOfTier(chain[0] ?? '')
  const last = routeOfTier(chain.at(-1) ?? '')
  const waiting = LATENCY_WEIGHT * (latencyMs / 1000)
  if (first === 'local' && last === 'cheap') return { reason: 'local_failed_cheap_succeeded', penalty: waiting }
  if (first === 'local' && last === 'premium')
    return { reason: 'local_failed_to_premium', penalty: 0.5 * (cost ?? 0) + waiting }
  if (first === 'cheap' && last === 'premium')
    return { reason: 'cheap_failed_to_premium', penalty: CHEAP_FAILURE_PENALTY }
  return undefined
}
