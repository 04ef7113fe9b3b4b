import { CodedError } from '../../base/errors.ts'
import { amountFromNanos } from '../../base/money.ts'
import type { AnswerPurchase } from '../../core/routing/task-outcome.ts'
import type { PeerContract } from '../../ports/peer-market.ts'

/** What was agreed, with the rate at which it counts in dollars. */
export function purchaseOf(
  contract: PeerContract,
  usdNanosPerCredit: AnswerPurchase['usdNanosPerCredit'],
): AnswerPurchase {
  return { ...contract, usdNanosPerCredit }
}

/** The same as details of an error, which are plain data. */
export function detailsOfPurchase(purchase: AnswerPurchase): {
  readonly purchase: { readonly [name: string]: string }
} {
  const { priceNanos, feeNanos, usdNanosPerCredit, ...names } = purchase
  const amounts = {
    priceNanos: `${priceNanos}`,
    feeNanos: `${feeNanos}`,
    usdNanosPerCredit: `${usdNanosPerCredit}`,
  }
  return { purchase: { ...names, ...amounts } }
}

/** What was agreed before a purchase failed; `undefined` where nothing was signed. */
export function purchaseOfFailure(error: unknown): AnswerPurchase | undefined {
  if (!CodedError.is(error)) return undefined
  const told = error.details['purchase']
  if (typeof told !== 'object' || told === null) return undefined
  // Written by `detailsOfPurchase`.
  const text = told as unknown as Readonly<Record<keyof AnswerPurchase, string>>
  return {
    contract: text.contract,
    seller: text.seller,
    currency: text.currency,
    custody: text.custody,
    priceNanos: amountFromNanos(BigInt(text.priceNanos)),
    feeNanos: amountFromNanos(BigInt(text.feeNanos)),
    usdNanosPerCredit: amountFromNanos(BigInt(text.usdNanosPerCredit)),
  }
}
