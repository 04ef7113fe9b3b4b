import { ZERO_AMOUNT, addAmounts, amountFromNanos, subtractAmounts } from '../../base/money.ts'
import type { Amount } from '../../base/money.ts'
import { BUDGET_WINDOWS } from './budget-window.ts'
import type { BudgetWindow, WindowIds } from './budget-window.ts'
import { addToWindow, rememberWindow, usedInWindow } from './visited-windows.ts'
import type { VisitedWindows } from './visited-windows.ts'

/** What one window of an account holds. */
export type BudgetCounter = {
  readonly windowId: number
  /** Charged to calls that were admitted in this window. */
  readonly spentNanos: Amount
  /** Set aside for calls that were admitted in this window and are still open. */
  readonly heldNanos: Amount
  /**
   * How far spent and held together are above the limit for a reason other than admission: a call that cost more than was
   * reserved, or a limit lowered below what was spent. Zero while the limit was never passed.
   */
  readonly overNanos: Amount
  /** Windows that were left, in case the clock comes back to one; absent when none had been used. `total` is never left. */
  readonly visited?: VisitedWindows
}

export type BudgetAccount = {
  readonly limits: Readonly<Partial<Record<BudgetWindow, Amount>>>
  readonly counters: Readonly<Record<BudgetWindow, BudgetCounter>>
}

/** Why an account has no room, and how much it has. */
export type MissingRoom = {
  readonly window: BudgetWindow
  readonly limitNanos: Amount
  readonly availableNanos: Amount
}

export function newAccount(ids: WindowIds): BudgetAccount {
  return { limits: {}, counters: mapWindows((window) => emptyCounter(ids[window])) }
}

/** What the open reservations of an account hold that were admitted in a window. */
export type HeldIn = (window: BudgetWindow, windowId: number) => Amount

/**
 * The account with its counters in the windows `ids`. A window that was never used starts empty. One that the clock comes back to starts
 * with the most it can have used: room that was spent does not reappear, at the price that room given back after the window was left does
 * not either.
 */
export function rollAccount(account: BudgetAccount, ids: WindowIds, heldIn: HeldIn): BudgetAccount {
  if (BUDGET_WINDOWS.every((window) => account.counters[window].windowId === ids[window])) return account
  return {
    limits: account.limits,
    counters: mapWindows((window) => {
      const counter = account.counters[window]
      const windowId = ids[window]
      if (counter.windowId === windowId) return counter
      const visited = rememberWindow(
        counter.visited ?? [],
        counter.windowId,
        addAmounts(counter.spentNanos, counter.heldNanos),
      )
      const usedNanos = usedInWindow(visited, windowId)
      const empty = withVisited(emptyCounter(windowId), visited)
      if (usedNanos === undefined) return empty
      const heldNanos = heldIn(window, windowId)
      const again = { ...empty, heldNanos, spentNanos: subtractAmounts(usedNanos, heldNanos) ?? ZERO_AMOUNT }
      return { ...again, overNanos: overOf(again, account.limits[window], ZERO_AMOUNT) }
    }),
  }
}

function withVisited(counter: BudgetCounter, visited: VisitedWindows): BudgetCounter {
  return visited.length === 0 ? counter : { ...counter, visited }
}

/** The shortest window that has no room for `amountNanos`; `undefined` when all have. */
export function findMissingRoom(account: BudgetAccount, amountNanos: Amount): MissingRoom | undefined {
  for (const window of BUDGET_WINDOWS) {
    const limitNanos = account.limits[window]
    if (limitNanos === undefined) continue
    const { spentNanos, heldNanos } = account.counters[window]
    const availableNanos = subtractAmounts(limitNanos, addAmounts(spentNanos, heldNanos)) ?? ZERO_AMOUNT
    const isPassed = spentNanos + heldNanos > limitNanos
    if (isPassed || amountNanos > availableNanos) return { window, limitNanos, availableNanos }
  }
  return undefined
}

export function holdAmount(account: BudgetAccount, amountNanos: Amount): BudgetAccount {
  return {
    limits: account.limits,
    counters: mapWindows((window) => {
      const counter = account.counters[window]
      return { ...counter, heldNanos: addAmounts(counter.heldNanos, amountNanos) }
    }),
  }
}

export type ChargeInit = {
  /** Windows in which the hold was made; a counter that has moved on only remembers what was above the hold. */
  readonly heldIn: WindowIds
  readonly heldNanos: Amount
  readonly spentNanos: Amount
}

/** Replaces a hold by what was spent. */
export function chargeAccount(account: BudgetAccount, charge: ChargeInit): BudgetAccount {
  return {
    limits: account.limits,
    counters: mapWindows((window) => {
      const counter = account.counters[window]
      if (counter.windowId !== charge.heldIn[window]) {
        const aboveHold = subtractAmounts(charge.spentNanos, charge.heldNanos) ?? ZERO_AMOUNT
        return withVisited(counter, addToWindow(counter.visited ?? [], charge.heldIn[window], aboveHold))
      }
      const charged = {
        ...counter,
        heldNanos: amountFromNanos(counter.heldNanos - charge.heldNanos),
        spentNanos: addAmounts(counter.spentNanos, charge.spentNanos),
      }
      return { ...charged, overNanos: overOf(charged, account.limits[window], counter.overNanos) }
    }),
  }
}

export function setAccountLimit(
  account: BudgetAccount,
  window: BudgetWindow,
  limitNanos: Amount | undefined,
): BudgetAccount {
  const { [window]: _, ...others } = account.limits
  const counter = { ...account.counters[window], overNanos: overOf(account.counters[window], limitNanos, ZERO_AMOUNT) }
  return {
    limits: limitNanos === undefined ? others : { ...others, [window]: limitNanos },
    counters: { ...account.counters, [window]: counter },
  }
}

/** Windows whose counters went further above their limit from `before` to `after`, and by how much they are above it. */
export function newlyOver(
  before: BudgetAccount,
  after: BudgetAccount,
): readonly { window: BudgetWindow; overNanos: Amount }[] {
  return BUDGET_WINDOWS.filter((window) => after.counters[window].overNanos > before.counters[window].overNanos).map(
    (window) => ({ window, overNanos: after.counters[window].overNanos }),
  )
}

/** Grows to cover what is above the limit, never shrinks within a window: admission must not hide behind it. */
function overOf(
  counter: Pick<BudgetCounter, 'spentNanos' | 'heldNanos'>,
  limitNanos: Amount | undefined,
  before: Amount,
): Amount {
  if (limitNanos === undefined) return ZERO_AMOUNT
  const over = subtractAmounts(addAmounts(counter.spentNanos, counter.heldNanos), limitNanos) ?? ZERO_AMOUNT
  return over > before ? over : before
}

function emptyCounter(windowId: number): BudgetCounter {
  return { windowId, spentNanos: ZERO_AMOUNT, heldNanos: ZERO_AMOUNT, overNanos: ZERO_AMOUNT }
}

function mapWindows<Value>(make: (window: BudgetWindow) => Value): Record<BudgetWindow, Value> {
  return { hour: make('hour'), day: make('day'), month: make('month'), total: make('total') }
}
