import { CodedError } from '../../../base/errors.ts'
import type { Timestamp } from '../../../base/time.ts'
import {
  type AuctionCall,
  auctionIdOf,
  beaconDeadline,
  commitDeadline,
  revealDeadline,
} from '../../../core/auction/auction-call.ts'
import type { AuctionCode } from '../../../core/auction/auction-codes.ts'
import type { AuctionTranscript } from '../../../core/auction/auction-record.ts'
import { type Did, type Hash, parseHash } from '../../../core/evidence/names.ts'
import { decodeUtf8 } from '../../../core/text/decode-utf8.ts'
import type { AuctionHouse } from '../../auctions/auction-house.ts'
import { auctionFileBytes } from '../../auctions/auction-file.ts'
import type { OutgoingMessage } from '../../auctions/auction-outbox.ts'
import type { Authenticated } from '../../../wire/v1/authenticate.ts'
import type { MarketFrame } from '../../../wire/v1/market-frames.ts'
import type { AuctionLedger } from './auction-ledger.ts'
import { pause } from '../contracts/contract-follower.ts'
import type { FoundSeller } from '../buying/find-sellers.ts'
import type { Party } from '../party.ts'

/** A bid that the auction did not take. */
export type RefusedBid = {
  readonly bidder: Did
  readonly type: 'auction-commitment' | 'auction-reveal' | 'auction-bid'
  readonly code: AuctionCode
}

/** Why a seller that was asked does not bid, in its own words. */
export type DeclinedCall = { readonly bidder: Did; readonly code: string }

export type CallPostInit = {
  readonly call: AuctionCall
  readonly sellers: readonly FoundSeller[]
  readonly ledger: AuctionLedger
  readonly house: Promise<AuctionHouse>
  readonly onRefused?: ((bid: RefusedBid) => void) | undefined
  readonly onDeclined?: ((declined: DeclinedCall) => void) | undefined
}

type Addressed = {
  readonly frame: MarketFrame
  /** The transcript, behind its name. */
  readonly bytes?: Uint8Array | undefined
  /** Nobody else. */
  readonly only?: Did | undefined
}

/** Who does not answer is asked again so much later, while an answer is of use. */
const AGAIN_MS = 250
/** Sealed messages of one bidder and kind that are kept: the first may be refused. */
const TRIES_MAX = 2

/** Brings what an auction says to bidders, and what they answer to the auction. */
export class CallPost {
  private readonly party: Party
  private readonly init: CallPostInit
  private readonly peerOf: Map<Did, Did>
  /** Who has the transcript, or is past being brought it. */
  private readonly told: Map<Did, PromiseWithResolvers<void>>
  /** The call, once it is out. */
  private called: OutgoingMessage | undefined

  constructor(party: Party, init: CallPostInit) {
    this.party = party
    this.init = init
    this.peerOf = new Map(init.sellers.map(({ offer, peer }) => [offer.seller, peer]))
    this.told = new Map(init.sellers.map(({ offer }) => [offer.seller, Promise.withResolvers<void>()]))
  }

  /** Resolves when a bidder has taken the transcript, or does not answer. Who has it knows what to ask for in the contract. */
  async hasTold(bidder: Did): Promise<void> {
    await this.told.get(bidder)?.promise
  }

  async hasToldAll(): Promise<void> {
    await Promise.all([...this.told.values()].map(async ({ promise }) => await promise))
  }

  /** Somebody more is called, and told of what follows. */
  invite({ offer: { seller }, peer }: FoundSeller): void {
    if (this.peerOf.has(seller)) return
    this.peerOf.set(seller, peer)
    this.told.set(seller, Promise.withResolvers<void>())
    const message = this.called
    if (message === undefined) return
    this.party.begin(async () => await this.sendTo(seller, { message, ...(await this.frameOf(message)) }))
  }

  async send(message: OutgoingMessage): Promise<void> {
    if (message.type === 'auction-call') this.called = message
    const addressed = await this.frameOf(message)
    const { only } = addressed
    const all = message.aud === '*' ? [...this.peerOf.keys()] : [message.aud as Did]
    const bidders = only === undefined ? all : [only]
    await Promise.all(
      bidders.map(async (bidder) => {
        try {
          await this.sendTo(bidder, { message, ...addressed })
        } finally {
          if (message.type === 'auction-transcript') this.told.get(bidder)?.resolve()
        }
      }),
    )
  }

