import { DAY_MS, type DurationMs } from '../../base/time.ts'
import type { CustodyModel } from '../escrow/escrow-terms.ts'
import type { Did, Hash } from '../evidence/names.ts'
import type { OfferTerms } from './offer-directory.ts'

/** Standing offers of one card. What a node offers beyond them is heard by asking it. */
export const CARD_OFFERS_MAX = 12
/** Keys that sell at one node. */
export const CARD_ACCOUNTS_MAX = 4
/** Addresses of one node. */
export const CARD_ADDRESSES_MAX = 8
/** Characters of one address: a relayed one has two keys in it. */
export const CARD_ADDRESS_LENGTH_MAX = 512
/** Models that a card names. */
export const CARD_MODELS_MAX = 16
/** Receipts of others that a card shows. */
export const CARD_RECEIPTS_MAX = 4
/** Longest validity: whoever is there says so again. */
export const CARD_VALIDITY_MS_MAX: DurationMs = DAY_MS

/** An offer of a card, as its seller has signed it. */
export type CardOffer = { readonly id: Hash; readonly seller: Did; readonly terms: OfferTerms }

/** How a payer says that a contract ended, in words that it has signed. */
export type CardReceipt = { readonly id: Hash; readonly payer: Did; readonly worker: Did; readonly endedAt: number }

/** What a node says of itself to everybody: who sells there, what, for how much, and where it is reached. */
export type AgentCard = {
  readonly node: Did
  /** Keys that sell at the node; each offer is by one of them. */
  readonly accounts: readonly Did[]
  /** Multiaddrs without the node's key, the best first; empty where it is reached by nobody who is not connected with it. */
  readonly addresses: readonly string[]
  /** Custody under which it works. */
  readonly custody: readonly CustodyModel[]
  /** Models that answer, as the node calls them. A claim, and nothing more. */
  readonly models: readonly string[]
  readonly offers: readonly CardOffer[]
  /** What counts of them is what the reader thinks of the payers who signed: keys cost nothing. */
  readonly receipts: readonly CardReceipt[]
}
