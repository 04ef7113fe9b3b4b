import type { Timestamp } from '../../base/time.ts'
import type { Hash } from '../evidence/names.ts'
import type { AuctionCall } from './auction-call.ts'
import type { AuctionReceipt, Beacon, ClosedState, CommitmentEntry, EnglishBid } from './auction-state.ts'
import type { AuctionOutcome } from './determine-winner.ts'

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

/** How the call tells equal scores apart. */
export function tieRuleOf({ kind, notarySet }: AuctionCall): TieRule {
  if (kind === 'english') return 'none'
  return notarySet === undefined ? 'lowest-commitment' : 'beacon'
}

/** The public record of an auction that closed. */
export function transcriptOf(state: ClosedState): AuctionTranscript {
  return {
    v: 1,
    auction: state.auction,
    call: state.call,
    entries: state.entries
      .filter(({ deposit }) => deposit !== 'asked')
      .map(({ bidder, commitment, envelope, at, standing, reveal }) => ({
        bidder,
        commitment,
        envelope,
        at,
        standing,
        reveal,
      })),
    bids: state.bids,
    tieRule: tieRuleOf(state.call),
    beacon: state.beacon,
    outcome: state.outcome,
    closedAt: state.closedAt,
  }
}

/**
 * Whether a receipt and a transcript, both signed by the auctioneer, contradict each other: what the receipt confirms is not in the transcript as
 * it was. Receipts of other auctions prove nothing.
 */
export function provesOmission(receipt: AuctionReceipt, transcript: AuctionTranscript): boolean {
  if (receipt.auction !== transcript.auction) return false
  if (receipt.stage === 'bid') {
    return !transcript.bids.some(
      ({ bidder, envelope, at }) => bidder === receipt.bidder && envelope === receipt.envelope && at === receipt.at,
    )
  }
  return !transcript.entries.some((entry) => {
    const part = receipt.stage === 'commitment' ? entry : entry.reveal
    return (
      entry.bidder === receipt.bidder &&
      entry.commitment === receipt.commitment &&
      part?.envelope === receipt.envelope &&
      part.at === receipt.at
    )
  })
}
