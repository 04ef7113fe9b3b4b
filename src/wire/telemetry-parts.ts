import { amountToUsd, type Amount, formatAmount } from '../base/money.ts'
import type { AnswerPurchase, OutcomeAttempt, OutcomeCandidate, OverheadCall } from '../core/routing/task-outcome.ts'
import { fieldsOf, readCost, readEach, readNumber, readRequired, readText, type Fields } from './telemetry-fields.ts'
import { ATTEMPT_OUTCOMES } from './telemetry-vocabulary.ts'

/** A call that was made to decide or to check and not to answer, as it is recorded; `purpose` is what `OverheadCall` says, and an unknown one is read as well. */
export type TelemetryOverheadCall = {
  readonly purpose: string
  readonly model: string
  readonly tokens_in: number
  readonly tokens_out: number
  /** Dollars; `null` when a price is unknown. */
  readonly cost_usd: number | null
  readonly latency_ms: number
}

/** A model that the policy could have begun with, as it was judged then. */
export type TelemetryCandidate = {
  readonly model: string
  readonly tier: string
  /** 0 to 1. */
  readonly predicted_success: number
  /** Dollars; `null` when a price was unknown. */
  readonly expected_cost_usd: number | null
  readonly expected_latency_s: number
  /** Probability, 0 to 1, with which the plan begins with this model. */
  readonly propensity: number
}

/** What was agreed for an answer that a peer sold. Amounts are decimal texts of credits, which are a claim on the issuer and no dollars. */
export type TelemetryPurchase = {
  readonly contract: string
  readonly seller: string
  /** `CODE@DID`. */
  readonly currency: string
  readonly price: string
  /** Part of the price that the notaries keep at most. */
  readonly fee: string
  readonly custody: string
  /** What the operator said that one credit is worth, decimal text of dollars: `cost_usd` was computed with it. */
  readonly usd_per_credit: string
}

/** A call that was made to answer, in the order of the calls. */
export type TelemetryAttempt = {
  readonly model: string
  readonly tier: string
  readonly outcome: (typeof ATTEMPT_OUTCOMES)[number]
  /** Of the verifier, 0 to 1; `null` when it did not run. */
  readonly confidence: number | null
  readonly tokens_in: number
  readonly tokens_out: number
  readonly cost_usd: number | null
  readonly latency_ms: number
  /** Of a split task the number of the step that was called for, from 1; absent for a whole task. */
  readonly step?: number
  /** Of a call of tier `peer` for which a contract was signed. */
  readonly purchase?: TelemetryPurchase
}

/** Candidates of one record at most: those that could have been drawn stay, then those first in the policy's order. */
export const TELEMETRY_CANDIDATES_MAX = 64

/** The candidates that could be used. */
export function candidatesOf(candidates: readonly OutcomeCandidate[]): readonly TelemetryCandidate[] {
  let usable = candidates.filter(({ excludedBecause }) => excludedBecause === undefined)
  if (usable.length > TELEMETRY_CANDIDATES_MAX) {
    const isDrawable = ({ propensity = 0 }: OutcomeCandidate): boolean => propensity > 0
    usable = [...usable.filter(isDrawable), ...usable.filter((candidate) => !isDrawable(candidate))]
    usable.length = TELEMETRY_CANDIDATES_MAX
  }
  return usable.map((candidate) => ({
    model: candidate.modelId,
    tier: candidate.tier,
    predicted_success: candidate.predictedSuccess,
    expected_cost_usd: usdOrNull(candidate.expectedCostNanos),
    expected_latency_s: candidate.expectedLatencyS,
    propensity: candidate.propensity ?? 0,
  }))
}

