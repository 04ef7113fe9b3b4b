import type { Amount } from '../../base/money.ts'
import type { Did } from '../evidence/names.ts'
import type { AuctionTranscript, EnglishBid } from './auction-record.ts'
import { clearingPrice, rankCandidates } from './determine-winner.ts'
import { candidateOf } from './sealed-steps.ts'

/** Whom the work goes to, and for how much. */
export type Award = { readonly bidder: Did; readonly priceNanos: Amount }

/**
 * The winner of an auction, and behind it those that the work goes to, one after the other, when the ones before do not sign the contract. Each is paid what it would be
 * paid had those before not bid. Of a transcript that is right; of another one it says nothing.
 *
 * @see protocol/spec/auction.md#ranking
 */
export function rankAwards(transcript: AuctionTranscript): readonly Award[] {
  const { call, entries, beacon } = transcript
  if (call.kind === 'english') return rankBids(transcript.bids)
  const candidates = entries.flatMap(candidateOf)
  const ranked = rankCandidates({ call, beacon: beacon?.checkpoint, candidates, hasCommitments: true })
  return ranked.map((candidate, at) => ({
    bidder: candidate.bidder,
    priceNanos: clearingPrice(call, candidate, ranked[at + 1]),
  }))
}

/** The last bid of each bidder is its lowest. */
function rankBids(bids: readonly EnglishBid[]): readonly Award[] {
  const seen = new Set<Did>()
  return bids.toReversed().flatMap(({ bidder, bid }) => {
    if (seen.has(bidder)) return []
    seen.add(bidder)
    return [{ bidder, priceNanos: bid.priceNanos }]
  })
}
