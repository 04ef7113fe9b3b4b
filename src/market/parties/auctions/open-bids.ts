import type { Amount } from '../../../base/money.ts'
import { type AuctionCall, auctionIdOf } from '../../../core/auction/auction-call.ts'
import type { Bid } from '../../../core/auction/commitment.ts'
import type { Did } from '../../../core/evidence/names.ts'
import type { OfferTerms } from '../../../core/market/offer-directory.ts'
import { type BidNote, BIDS, bidOf, saidAnswer, subjectOfAuction, writtenBid } from './bid-notes.ts'
import { heardCall } from './heard-calls.ts'
import { declined, type MarketAnswer, type MarketQuestion, TAKEN } from '../market-door.ts'
import type { Party } from '../party.ts'
import { mayBid } from '../restored-party.ts'
import type { StandingOffers } from '../selling/standing-offers.ts'

export type OpenBidsComponents = {
  readonly party: Party
  readonly offers: StandingOffers
  /** The lowest bid that the seller stands by. */
  readonly lowestOn: (call: AuctionCall, offer: OfferTerms) => Bid | undefined
}

/** What stands: whose bid it is, and its price. */
type Standing = { readonly bidder: Did; readonly priceNanos: Amount }

/**
 * A seller's part in open descending auctions: it begins with the price of its standing offer, and undercuts whoever leads by the least that the call allows, down to the
 * lowest price that it works for. Each bid is in the journal before it leaves.
 */
export class OpenBids {
  private readonly components: OpenBidsComponents
  private readonly party: Party

  constructor(components: OpenBidsComponents) {
    this.components = components
    this.party = components.party
  }

  /** The first bid; the last one where there was one before. */
  async begin(
    call: AuctionCall,
    { peer, offer }: { readonly peer: Did; readonly offer: OfferTerms },
  ): Promise<MarketAnswer> {
    const known = this.party.noteOf<BidNote>(BIDS, auctionIdOf(call))
    if (known !== undefined) return await this.say(call, known)
    const lowest = this.components.lowestOn(call, offer)
    if (lowest === undefined) return declined('MARKET_PRICE_LOW')
    const priceNanos = least(offer.priceNanos, call.reservePriceNanos)
    return await this.bid(call, { peer, lowest, priceNanos })
  }

  /** A bid of somebody else, with the auctioneer's receipt for it: answered with a lower one, or `taken`. */
  async answer({ from, frame }: MarketQuestion<'told'>): Promise<MarketAnswer> {
    const { party } = this
    const receipt = party.read(frame.envelope, 'auction-receipt')
    const other = frame.about === undefined ? undefined : party.read(frame.about, 'auction-bid')
    if (receipt === undefined || other === undefined) return declined('MARKET_ENVELOPE_REFUSED')
    const { auction, bidder, envelope, stage } = receipt.envelope.body
    const known = party.noteOf<BidNote>(BIDS, auction)
    const isAsked = known !== undefined && known.auctioneer === receipt.envelope.head.iss && known.peer === from
    const call = isAsked ? heardCall(party.journal, auction) : undefined
    if (known === undefined || call === undefined) return declined('MARKET_AUCTION_UNKNOWN')
    if (!mayBid(party, auction, call.opensAt)) return declined('MARKET_RESTORED')
    const { head, hash, body } = other.envelope
    const isPair = stage === 'bid' && envelope === hash && bidder === head.iss && body.auction === auction
    if (!isPair) return declined('MARKET_ENVELOPE_REFUSED')
    // Both together prove a bid that the transcript leaves out.
    await party.hear(receipt)
    await party.hear(other)
    return await this.undercut(call, { known, standing: { bidder, priceNanos: body.bid.priceNanos } })
  }

  private async undercut(
    call: AuctionCall,
    { known, standing }: { readonly known: BidNote; readonly standing: Standing },
  ): Promise<MarketAnswer> {
    if (standing.bidder === this.party.did) return TAKEN
    const offer = this.components.offers.cheapestFor(call.skill, call.currency)
    const lowest = offer && this.components.lowestOn(call, offer)
    const decrement = call.english?.minimumDecrementNanos ?? 1n
    const price = standing.priceNanos - decrement
    // What was bid before may have lost a race; what is lower than that is not given away.
    if (lowest === undefined || price < lowest.priceNanos) return TAKEN
    const wanted = least(price as Amount, least(bidOf(known).priceNanos, call.reservePriceNanos))
    return await this.bid(call, { peer: known.peer, lowest, priceNanos: wanted })
  }

  private async bid(
    call: AuctionCall,
    { peer, lowest, priceNanos }: { readonly peer: Did; readonly lowest: Bid; readonly priceNanos: Amount },
  ): Promise<MarketAnswer> {
    const { latencyMs } = lowest
    if (priceNanos < lowest.priceNanos || latencyMs > call.latencyMsMax) return declined('MARKET_PRICE_LOW')
    const { auctioneer, task } = call
    const note: BidNote = { bid: writtenBid({ priceNanos, latencyMs }), auctioneer, peer, task }
    await this.party.keep(BIDS, auctionIdOf(call), note)
    return await this.say(call, note)
  }

  private async say(call: AuctionCall, note: BidNote): Promise<MarketAnswer> {
    const auction = auctionIdOf(call)
    const said = await this.party.wallet.say({
      act: `${auction}/bid/${note.bid.priceNanos}`,
      type: 'auction-bid',
      body: { auction, bid: bidOf(note) },
      // The others see it too.
      aud: '*',
      subject: subjectOfAuction(auction),
    })
    return saidAnswer(said)
  }
}

function least(one: Amount, other: Amount): Amount {
  return one < other ? one : other
}
