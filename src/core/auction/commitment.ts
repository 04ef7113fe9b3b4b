import { canonicalJson } from '../../base/canonical-json.ts'
import type { Amount } from '../../base/money.ts'
import type { DurationMs } from '../../base/time.ts'
import type { Did, Hash } from '../evidence/names.ts'
import { toJson } from '../json/json-reader.ts'
import { utf8Bytes } from '../text/encode-utf8.ts'
import { bytesOfHash } from '../transparency/hash-text.ts'
import { delimitedHash, type Salt32, saltBytes } from './delimited-hash.ts'

/** What a bidder asks and promises. Signed in the reveal, it binds the bidder. */
export type Bid = {
  readonly priceNanos: Amount
  /** From the start of the work to its delivery. */
  readonly latencyMs: DurationMs
}

/** What a commitment is made of. The auction and the bidder are in it, so that nobody's commitment is of use to another, or elsewhere. */
export type CommitmentParts = {
  readonly auction: Hash
  readonly bidder: Did
  readonly salt: Salt32
  readonly bid: Bid
}

/** `H(domain, auction, bidder, salt32, JCS(bid))`, each part with its length in front. @see protocol/spec/auction.md#commitment */
export function commitmentOf({ auction, bidder, salt, bid }: CommitmentParts): Hash {
  return delimitedHash('kernell/auction/commitment/v1', [
    bytesOfHash(auction),
    utf8Bytes(bidder),
    saltBytes(salt),
    utf8Bytes(canonicalJson(toJson(bid))),
  ])
}

/**
 * Place of a commitment among equals, lowest first: `H(domain, beacon, commitment)`. The beacon is known only once commitments are closed, so that
 * nobody can choose a salt for it. Without a beacon it is the commitment itself. @see protocol/spec/auction.md#ties
 */
export function tieKeyOf(beacon: Hash | undefined, commitment: Hash): Hash {
  if (beacon === undefined) return commitment
  return delimitedHash('kernell/auction/tie/v1', [bytesOfHash(beacon), bytesOfHash(commitment)])
}
