import type { Timestamp } from '../../base/time.ts'
import { commitDeadline } from './auction-call.ts'
import type { AuctionCall } from './auction-call.ts'
import type { AuctionCode } from './auction-codes.ts'
import type { AuctionReceipt, EnglishBid } from './auction-record.ts'
import { standingPrice } from './auction-state.ts'
import type { BiddingState, ClosedState, EnglishBidPlaced } from './auction-state.ts'
import { findBidFault, findStandingFault } from './determine-winner.ts'
import type { AuctionOutcome } from './determine-winner.ts'
import { refused, type AuctionStep } from './refused.ts'
import { transcriptOf } from './transcript.ts'

/** Where an English auction stands. */
export type Bidding = Pick<BiddingState, 'bids' | 'closesAt' | 'extensions'>

/** Before the first bid. */
export function startBidding(call: AuctionCall): Bidding {
  return { bids: [], closesAt: commitDeadline(call), extensions: 0 }
}

/** Why a bid is refused; `undefined` when it becomes the standing one. Used by the machine and by whoever recomputes it. */
export function findEnglishFault(call: AuctionCall, bidding: Bidding, bid: EnglishBid): AuctionCode | undefined {
  if (bid.at < call.opensAt) return 'AUCTION_NOT_OPEN'
  if (bid.at >= bidding.closesAt) return 'AUCTION_LATE'
  const standingFault = findStandingFault(call, bid.standing)
  if (standingFault !== undefined) return standingFault
  if (bidding.bids.length >= call.bidsMax) return 'AUCTION_FULL'
  if (bidding.bids.at(-1)?.bidder === bid.bidder) return 'AUCTION_BID_LEADS'
  const fault = findBidFault(call, bid.bid, bid.standing)
  if (fault !== undefined) return fault === 'over-reserve' ? 'AUCTION_BID_TOO_HIGH' : 'AUCTION_BID_LIMIT'
  const price = standingPrice(bidding.bids)
  const decrement = call.english?.minimumDecrementNanos ?? 1n
  return price !== undefined && bid.bid.priceNanos + decrement > price ? 'AUCTION_BID_TOO_HIGH' : undefined
}

/**
 * The bid stands. One in the last `extensionWindowMs` moves the end by `extensionMs`, `extensionsMax` times at most, so that who watches has
 * time to answer and the auction has a last instant.
 */
export function addEnglishBid(call: AuctionCall, bidding: Bidding, bid: EnglishBid): Bidding {
  const { english } = call
  const bids = [...bidding.bids, bid]
  const isNearEnd = english !== undefined && bid.at >= bidding.closesAt - english.extensionWindowMs
  if (!isNearEnd || bidding.extensions >= english.extensionsMax) return { ...bidding, bids }
  return {
    bids,
    closesAt: (bidding.closesAt + english.extensionMs) as Timestamp,
    extensions: bidding.extensions + 1,
  }
}

/** The last bid wins at its price. */
export function englishOutcome(bids: readonly EnglishBid[]): AuctionOutcome {
  const last = bids.at(-1)
  if (last === undefined) return { kind: 'not-awarded', reason: 'no-bids' }
  return { kind: 'awarded', winner: last.bidder, clearingNanos: last.bid.priceNanos }
}

export function takeEnglishBid(state: BiddingState, event: EnglishBidPlaced): AuctionStep {
  const { call } = state
  const { iss, bid, standing, envelope, at } = event
  const repeated = state.bids.find((known) => known.envelope === envelope)
  if (repeated !== undefined) {
    return { state, effects: [{ type: 'issue-receipt', receipt: receiptOf(state, repeated) }] }
  }
  const placed: EnglishBid = { bidder: iss, bid, standing, envelope, at }
  const fault = findEnglishFault(call, state, placed)
  if (fault !== undefined) return refused(state, fault)
  const next: BiddingState = { ...state, ...addEnglishBid(call, state, placed), at }
  return {
    state: next,
    effects: [
      { type: 'issue-receipt', receipt: receiptOf(state, placed) },
      ...(next.closesAt === state.closesAt
        ? []
        : [
            { type: 'cancel-timer', name: 'bidding' } as const,
            { type: 'start-timer', name: 'bidding', firesAt: next.closesAt } as const,
          ]),
    ],
  }
}

export function endBidding(state: BiddingState, at: Timestamp): AuctionStep {
  const { auction, call, bids } = state
  const closed: ClosedState = {
    kind: 'closed',
    auction,
    call,
    entries: [],
    bids,
    beacon: undefined,
    outcome: englishOutcome(bids),
    at,
    closedAt: at,
  }
  return {
    state: closed,
    effects: [
      { type: 'cancel-timer', name: 'bidding' },
      { type: 'publish-transcript', transcript: transcriptOf(closed) },
    ],
  }
}

function receiptOf({ auction }: BiddingState, { bidder, standing, envelope, at }: EnglishBid): AuctionReceipt {
  return { auction, stage: 'bid', bidder, standing, commitment: envelope, envelope, at }
}
