import type { Amount } from '../../base/money.ts'
import type { DurationMs, Timestamp } from '../../base/time.ts'
import type { BidderFilter, ScoringRule } from '../auction/auction-call.ts'
import { delimitedHash } from '../auction/delimited-hash.ts'
import { type BidderStanding, scoreCost } from '../auction/determine-winner.ts'
import { hashTrieForEach } from '../collections/hash-trie.ts'
import type { Did, Hash } from '../evidence/names.ts'
import type { Currency } from '../ledger/ledger-names.ts'
import { compareTexts } from '../text/compare-texts.ts'
import { bytesOfHash } from '../transparency/hash-text.ts'
import type { DirectoryState, StandingOffer } from './offer-directory.ts'

/** Offers that one question lists at most; the best ones. */
export const MATCHES_MAX = 100

/** What is known of a seller that nobody has an opinion of: the prior mean of reputation, and a capped exposure. */
export const UNKNOWN_STANDING: BidderStanding = { capabilities: [], reputationPpm: 500_000, isNewcomer: true }

/** What a buyer looks for. */
export type OfferNeed = {
  readonly skill: string
  readonly currency: Currency
  /** Highest acceptable price. */
  readonly maximumNanos: Amount
  readonly latencyMsMax: DurationMs
  readonly inputBytes: number
  readonly filter: BidderFilter
  readonly weights: ScoringRule
  /** Hash of the need with its salt: it orders what costs the same, so that no seller can place itself first. */
  readonly need: Hash
  readonly at: Timestamp
}

/** The first reason for which an offer does not fit, in the order of the checks. */
export type MismatchReason =
  | 'skill'
  | 'currency'
  | 'not-valid'
  | 'capacity'
  | 'capability'
  | 'reputation'
  | 'input-size'
  | 'latency'
  | 'price'
  | 'exposure'

/** What `matchOffers` found in a directory: at most `MATCHES_MAX` offers, though more may fit. A reason for which no offer was left out is absent from `mismatches`. */
export type OfferMatches = {
  /** The lowest cost first. */
  readonly offers: readonly StandingOffer[]
  /** How many offers fell to which reason, so that a buyer sees what to relax. */
  readonly mismatches: Readonly<Partial<Record<MismatchReason, number>>>
}

/**
 * Offers that fit a need, the best first: by cost under the need's weights, equal costs by `H(domain, need, offer)`. The answer depends on the set of
 * offers alone, not on the order in which they came.
 *
 * @param standings  By seller, from whoever keeps reputation; a seller that is not there is `UNKNOWN_STANDING`.
 */
export function matchOffers(
  { offers }: DirectoryState,
  need: OfferNeed,
  standings: ReadonlyMap<Did, BidderStanding>,
): OfferMatches {
  const mismatches: Partial<Record<MismatchReason, number>> = {}
  const found: { readonly offer: StandingOffer; readonly cost: bigint; readonly place: Hash }[] = []
  hashTrieForEach(offers, (offer) => {
    const standing = standings.get(offer.seller) ?? UNKNOWN_STANDING
    const reason = findMismatch(offer, need, standing)
    if (reason !== undefined) {
      mismatches[reason] = (mismatches[reason] ?? 0) + 1
      return
    }
    const cost = scoreCost(need.weights, offer.terms, standing.reputationPpm)
    const place = delimitedHash('kernell/market/place/v1', [bytesOfHash(need.need), bytesOfHash(offer.id)])
    found.push({ offer, cost, place })
  })
  found.sort((left, right) => {
    if (left.cost !== right.cost) return left.cost < right.cost ? -1 : 1
    return compareTexts(left.place, right.place)
  })
  return { offers: found.slice(0, MATCHES_MAX).map(({ offer }) => offer), mismatches }
}

/** Why an offer does not fit; `undefined` when it does. */
export function findMismatch(
  { terms, taken }: StandingOffer,
  need: OfferNeed,
  standing: BidderStanding,
): MismatchReason | undefined {
  const { filter, at } = need
  if (terms.skill !== need.skill) return 'skill'
  if (terms.currency !== need.currency) return 'currency'
  if (at < terms.validFrom || at >= terms.validUntil) return 'not-valid'
  if (taken >= terms.capacity) return 'capacity'
  // Shown by whoever attests capabilities, and claimed by the seller.
  const hasAll = filter.capabilities.every(
    (name) => standing.capabilities.includes(name) && terms.capabilities.includes(name),
  )
  if (!hasAll) return 'capability'
  if (standing.reputationPpm < filter.reputationPpmMin) return 'reputation'
  if (need.inputBytes > terms.inputBytesMax) return 'input-size'
  if (terms.latencyMs > need.latencyMsMax) return 'latency'
  if (terms.priceNanos > need.maximumNanos) return 'price'
  return standing.isNewcomer && terms.priceNanos > filter.newcomerExposureNanos ? 'exposure' : undefined
}
