import type { OutcomeSource } from '../../core/learning/logged-task.ts'
import { isOnlyDoubted } from '../../core/verification/verdict.ts'
import type { ShadowEvent } from '../../wire/shadow-event.ts'
import type { TelemetryAttempt } from '../../wire/telemetry-parts.ts'
import type { TelemetryEvent } from '../../wire/telemetry-event.ts'
import {
  feedbackEvidence,
  isGoodForPeople,
  UNVERIFIED_WEIGHT,
  VERIFIER_WEIGHT,
  weightedMean,
  type Evidence,
} from './feedback-weight.ts'
import { routeOfTier } from './label-route.ts'

/** From this share of right on an outcome is a success. */
export const SUCCESS_MIN = 0.5

/** What one model did with a task. */
export type JoinedOutcome = {
  readonly model: string
  readonly tier: string
  /** `undefined`: it answered, and nobody knows whether the answer was right. */
  readonly success: Evidence | undefined
  readonly costUsd: number | null
  readonly latencyMs: number | null
  readonly source: OutcomeSource
  /** Whether it was called to answer, and not beside. */
  readonly isServed: boolean
}

/** All that a record tells of models and of the plan as a whole. */
export type JoinedTask = {
  /** The model that the plan began with; its tier where the record names no model. */
  readonly action: string
  /** In (0, 1]. */
  readonly propensity: number
  /** What the plan came to; `undefined`: an answer that nobody checked, from this machine. */
  readonly whole: Evidence | undefined
  readonly wholeSource: OutcomeSource
  /** One for each model that is known to have tried the task, in the order in which they did; then the counterfactual ones. */
  readonly outcomes: readonly JoinedOutcome[]
  /** Several steps were carried out by several models: then `outcomes` are of tiers. */
  readonly isSplit: boolean
}

/**
 * Joins what is known of a task: the calls that were made, what people and programs said of the answer, and what other policies would have
 * done. Served calls win over shadows of the same model.
 *
 * A plan that failed is a failure whatever was accepted on its way; only a person who had the answer can say otherwise. An answer
 * that nobody checked is a success of an interface that is paid for, with half the weight of a verdict, and unknown of a model of this machine.
 * Where the policy's own prediction was all that spoke against an answer, nobody knows what it was worth until somebody says so: a policy that learned from such
 * refusals would learn what it thought already, and more of it each time.
 */
export function joinOutcomes(event: TelemetryEvent): JoinedTask {
  const isSplit = event.attempts.some(({ step }) => step !== undefined)
  const calls = event.attempts.length > 0 && !isSplit ? callsOf(event) : callsOfTiers(event)
  const final = calls.findLast(({ model }) => model === event.model_used) ?? calls.at(-1)
  const action = actionOf(event, calls)
  const propensity = propensityOf(event, action)
  const feedback = feedbackEvidence(event.feedback ?? [])
  const whole = wholeOf(event, feedback)
  const firstSource: OutcomeSource = propensity < greedyPropensity(event) ? 'exploration' : 'executed'
  const outcomes = new Map<string, JoinedOutcome>()
  for (const call of calls) {
    const isFinal = call === final
    const source: OutcomeSource = call === calls[0] ? firstSource : 'executed'
    const success = isFinal ? whole : call.success
    const joined = {
      ...call,
      success,
      source: isFinal && feedback.length > 0 ? 'feedback' : source,
      isServed: true,
    } as const
    const earlier = outcomes.get(call.model)
    outcomes.delete(call.model)
    outcomes.set(call.model, earlier === undefined ? joined : addCost(joined, earlier))
  }
  for (const shadow of newestLast(event.shadows ?? []))
    if (outcomes.get(shadow.model)?.isServed !== true) outcomes.set(shadow.model, outcomeOfShadow(shadow, whole))
  const wholeSource = feedback.length > 0 ? 'feedback' : firstSource
  return { action, propensity, whole, wholeSource, outcomes: [...outcomes.values()], isSplit }
}

type Call = Pick<JoinedOutcome, 'model' | 'tier' | 'success' | 'costUsd' | 'latencyMs'>

/** A call that was given up says nothing of its model. */
function callsOf({ attempts, candidates }: TelemetryEvent): readonly Call[] {
  const known = attempts.filter(({ outcome }, place) => outcome !== 'aborted' || place === attempts.length - 1)
  return known.map((attempt) => ({
    model: attempt.model,
    tier: attempt.tier,
    success: evidenceOfCall(attempt, candidates),
    costUsd: attempt.cost_usd,
    latencyMs: attempt.latency_ms,
  }))
}

function evidenceOfCall(attempt: TelemetryAttempt, candidates: TelemetryEvent['candidates']): Evidence | undefined {
  const { outcome, confidence, tier } = attempt
  if (outcome === 'aborted' || wasOnlyDoubted(attempt, candidates)) return undefined
  if (outcome !== 'accepted') return { value: 0, weight: VERIFIER_WEIGHT }
  return confidence === null ? unverified(tier) : { value: 1, weight: VERIFIER_WEIGHT }
}

