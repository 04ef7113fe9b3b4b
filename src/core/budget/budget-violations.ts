import { bucketMapEntries, bucketMapGet } from './bucket-map.ts'
import type { BudgetState } from './budget-event.ts'
import { BUDGET_WINDOWS } from './budget-window.ts'

/** Names of broken invariants; empty when sound. */
export function budgetViolations(state: BudgetState): readonly string[] {
  const broken = new Set<string>()
  const held = new Map<string, bigint>()
  for (const [, reservation] of bucketMapEntries(state.reservations)) {
    for (const name of reservation.accounts) {
      if (bucketMapGet(state.accounts, name) === undefined) broken.add('an account with a hold exists')
      for (const window of BUDGET_WINDOWS) {
        const key = `${window} ${reservation.windowIds[window]} ${name}`
        held.set(key, (held.get(key) ?? 0n) + reservation.amountNanos)
      }
    }
  }
  for (const [name, account] of bucketMapEntries(state.accounts)) {
    for (const window of BUDGET_WINDOWS) {
      const counter = account.counters[window]
      const expected = held.get(`${window} ${counter.windowId} ${name}`) ?? 0n
      if (counter.heldNanos !== expected) broken.add('what is held equals the open reservations')
      const limitNanos = account.limits[window]
      if (limitNanos === undefined) continue
      if (counter.spentNanos + counter.heldNanos > limitNanos + counter.overNanos) {
        broken.add('spent and held stay within the limit')
      }
    }
  }
  return [...broken]
}
