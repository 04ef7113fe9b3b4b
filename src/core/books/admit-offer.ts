import { addDuration } from '../../base/time.ts'
import { hashTrieGet } from '../collections/hash-trie.ts'
import type { OfferedEvent } from '../escrow/escrow-event.ts'
import { type EscrowTerms, SIGN_SPAN_MAX } from '../escrow/escrow-terms.ts'
import { type TermsRefusalCode, refuseTerms } from '../escrow/validate-terms.ts'
import type { BooksRefusalCode } from './books-refusals.ts'
import type { BooksState } from './books-state.ts'

/** Why an offer does not become a contract here; `undefined` when it may. */
export function refuseOffer(
  state: BooksState,
  terms: EscrowTerms,
  offer: OfferedEvent,
): BooksRefusalCode | TermsRefusalCode | undefined {
  if (!isOurSet(state, terms)) return 'BOOKS_SET_WRONG'
  const rules = hashTrieGet(state.parameters, terms.parametersHash)
  if (rules === undefined) return 'BOOKS_PARAMETERS_UNKNOWN'
  const code = refuseTerms(terms, rules)
  if (code !== undefined) return code
  if (hashTrieGet(state.ledger.currencies, terms.currency) === undefined) return 'BOOKS_CURRENCY_UNKNOWN'
  if (terms.signBy > addDuration(offer.at, SIGN_SPAN_MAX)) return 'BOOKS_OFFER_LONG'
  return state.unheld >= state.limits.offeredMax ? 'BOOKS_OFFERS_FULL' : undefined
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
