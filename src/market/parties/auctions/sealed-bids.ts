import { type Amount, amountFromNanos } from '../../../base/money.ts'
import { type AuctionCall, auctionIdOf, signDeadline } from '../../../core/auction/auction-call.ts'
import { type Bid, commitmentOf } from '../../../core/auction/commitment.ts'
import type { Salt32 } from '../../../core/auction/delimited-hash.ts'
import type { EscrowTerms } from '../../../core/escrow/escrow-terms.ts'
import type { Did, Hash } from '../../../core/evidence/names.ts'
import type { OfferTerms } from '../../../core/market/offer-directory.ts'
import { callOfBody } from '../../../wire/v1/auction-messages.ts'
import { signDeposit } from './bid-deposit.ts'
import { type BidNote, BIDS, type BidPlace, bidOf, saidAnswer, subjectOfAuction, writtenBid } from './bid-notes.ts'
import { heardCall } from './heard-calls.ts'
import { DepositBook } from './deposit-book.ts'
import { declined, type MarketAnswer, type MarketQuestion, type ReadEnvelope, TAKEN } from '../market-door.ts'
import { type AuctionNote, HEARD_AUCTIONS, judgeAuction } from './heard-auctions.ts'
import { OpenBids } from './open-bids.ts'
import type { Party } from '../party.ts'
import type { PartyCode } from '../party-codes.ts'
import type { SellerPlaces } from '../selling/seller-places.ts'
import { mayBid } from '../restored-party.ts'
import type { SellerPolicy } from '../selling/seller-policy.ts'
import type { StandingOffers, StandingOwnOffer } from '../selling/standing-offers.ts'
import { nonceOf } from '../accounts/wallet.ts'

export type SealedBidsComponents = {
  readonly party: Party
  readonly offers: StandingOffers
  readonly policy: SellerPolicy
  readonly places: SellerPlaces
  /** What to bid on a call that an offer fits, in an open auction at least; absent: price and latency of the offer. `undefined`: no bid. */
  readonly bidOn: ((call: AuctionCall, offer: OfferTerms) => Bid | undefined) | undefined
}

type HeardCall = { readonly call: AuctionCall; readonly auction: Hash; readonly peer: Did; readonly offer: OfferTerms }

/** A seller's part in auctions: one sealed bid in each, revealed when the auctioneer has listed all of them; in open ones bid after bid. */
export class SealedBids {
  private readonly components: SealedBidsComponents
  private readonly party: Party
  private readonly open: OpenBids
  private readonly deposits: DepositBook

  constructor(components: SealedBidsComponents) {
    const { party, offers } = components
    this.components = components
    this.party = party
    this.deposits = new DepositBook(party, components.policy)
    this.open = new OpenBids({ party, offers, lowestOn: (call, offer) => this.chooseBid(call, offer) })
  }

  /**
   * What an auction gives for the task of a contract, as this seller has computed it from a transcript that is right: of the auction that the award names, or, until T_sign, of
   * those of the payer in which it has bid, whatever is named. `undefined` where there is none.
   */
  priceOf({ taskHash, payer }: EscrowTerms, transcript: Hash | undefined): Amount | undefined {
    const { journal, components } = this.party
    const heard = journal.notesOf(BIDS).flatMap(([auction, bid]) => {
      // Written here, and by `judgeAuction`.
      if ((bid as BidNote).task !== taskHash) return []
      const note = this.party.noteOf<AuctionNote>(HEARD_AUCTIONS, auction)
      return note === undefined ? [] : [{ auction: auction as Hash, note }]
    })
    const named = heard.find(({ note }) => note.transcript === transcript)
    const isOpen = ({ auction }: { readonly auction: Hash }): boolean => {
      const call = heardCall(journal, auction)
      return call?.buyer === payer && components.clock.now() < signDeadline(call)
    }
    const prices = (named === undefined ? heard.filter(isOpen) : [named]).flatMap(({ note: { priceNanos } }) =>
      priceNanos === undefined ? [] : [amountFromNanos(BigInt(priceNanos))],
    )
    return prices.toSorted((one, other) => (one < other ? 1 : -1))[0]
  }

