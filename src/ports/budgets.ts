/**
 * Budgets: room is reserved before money can be spent, and what was really spent is settled after. One owner keeps all accounts, so parallel
 * calls never overspend together. It is not the meter: costs are metered and recorded whether or not a budget bounds them.
 */
import type { TaskId } from '../base/identifiers.ts'
import type { Amount } from '../base/money.ts'
import type { AbortOptions } from './abort-options.ts'
import type { RouteCaller } from './router.ts'

/** Room that was set aside. Exactly one of `settle` and `release` ends it; a second call does nothing. */
export interface BudgetReservation {
  /** Charges what was really spent, even when it is more than was reserved, and gives the rest back. */
  settle(spentNanos: Amount): void | Promise<void>
  /** Gives everything back: nothing was spent. */
  release(): void | Promise<void>
}

/** A call that is about to be made: who pays for it, the task that it belongs to, and how much room is to be set aside. */
export type ReserveRequest = {
  readonly caller: RouteCaller
  readonly taskId: TaskId
  /** The most that the call can cost. */
  readonly amountNanos: Amount
  /** `shadow`: nobody asked for the call but the operator, whose account `shadow` pays for it instead of the caller's. */
  readonly purpose?: 'shadow'
}

/**
 * Sets room aside before money can be spent, and charges what was really spent after. One owner keeps all accounts, so that parallel calls never overspend
 * together.
 */
export interface Budgets {
  /** Whether any limit bounds this caller. When none does, `reserve` answers at once and nothing is written. */
  isBounded(caller: RouteCaller): boolean
  /** Resolves once the reservation is durable. Throws `BUDGET_EXCEEDED` when an account on the way has no room. */
  reserve(request: ReserveRequest, options?: AbortOptions): BudgetReservation | Promise<BudgetReservation>
}
