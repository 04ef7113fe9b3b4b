import { assertNever } from '../../base/assert.ts'
import type { Amount } from '../../base/money.ts'
import type { DurationMs, Timestamp } from '../../base/time.ts'
import { CAPABILITIES_MAX, isStrictlySorted } from '../auction/auction-call.ts'
import { emptyHashTrie, hashTrieDelete, hashTrieForEach, hashTrieGet, hashTrieSet } from '../collections/hash-trie.ts'
import type { HashTrie } from '../collections/hash-trie.ts'
import type { Evidence } from '../evidence/evidence.ts'
import type { Did, Hash } from '../evidence/names.ts'
import type { Currency } from '../ledger/ledger-names.ts'
import type { Machine, Step } from '../machine.ts'
import type { MarketCode } from './market-codes.ts'

/** Offers of a directory at most; when it is full, expired ones go first, then new ones are refused. */
export const OFFERS_MAX = 10_000
/** Offers of one seller at most, so that nobody fills the directory alone. */
export const OFFERS_OF_SELLER_MAX = 64
/** Longest validity: 30 days. */
export const OFFER_VALIDITY_MS_MAX = 2_592_000_000
export const CAPACITY_MAX = 100_000

/** What a seller sells, to anybody, for a time. */
export type OfferTerms = {
  readonly skill: string
  readonly currency: Currency
  readonly priceNanos: Amount
  readonly latencyMs: DurationMs
  readonly inputBytesMax: number
  /** Sorted, without repeats. What is claimed here counts only where the seller's standing shows it. */
  readonly capabilities: readonly string[]
  readonly validFrom: Timestamp
  /** Not valid at this instant any more. */
  readonly validUntil: Timestamp
  /** Pieces of work at the same time; 1 or more. */
  readonly capacity: number
}

/** A signed offer that is listed. */
export type StandingOffer = {
  /** Hash of the message. */
  readonly id: Hash
  readonly seller: Did
  readonly terms: OfferTerms
  /** Pieces of work under way; never above the capacity. */
  readonly taken: number
}

export type DirectoryState = { readonly at: Timestamp; readonly offers: HashTrie<StandingOffer> }

export type DirectoryEvent =
  | (Evidence & { readonly type: 'offer-published'; readonly terms: OfferTerms })
  | (Evidence & { readonly type: 'offer-withdrawn'; readonly offer: Hash })
  /** A contract on the offer holds money, and ends. */
  | { readonly type: 'work-started' | 'work-ended'; readonly offer: Hash; readonly at: Timestamp }
  /** Forgets what is not valid any more. */
  | { readonly type: 'offers-pruned'; readonly at: Timestamp }

export type DirectoryEffect =
  | { readonly type: 'announce-offer'; readonly offer: StandingOffer }
  | { readonly type: 'retract-offer'; readonly offer: Hash; readonly reason: 'withdrawn' | 'expired' }
  | { readonly type: 'event-refused'; readonly code: MarketCode }

export type DirectoryStep = Step<DirectoryState, DirectoryEffect>

/** Who offers what at the moment, by signed offers. It promises nobody anything: an offer becomes binding by a contract. */
export const DIRECTORY_MACHINE: Machine<DirectoryState, DirectoryEvent, DirectoryEffect, { readonly at: Timestamp }> = {
  name: 'offer-directory',
  initial: ({ at }) => ({ at, offers: emptyHashTrie() }),
  transition,
  violations,
}

function transition(state: DirectoryState, event: DirectoryEvent): DirectoryStep {
  if (event.at < state.at) return refused(state, 'MARKET_STAMP_BACKWARD')
  switch (event.type) {
    case 'offer-published':
      return publish(state, event)
    case 'offer-withdrawn': {
      const offer = hashTrieGet(state.offers, event.offer)
      if (offer === undefined) return refused(state, 'MARKET_OFFER_UNKNOWN')
      if (offer.seller !== event.iss) return refused(state, 'MARKET_SIGNER_WRONG')
      return {
        state: { at: event.at, offers: hashTrieDelete(state.offers, event.offer) },
        effects: [{ type: 'retract-offer', offer: event.offer, reason: 'withdrawn' }],
      }
    }
    case 'work-started':
    case 'work-ended':
      return changeWork(state, event)
    case 'offers-pruned':
      return prune(state, event.at)
    default:
      return assertNever(event)
  }
}

