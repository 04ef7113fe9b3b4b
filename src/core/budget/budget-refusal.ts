import { CodedError } from '../../base/errors.ts'
import { type Amount, formatAmount } from '../../base/money.ts'
import type { MissingRoom } from './budget-account.ts'

/** What a caller is told whose budget has no room, `BUDGET_EXCEEDED`. */
export function budgetExceeded(
  { account, window, limitNanos, availableNanos }: MissingRoom & { readonly account: string },
  neededNanos: Amount,
): CodedError {
  return new CodedError('BUDGET_EXCEEDED', {
    message: `Budget ${account} (${window}) has ${formatAmount(availableNanos)} USD left of ${formatAmount(limitNanos)}, and the call may cost ${formatAmount(neededNanos)}; send max_tokens to bound its answer`,
    details: {
      scope: account,
      window,
      limitNanos: limitNanos.toString(),
      availableNanos: availableNanos.toString(),
      neededNanos: neededNanos.toString(),
    },
  })
}
