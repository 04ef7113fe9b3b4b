import { type LedgerDraft, read } from './ledger-draft.ts'
import type { AccountId, Currency } from './ledger-names.ts'
import type { OrderOrigin } from './order-origin.ts'
import { clientShareOf, shareOf } from './rooms.ts'

/** How many of the accounts have no row yet. */
export function countNew(draft: LedgerDraft, accounts: readonly AccountId[]): number {
  let count = 0
  for (const [index, account] of accounts.entries())
    if (read(draft.accounts, account) === undefined && accounts.indexOf(account) === index) count += 1
  return count
}

/** How many more rows an order may make; what is promised and not made yet has its room besides. */
export function accountRoom(
  { state, accounts, unmade, listed }: LedgerDraft,
  { kind }: OrderOrigin,
  currency: Currency,
): number {
  const claim = { isListed: listed.has(currency), isOfContract: kind === 'contract' }
  return shareOf(state.limits.accountsMax, claim) - accounts.size - unmade
}

/** Clients' holds are counted by themselves, so that those of contracts leave them room. */
export function isFullOfHolds(draft: LedgerDraft, { kind }: OrderOrigin, currency: Currency): boolean {
  const { state, holds, clientHolds, listed } = draft
  const { holdsMax } = state.limits
  const isListed = listed.has(currency)
  if (holds.size >= shareOf(holdsMax, { isListed, isOfContract: true })) return true
  return kind !== 'contract' && clientHolds >= clientShareOf(holdsMax, isListed)
}
