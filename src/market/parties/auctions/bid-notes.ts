import type { Bid } from '../../../core/auction/commitment.ts'
import type { Salt32 } from '../../../core/auction/delimited-hash.ts'
import { type ContractId, type Did, type Hash, parseContractId } from '../../../core/evidence/names.ts'
import { decodeUtf8 } from '../../../core/text/decode-utf8.ts'
import type { MarketAnswer } from '../market-door.ts'
import type { KeptEnvelope } from '../journal/party-record.ts'

/** Room that is kept for the contract of a bid with a deposit, with what its offer said then. */
export type BidPlace = {
  readonly buyer: Did
  readonly skill: string
  /** Whether the call is for work in C1. */
  readonly isLent: boolean
  /** Shortest T_deliver for which the room is kept. */
  readonly deliverMs: number
  /** The highest price that the auction may give. */
  readonly nanos: string
  readonly inputBytesMax: number
  /** T_sign. */
  readonly until: number
}

/** What a seller has bid in an auction: in an open one the last bid. */
export type BidNote = {
  /** Of a sealed bid. */
  readonly salt?: Salt32
  readonly bid: { readonly priceNanos: string; readonly latencyMs: number }
  readonly auctioneer: Did
  /** The node that asked: open bids of others are believed from it alone. */
  readonly peer: Did
  readonly task: Hash
  /** Where a deposit is at stake. */
  readonly place?: BidPlace
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
