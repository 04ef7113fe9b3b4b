import { addDuration } from '../../base/time.ts'
import { hashTrieGet } from '../collections/hash-trie.ts'
import type { OfferedEvent } from '../escrow/escrow-event.ts'
import { transferIdOf } from '../escrow/escrow-money.ts'
import type { EscrowTerms } from '../escrow/escrow-terms.ts'
import { type TermsRefusalCode, refuseTerms } from '../escrow/validate-terms.ts'
import type { ContractId } from '../evidence/names.ts'
import { transferStatusOf } from '../ledger/ledger-state.ts'
import type { BooksRefusalCode } from './books-refusals.ts'
import type { BooksState } from './books-state.ts'

/** Why an offer does not become a contract here; `undefined` when it may. */
export function refuseOffer(
  state: BooksState,
  { contract, terms }: { readonly contract: ContractId; readonly terms: EscrowTerms },
  offer: OfferedEvent,
): BooksRefusalCode | TermsRefusalCode | undefined {
  if (!isOurSet(state, terms)) return 'BOOKS_SET_WRONG'
  const rules = hashTrieGet(state.parameters, terms.parametersHash)
  if (rules === undefined) return 'BOOKS_PARAMETERS_UNKNOWN'
  const code = refuseTerms(terms, rules)
  if (code !== undefined) return code
  if (hashTrieGet(state.ledger.currencies, terms.currency) === undefined) return 'BOOKS_CURRENCY_UNKNOWN'
  // The ids of its transfers are taken: the ledger would answer that all of them are done, and nothing would be held.
  if (transferStatusOf(state.ledger, transferIdOf(contract, 'hold/price', 1)) !== undefined)
    return 'BOOKS_CONTRACT_OVER'
  if (offer.expiresAt > addDuration(offer.at, terms.timers.retainMs)) return 'BOOKS_OFFER_LONG'
  if (state.open >= state.limits.openMax) return 'BOOKS_OPEN_FULL'
  return state.contracts.size >= state.limits.keptMax ? 'BOOKS_KEPT_FULL' : undefined
}

function isOurSet({ set }: BooksState, { notarySet }: EscrowTerms): boolean {
  return (
    notarySet.id === set.id &&
    notarySet.epoch === set.epoch &&
    notarySet.n === set.n &&
    notarySet.m === set.m &&
    notarySet.feeOwner === set.feeOwner
  )
}
