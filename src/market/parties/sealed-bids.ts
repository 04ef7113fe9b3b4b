import { type Amount, amountFromNanos } from '../../base/money.ts'
import { type AuctionCall, auctionIdOf } from '../../core/auction/auction-call.ts'
import { type Bid, commitmentOf } from '../../core/auction/commitment.ts'
import type { Salt32 } from '../../core/auction/delimited-hash.ts'
import type { Did, Hash } from '../../core/evidence/names.ts'
import type { OfferTerms } from '../../core/market/offer-directory.ts'
import { callOfBody } from '../../wire/v1/auction-messages.ts'
import { signDeposit } from './bid-deposit.ts'
import { type BidNote, BIDS, bidOf, saidAnswer, subjectOfAuction, writtenBid } from './bid-notes.ts'
import { heardCall } from './heard-calls.ts'
import { DepositBook } from './deposit-book.ts'
import { declined, type MarketAnswer, type MarketQuestion, type ReadEnvelope, TAKEN } from './market-door.ts'
import { type AuctionNote, HEARD_AUCTIONS, judgeAuction } from './heard-auctions.ts'
import { OpenBids } from './open-bids.ts'
import type { Party } from './party.ts'
import { mayBid } from './restored-party.ts'
import type { SellerPolicy } from './seller-policy.ts'
import type { StandingOffers } from './standing-offers.ts'
import { nonceOf } from './wallet.ts'

export type SealedBidsComponents = {
  readonly party: Party
  readonly offers: StandingOffers
  readonly policy: SellerPolicy
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

  /** What an auction gives for a task, as this seller has computed it from a transcript that is right; `undefined` where there is none, or it has not bid. */
  priceOf(task: Hash, transcript: Hash | undefined): Amount | undefined {
    const { party } = this
    const heard = party.journal
      .notesOf(HEARD_AUCTIONS)
      // Written by `judgeAuction`.
      .map(([auction, note]) => ({ auction, note: note as unknown as AuctionNote }))
      .find(({ note }) => note.transcript === transcript)
    const { priceNanos } = heard?.note ?? {}
    const isOfTask = heard !== undefined && party.noteOf<BidNote>(BIDS, heard.auction)?.task === task
    return isOfTask && priceNanos !== undefined ? amountFromNanos(BigInt(priceNanos)) : undefined
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
    const code = await deposits.refuse({ call, auction, priceNanos: bid.priceNanos })
    if (code !== undefined) return declined(code)
    await party.hear(read)
    const salt = known?.salt ?? (nonceOf(party.components.random.bytes(32)) as Salt32)
    const { auctioneer, task } = call
    const note: BidNote = { salt, bid: writtenBid(bid), auctioneer, peer, task }
    if (known === undefined) await party.keep(BIDS, auction, note)
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