/** Names of steps may hold words of the task, so steps are told apart by number. */
export function attemptsOf(attempts: readonly OutcomeAttempt[]): readonly TelemetryAttempt[] {
  const steps: string[] = []
  const stepOf = (id: string): number => {
    const place = steps.indexOf(id)
    return place >= 0 ? place + 1 : steps.push(id)
  }
  return attempts.map((attempt) => ({
    model: attempt.modelId,
    tier: attempt.tier,
    outcome: attempt.outcome,
    confidence: attempt.confidence ?? null,
    tokens_in: attempt.tokensIn,
    tokens_out: attempt.tokensOut,
    cost_usd: usdOrNull(attempt.costNanos),
    latency_ms: attempt.latencyMs,
    ...(attempt.stepId !== undefined && { step: stepOf(attempt.stepId) }),
    ...(attempt.purchase !== undefined && { purchase: purchaseOf(attempt.purchase) }),
  }))
}

/** What was agreed, as records and documents have it. */
export function purchaseOf(purchase: AnswerPurchase): TelemetryPurchase {
  const { contract, seller, currency, custody, priceNanos, feeNanos, usdNanosPerCredit } = purchase
  return {
    contract,
    seller,
    currency,
    price: formatAmount(priceNanos),
    fee: formatAmount(feeNanos),
    custody,
    usd_per_credit: formatAmount(usdNanosPerCredit),
  }
}

export function overheadCallsOf(calls: readonly OverheadCall[]): readonly TelemetryOverheadCall[] {
  return calls.map((call) => ({
    purpose: call.purpose,
    model: call.model,
    tokens_in: call.tokensIn,
    tokens_out: call.tokensOut,
    cost_usd: usdOrNull(call.costNanos),
    latency_ms: call.latencyMs,
  }))
}

const UNIT = { min: 0, max: 1 }
const FROM_ZERO = { min: 0 }

export function readCandidates(fields: Fields): readonly TelemetryCandidate[] {
  return readEach(fields, 'candidates', (candidate) => ({
    model: readText(candidate, 'model'),
    tier: readText(candidate, 'tier'),
    predicted_success: readNumber(candidate, 'predicted_success', UNIT),
    expected_cost_usd: readNumber(candidate, 'expected_cost_usd', { ...FROM_ZERO, absent: null }),
    expected_latency_s: readNumber(candidate, 'expected_latency_s', FROM_ZERO),
    propensity: readNumber(candidate, 'propensity', UNIT),
  }))
}

export function readAttempts(fields: Fields): readonly TelemetryAttempt[] {
  return readEach(fields, 'attempts', (attempt) => {
    const step = readNumber(attempt, 'step', { min: 1, absent: null })
    return {
      model: readText(attempt, 'model'),
      tier: readText(attempt, 'tier'),
      outcome: readRequired(attempt, 'outcome', ATTEMPT_OUTCOMES),
      confidence: readNumber(attempt, 'confidence', { ...UNIT, absent: null }),
      tokens_in: readNumber(attempt, 'tokens_in', FROM_ZERO),
      tokens_out: readNumber(attempt, 'tokens_out', FROM_ZERO),
      cost_usd: readCost(attempt),
      latency_ms: readNumber(attempt, 'latency_ms', FROM_ZERO),
      ...(step !== null && { step }),
      ...(attempt.has('purchase') && { purchase: readPurchase(fieldsOf(attempt.get('purchase'))) }),
    }
  })
}

function readPurchase(fields: Fields): TelemetryPurchase {
  return {
    contract: readText(fields, 'contract'),
    seller: readText(fields, 'seller'),
    currency: readText(fields, 'currency'),
    price: readText(fields, 'price'),
    fee: readText(fields, 'fee'),
    custody: readText(fields, 'custody'),
    usd_per_credit: readText(fields, 'usd_per_credit'),
  }
}

export function readOverheadCalls(fields: Fields): readonly TelemetryOverheadCall[] {
  return readEach(fields, 'overhead_calls', (call) => ({
    purpose: readText(call, 'purpose'),
    model: readText(call, 'model'),
    tokens_in: readNumber(call, 'tokens_in', FROM_ZERO),
    tokens_out: readNumber(call, 'tokens_out', FROM_ZERO),
    cost_usd: readCost(call),
    latency_ms: readNumber(call, 'latency_ms', FROM_ZERO),
  }))
}

/** Dollars for reading; `null` for what nobody knows. */
export function usdOrNull(amount: Amount | undefined): number | null {
  return amount === undefined ? null : amountToUsd(amount)
}
