import type { Bid } from '../../core/auction/commitment.ts'
import type { Salt32 } from '../../core/auction/delimited-hash.ts'
import { type ContractId, type Did, type Hash, parseContractId } from '../../core/evidence/names.ts'
import { decodeUtf8 } from '../../core/text/decode-utf8.ts'
import type { MarketAnswer } from './market-door.ts'
import type { KeptEnvelope } from './party-record.ts'

/** What a seller has bid in an auction: in an open one the last bid. */
export type BidNote = {
  /** Of a sealed bid. */
  readonly salt?: Salt32
  readonly bid: { readonly priceNanos: string; readonly latencyMs: number }
  readonly auctioneer: Did
  /** The node that asked: open bids of others are believed from it alone. */
  readonly peer: Did
  readonly task: Hash
}

/** Topic of notes: bids, by auction. */
export const BIDS = 'bid'

export function bidOf({ bid }: BidNote): Bid {
  // Written by the seller.
  return { priceNanos: BigInt(bid.priceNanos), latencyMs: bid.latencyMs } as Bid
}

export function writtenBid({ priceNanos, latencyMs }: Bid): BidNote['bid'] {
  return { priceNanos: priceNanos.toString(), latencyMs }
}

/** An auction's name has the shape of a contract's. */
export function subjectOfAuction(auction: Hash): ContractId | undefined {
  return parseContractId(auction)
}

export function saidAnswer({ bytes }: KeptEnvelope, deposit?: KeptEnvelope): MarketAnswer {
  const envelope = decodeUtf8(bytes) ?? ''
  return { frame: { type: 'said', envelope, ...(deposit && { deposit: decodeUtf8(deposit.bytes) ?? '' }) } }
}
