import { ZERO_AMOUNT } from '../../base/money.ts'
import type { Timestamp } from '../../base/time.ts'
import { hashTrieGet } from '../collections/hash-trie.ts'
import { payerAccount, transferIdOf } from '../escrow/escrow-money.ts'
import type { EscrowState } from '../escrow/escrow-state.ts'
import type { EscrowTerms } from '../escrow/escrow-terms.ts'
import { LEDGER_MACHINE } from '../ledger/ledger-machine.ts'
import { type AccountId, formatAccountId } from '../ledger/ledger-names.ts'
import type { TransferOrder } from '../ledger/transfer-order.ts'
import type { BooksRefusalCode } from './books-refusals.ts'
import type { BooksState } from './books-state.ts'
import { refuseExposure } from './credit-exposure.ts'

/**
 * The books in which a contract may ask for its hold, or why it may not. Accounts that its settlement can credit and no hold makes, those of the fee and of the arbiters,
 * are there from now on: were the ledger full when the contract ends, what is held could not leave.
 */
export function readyForHold(state: BooksState, contract: EscrowState, at: Timestamp): BooksState | BooksRefusalCode {
  if (contract.kind !== 'AGREED') return state
  const code = refuseExposure(state, contract)
  if (code !== undefined) return code
  const { open, unheld, contracts, limits } = state
  if (open >= limits.openMax) return 'BOOKS_OPEN_FULL'
  if (contracts.size - unheld >= limits.keptMax) return 'BOOKS_KEPT_FULL'
  const orders = openingOrders(state, contract)
  if (orders.length === 0) return state
  const { state: ledger, effects } = LEDGER_MACHINE.transition(state.ledger, {
    type: 'transfers-submitted',
    at,
    orders,
  })
  return effects.some(({ type }) => type === 'event-refused') ? 'BOOKS_ACCOUNTS_FULL' : { ...state, ledger }
}

/** A post of nothing makes an account. */
function openingOrders({ ledger }: BooksState, { contract, terms }: EscrowState): readonly TransferOrder[] {
  const missing = creditedBy(terms).filter((account) => hashTrieGet(ledger.accounts, account) === undefined)
  return missing.map((credit, index) => ({
    kind: 'post',
    id: transferIdOf(contract, `open/${credit}`, 1),
    isLinked: index < missing.length - 1,
    contract,
    reference: undefined,
    debit: payerAccount(terms),
    credit,
    amount: ZERO_AMOUNT,
  }))
}

function creditedBy({ fees, notarySet, arbiters, currency }: EscrowTerms): readonly AccountId[] {
  const accounts: AccountId[] = []
  if (fees.capNanos > ZERO_AMOUNT) accounts.push(formatAccountId({ owner: notarySet.feeOwner, kind: 'fee', currency }))
  if (fees.arbiterNanos === ZERO_AMOUNT) return accounts
  return [...accounts, ...arbiters.members.map((owner) => formatAccountId({ owner, kind: 'arbiter', currency }))]
}