function wasOnlyDoubted(
  { model, outcome, confidence }: TelemetryAttempt,
  candidates: TelemetryEvent['candidates'],
): boolean {
  const predicted = candidates.find((candidate) => candidate.model === model)?.predicted_success
  return outcome === 'rejected' && confidence !== null && isOnlyDoubted(confidence, predicted)
}

/** A record of another program: what is known are tiers, and the cost of all together. */
function callsOfTiers(event: TelemetryEvent): readonly Call[] {
  const chain = event.was_escalated && event.escalation_chain.length > 1 ? event.escalation_chain : []
  const last = event.actual_tier_used
  const before = chain.slice(0, -1).map((tier, place): Call => ({
    model: place === 0 ? (event.model_planned ?? tier) : tier,
    tier,
    success: { value: 0, weight: VERIFIER_WEIGHT },
    costUsd: null,
    latencyMs: null,
  }))
  const isAlone = before.length === 0 && !event.was_escalated
  const used = event.model_used ?? (routeOfTier(last) === 'local' ? event.local_model_used : null)
  return [
    ...before,
    {
      model: used ?? (isAlone ? (event.model_planned ?? last) : last),
      tier: last,
      success: undefined,
      costUsd: isAlone ? event.cost_usd : null,
      latencyMs: isAlone ? event.latency_ms : null,
    },
  ]
}

function actionOf(event: TelemetryEvent, calls: readonly Call[]): string {
  return event.model_planned ?? calls[0]?.model ?? event.actual_tier_used
}

/** A record that says nothing is of a policy that did not draw. */
function propensityOf(event: TelemetryEvent, action: string): number {
  const logged = event.candidates.find(({ model }) => model === action)?.propensity ?? 0
  if (logged > 0) return logged
  return event.propensity !== null && event.propensity > 0 ? event.propensity : 1
}

/** The model that the policy meant to begin with is the one that it begins with most often. */
function greedyPropensity({ candidates }: TelemetryEvent): number {
  let most = 0
  for (const { propensity } of candidates) most = Math.max(most, propensity)
  return most
}

function wholeOf(event: TelemetryEvent, feedback: readonly Evidence[]): Evidence | undefined {
  if (!event.success) return wholeOfRefused(event, feedback)
  if (event.verifier_accepted === null)
    return weightedMean([...listOf(unverified(event.actual_tier_used)), ...feedback])
  return weightedMean([{ value: event.verifier_accepted ? 1 : 0, weight: VERIFIER_WEIGHT }, ...feedback])
}

function wholeOfRefused(event: TelemetryEvent, feedback: readonly Evidence[]): Evidence | undefined {
  const { attempts, candidates } = event
  const failed = { value: 0, weight: VERIFIER_WEIGHT }
  const standing = attempts.findLast(({ model }) => model === event.model_used)
  const isDoubted = standing !== undefined && wasOnlyDoubted(standing, candidates)
  const hasAnswer = event.tokens_out > 0 && attempts.at(-1)?.outcome !== 'failed'
  if (hasAnswer && isGoodForPeople(event.feedback ?? []))
    return weightedMean(isDoubted ? feedback : [failed, ...feedback])
  return isDoubted && feedback.length === 0 ? undefined : failed
}

function unverified(tier: string): Evidence | undefined {
  return routeOfTier(tier) === 'local' ? undefined : { value: 1, weight: UNVERIFIED_WEIGHT }
}

/** Several calls of one model count as one that took all of them. */
function addCost(last: JoinedOutcome, earlier: JoinedOutcome): JoinedOutcome {
  return {
    ...last,
    costUsd: last.costUsd === null || earlier.costUsd === null ? null : last.costUsd + earlier.costUsd,
    latencyMs: last.latencyMs === null || earlier.latencyMs === null ? null : last.latencyMs + earlier.latencyMs,
  }
}

/** What the verifier said; where it could not say, how far the answer agrees with a served one that was right. */
function outcomeOfShadow(shadow: ShadowEvent, whole: Evidence | undefined): JoinedOutcome {
  const { success, agreement } = shadow
  const isServedRight = whole !== undefined && whole.value >= SUCCESS_MIN
  const agreed = agreement === null || !isServedRight ? undefined : { value: agreement, weight: UNVERIFIED_WEIGHT }
  return {
    model: shadow.model,
    tier: shadow.tier,
    success: success === null ? agreed : { value: success ? 1 : 0, weight: VERIFIER_WEIGHT },
    costUsd: shadow.cost_usd,
    latencyMs: shadow.latency_ms,
    source: 'shadow',
    isServed: false,
  }
}

function newestLast(shadows: readonly ShadowEvent[]): readonly ShadowEvent[] {
  return shadows.toSorted((a, b) => {
    if (a.timestamp !== b.timestamp) return a.timestamp < b.timestamp ? -1 : 1
    return a.shadow_id < b.shadow_id ? -1 : 1
  })
}

function listOf<Value>(value: Value | undefined): readonly Value[] {
  return value === undefined ? [] : [value]
}
