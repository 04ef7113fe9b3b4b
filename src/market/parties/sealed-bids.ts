import type { Amount } from '../../base/money.ts'
import { type AuctionCall, auctionIdOf } from '../../core/auction/auction-call.ts'
import { type Bid, commitmentOf } from '../../core/auction/commitment.ts'
import type { Salt32 } from '../../core/auction/delimited-hash.ts'
import { type ContractId, type Did, type Hash, parseContractId } from '../../core/evidence/names.ts'
import type { OfferTerms } from '../../core/market/offer-directory.ts'
import { callOfBody } from '../../wire/v1/auction-messages.ts'
import { declined, type MarketAnswer, type MarketQuestion, TAKEN } from './market-door.ts'
import type { Party } from './party.ts'
import type { KeptEnvelope } from './party-record.ts'
import type { StandingOffers } from './standing-offers.ts'
import { nonceOf } from './wallet.ts'

export type SealedBidsComponents = {
  readonly party: Party
  readonly offers: StandingOffers
  /** What to bid on a call that an offer fits; absent: price and latency of the offer. `undefined`: no bid. */
  readonly bidOn: ((call: AuctionCall, offer: OfferTerms) => Bid | undefined) | undefined
}

type StandingBid = {
  readonly salt: Salt32
  readonly bid: { priceNanos: string; latencyMs: number }
  readonly auctioneer: Did
  readonly task: Hash
}

/** Topic of notes: bids, by auction. */
const BIDS = 'bid'
const DECODER: { decode(bytes: Uint8Array): string } = new TextDecoder()

/** A seller's part in auctions: one sealed bid in each, revealed when the auctioneer has listed all of them. */
export class SealedBids {
  private readonly components: SealedBidsComponents
  private readonly party: Party

  constructor(components: SealedBidsComponents) {
    this.components = components
    this.party = components.party
  }

  /** What was bid for a task; `undefined` where there was no bid. */
  priceOf(task: Hash): Amount | undefined {
    const bid = this.party.journal
      .notesOf(BIDS)
      // Written by `bid`.
      .map(([, note]) => note as unknown as StandingBid)
      .find((one) => one.task === task)
    return bid && bidOf(bid).priceNanos
  }

  /** A sealed bid: salt and bid are in the journal before the commitment is signed. */
  async bid({ frame }: MarketQuestion<'call'>): Promise<MarketAnswer> {
    const { party } = this
    const read = party.read(frame.envelope, 'auction-call')
    if (read === undefined) return declined('MARKET_ENVELOPE_REFUSED')
    const call = callOfBody(read.envelope.body)
    if (read.envelope.head.iss !== call.auctioneer) return declined('MARKET_ENVELOPE_REFUSED')
    const offer = this.components.offers.cheapestFor(call.skill, call.currency)
    if (offer === undefined) return declined('MARKET_SKILL_UNKNOWN')
    const auction = auctionIdOf(call)
    const known = party.noteOf<StandingBid>(BIDS, auction)
    const bid = known === undefined ? this.chooseBid(call, offer) : bidOf(known)
    if (bid === undefined) return declined('MARKET_PRICE_LOW')
    const salt = known?.salt ?? (nonceOf(party.components.random.bytes(32)) as Salt32)
    if (known === undefined) {
      const { auctioneer, task } = call
      const written = { priceNanos: bid.priceNanos.toString(), latencyMs: bid.latencyMs }
      await party.keep(BIDS, auction, { salt, bid: written, auctioneer, task })
    }
    await party.hear(read)
    const commitment = commitmentOf({ auction, bidder: party.did, salt, bid })
    const said = await party.wallet.say({
      act: `${auction}/commit`,
      type: 'auction-commitment',
      body: { auction, commitment },
      aud: call.auctioneer,
      subject: subjectOfAuction(auction),
    })
    return saidAnswer(said)
  }

  private chooseBid(call: AuctionCall, offer: OfferTerms): Bid | undefined {
    const bid = this.components.bidOn
      ? this.components.bidOn(call, offer)
      : { priceNanos: offer.priceNanos, latencyMs: offer.latencyMs }
    const isFitting =
      bid !== undefined && bid.priceNanos <= call.reservePriceNanos && bid.latencyMs <= call.latencyMsMax
    return isFitting ? bid : undefined
  }

  /** Receipts are kept; the list of commitments is answered with the reveal, unless it leaves out what there is a receipt for. */
  async listen({ frame }: MarketQuestion<'told'>): Promise<MarketAnswer> {
    const { party } = this
    for (const type of ['auction-receipt', 'auction-refusal', 'auction-transcript', 'auction-cancel'] as const) {
      const read = party.read(frame.envelope, type)
      if (read === undefined) continue
      const bid = party.noteOf<StandingBid>(BIDS, read.envelope.body.auction)
      if (bid === undefined || bid.auctioneer !== read.envelope.head.iss) return declined('MARKET_AUCTION_UNKNOWN')
      await party.hear(read)
      return TAKEN
    }
    const read = party.read(frame.envelope, 'auction-commitments')
    if (read === undefined) return declined('MARKET_ENVELOPE_REFUSED')
    const { auction, commitments } = read.envelope.body
    const known = party.noteOf<StandingBid>(BIDS, auction)
    if (known === undefined || known.auctioneer !== read.envelope.head.iss) return declined('MARKET_AUCTION_UNKNOWN')
    await party.hear(read)
    const bid = bidOf(known)
    const commitment = commitmentOf({ auction, bidder: party.did, salt: known.salt, bid })
    if (!commitments.includes(commitment)) return declined('MARKET_BID_OMITTED')
    const said = await party.wallet.say({
      act: `${auction}/reveal`,
      type: 'auction-reveal',
      body: { auction, salt: known.salt, bid },
      aud: known.auctioneer,
      subject: subjectOfAuction(auction),
    })
    return saidAnswer(said)
  }
}

function bidOf({ bid }: StandingBid): Bid {
  // Written by `bid` of this class.
  return { priceNanos: BigInt(bid.priceNanos), latencyMs: bid.latencyMs } as Bid
}

/** An auction's name has the shape of a contract's. */
function subjectOfAuction(auction: Hash): ContractId | undefined {
  return parseContractId(auction)
}

function saidAnswer({ bytes }: KeptEnvelope): MarketAnswer {
  return { frame: { type: 'said', envelope: DECODER.decode(bytes) } }
}
