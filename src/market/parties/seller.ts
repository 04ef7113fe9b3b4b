import { auctionIdOf } from '../../core/auction/auction-call.ts'
import type { AuctionCall } from '../../core/auction/auction-call.ts'
import { type Bid, commitmentOf } from '../../core/auction/commitment.ts'
import type { Salt32 } from '../../core/auction/delimited-hash.ts'
import { type EscrowState, isTerminal } from '../../core/escrow/escrow-state.ts'
import type { EscrowTerms } from '../../core/escrow/escrow-terms.ts'
import type { ContractId, Did, Hash } from '../../core/evidence/names.ts'
import type { OfferTerms } from '../../core/market/offer-directory.ts'
import { parseContractId } from '../../core/evidence/names.ts'
import { callOfBody } from '../../wire/v1/auction-messages.ts'
import { cancelHash, termsText } from '../../wire/v1/escrow-events.ts'
import { contractIdOf, termsOfBody } from '../../wire/v1/escrow-terms.ts'
import { OFFERS_OF_ANSWER_MAX } from '../../wire/v1/market-frames.ts'
import { CONTRACTS, type ContractNote } from './contract-notes.ts'
import { hasSignedContract } from './joint-signatures.ts'
import { declined, type MarketAnswer, type MarketQuestion, TAKEN } from './market-door.ts'
import type { Party } from './party.ts'
import type { KeptEnvelope } from './party-record.ts'
import { refuseContract, type SellerPolicy } from './seller-policy.ts'
import { type TaskRunner, workOnContract } from './seller-work.ts'
import { showCases } from './show-case.ts'
import { hashOfBytes, readPredicate, taskHashOf } from './task-package.ts'
import { nonceOf } from './wallet.ts'

export type SellerComponents = {
  readonly party: Party
  readonly runner: TaskRunner
  /** What to bid on a call that an offer fits; absent: price and latency of the offer. `undefined`: no bid. */
  readonly bidOn?: (call: AuctionCall, offer: OfferTerms) => Bid | undefined
}

export type SellerInit = { readonly policy: SellerPolicy }

type StandingBid = {
  readonly salt: Salt32
  readonly bid: { priceNanos: string; latencyMs: number }
  readonly auctioneer: Did
  readonly task: Hash
}

/** Topics of notes: offers that stand by their hash, bids by auction. */
const OFFERS = 'offer'
const BIDS = 'bid'
const DECODER: { decode(bytes: Uint8Array): string } = new TextDecoder()

/**
 * Sells work: keeps standing offers, bids on calls, signs contracts whose every term it accepts, and works on them once their money is certified to be held. All
 * that it has promised is in its journal; after a restart `start` goes on with every contract where it was.
 */
export class Seller {
  private readonly components: SellerComponents
  private readonly policy: SellerPolicy
  private readonly party: Party
  private readonly working = new Set<ContractId>()
  private close: (() => void) | undefined

  constructor(components: SellerComponents, { policy }: SellerInit) {
    this.components = components
    this.policy = policy
    this.party = components.party
  }

  /** Answers from now on, and goes on with contracts that have not ended. */
  start(): void {
    if (this.close !== undefined) return
    this.party.serveOnce('cases', showCases(this.party))
    this.close = this.party.components.door.serve({
      'offers-wanted': async ({ frame }) => this.listOffers(frame.skill),
      call: async (question) => await this.bid(question),
      told: async (question) => await this.listen(question),
      contract: async (question) => await this.sign(question),
      cancel: async (question) => await this.agreeToCancel(question),
    })
    for (const [contract, note] of this.party.journal.notesOf(CONTRACTS)) {
      const id = parseContractId(contract)
      // Written by `sign`.
      const { role, ended } = note as ContractNote
      if (id !== undefined && role === 'worker' && ended === undefined) this.workOn(id)
    }
  }

  /** Answers no more. Work under way ends with the party. */
  stop(): void {
    this.close?.()
    this.close = undefined
  }

