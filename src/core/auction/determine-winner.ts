import { assertNever } from '../../base/assert.ts'
import type { Amount } from '../../base/money.ts'
import type { Did, Hash } from '../evidence/names.ts'
import { compareTexts } from '../text/compare-texts.ts'
import { type AuctionCall, PPM, type ScoringRule } from './auction-call.ts'
import type { AuctionCode } from './auction-codes.ts'
import { type Bid, tieKeyOf } from './commitment.ts'

/** What is known of a bidder when it commits. It stands in the transcript, since the score depends on it. */
export type BidderStanding = {
  /** Sorted, without repeats. */
  readonly capabilities: readonly string[]
  /** Score in parts per million, 0 to 1,000,000. */
  readonly reputationPpm: number
  /** Without settled contracts of its own: exposure is capped. */
  readonly isNewcomer: boolean
}

/** A bid that may win. */
export type Candidate = {
  readonly bidder: Did
  readonly commitment: Hash
  readonly bid: Bid
  readonly standing: BidderStanding
}

export type NoAwardReason = 'no-bids' | 'all-unrevealed' | 'reserve-not-met' | 'limits-not-met'

/**
 * How an auction ended. Nobody wins where nobody committed or bid (`no-bids`), nobody revealed (`all-unrevealed`), or no revealed bid can win:
 * `reserve-not-met` when the price of one of them is above the reserve, else `limits-not-met`.
 */
export type AuctionOutcome =
  | {
      readonly kind: 'awarded'
      readonly winner: Did
      /** What the winner is paid: at least what it asked, at most the reserve price. */
      readonly clearingNanos: Amount
    }
  | { readonly kind: 'not-awarded'; readonly reason: NoAwardReason }

/** Why a valid bid cannot win. */
export type BidFault = 'over-reserve' | 'over-latency' | 'over-exposure'

export type WinnerQuestion = {
  readonly call: AuctionCall
  /** `undefined` without a notary set. */
  readonly beacon: Hash | undefined
  /** Revealed bids, any order. */
  readonly candidates: readonly Candidate[]
  /** Whether anybody committed at all. */
  readonly hasCommitments: boolean
}

/** Whether the call admits the bidder. */
export function findStandingFault(call: AuctionCall, standing: BidderStanding): AuctionCode | undefined {
  const { capabilities, reputationPpmMin, newcomerExposureNanos } = call.filter
  if (capabilities.some((name) => !standing.capabilities.includes(name))) return 'AUCTION_CAPABILITY_MISSING'
  if (standing.reputationPpm < reputationPpmMin) return 'AUCTION_REPUTATION_LOW'
  return standing.isNewcomer && newcomerExposureNanos === 0n ? 'AUCTION_REPUTATION_LOW' : undefined
}

/** Why the bid cannot win; `undefined` when it can. */
export function findBidFault(call: AuctionCall, bid: Bid, standing: BidderStanding): BidFault | undefined {
  if (bid.priceNanos > call.reservePriceNanos) return 'over-reserve'
  if (bid.latencyMs > call.latencyMsMax) return 'over-latency'
  return bid.priceNanos > highestPay(call, standing) ? 'over-exposure' : undefined
}

/**
 * Winner and clearing price of a sealed auction, in which the buyer pays: the lowest cost wins. The answer does not depend on the order of
 * `candidates`; equal costs go to the lowest tie key.
 *
 * First price: the winner is paid what it asked. Second price: the price at which the winner's cost would equal the second lowest,
 * `floor((secondCost - restOfWinner) / weights.price)`, at most the reserve price and, for a newcomer, the exposure cap; the bound itself when
 * nobody else can win. Rounding down is in the buyer's favour and never falls below what the winner asked.
 *
 * @see protocol/spec/auction.md#clearing   (Vickrey 1961; score auctions: Che 1993)
 */
export function determineWinner(question: WinnerQuestion): AuctionOutcome {
  const { call, candidates } = question
  if (!question.hasCommitments) return { kind: 'not-awarded', reason: 'no-bids' }
  if (candidates.length === 0) return { kind: 'not-awarded', reason: 'all-unrevealed' }
  const ranked = rankCandidates(question)
  const [best, second] = ranked
  if (best === undefined) {
    const isReserve = candidates.some(({ bid }) => bid.priceNanos > call.reservePriceNanos)
    return { kind: 'not-awarded', reason: isReserve ? 'reserve-not-met' : 'limits-not-met' }
  }
  return { kind: 'awarded', winner: best.bidder, clearingNanos: clearingPrice(call, best, second) }
}

/** Bids that can win, the best first. */
export function rankCandidates({ call, beacon, candidates }: WinnerQuestion): readonly Candidate[] {
  return candidates
    .filter(({ bid, standing }) => findBidFault(call, bid, standing) === undefined)
    .map((candidate) => ({
      candidate,
      cost: costOf(call, candidate),
      tieKey: tieKeyOf(beacon, candidate.commitment),
    }))
    .sort((left, right) => {
      if (left.cost !== right.cost) return left.cost < right.cost ? -1 : 1
      return compareTexts(left.tieKey, right.tieKey) || compareTexts(left.candidate.bidder, right.candidate.bidder)
    })
    .map(({ candidate }) => candidate)
}

/** What something offered costs the buyer by a scoring rule; the lowest cost is the best. */
export function scoreCost(weights: ScoringRule, bid: Bid, reputationPpm: number): bigint {
  return BigInt(weights.price) * bid.priceNanos + restCost(weights, bid, reputationPpm)
}

/** What it costs beside its price. */
function restCost(weights: ScoringRule, { latencyMs }: Bid, reputationPpm: number): bigint {
  return BigInt(weights.latency) * BigInt(latencyMs) + BigInt(weights.reputation) * BigInt(PPM - reputationPpm)
}

/** Cost of a bid to the buyer by the call's weights. */
export function costOf({ weights }: Pick<AuctionCall, 'weights'>, { bid, standing }: Candidate): bigint {
  return scoreCost(weights, bid, standing.reputationPpm)
}

/** What the best of two is paid. */
export function clearingPrice(call: AuctionCall, best: Candidate, second: Candidate | undefined): Amount {
  switch (call.kind) {
    case 'first':
    case 'english':
      return best.bid.priceNanos
    case 'second': {
      const bound = highestPay(call, best.standing)
      if (second === undefined) return bound
      const rest = restCost(call.weights, best.bid, best.standing.reputationPpm)
      // Not negative: the second cost is at least the best one, which has the same rest in it.
      const tied = (costOf(call, second) - rest) / BigInt(call.weights.price)
      return tied < bound ? (tied as Amount) : bound
    }
    default:
      return assertNever(call.kind)
  }
}

function highestPay(call: AuctionCall, { isNewcomer }: BidderStanding): Amount {
  const { newcomerExposureNanos } = call.filter
  return isNewcomer && newcomerExposureNanos < call.reservePriceNanos ? newcomerExposureNanos : call.reservePriceNanos
}
