import { ZERO_AMOUNT } from '../../base/money.ts'
import { payerAccount } from '../escrow/escrow-money.ts'
import type { EscrowState } from '../escrow/escrow-state.ts'
import type { EscrowTerms } from '../escrow/escrow-terms.ts'
import { type HashTrie, hashTrieForEach, hashTrieGet } from '../collections/hash-trie.ts'
import { withoutEmptyAccounts } from '../ledger/empty-accounts.ts'
import { type AccountId, formatAccountId } from '../ledger/ledger-names.ts'
import type { LedgerState } from '../ledger/ledger-state.ts'
import { promisedByHolds, withPromised } from '../ledger/promised-accounts.ts'
import { shareOf } from '../ledger/rooms.ts'
import type { BooksRefusalCode } from './books-refusals.ts'
import { type BooksState, isOpen } from './books-state.ts'
import { refuseExposure } from './credit-exposure.ts'

/**
 * The books in which a contract may ask for its hold, or why it may not. There is room for every account that the hold makes, and for those that
 * its settlement can pay into, which have it from then on: paying into them is never refused.
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
    kept.accounts.size + kept.unmade + countMissing(kept, terms) <= shareOf(kept.limits.accountsMax, claim)
  if (hasRoom(ledger)) return state
  const cleared = withoutEmptyAccounts(ledger, `${contract.contract}/${state.at}`)
  return hasRoom(cleared) ? { ...state, ledger: cleared } : 'BOOKS_ACCOUNTS_FULL'
}

/** The books' ledger once a contract has begun to be open, or has ended: while it is, whatever it may pay into has its room. */
export function withRoomOf(ledger: LedgerState, before: EscrowState, after: EscrowState): LedgerState {
  if (isOpen(before) === isOpen(after)) return ledger
  return withPromised(ledger, paidBy(after.terms), isOpen(after) ? 1 : -1)
}

/** The ledger with what its holds and these contracts promise: what is not written of it, since it follows from them. */
export function promisedByAll(ledger: LedgerState, contracts: HashTrie<EscrowState>): LedgerState {
  let promised: LedgerState = { ...ledger, ...promisedByHolds(ledger.holds, ledger.accounts) }
  hashTrieForEach(contracts, (contract) => {
    if (isOpen(contract)) promised = withPromised(promised, paidBy(contract.terms), 1)
  })
  return promised
}

function countMissing({ accounts, promised }: LedgerState, terms: EscrowTerms): number {
  const { payer, worker, bonds, currency } = terms
  const holders = bonds.workerNanos > ZERO_AMOUNT ? [payer, worker] : [payer]
  const held = holders.map((owner) => formatAccountId({ owner, kind: 'held', currency }))
  return [...paidBy(terms), ...held].filter(
    (account) => hashTrieGet(accounts, account) === undefined && hashTrieGet(promised, account) === undefined,
  ).length
}

/** Accounts that a contract may pay into while it is open, each once: those of the parties, of the fee and of the arbiters. */
function paidBy(terms: EscrowTerms): readonly AccountId[] {
  const { fees, notarySet, arbiters, worker, currency } = terms
  const accounts = [payerAccount(terms), formatAccountId({ owner: worker, kind: 'available', currency })]
  if (fees.capNanos > ZERO_AMOUNT) accounts.push(formatAccountId({ owner: notarySet.feeOwner, kind: 'fee', currency }))
  if (fees.arbiterNanos > ZERO_AMOUNT)
    accounts.push(...arbiters.members.map((owner) => formatAccountId({ owner, kind: 'arbiter', currency })))
  return accounts
}