  /** The offer by which this seller would bid on a call; `undefined` where it would not. What it bids is decided when it is called. */
  offerFor(call: AuctionCall): StandingOwnOffer | undefined {
    const { offers, policy } = this.components
    const offer = offers.cheapestSigned(call.skill, call.currency)
    const { custody } = call
    if (offer === undefined || (custody !== undefined && !policy.custodyOf(call.skill).includes(custody)))
      return undefined
    const claims = new Set(offer.terms.capabilities)
    if (call.filter.capabilities.some((name) => !claims.has(name))) return undefined
    return this.chooseBid(call, offer.terms) === undefined ? undefined : offer
  }

  async bid({ from, frame }: MarketQuestion<'call'>): Promise<MarketAnswer> {
    const { party, components } = this
    const read = party.read(frame.envelope, 'auction-call')
    if (read === undefined) return declined('MARKET_ENVELOPE_REFUSED')
    const call = callOfBody(read.envelope.body)
    if (read.envelope.head.iss !== call.auctioneer) return declined('MARKET_ENVELOPE_REFUSED')
    const offer = components.offers.cheapestFor(call.skill, call.currency)
    if (offer === undefined) return declined('MARKET_SKILL_UNKNOWN')
    const { custody } = call
    if (custody !== undefined && !components.policy.custodyOf(call.skill).includes(custody))
      return declined('MARKET_CUSTODY_DECLINED')
    const auction = auctionIdOf(call)
    // It is kept among the messages of its auction, and nowhere else.
    if (read.envelope.head.contract !== subjectOfAuction(auction)) return declined('MARKET_ENVELOPE_REFUSED')
    if (!mayBid(party, auction, Math.min(call.opensAt, read.envelope.head.iat))) return declined('MARKET_RESTORED')
    const heard = { call, auction, peer: from, offer }
    if (call.kind !== 'english') return await this.commit(heard, read)
    await party.hear(read)
    return await this.open.begin(call, heard)
  }

  /** A sealed bid: salt and bid are in the journal before the commitment is signed, and that before its deposit. */
  private async commit(
    { call, auction, peer, offer }: HeardCall,
    read: ReadEnvelope<'auction-call'>,
  ): Promise<MarketAnswer> {
    const { party, deposits } = this
    const known = party.noteOf<BidNote>(BIDS, auction)
    const bid = known === undefined ? this.chooseBid(call, offer) : bidOf(known)
    if (bid === undefined) return declined('MARKET_PRICE_LOW')
    const salt = known?.salt ?? (nonceOf(party.components.random.bytes(32)) as Salt32)
    const { auctioneer, task } = call
    const code = await this.components.places.inTurn(async () => {
      const place = known === undefined && call.depositNanos > 0n ? placeOf(call, { bid, offer }) : undefined
      const refused =
        (place && (await this.refusePlace(place, offer))) ??
        (await deposits.refuse({ call, auction, priceNanos: bid.priceNanos }))
      if (refused !== undefined) return refused
      await party.hear(read)
      const note: BidNote = { salt, bid: writtenBid(bid), auctioneer, peer, task, ...(place && { place }) }
      if (known === undefined) await party.keep(BIDS, auction, note)
      return undefined
    })
    if (code !== undefined) return declined(code)
    const commitment = commitmentOf({ auction, bidder: party.did, salt, bid })
    const said = await party.wallet.say({
      act: `${auction}/commit`,
      type: 'auction-commitment',
      body: { auction, commitment },
      aud: auctioneer,
      subject: subjectOfAuction(auction),
    })
    const commitmentHash = said.envelope.hash
    await deposits.sign(auction, commitmentHash)
    return saidAnswer(said, await signDeposit(party, { call, auction, commitment: commitmentHash }))
  }

