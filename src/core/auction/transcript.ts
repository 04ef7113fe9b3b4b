import { canonicalJson } from '../../base/canonical-json.ts'
import type { Hash } from '../evidence/names.ts'
import { toJson } from '../json/json-reader.ts'
import { utf8Bytes } from '../text/encode-utf8.ts'
import type { AuctionCall } from './auction-call.ts'
import type { AuctionReceipt, AuctionTranscript, TieRule } from './auction-record.ts'
import type { ClosedState } from './auction-state.ts'
import { delimitedHash } from './delimited-hash.ts'

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

/** Name of a transcript: the hash of its canonical bytes, which the auctioneer signs. */
export function transcriptHashOf(transcript: AuctionTranscript): Hash {
  return delimitedHash('kernell/auction/transcript/v1', [utf8Bytes(canonicalJson(toJson(transcript)))])
}

/**
 * Whether a receipt and a transcript, both signed by the auctioneer, contradict each other: what the receipt confirms is not in the transcript as
 * it was. Receipts of other auctions prove nothing.
 */
export function provesOmission(receipt: AuctionReceipt, transcript: AuctionTranscript): boolean {
  if (receipt.auction !== transcript.auction) return false
  const standing = canonicalJson(receipt.standing)
  if (receipt.stage === 'bid') {
    return !transcript.bids.some(
      (bid) =>
        bid.bidder === receipt.bidder &&
        bid.envelope === receipt.envelope &&
        bid.at === receipt.at &&
        canonicalJson(bid.standing) === standing,
    )
  }
  return !transcript.entries.some((entry) => {
    const part = receipt.stage === 'commitment' ? entry : entry.reveal
    return (
      entry.bidder === receipt.bidder &&
      entry.commitment === receipt.commitment &&
      part?.envelope === receipt.envelope &&
      part.at === receipt.at &&
      canonicalJson(entry.standing) === standing
    )
  })
}
