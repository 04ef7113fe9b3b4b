import { addDuration } from '../../base/time.ts'
import { hashTrieGet } from '../collections/hash-trie.ts'
import type { OfferedEvent } from '../escrow/escrow-event.ts'
import { type EscrowTerms, SIGN_SPAN_MAX } from '../escrow/escrow-terms.ts'
import { payerAccount } from '../escrow/escrow-money.ts'
import { type TermsRefusalCode, refuseTerms } from '../escrow/validate-terms.ts'
import type { Did } from '../evidence/names.ts'
import { balanceOf } from '../ledger/ledger-state.ts'
import { halfOf } from '../ledger/rooms.ts'
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
  return isFullOfOffers(state, terms, offer.iss) ? 'BOOKS_OFFERS_FULL' : undefined
}

/** An offer costs nothing: half of the room is for those of payers alone who have the price in listed credits. */
function isFullOfOffers({ unheld, limits, ledger }: BooksState, terms: EscrowTerms, iss: Did): boolean {
  const { payer, currency, maxNanos } = terms
  if (unheld < halfOf(limits.offeredMax)) return false
  const isBacked =
    iss === payer && ledger.listed.has(currency) && maxNanos > 0n && balanceOf(ledger, payerAccount(terms)) >= maxNanos
  return !isBacked || unheld >= limits.offeredMax
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
