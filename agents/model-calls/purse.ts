import { addAmounts, amountFromNanos, CodedError, subtractAmounts, ZERO_AMOUNT, type Amount } from 'kernell-os/core'

/** What a piece of work may cost, and what it has cost. A value: every change makes a new one. */
export type Purse = {
  /** `undefined`: nothing bounds it but the budgets of the node. */
  readonly capNanos: Amount | undefined
  readonly spentNanos: Amount
  /** True when something was paid whose price nobody knows; `spentNanos` is then a lower bound. */
  readonly hasUnknownCost: boolean
}

export function openPurse(capNanos: Amount | undefined): Purse {
  return { capNanos, spentNanos: ZERO_AMOUNT, hasUnknownCost: false }
}

/** What is left; `undefined` where nothing bounds it. */
export function remainingIn({ capNanos, spentNanos }: Purse): Amount | undefined {
  return capNanos === undefined ? undefined : (subtractAmounts(capNanos, spentNanos) ?? ZERO_AMOUNT)
}

/** What each of `count` (a whole number >= 1) calls may cost so that all of them can be paid, rounded down. */
export function shareIn(purse: Purse, count: number): Amount | undefined {
  const remaining = remainingIn(purse)
  return remaining === undefined ? undefined : amountFromNanos(remaining / BigInt(count))
}

/** The purse after a payment; `undefined`: nobody knows how much it was. */
export function payFrom(purse: Purse, costNanos: Amount | undefined): Purse {
  if (costNanos === undefined) return { ...purse, hasUnknownCost: true }
  return { ...purse, spentNanos: addAmounts(purse.spentNanos, costNanos) }
}

/** Failures before any model was called, or for which no provider bills. */
const FREE_FAILURES: ReadonlySet<string> = new Set([
  'BUDGET_EXCEEDED',
  'BUDGET_OVERLOADED',
  'MODEL_AUTH_FAILED',
  'MODEL_NOT_FOUND',
  'MODEL_PAYMENT_REQUIRED',
  'MODEL_RATE_LIMITED',
  'MODEL_REQUEST_REFUSED',
  'REQUEST_INVALID',
  'ROUTER_COST_CAP',
  'ROUTER_MODEL_UNKNOWN',
  'ROUTER_NO_CAPABLE_MODEL',
  'ROUTER_NO_MODEL',
  'ROUTER_NOT_ALLOWED',
  'ROUTER_PRICE_UNKNOWN',
  'ROUTER_QUALITY_BOUND',
])

/**
 * What a failed call counts for: nothing where no model can have been paid, what the router says that it has cost at most,
 * and otherwise all that it was allowed to cost, because a provider may bill a call that gave no answer. `undefined` where
 * that has no bound.
 */
export function costOfFailure(error: unknown, allowedNanos: Amount | undefined): Amount | undefined {
  if (!CodedError.is(error)) return allowedNanos
  return FREE_FAILURES.has(error.code) ? ZERO_AMOUNT : (spentIn(error) ?? allowedNanos)
}

/** `undefined` where the router does not know. */
function spentIn({ details: { spentNanos, hasUnknownCost } }: CodedError): Amount | undefined {
  if (typeof spentNanos !== 'string' || !/^\d{1,30}$/.test(spentNanos) || hasUnknownCost === true) return undefined
  return amountFromNanos(BigInt(spentNanos))
}