  /** An open bid goes with its receipt: to everybody while it stands, else to its bidder alone. */
  private async frameOf({ type, bytes, aud }: OutgoingMessage): Promise<Addressed> {
    const envelope = decodeUtf8(bytes) ?? ''
    if (type === 'auction-call') return { frame: { type: 'call', envelope } }
    const { state, transcript } = await this.init.house
    if (type === 'auction-transcript')
      return { frame: { type: 'told', envelope }, bytes: transcript && auctionFileOf(this.party, transcript) }
    if (type !== 'auction-receipt' || aud !== '*') return { frame: { type: 'told', envelope } }
    const read = this.party.read(envelope, 'auction-receipt')?.envelope.body
    const bid = read && this.party.journal.envelope(read.envelope)
    const about = bid === undefined ? {} : { about: decodeUtf8(bid.bytes) ?? '' }
    const isStanding = state.kind === 'bidding' && state.bids.at(-1)?.envelope === read?.envelope
    return { frame: { type: 'told', envelope, ...about }, only: isStanding ? undefined : read?.bidder }
  }

  private async sendTo(
    bidder: Did,
    { message, frame, bytes }: Addressed & { readonly message: OutgoingMessage },
  ): Promise<void> {
    const peer = this.peerOf.get(bidder)
    if (peer === undefined) return
    const { door, clock, timers } = this.party.components
    const until = this.usefulUntil(message)
    for (;;) {
      try {
        const answer = await door.ask(peer, { frame, ...(bytes && { bytes }) }, { signal: this.party.signal })
        if (answer.frame.type === 'said') await this.take(bidder, answer.frame)
        if (answer.frame.type === 'declined' && message.type === 'auction-call')
          this.init.onDeclined?.({ bidder, code: answer.frame.code })
        return
      } catch (error: unknown) {
        // Who does not answer does not bid.
        if (!CodedError.is(error) || this.party.isStopped) throw error
        if (clock.now() + AGAIN_MS >= until) return
      }
      await pause(timers, AGAIN_MS, this.party.signal)
    }
  }

  private usefulUntil({ type }: OutgoingMessage): Timestamp {
    const { call } = this.init
    if (type === 'auction-call') return commitDeadline(call)
    return type === 'auction-commitments' ? revealDeadline(call) : beaconDeadline(call)
  }

  /** Bids go into the public file, as they were signed, and open ones are shown to the others. Who sends sealed ones again and again fills nothing. */
  private isKept(
    type: string,
    { head, body }: { readonly head: { readonly iss: Did }; readonly body: { readonly auction: Hash } },
  ): boolean {
    const { party, init } = this
    if (body.auction !== auctionIdOf(init.call)) return false
    if (init.call.kind === 'english') return type === 'auction-bid'
    const before = party.journal
      .envelopesOf(body.auction)
      .filter(({ envelope }) => envelope.type === type && envelope.head.iss === head.iss)
    return type !== 'auction-bid' && before.length < TRIES_MAX
  }

  /** What a bidder says. It speaks for itself alone. */
  private async take(bidder: Did, said: Extract<MarketFrame, { type: 'said' }>): Promise<void> {
    const { party, init } = this
    for (const type of ['auction-commitment', 'auction-reveal', 'auction-bid'] as const) {
      const read = party.read(said.envelope, type)
      if (read === undefined) continue
      if (read.envelope.head.iss !== bidder) return
      const house = await init.house
      const hash: Hash | undefined = parseHash(read.envelope.hash)
      if (hash === undefined) return
      if (type === 'auction-commitment' && !init.ledger.take(said.deposit, { bidder, envelope: hash })) {
        init.onRefused?.({ bidder, type, code: 'AUCTION_DEPOSIT_UNKNOWN' })
        return
      }
      if (this.isKept(type, read.envelope)) await party.hear(read)
      const code = await receive(house, read.message)
      if (code !== undefined) init.onRefused?.({ bidder, type, code })
      return
    }
  }
}

/** The transcript with what bidders have signed, of what the party has heard. */
export function auctionFileOf({ journal }: Party, transcript: AuctionTranscript): Uint8Array {
  return auctionFileBytes(transcript, (envelope) => {
    const kept = journal.envelope(envelope)
    return kept && decodeUtf8(kept.bytes)
  })
}

/** @returns Why it is not taken: a house that is closed is past every deadline. */
async function receive(house: AuctionHouse, message: Authenticated): Promise<AuctionCode | undefined> {
  try {
    const received = await house.receive(message)
    return received.kind === 'refused' ? received.code : undefined
  } catch (error: unknown) {
    if (!CodedError.is(error, 'STORE_NOT_OPEN')) throw error
    return 'AUCTION_LATE'
  }
}
