import type { Amount } from '../../base/money.ts'
import type { DurationMs, Timestamp } from '../../base/time.ts'
import type { CustodyModel } from '../escrow/escrow-terms.ts'
import type { Did, Hash } from '../evidence/names.ts'
import type { Currency } from '../ledger/ledger-names.ts'

export type OfferSource = 'card' | 'asked'

/** A standing offer as a buyer sees it: what its seller has signed, and what the buyer's own books say of the seller. */
export type PeerOffer = {
  /** Hash of the signed message. */
  readonly id: Hash
  readonly seller: Did
  /** The node at which the seller is, by its offer. */
  readonly node: Did
  /** How this node knows it: the other one said it to everybody, or was asked. */
  readonly source: OfferSource
  readonly skill: string
  readonly currency: Currency
  readonly priceNanos: Amount
  readonly latencyMs: DurationMs
  readonly inputBytesMax: number
  readonly validFrom: Timestamp
  /** Not valid at this instant any more: the offer, or the card on which it stands. */
  readonly validUntil: Timestamp
  /** Pieces of work at the same time. */
  readonly capacity: number
  /** Parts per million; 500,000 says nothing. */
  readonly reputationPpm: number
  /** The most that the seller may be given at one more time now, beside what it has: by its bond, its reputation, and what every newcomer may have. */
  readonly roomNanos: Amount
}

/** What a task asks of an offer. */
export type OfferNeed = {
  readonly skill: string
  readonly currency: Currency
  readonly inputBytes: number
  /** Longest wait for the answer. */
  readonly latencyMsMax: number
  /** The most that is paid for one task, in the currency. */
  readonly priceNanosMax: Amount
  readonly reputationPpmMin: number
  readonly at: Timestamp
}

/** The first reason for which an offer does not come into question, in the order of the checks. */
export type OfferRefusal =
  | 'skill'
  | 'currency'
  | 'not-valid'
  | 'capacity'
  | 'reputation'
  | 'input-size'
  | 'latency'
  | 'price'
  | 'exposure'

/** How each refusal reads in a record. */
export const OFFER_REFUSALS: Readonly<Record<OfferRefusal, string>> = {
  skill: 'it offers another skill',
  currency: 'it asks for another currency',
  'not-valid': 'its offer is not valid at the moment',
  capacity: 'it has all the work of this node that it takes at one time',
  reputation: 'its reputation is below what the operator asks for',
  'input-size': 'the task is larger than it takes',
  latency: 'it answers later than is waited for',
  price: 'it asks for more than is paid for a task',
  exposure: 'it has as much of this node as it may be trusted with',
}

/** @param underWay Purchases of this node from the offer that have not ended. */
export function refuseOffer(offer: PeerOffer, need: OfferNeed, underWay: number): OfferRefusal | undefined {
  if (offer.skill !== need.skill) return 'skill'
  if (offer.currency !== need.currency) return 'currency'
  if (need.at < offer.validFrom || need.at >= offer.validUntil) return 'not-valid'
  if (underWay >= offer.capacity) return 'capacity'
  if (offer.reputationPpm < need.reputationPpmMin) return 'reputation'
  if (need.inputBytes > offer.inputBytesMax) return 'input-size'
  if (offer.latencyMs > need.latencyMsMax) return 'latency'
  if (offer.priceNanos > need.priceNanosMax) return 'price'
  return offer.priceNanos > offer.roomNanos ? 'exposure' : undefined
}

export type CostRules = {
  readonly custody: CustodyModel
  /** Nano-dollars that the operator says one credit is worth, 1 or more. */
  readonly usdNanosPerCredit: Amount
  /** What the buyer puts up besides the price, in millionths of it; only in C3. */
  readonly bondPerMillion: number
  /** Longest that price and bond are tied up. */
  readonly lockedMs: number
}

const CREDIT_NANOS = 1_000_000_000n
const MILLION = 1_000_000n
const YEAR_MS = 31_536_000_000n
/** What money costs that is tied up, in millionths a year. */
const CAPITAL_PER_MILLION_A_YEAR = 100_000n

/** Credits in dollars at the operator's rate, rounded up. */
export function usdOfCredits(creditNanos: bigint, { usdNanosPerCredit }: Pick<CostRules, 'usdNanosPerCredit'>): bigint {
  return (creditNanos * usdNanosPerCredit + CREDIT_NANOS - 1n) / CREDIT_NANOS
}

/** Nano-dollars that a purchase costs: what is paid, and what it costs that price and bond are tied up until the contract ends. The notaries' fee is part of the price: the seller pays it out of that. */
export function costOfOffer(
  { priceNanos }: Pick<PeerOffer, 'priceNanos'>,
  rules: CostRules,
): { readonly paidNanos: bigint; readonly lockedNanos: bigint } {
  const bond = rules.custody === 'C3' ? (priceNanos * BigInt(rules.bondPerMillion) + MILLION - 1n) / MILLION : 0n
  const locked = usdOfCredits(priceNanos + bond, rules)
  const yearly = locked * CAPITAL_PER_MILLION_A_YEAR * BigInt(Math.ceil(rules.lockedMs))
  return {
    paidNanos: usdOfCredits(priceNanos, rules),
    lockedNanos: (yearly + MILLION * YEAR_MS - 1n) / (MILLION * YEAR_MS),
  }
}

/** Tasks that would cost more nano-dollars than this elsewhere are put out to bids among the offers that come into question: rounds of sealed bids take seconds, which less does not pay. */
export const AUCTION_VALUE_MIN = 250_000_000n