function publish(
  state: DirectoryState,
  event: Extract<DirectoryEvent, { readonly type: 'offer-published' }>,
): DirectoryStep {
  const { terms, envelope: id, iss: seller, at } = event
  if (hashTrieGet(state.offers, id) !== undefined) return refused(state, 'MARKET_OFFER_EXISTS')
  if (!isSound(terms)) return refused(state, 'MARKET_OFFER_INVALID')
  if (at >= terms.validUntil) return refused(state, 'MARKET_OFFER_EXPIRED')
  const { state: pruned, effects } = state.offers.size < OFFERS_MAX ? { state, effects: [] } : prune(state, at)
  if (pruned.offers.size >= OFFERS_MAX) return refused(state, 'MARKET_FULL')
  if (countOf(pruned, seller, at) >= OFFERS_OF_SELLER_MAX) return refused(state, 'MARKET_SELLER_FULL')
  const offer: StandingOffer = { id, seller, terms, taken: 0 }
  return {
    state: { at, offers: hashTrieSet(pruned.offers, id, offer) },
    effects: [...effects, { type: 'announce-offer', offer }],
  }
}

function changeWork(
  state: DirectoryState,
  event: Extract<DirectoryEvent, { readonly type: 'work-started' | 'work-ended' }>,
): DirectoryStep {
  const offer = hashTrieGet(state.offers, event.offer)
  if (offer === undefined) return refused(state, 'MARKET_OFFER_UNKNOWN')
  const isStart = event.type === 'work-started'
  if (isStart && event.at >= offer.terms.validUntil) return refused(state, 'MARKET_OFFER_EXPIRED')
  if (isStart && offer.taken >= offer.terms.capacity) return refused(state, 'MARKET_CAPACITY_SPENT')
  if (!isStart && offer.taken === 0) return refused(state, 'MARKET_CAPACITY_FREE')
  const next = { ...offer, taken: offer.taken + (isStart ? 1 : -1) }
  return { state: { at: event.at, offers: hashTrieSet(state.offers, offer.id, next) }, effects: [] }
}

function prune(state: DirectoryState, at: Timestamp): DirectoryStep {
  const expired: Hash[] = []
  hashTrieForEach(state.offers, ({ id, terms }) => {
    if (at >= terms.validUntil) expired.push(id)
  })
  let { offers } = state
  for (const id of expired) offers = hashTrieDelete(offers, id)
  return {
    state: { at, offers },
    effects: expired.toSorted().map((offer) => ({ type: 'retract-offer', offer, reason: 'expired' })),
  }
}

/** Offers of the seller that are valid still. */
function countOf({ offers }: DirectoryState, seller: Did, at: Timestamp): number {
  let count = 0
  hashTrieForEach(offers, (offer) => {
    if (offer.seller === seller && at < offer.terms.validUntil) count += 1
  })
  return count
}

function isSound({ validFrom, validUntil, capacity, capabilities, inputBytesMax }: OfferTerms): boolean {
  const isTimeRight = validUntil > validFrom && validUntil - validFrom <= OFFER_VALIDITY_MS_MAX
  const isRoomRight = Number.isSafeInteger(capacity) && capacity >= 1 && capacity <= CAPACITY_MAX
  const isSizeRight = Number.isSafeInteger(inputBytesMax) && inputBytesMax >= 0
  return (
    isTimeRight &&
    isRoomRight &&
    isSizeRight &&
    capabilities.length <= CAPABILITIES_MAX &&
    isStrictlySorted(capabilities)
  )
}

function refused(state: DirectoryState, code: MarketCode): DirectoryStep {
  return { state, effects: [{ type: 'event-refused', code }] }
}

function violations({ offers }: DirectoryState): readonly string[] {
  const broken = new Set<string>()
  if (offers.size > OFFERS_MAX) broken.add('there are at most as many offers as the directory takes')
  hashTrieForEach(offers, (offer, key) => {
    if (offer.id !== key) broken.add('offers are listed under their names')
    if (offer.taken < 0 || offer.taken > offer.terms.capacity) broken.add('work stays within the capacity')
    if (!isSound(offer.terms)) broken.add('listed offers are sound')
  })
  return [...broken]
}
