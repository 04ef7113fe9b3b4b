import { ZERO_AMOUNT } from '../../base/money.ts'
import type { EscrowState } from '../escrow/escrow-state.ts'
import type { EscrowTerms } from '../escrow/escrow-terms.ts'
import { hashTrieGet } from '../collections/hash-trie.ts'
import { withoutEmptyAccounts } from '../ledger/empty-accounts.ts'
import { type AccountId, formatAccountId } from '../ledger/ledger-names.ts'
import type { LedgerState } from '../ledger/ledger-state.ts'
import { shareOf } from '../ledger/rooms.ts'
import type { BooksRefusalCode } from './books-refusals.ts'
import type { BooksState } from './books-state.ts'
import { refuseExposure } from './credit-exposure.ts'

/**
 * The books in which a contract may ask for its hold, or why it may not. There is room for the accounts that its settlement can credit and no hold makes, those of the
 * fee and of the arbiters: they are made when they are paid, and that is never refused.
 */
export function readyForHold(state: BooksState, contract: EscrowState): BooksState | BooksRefusalCode {
  if (contract.kind !== 'AGREED') return state
  const code = refuseExposure(state, contract)
  if (code !== undefined) return code
  const { open, unheld, contracts, limits, ledger } = state
  const { terms } = contract
  const claim = { isListed: ledger.listed.has(terms.currency), isOfContract: true }
  if (open >= shareOf(limits.openMax, claim)) return 'BOOKS_OPEN_FULL'
  if (contracts.size - unheld >= shareOf(limits.keptMax, claim)) return 'BOOKS_KEPT_FULL'
  const hasRoom = (kept: LedgerState): boolean =>
    kept.accounts.size + countMissing(kept, terms) <= shareOf(kept.limits.accountsMax, claim)
  if (hasRoom(ledger)) return state
  const cleared = withoutEmptyAccounts(ledger, contract.contract)
  return hasRoom(cleared) ? { ...state, ledger: cleared } : 'BOOKS_ACCOUNTS_FULL'
}

function countMissing({ accounts }: LedgerState, terms: EscrowTerms): number {
  return creditedBy(terms).filter((account) => hashTrieGet(accounts, account) === undefined).length
}

function creditedBy({ fees, notarySet, arbiters, currency }: EscrowTerms): readonly AccountId[] {
  const accounts: AccountId[] = []
  if (fees.capNanos > ZERO_AMOUNT) accounts.push(formatAccountId({ owner: notarySet.feeOwner, kind: 'fee', currency }))
  if (fees.arbiterNanos === ZERO_AMOUNT) return accounts
  return [...accounts, ...arbiters.members.map((owner) => formatAccountId({ owner, kind: 'arbiter', currency }))]
}