  /** A winner that does not sign loses its deposit: it bids where it will be able to. */
  private async refusePlace(place: BidPlace, offer: OfferTerms): Promise<PartyCode | undefined> {
    const { places, policy } = this.components
    const { buyer: payer, isLent, deliverMs } = place
    const code = await places.refuse({ payer, isLent, deliverMs, isBid: true }, offer)
    if (code !== undefined) return code
    const { contracts, nanos } = places.open()
    const isTooMuch = nanos + BigInt(place.nanos) > policy.exposureNanosMax || contracts >= policy.contractsMax
    return isTooMuch ? 'MARKET_EXPOSURE_SPENT' : undefined
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
  async listen(question: MarketQuestion<'told'>): Promise<MarketAnswer> {
    const { party } = this
    const { frame, bytes } = question
    if (frame.about !== undefined) return await this.open.answer(question)
    const closed = party.read(frame.envelope, 'auction-transcript')
    if (closed !== undefined) return await this.close(closed, bytes)
    for (const type of ['auction-receipt', 'auction-refusal', 'auction-cancel'] as const) {
      const read = party.read(frame.envelope, type)
      if (read === undefined) continue
      if (!this.isOfAuctioneer(read.envelope)) return declined('MARKET_AUCTION_UNKNOWN')
      await party.hear(read)
      return TAKEN
    }
    const read = party.read(frame.envelope, 'auction-commitments')
    if (read === undefined) return declined('MARKET_ENVELOPE_REFUSED')
    const { auction, commitments } = read.envelope.body
    const known = party.noteOf<BidNote>(BIDS, auction)
    if (known === undefined || known.auctioneer !== read.envelope.head.iss) return declined('MARKET_AUCTION_UNKNOWN')
    await party.hear(read)
    const { salt } = known
    const call = heardCall(party.journal, auction)
    if (salt === undefined || call === undefined) return declined('MARKET_AUCTION_UNKNOWN')
    if (!mayBid(party, auction, call.opensAt)) return declined('MARKET_RESTORED')
    const bid = bidOf(known)
    const commitment = commitmentOf({ auction, bidder: party.did, salt, bid })
    if (!commitments.includes(commitment)) return declined('MARKET_BID_OMITTED')
    const said = await party.wallet.say({
      act: `${auction}/reveal`,
      type: 'auction-reveal',
      body: { auction, salt, bid },
      aud: known.auctioneer,
      subject: subjectOfAuction(auction),
    })
    return saidAnswer(said)
  }

  /** Computes the auction again, and keeps what came of it. */
  private async close(read: ReadEnvelope<'auction-transcript'>, bytes: Uint8Array): Promise<MarketAnswer> {
    if (!this.isOfAuctioneer(read.envelope)) return declined('MARKET_AUCTION_UNKNOWN')
    await this.party.hear(read)
    const { auction, transcriptHash } = read.envelope.body
    const signed = { auction, transcriptHash, auctioneer: read.envelope.head.iss, bytes }
    return (await judgeAuction(this.party, signed)) ? TAKEN : declined('MARKET_TRANSCRIPT_WRONG')
  }

  /** Whether there was a bid, and it is the auctioneer that speaks. */
  private isOfAuctioneer({
    head,
    body,
  }: {
    readonly head: { readonly iss: Did }
    readonly body: { readonly auction: Hash }
  }): boolean {
    return this.party.noteOf<BidNote>(BIDS, body.auction)?.auctioneer === head.iss
  }
}

function placeOf(call: AuctionCall, { bid, offer }: { readonly bid: Bid; readonly offer: OfferTerms }): BidPlace {
  const { buyer, skill, custody, latencyMsMax, kind, reservePriceNanos } = call
  return {
    buyer,
    skill,
    isLent: custody === 'C1',
    deliverMs: latencyMsMax,
    nanos: (kind === 'second' ? reservePriceNanos : bid.priceNanos).toString(),
    inputBytesMax: offer.inputBytesMax,
    until: signDeadline(call),
  }
}
