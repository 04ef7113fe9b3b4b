import { amountFromNanos, ZERO_AMOUNT, type Amount } from '../base/money.ts'
import type { CivilDate } from '../core/models/civil-date.ts'
import { costOfUsage, costOnDate, priceOnDate, tokenPricesFor } from '../core/models/model-cost.ts'
import type { ModelEntry } from '../core/models/model-entry.ts'
import { usdOfCredits } from '../core/peer-tier/peer-offer.ts'
import type { AnswerPurchase } from '../core/routing/task-outcome.ts'
import type { ModelRequest, ModelUsage } from '../ports/language-model.ts'

/** Longest answer that is reserved for when neither the caller nor the model bounds it. */
const OUTPUT_TOKENS_RESERVED_MAX = 4096

/** A call that cannot give at least this many tokens within its cap is not made. */
const OUTPUT_TOKENS_USEFUL_MIN = 16

const TOKENS_PER_PRICE_UNIT = 1_000_000n

/** Input tokens are estimated before the call; reservations assume this much more, in percent. */
const ESTIMATE_MARGIN_PERCENT = 20

export type CallBounds = {
  /** The most that the call can cost; `undefined` when the price is unknown. */
  readonly costNanosMax: Amount | undefined
  /** Limit of the answer to send to the model; `undefined` leaves it to the model, which only a call may that nothing bounds or that is free. */
  readonly outputTokensMax: number | undefined
}

export type CallPlan = {
  readonly entry: ModelEntry
  readonly tokensIn: number
  /** The caller's own limit of the answer. */
  readonly outputTokensAsked: number | undefined
  /** What is left of the caller's own cap; `undefined`: the caller has none. */
  readonly capNanos: Amount | undefined
  /** True when a budget of the operator bounds the caller. */
  readonly hasBudget: boolean
  readonly today: CivilDate
}

/**
 * What a call may cost at most. Under a cap or a budget the answer's length is limited to what room is taken for, so that they hold whatever
 * the model writes.
 *
 * @returns `undefined` when the cap leaves no room for a useful answer.
 */
export function boundCall(plan: CallPlan): CallBounds | undefined {
  const { entry, outputTokensAsked, capNanos } = plan
  const price = priceOnDate(entry, plan.today)
  const wanted =
    outputTokensAsked ?? Math.min(entry.outputTokensMax ?? OUTPUT_TOKENS_RESERVED_MAX, OUTPUT_TOKENS_RESERVED_MAX)
  if (price === undefined)
    return capNanos === undefined ? { costNanosMax: undefined, outputTokensMax: outputTokensAsked } : undefined
  const inputTokens = Math.ceil((plan.tokensIn * (100 + ESTIMATE_MARGIN_PERCENT)) / 100)
  const worst = costOfUsage(price, { inputTokens, outputTokens: wanted })
  const isLimited = (capNanos !== undefined || plan.hasBudget) && worst > ZERO_AMOUNT
  if (capNanos === undefined || worst <= capNanos)
    return { costNanosMax: worst, outputTokensMax: outputTokensAsked ?? (isLimited ? wanted : undefined) }
  const inputCost = costOfUsage(price, { inputTokens, outputTokens: 0 })
  if (inputCost >= capNanos) return undefined
  const perMillion = tokenPricesFor(price, inputTokens).outputNanosPerMillion
  const affordable = perMillion === 0n ? wanted : Number(((capNanos - inputCost) * TOKENS_PER_PRICE_UNIT) / perMillion)
  if (affordable < OUTPUT_TOKENS_USEFUL_MIN) return undefined
  return { costNanosMax: capNanos, outputTokensMax: Math.min(affordable, wanted) }
}

/** What a call cost by the provider's own figures; `undefined` when the price is unknown. */
export function costOfCall(entry: ModelEntry, usage: ModelUsage, today: CivilDate): Amount | undefined {
  const cachedInputTokens = Math.min(usage.cachedTokensIn, usage.tokensIn)
  const cacheWriteTokens = Math.min(usage.cacheWriteTokensIn ?? 0, usage.tokensIn - cachedInputTokens)
  return costOnDate(
    entry,
    { inputTokens: usage.tokensIn, outputTokens: usage.tokensOut, cachedInputTokens, cacheWriteTokens },
    today,
  )
}

/** A call as far as it was bounded. */
export type BoundedCall = {
  readonly request: Pick<ModelRequest, 'maxOutputTokens'>
  /** What was set aside for it; `undefined` when the price is unknown. */
  readonly costNanosMax: Amount | undefined
}

/**
 * What is charged where nobody said what a call used. An estimate is no bill: a model that was told how long its answer may be is charged no more than
 * was set aside for that, however much its answer looks like.
 */
export function chargeOfEstimate(
  estimate: Amount | undefined,
  { request, costNanosMax }: BoundedCall,
): Amount | undefined {
  if (estimate === undefined || costNanosMax === undefined || request.maxOutputTokens === undefined) return estimate
  return estimate < costNanosMax ? estimate : costNanosMax
}

/** What an answer of a model is charged: what its provider reports in full, also where that is more than was set aside, because it will be billed. */
export function chargeOfUsage(
  entry: ModelEntry,
  usage: ModelUsage,
  { today, ...call }: BoundedCall & { readonly today: CivilDate },
): Amount | undefined {
  const cost = costOfCall(entry, usage, today)
  return usage.isEstimated ? chargeOfEstimate(cost, call) : cost
}

/** What a bought answer cost, in dollars at the operator's rate. */
export function costOfPurchase({ priceNanos, usdNanosPerCredit }: AnswerPurchase): Amount {
  return amountFromNanos(usdOfCredits(priceNanos, { usdNanosPerCredit }))
}

/** Adds two costs of which either may be unknown. */
export function sumOfCosts(costs: readonly (Amount | undefined)[]): Amount | undefined {
  let sum: bigint = ZERO_AMOUNT
  for (const cost of costs) {
    if (cost === undefined) return undefined
    sum += cost
  }
  return sum as Amount
}
