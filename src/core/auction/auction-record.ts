import type { Timestamp } from '../../base/time.ts'
import type { Did, Hash } from '../evidence/names.ts'
import type { AuctionCall } from './auction-call.ts'
import type { Bid } from './commitment.ts'
import type { Salt32 } from './delimited-hash.ts'
import type { AuctionOutcome, BidderStanding } from './determine-winner.ts'

export type RevealEntry = {
  /** Hash of the message. */
  readonly envelope: Hash
  readonly at: Timestamp
  readonly salt: Salt32
  readonly bid: Bid
}

export type CommitmentEntry = {
  readonly bidder: Did
  readonly commitment: Hash
  readonly envelope: Hash
  readonly at: Timestamp
  readonly standing: BidderStanding
  /** `asked`: the ledger has not answered; without its answer in time the commitment does not count. `free`: nothing was to be held. */
  readonly deposit: 'free' | 'asked' | 'held'
  readonly reveal: RevealEntry | undefined
}

/** A bid of an English auction. */
export type EnglishBid = {
  readonly bidder: Did
  readonly bid: Bid
  readonly standing: BidderStanding
  readonly envelope: Hash
  readonly at: Timestamp
}

/** The first certified checkpoint behind the commit window. */
export type Beacon = { readonly checkpoint: Hash; readonly at: Timestamp }

/**
 * What the auctioneer signs for a message that it took: proof that it had it, and when. `commitment` names the bid; in an English auction it is
 * the hash of the message.
 */
export type AuctionReceipt = {
  readonly auction: Hash
  readonly stage: 'commitment' | 'reveal' | 'bid'
  readonly bidder: Did
  /** By which the bid will be scored, so that it cannot be changed when bids are known. */
  readonly standing: BidderStanding
  readonly commitment: Hash
  readonly envelope: Hash
  readonly at: Timestamp
}

/** A commitment as the public sees it, with its bid when it was revealed. */
export type TranscriptEntry = Omit<CommitmentEntry, 'deposit'>

/** How equal scores were told apart: by the checkpoint of the notary set; without a set by the lowest commitment; in the open there are none. */
export type TieRule = 'beacon' | 'lowest-commitment' | 'none'

/** All that is needed to recompute winner and price, as one canonical value: equal auctions give equal bytes. */
export type AuctionTranscript = {
  readonly v: 1
  readonly auction: Hash
  readonly call: AuctionCall
  /** Sorted by bidder. Empty in an English auction. */
  readonly entries: readonly TranscriptEntry[]
  /** In the order of the notary set. Empty in a sealed auction. */
  readonly bids: readonly EnglishBid[]
  readonly tieRule: TieRule
  readonly beacon: Beacon | undefined
  readonly outcome: AuctionOutcome
  readonly closedAt: Timestamp
}
