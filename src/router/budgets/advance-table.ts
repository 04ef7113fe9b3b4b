import { addAmounts, type Amount, subtractAmounts, ZERO_AMOUNT } from '../../base/money.ts'
import type { BudgetAccount, BudgetCounter } from '../../core/budget/budget-account.ts'
import { BUDGET_WINDOWS, type BudgetWindow } from '../../core/budget/budget-window.ts'
import type { BudgetLine } from './budget-owner.ts'
import type { BudgetAdvance } from './budget-advance.ts'

/** The advances of one process, by the accounts that count them. */
export class AdvanceTable {
  /** Every advance that the books still hold something for, those included that serve nobody any more. */
  readonly all = new Set<BudgetAdvance>()
  /** How many were closed so far. */
  closedCount = 0
  private readonly current = new Map<string, BudgetAdvance>()

  /** Names of accounts have no line breaks. */
  static keyOf(accounts: readonly string[]): string {
    return accounts.length === 1 ? (accounts[0] ?? '') : accounts.join('\n')
  }

  serving(accounts: readonly string[]): BudgetAdvance | undefined {
    return this.current.get(AdvanceTable.keyOf(accounts))
  }

  /** Those with room for others, that one of the accounts counts. */
  sharing(accounts: readonly string[]): readonly BudgetAdvance[] {
    return [...this.all].filter(
      (advance) => advance.freeNanos > ZERO_AMOUNT && advance.accounts.some((name) => accounts.includes(name)),
    )
  }

  /** It serves from now on, in the place of the one before. */
  add(advance: BudgetAdvance): void {
    this.all.add(advance)
    this.current.set(AdvanceTable.keyOf(advance.accounts), advance)
  }

  /** It serves nobody any more. */
  close(advance: BudgetAdvance): void {
    const key = AdvanceTable.keyOf(advance.accounts)
    if (this.current.get(key) === advance) this.current.delete(key)
    this.closedCount += 1
  }

  /** The account as it would be if the books held what open calls hold, and knew what ended ones have spent. */
  correct({ scope, account }: BudgetLine): BudgetLine {
    let corrected = account
    for (const advance of this.all) if (advance.accounts.includes(scope)) corrected = correctedBy(corrected, advance)
    return { scope, account: corrected }
  }
}

function correctedBy(account: BudgetAccount, advance: BudgetAdvance): BudgetAccount {
  const { idleNanos, untoldNanos, windowIds } = advance
  const counters = BUDGET_WINDOWS.map((window): [BudgetWindow, BudgetCounter] => {
    const counter = account.counters[window]
    return [window, counter.windowId === windowIds[window] ? moved(counter, idleNanos, untoldNanos) : counter]
  })
  return { limits: account.limits, counters: Object.fromEntries(counters) as BudgetAccount['counters'] }
}

function moved(counter: BudgetCounter, idleNanos: Amount, spentNanos: Amount): BudgetCounter {
  return {
    ...counter,
    heldNanos: subtractAmounts(counter.heldNanos, idleNanos) ?? ZERO_AMOUNT,
    spentNanos: addAmounts(counter.spentNanos, spentNanos),
  }
}