  /** Offers something to everybody. The same act is the same offer. @returns The offer's name. */
  async offer(terms: OfferTerms, act: string): Promise<Hash> {
    const body = { ...terms, capabilities: [...terms.capabilities] }
    const { envelope } = await this.party.wallet.say({ act: `offer/${act}`, type: 'market-offer', body, aud: '*' })
    await this.party.keep(OFFERS, envelope.hash, { until: terms.validUntil })
    return envelope.hash
  }

  async withdraw(offer: Hash): Promise<void> {
    await this.party.wallet.say({ act: `withdraw/${offer}`, type: 'market-withdraw', body: { offer }, aud: '*' })
    await this.party.journal.keepNote(OFFERS, offer, null)
  }

  /** Offers that stand now. */
  offers(): readonly { readonly id: Hash; readonly terms: OfferTerms; readonly kept: KeptEnvelope }[] {
    const { journal, components } = this.party
    const now = components.clock.now()
    return journal.notesOf(OFFERS).flatMap(([hash]) => {
      const kept = journal.envelope(hash as Hash)
      if (kept?.envelope.type !== 'market-offer') return []
      const { body } = kept.envelope
      return now < body.validFrom || now >= body.validUntil ? [] : [{ id: kept.envelope.hash, terms: body, kept }]
    })
  }

  private listOffers(skill: string): MarketAnswer {
    const envelopes = this.offers()
      .filter(({ terms }) => terms.skill === skill)
      .slice(0, OFFERS_OF_ANSWER_MAX)
      .map(({ kept }) => DECODER.decode(kept.bytes))
    return { frame: { type: 'offers', envelopes } }
  }

  /** The cheapest that stands: it was offered to everybody. */
  private offerFor(skill: string, currency: string): OfferTerms | undefined {
    const fitting = this.offers().filter(({ terms }) => terms.skill === skill && terms.currency === currency)
    return fitting.map(({ terms }) => terms).toSorted((one, other) => (one.priceNanos < other.priceNanos ? -1 : 1))[0]
  }

