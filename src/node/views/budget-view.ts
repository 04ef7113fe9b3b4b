import type { JsonValue } from '../../base/canonical-json.ts'
import { amountToUsd, subtractAmounts, ZERO_AMOUNT } from '../../base/money.ts'
import type { Timestamp } from '../../base/time.ts'
import { budgetIdOf } from '../../core/access/access-machine.ts'
import { BUDGET_WINDOWS, windowIdsAt } from '../../core/budget/budget-window.ts'
import type { KernellNode } from '../kernell-node.ts'
import { plain } from '../market/desks/plain-json.ts'

/** Every limit with what was spent and is held of it in the window that runs now. */
export async function viewBudgets({ activity, config, access }: KernellNode, now: Timestamp): Promise<JsonValue> {
  const ids = windowIdsAt(now)
  const known = await activity.budgetLines()
  const lines = known.flatMap(({ scope, account }) =>
    BUDGET_WINDOWS.flatMap((window) => {
      const limit = account.limits[window]
      if (limit === undefined) return []
      const counter = account.counters[window]
      // A counter is of the window of its last event.
      const isCurrent = counter.windowId === ids[window]
      const spent = isCurrent ? counter.spentNanos : ZERO_AMOUNT
      const held = isCurrent ? counter.heldNanos : ZERO_AMOUNT
      const left = subtractAmounts(subtractAmounts(limit, spent) ?? ZERO_AMOUNT, held) ?? ZERO_AMOUNT
      return [
        {
          scope,
          window,
          source: access?.sourceOfBudget(budgetIdOf(scope, window)) ?? 'node',
          limit_usd: amountToUsd(limit),
          spent_usd: amountToUsd(spent),
          held_usd: amountToUsd(held),
          left_usd: amountToUsd(left),
          over_usd: amountToUsd(isCurrent ? counter.overNanos : ZERO_AMOUNT),
        },
      ]
    }),
  )
  return plain({ budgets: lines, configured: config.budgets.length })
}
