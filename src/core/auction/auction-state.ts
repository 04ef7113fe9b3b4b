import type { Amount } from '../../base/money.ts'
import type { Timestamp } from '../../base/time.ts'
import type { Evidence } from '../evidence/evidence.ts'
import type { Did, Hash } from '../evidence/names.ts'
import type { TransferOrder } from '../ledger/transfer-order.ts'
import type { AuctionCall } from './auction-call.ts'
import type { AuctionCode } from './auction-codes.ts'
import type { AuctionReceipt, AuctionTranscript, Beacon, CommitmentEntry, EnglishBid } from './auction-record.ts'
import type { Bid } from './commitment.ts'
import type { Salt32 } from './delimited-hash.ts'
import type { AuctionOutcome, BidderStanding } from './determine-winner.ts'

/** `commit`: end of the commit window. `reveal`: end of the reveal window. `beacon`: end of the wait for it. `bidding`: end of an English auction. */
export const AUCTION_TIMERS = ['commit', 'reveal', 'beacon', 'bidding'] as const
export type AuctionTimer = (typeof AUCTION_TIMERS)[number]

type Head = {
  readonly auction: Hash
  readonly call: AuctionCall
  /** Newest stamp seen; none is smaller than the one before. */
  readonly at: Timestamp
}

/** Sorted by bidder, so that equal sets of commitments are equal states. */
type Sealed = Head & { readonly entries: readonly CommitmentEntry[] }

export type DraftState = Head & { readonly kind: 'draft' }
export type OpenState = Sealed & { readonly kind: 'open' }
export type RevealingState = Sealed & { readonly kind: 'revealing'; readonly beacon: Beacon | undefined }
/** Reveals are over; only the beacon is missing. */
export type AwaitingState = Sealed & { readonly kind: 'awaiting-beacon' }
export type BiddingState = Head & {
  readonly kind: 'bidding'
  /** In the order of the notary set, so in falling prices; the last one stands. */
  readonly bids: readonly EnglishBid[]
  readonly closesAt: Timestamp
  readonly extensions: number
}
export type ClosedState = Sealed & {
  readonly kind: 'closed'
  readonly beacon: Beacon | undefined
  readonly bids: readonly EnglishBid[]
  readonly outcome: AuctionOutcome
  readonly closedAt: Timestamp
}
export type CancelReason = 'called-off' | 'beacon-missing'
export type CancelledState = Sealed & {
  readonly kind: 'cancelled'
  readonly reason: CancelReason
  readonly cancelledAt: Timestamp
}

export type AuctionState =
  | DraftState
  | OpenState
  | RevealingState
  | AwaitingState
  | BiddingState
  | ClosedState
  | CancelledState

type OfAuction = Evidence & { readonly auction: Hash }

export type CallPublished = OfAuction & { readonly type: 'call-published' }
export type CallCancelled = OfAuction & { readonly type: 'call-cancelled' }
export type CommitmentReceived = OfAuction & {
  readonly type: 'commitment-received'
  readonly commitment: Hash
  /** From whoever keeps reputation and checks capabilities; not from the bidder. */
  readonly standing: BidderStanding
}
export type BidRevealed = OfAuction & { readonly type: 'bid-revealed'; readonly salt: Salt32; readonly bid: Bid }
export type EnglishBidPlaced = OfAuction & {
  readonly type: 'english-bid-placed'
  readonly bid: Bid
  readonly standing: BidderStanding
}
/** The ledger's answer to the hold of a deposit. */
export type DepositAnswered = {
  readonly type: 'deposit-answered'
  readonly bidder: Did
  readonly isHeld: boolean
  readonly at: Timestamp
}
/** A checkpoint of a notary set; its certificate was checked before. */
export type BeaconCertified = {
  readonly type: 'beacon-certified'
  readonly set: Hash
  readonly checkpoint: Hash
  /** Stamp of the checkpoint. */
  readonly checkpointAt: Timestamp
  readonly at: Timestamp
}
export type TimerFired = { readonly type: 'timer-fired'; readonly name: AuctionTimer; readonly at: Timestamp }

export type AuctionEvent =
  | CallPublished
  | CallCancelled
  | CommitmentReceived
  | BidRevealed
  | EnglishBidPlaced
  | DepositAnswered
  | BeaconCertified
  | TimerFired

export type AuctionEffect =
  | { readonly type: 'start-timer'; readonly name: AuctionTimer; readonly firesAt: Timestamp }
  | { readonly type: 'cancel-timer'; readonly name: AuctionTimer }
  | { readonly type: 'post-transfers'; readonly orders: readonly TransferOrder[] }
  | { readonly type: 'issue-receipt'; readonly receipt: AuctionReceipt }
  /** The commitment does not count: its deposit was not held. */
  | { readonly type: 'refuse-commitment'; readonly bidder: Did; readonly envelope: Hash; readonly code: AuctionCode }
  /** Signed and sent to every bidder before it reveals: nothing can be added behind it. */
  | { readonly type: 'publish-commitments'; readonly auction: Hash; readonly commitments: readonly Hash[] }
  | { readonly type: 'publish-transcript'; readonly transcript: AuctionTranscript }
  | { readonly type: 'announce-cancel'; readonly auction: Hash; readonly reason: CancelReason }
  | { readonly type: 'event-refused'; readonly code: AuctionCode; readonly reason?: string }

export type AuctionInput = { readonly call: AuctionCall; readonly at: Timestamp }

/** Price that stands in an English auction; `undefined` before the first bid. */
export function standingPrice(bids: readonly EnglishBid[]): Amount | undefined {
  return bids.at(-1)?.bid.priceNanos
}