  /** A sealed bid: salt and bid are in the journal before the commitment is signed. */
  private async bid({ frame }: MarketQuestion<'call'>): Promise<MarketAnswer> {
    const { party } = this
    const read = party.read(frame.envelope, 'auction-call')
    if (read === undefined) return declined('MARKET_ENVELOPE_REFUSED')
    const call = callOfBody(read.envelope.body)
    if (read.envelope.head.iss !== call.auctioneer) return declined('MARKET_ENVELOPE_REFUSED')
    const offer = this.offerFor(call.skill, call.currency)
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
  private async listen({ frame }: MarketQuestion<'told'>): Promise<MarketAnswer> {
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

  /** Signs a contract whose terms, task and predicate are what they say, and acceptable. */
  private async sign({ from, frame, bytes }: MarketQuestion<'contract'>): Promise<MarketAnswer> {
    const { party } = this
    const offer = party.read(frame.offer, 'escrow-offer')
    const award = party.read(frame.award, 'escrow-award')
    if (offer === undefined || award === undefined) return declined('MARKET_ENVELOPE_REFUSED')
    const terms = termsOfBody(offer.envelope.body.terms)
    const contract = contractIdOf(terms)
    const heads = [offer.envelope.head, award.envelope.head]
    if (heads.some((head) => head.iss !== terms.payer || head.contract !== contract) || terms.worker !== party.did)
      return declined('MARKET_ENVELOPE_REFUSED')
    if (!hasSignedContract(terms.payer, { contract, signature: frame.signature }, party.components.verify))
      return declined('MARKET_ENVELOPE_REFUSED')
    const { task, predicate } = frame
    const isTask =
      taskHashOf(task) === terms.taskHash &&
      task.inputHash === hashOfBytes(bytes) &&
      task.inputBytes === bytes.byteLength &&
      readPredicate(predicate, terms.predicateHash) !== undefined
    if (!isTask) return declined('MARKET_TASK_WRONG')
    if (party.noteOf<ContractNote>(CONTRACTS, contract) === undefined) {
      const code = this.refuse(terms, { skill: task.skill, inputBytes: bytes.byteLength })
      if (code !== undefined) return declined(code)
      const input = await party.journal.keepFile(contract, bytes)
      await Promise.all([party.hear(offer), party.hear(award)])
      const note: ContractNote = {
        role: 'worker',
        other: terms.payer,
        peer: from,
        task,
        predicate,
        input,
        terms: termsText(terms),
      }
      await party.keep(CONTRACTS, contract, note)
    }
    const signature = await party.wallet.sign({ kind: 'contract', place: contract, hash: contract })
    this.workOn(contract)
    return { frame: { type: 'cosigned', signature } }
  }

  private refuse(
    terms: EscrowTerms,
    { skill, inputBytes }: { readonly skill: string; readonly inputBytes: number },
  ): ReturnType<typeof refuseContract> {
    const offer = this.offerFor(skill, terms.currency)
    if (offer === undefined) return 'MARKET_SKILL_UNKNOWN'
    if (inputBytes > offer.inputBytesMax) return 'MARKET_LIMIT_PASSED'
    if (terms.timers.deliverMs < offer.latencyMs) return 'MARKET_LIMIT_PASSED'
    const bid = this.party.journal
      .notesOf(BIDS)
      // Written by `bid`.
      .map(([, note]) => note as unknown as StandingBid)
      .find(({ task }) => task === terms.taskHash)
    const priceNanos = bid === undefined ? offer.priceNanos : bidOf(bid).priceNanos
    const open = this.openTerms()
    const openNanos = open.reduce((sum, { maxNanos }) => sum + maxNanos, 0n)
    if (open.length >= offer.capacity) return 'MARKET_BUSY'
    const { network: net, components } = this.party
    const now = components.clock.now()
    return refuseContract(this.policy, { terms, net, now, priceNanos, openContracts: open.length, openNanos })
  }

  private openTerms(): readonly { readonly maxNanos: bigint }[] {
    return this.party.journal
      .notesOf(CONTRACTS)
      .map(([, note]) => note as ContractNote)
      .filter(({ role, ended }) => role === 'worker' && ended === undefined)
      .map(({ terms }) => ({ maxNanos: BigInt((JSON.parse(terms) as { readonly maxNanos: string }).maxNanos) }))
  }

  private workOn(contract: ContractId): void {
    if (this.working.has(contract)) return
    this.working.add(contract)
    const { party, components } = this
    party.begin(async () => {
      try {
        await workOnContract({ party, runner: components.runner }, contract)
      } finally {
        this.working.delete(contract)
      }
    })
  }

  /** Ends a contract together, at what was vouched for or more. */
  private async agreeToCancel({ frame }: MarketQuestion<'cancel'>): Promise<MarketAnswer> {
    const { statement } = frame
    const { contract } = statement
    const note = this.party.noteOf<ContractNote>(CONTRACTS, contract)
    if (note?.role !== 'worker') return declined('MARKET_CONTRACT_UNKNOWN')
    const state = await this.stateOf(contract)
    const earnedNanos = state?.kind === 'WORKING' ? state.voucher.amountNanos : 0n
    const isOpen = state?.kind === 'HELD' || state?.kind === 'WORKING'
    if (!isOpen || statement.amountNanos < earnedNanos || statement.currency !== state.terms.currency)
      return declined('MARKET_STATEMENT_DECLINED')
    const hash = cancelHash(statement)
    const signature = await this.party.wallet.sign({ kind: 'cancel', place: `${contract}/${hash}`, hash })
    return { frame: { type: 'cosigned', signature } }
  }

  private async stateOf(contract: ContractId): Promise<EscrowState | undefined> {
    for await (const { state } of this.party.follow(contract)) return isTerminal(state) ? undefined : state
    return undefined
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
