import type { Amount } from '../../base/money.ts'
import type { DurationMs } from '../../base/time.ts'
import type { Did, Hash } from '../evidence/names.ts'
import { compareTexts } from '../text/compare-texts.ts'
import { bytesOfHash } from '../transparency/hash-text.ts'
import type { AuctionTranscript } from './auction-record.ts'
import { delimitedHash } from './delimited-hash.ts'

/** A bid without names and free text, so that a model which reads it judges what is offered and nothing else. */
export type BidView = {
  /** `bid-1`, `bid-2`, ... in the shuffled order. */
  readonly label: string
  readonly priceNanos: Amount
  readonly latencyMs: DurationMs
  readonly reputationPpm: number
}

/** Who stands behind the labels. */
export type BuyerView = { readonly bids: readonly BidView[]; readonly bidders: readonly Did[] }

/**
 * Revealed bids of a closed auction as the buyer's model sees them: shuffled by the beacon (by the auction's id, where there is none), so that
 * neither the order of arrival nor a name wins anything. Models favour the first proposal they read many times over.
 */
export function buyerView({ auction, entries, beacon }: AuctionTranscript): BuyerView {
  const seed: Hash = beacon?.checkpoint ?? auction
  const shuffled = entries
    .flatMap(({ bidder, commitment, standing, reveal }) =>
      reveal === undefined ? [] : [{ bidder, standing, bid: reveal.bid, place: placeOf(seed, commitment) }],
    )
    .toSorted((left, right) => compareTexts(left.place, right.place))
  return {
    bids: shuffled.map(({ standing, bid }, at) => ({
      label: `bid-${at + 1}`,
      priceNanos: bid.priceNanos,
      latencyMs: bid.latencyMs,
      reputationPpm: standing.reputationPpm,
    })),
    bidders: shuffled.map(({ bidder }) => bidder),
  }
}

function placeOf(seed: Hash, commitment: Hash): Hash {
  return delimitedHash('kernell/auction/view/v1', [bytesOfHash(seed), bytesOfHash(commitment)])
}
