import { CodedError } from '../../base/errors.ts'
import { assert } from '../../base/assert.ts'
import { type Amount, ZERO_AMOUNT } from '../../base/money.ts'
import { type AuctionCall, auctionIdOf } from '../../core/auction/auction-call.ts'
import { parseSalt32 } from '../../core/auction/delimited-hash.ts'
import type { AuctionTranscript } from '../../core/auction/auction-record.ts'
import type { BidderStanding } from '../../core/auction/determine-winner.ts'
import { transcriptHashOf } from '../../core/auction/transcript.ts'
import type { Did, Hash } from '../../core/evidence/names.ts'
import type { EventLog } from '../../ports/event-log.ts'
import { AuctionHouse } from '../auctions/auction-house.ts'
import type { OutgoingMessage } from '../auctions/auction-outbox.ts'
import { findSellers, type FoundSeller } from './find-sellers.ts'
import type { Party } from './party.ts'
import { nonceOf } from './wallet.ts'

export type CallInit = {
  readonly call: AuctionCall
  /** Who is asked, with the nodes at which they are. */
  readonly sellers: readonly FoundSeller[]
  /** The journal of this auction alone; closed at the end. */
  readonly log: EventLog
  readonly standingOf: (bidder: Did) => Promise<BidderStanding>
}

export type CallOutcome = {
  readonly transcript: AuctionTranscript | undefined
  readonly transcriptHash: Hash | undefined
  readonly awarded: { readonly winner: Did; readonly clearingNanos: Amount } | undefined
}

const DECODER: { decode(bytes: Uint8Array): string } = new TextDecoder()

/**
 * A buyer's own auction: asks sellers, takes their sealed bids and reveals, and ends with a transcript that each of them can recompute. Bids are of the auction house's
 * journal; after a crash the same call goes on, and everybody gets the same bytes again.
 */
export async function runCall(party: Party, init: CallInit): Promise<CallOutcome> {
  const { call, log, standingOf } = init
  const ended = Promise.withResolvers<void>()
  const { clock, timers, signer } = party.components
  // What is delivered while the house opens is answered when it is open.
  const opened = Promise.withResolvers<AuctionHouse>()
  const post = new CallPost(party, init.sellers, opened.promise)
  const house = await AuctionHouse.open(
    {
      clock,
      timers,
      signer,
      log,
      // This auction asks for no deposits.
      ledger: { submit: async (orders) => orders.map(() => false) },
      standingOf,
      deliver: (message) => {
        party.begin(async () => await post.send(message))
        if (message.type === 'auction-transcript' || message.type === 'auction-cancel') ended.resolve()
      },
    },
    { call, network: party.network },
  )
  opened.resolve(house)
  const onAbort = (): void => ended.reject(party.signal.reason)
  party.signal.addEventListener('abort', onAbort, { once: true })
  try {
    if (house.state.kind === 'draft') await house.publish()
    await ended.promise
    const { transcript } = house
    const outcome = transcript?.outcome
    return {
      transcript,
      transcriptHash: transcript && transcriptHashOf(transcript),
      awarded: outcome?.kind === 'awarded' ? outcome : undefined,
    }
  } finally {
    party.signal.removeEventListener('abort', onAbort)
    await house.stop()
    await log.close()
  }
}

/** An auction that somebody holds, for itself or for a buyer. */
export type CallForBids = Omit<
  AuctionCall,
  'auctioneer' | 'opensAt' | 'salt' | 'english' | 'notarySet' | 'depositNanos'
> & {
  readonly peers: readonly Did[]
  readonly inputBytes: number
  readonly standingOf: (bidder: Did) => Promise<BidderStanding>
  readonly openAuctionLog: (auction: Hash) => Promise<EventLog>
}

/** Finds sellers and holds one sealed auction among them, from now on and without deposits. */
export async function callForBids(party: Party, init: CallForBids): Promise<CallOutcome> {
  const { peers, inputBytes, standingOf, openAuctionLog, ...rules } = init
  const { random, clock } = party.components
  const salt = parseSalt32(nonceOf(random.bytes(32)))
  assert(salt !== undefined, '32 bytes are a salt')
  const { skill, currency, reservePriceNanos: maxNanos, latencyMsMax, task: need } = rules
  const search = { skill, currency, maxNanos, latencyMsMax, inputBytes, need, peers, standingOf }
  const sellers = await findSellers(party, search)
  const fixed = { depositNanos: ZERO_AMOUNT, english: undefined, notarySet: undefined }
  const call: AuctionCall = { ...rules, ...fixed, auctioneer: party.did, opensAt: clock.now(), salt }
  return await runCall(party, { call, sellers, log: await openAuctionLog(auctionIdOf(call)), standingOf })
}

/** Brings what an auction says to bidders, and what they answer to the auction. */
class CallPost {
  private readonly party: Party
  private readonly peerOf: ReadonlyMap<Did, Did>
  private readonly house: Promise<AuctionHouse>

  constructor(party: Party, sellers: readonly FoundSeller[], house: Promise<AuctionHouse>) {
    this.party = party
    this.house = house
    this.peerOf = new Map(sellers.map(({ offer, peer }) => [offer.seller, peer]))
  }

  async send(message: OutgoingMessage): Promise<void> {
    const bidders = message.aud === '*' ? [...this.peerOf.keys()] : [message.aud]
    await Promise.all(bidders.map(async (bidder) => await this.sendTo(bidder as Did, message)))
  }

  private async sendTo(bidder: Did, { type, bytes }: OutgoingMessage): Promise<void> {
    const peer = this.peerOf.get(bidder)
    if (peer === undefined) return
    const envelope = DECODER.decode(bytes)
    const { door } = this.party.components
    const frame =
      type === 'auction-call' ? ({ type: 'call', envelope } as const) : ({ type: 'told', envelope } as const)
    try {
      const answer = await door.ask(peer, { frame }, { signal: this.party.signal })
      if (answer.frame.type !== 'said') return
      const due = type === 'auction-call' ? 'auction-commitment' : 'auction-reveal'
      const read = this.party.read(answer.frame.envelope, due)
      // A bidder speaks for itself alone.
      if (read?.envelope.head.iss === bidder) await (await this.house).receive(read.message)
    } catch (error: unknown) {
      // Who does not answer does not bid.
      if (!CodedError.is(error)) throw error
    }
  }
}
