import type { PlantedBug } from '../planted-bug.ts'

export const BUDGETS: readonly PlantedBug[] = [
  {
    name: 'held-not-counted',
    class: 'budget',
    file: 'src/core/budget/budget-account.ts',
    search: `subtractAmounts(limitNanos, addAmounts(spentNanos, heldNanos)) ?? ZERO_AMOUNT
    const isPassed = spentNanos + heldNanos > limitNanos`,
    replacement: `subtractAmounts(limitNanos, heldNanos < 0n ? heldNanos : spentNanos) ?? ZERO_AMOUNT
    const isPassed = spentNanos > limitNanos`,
    what: 'what is held for calls under way is not counted, so that many at once spend more than the limit',
  },
  {
    name: 'lost-call-is-free',
    class: 'budget',
    file: 'src/core/budget/budget-machine.ts',
    search: 'return endReservation(now, event.id, ({ amountNanos }) => amountNanos)',
    replacement: 'return endReservation(now, event.id, () => ZERO_AMOUNT)',
    what: 'a call whose process has died costs nothing',
  },
  {
    name: 'broken-call-is-free',
    class: 'budget',
    file: 'src/router/call-model.ts',
    search: 'await reservation?.settle(costNanosMax ?? ZERO_AMOUNT)',
    replacement: 'await reservation?.release()',
    what: 'a call that was broken off, and is billed, gives all of its room back',
  },
  {
    name: 'tenant-without-account',
    class: 'budget',
    file: 'src/router/budgets/budget-accounts.ts',
    search: '  accounts.push(`tenant:${caller.tenant}`)\n',
    replacement: '',
    what: 'the limit of a tenant bounds nobody',
  },
]
