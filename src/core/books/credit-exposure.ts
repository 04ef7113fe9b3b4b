import { type Amount, ZERO_AMOUNT, amountFromNanos } from '../../base/money.ts'
import { type HashTrie, hashTrieDelete, hashTrieGet, hashTrieSet } from '../collections/hash-trie.ts'
import type { EscrowState } from '../escrow/escrow-state.ts'
import type { EscrowTerms } from '../escrow/escrow-terms.ts'
import { formatAccountId } from '../ledger/ledger-names.ts'
import { balanceOf } from '../ledger/ledger-state.ts'
import type { BooksRefusalCode } from './books-refusals.ts'
import type { BooksState } from './books-state.ts'

/** States in which a contract's price may still be added to what the payer owes. */
const EXPOSED: readonly EscrowState['kind'][] = ['HELD', 'WORKING', 'DELIVERED', 'DISPUTED', 'FROZEN', 'CAPTURING']

/**
 * In `C1`: what the worker has of the payer's credits, the open contracts' prices and this one's may not pass the line that both signed.
 * Two contracts that were signed over the same account count both.
 */
export function refuseExposure(state: BooksState, contract: EscrowState): BooksRefusalCode | undefined {
  const { terms } = contract
  if (terms.credit === undefined || contract.kind !== 'AGREED') return undefined
  const { worker: owner, currency, credit, maxNanos } = terms
  const owed = balanceOf(state.ledger, formatAccountId({ owner, kind: 'available', currency }))
  const open = hashTrieGet(state.exposures, exposureKey(terms)) ?? ZERO_AMOUNT
  return owed + open + maxNanos > credit.limitNanos ? 'BOOKS_CREDIT_SHORT' : undefined
}

/** Counts a contract while it is under way. */
export function withExposure(exposures: HashTrie<Amount>, before: EscrowState, after: EscrowState): HashTrie<Amount> {
  const { terms } = after
  if (terms.custody !== 'C1') return exposures
  const change = exposureOf(after) - exposureOf(before)
  if (change === 0n) return exposures
  const key = exposureKey(terms)
  const next = amountFromNanos((hashTrieGet(exposures, key) ?? 0n) + change)
  return next === ZERO_AMOUNT ? hashTrieDelete(exposures, key) : hashTrieSet(exposures, key, next)
}

export function exposureOf({ kind, terms }: EscrowState): bigint {
  return terms.custody === 'C1' && EXPOSED.includes(kind) ? terms.maxNanos : 0n
}

export function exposureKey({ payer, worker, currency }: EscrowTerms): string {
  return `${payer}/${worker}/${currency}`
}
