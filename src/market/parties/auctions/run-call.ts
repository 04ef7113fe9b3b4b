import { assert } from '../../../base/assert.ts'
import type { Amount } from '../../../base/money.ts'
import { sha256Hex } from '../../../base/sha256.ts'
import type { Timestamp } from '../../../base/time.ts'
import { type AuctionCall, auctionIdOf, depositExpiry } from '../../../core/auction/auction-call.ts'
import { parseSalt32 } from '../../../core/auction/delimited-hash.ts'
import type { AuctionTranscript } from '../../../core/auction/auction-record.ts'
import type { BidderStanding } from '../../../core/auction/determine-winner.ts'
import { transcriptHashOf } from '../../../core/auction/transcript.ts'
import type { Did, Hash } from '../../../core/evidence/names.ts'
import { decodeUtf8 } from '../../../core/text/decode-utf8.ts'
import type { EventLog } from '../../../ports/event-log.ts'
import { AuctionHouse } from '../../auctions/auction-house.ts'
import { bringBeacon } from './auction-beacon.ts'
import { AuctionLedger } from './auction-ledger.ts'
import { CallPost, type DeclinedCall, type RefusedBid } from './call-post.ts'
import { pause } from '../contracts/contract-follower.ts'
import { findSellers, type FoundSeller } from '../buying/find-sellers.ts'
import { stampHash } from '../accounts/ledger-word.ts'
import { signAtOnce } from '../accounts/sign-at-once.ts'
import type { Party } from '../party.ts'
import { nonceOf } from '../accounts/wallet.ts'
import { endWinnersDeposit } from './winners-deposit.ts'

export type CallInit = {
  readonly call: AuctionCall
  /** Who is asked, with the nodes at which they are. */
  readonly sellers: readonly FoundSeller[]
  /** The journal of this auction alone; closed at the end. */
  readonly log: EventLog
  readonly standingOf: (bidder: Did) => Promise<BidderStanding>
  /** Told when the call is out, with its text and how somebody more is called. @returns Nobody more is. */
  readonly onCalled?: ((text: string, invite: (found: FoundSeller) => void) => () => void) | undefined
  /** Told of every bid that is not taken. */
  readonly onRefused?: (bid: RefusedBid) => void
  /** Told of everybody who was asked and does not bid. */
  readonly onDeclined?: (declined: DeclinedCall) => void
}

/** How an auction ended. Without a transcript it was not held, or was cancelled; with one and without `awarded` nobody won. */
export type CallOutcome = {
  readonly transcript: AuctionTranscript | undefined
  readonly transcriptHash: Hash | undefined
  readonly awarded: { readonly winner: Did; readonly clearingNanos: Amount } | undefined
}

/**
 * Holds an auction: asks sellers, takes their bids, and ends with a transcript that each of them can recompute. Bids are of the auction house's journal; after a crash
 * the same call goes on, and everybody gets the same bytes again. It has ended when every deposit but the winner's has ended too, or frees itself, and the winner has the
 * transcript.
 */
export async function runCall(party: Party, init: CallInit): Promise<CallOutcome> {
  const { call, log, standingOf } = init
  const ended = Promise.withResolvers<void>()
  const { clock, timers } = party.components
  const auction = auctionIdOf(call)
  const ledger = new AuctionLedger(party, { call, auction })
  // What is delivered while the house opens is answered when it is open.
  const opened = Promise.withResolvers<AuctionHouse>()
  const { sellers, onRefused, onDeclined } = init
  const post = new CallPost(party, { call, sellers, ledger, house: opened.promise, onRefused, onDeclined })
  const { currency, notarySet } = call
  let stopInviting: (() => void) | undefined
  const stamp = async (hash: Hash): Promise<Timestamp> =>
    await stampHash(party, { act: `${auction}/stamp/${hash}`, hash, currency })
  const house = await AuctionHouse.open(
    {
      clock,
      timers,
      signer: signAtOnce(party.components.signer),
      log,
      ledger,
      standingOf,
      ...(notarySet !== undefined && { stamp }),
      deliver: (message) => {
        if (message.type === 'auction-call')
          stopInviting ??= init.onCalled?.(decodeUtf8(message.bytes) ?? '', (found) => post.invite(found))
        party.begin(async () => await post.send(message))
        if (message.type === 'auction-commitments')
          party.begin(async () => await bringBeacon(party, await opened.promise))
        if (message.type === 'auction-transcript' || message.type === 'auction-cancel') ended.resolve()
      },
    },
    { call, network: party.network },
  )
  opened.resolve(house)
  const onAbort = (): void => ended.reject(party.signal.reason)
  party.signal.addEventListener('abort', onAbort, { once: true })
  try {
    if (house.state.kind === 'draft' && (await house.publish()).kind === 'refused') return NOT_HELD
    await ended.promise
    await depositsEnd(party, house)
    const { transcript } = house
    const outcome = transcript?.outcome
    if (outcome?.kind === 'awarded') {
      await post.hasTold(outcome.winner)
      await Promise.race([post.hasToldAll(), pause(timers, TELL_MS, party.signal)])
    }
    return {
      transcript,
      transcriptHash: transcript && transcriptHashOf(transcript),
      awarded: outcome?.kind === 'awarded' ? outcome : undefined,
    }
  } finally {
    party.signal.removeEventListener('abort', onAbort)
    stopInviting?.()
    await house.stop()
    await log.close()
  }
}

/** The others are waited for so long: they may be asked for the work if the winner does not do it. */
const TELL_MS = 1_000

/** A call that no longer can be opened. */
const NOT_HELD: CallOutcome = { transcript: undefined, transcriptHash: undefined, awarded: undefined }

/** Until the ledger has ended every deposit, or they are free by their expiry. */
async function depositsEnd(party: Party, house: AuctionHouse): Promise<void> {
  const { clock, timers } = party.components
  const over = new AbortController()
  const signal = AbortSignal.any([party.signal, over.signal])
  const waitMs = Math.max(0, depositExpiry(house.state.call) - clock.now())
  await Promise.race([house.settled(), pause(timers, waitMs, signal)])
  over.abort()
}

/** An auction that somebody holds, for itself or for a buyer. */
export type CallForBids = Omit<AuctionCall, 'auctioneer' | 'opensAt' | 'salt'> & {
  readonly peers: readonly Did[]
  readonly inputBytes: number
  readonly standingOf: (bidder: Did) => Promise<BidderStanding>
  readonly openAuctionLog: (auction: Hash) => Promise<EventLog>
  /** Told of every bid that is not taken. */
  readonly onRefused?: (bid: RefusedBid) => void
}

/**
 * Finds sellers and holds one auction among them, from now on. Who holds it for a buyer does not see the contract, so the winner's deposit goes back at the end. Throws `MARKET_STAMP_REFUSED` where
 * the set is to stamp open bids and does not.
 */
export async function callForBids(party: Party, init: CallForBids): Promise<CallOutcome> {
  const { peers, inputBytes, standingOf, openAuctionLog, onRefused, ...rules } = init
  const { random } = party.components
  const salt = parseSalt32(nonceOf(random.bytes(32)))
  assert(salt !== undefined, '32 bytes are a salt')
  const { skill, currency, reservePriceNanos: maxNanos, latencyMsMax, task: need } = rules
  const { filter } = rules
  const search = { skill, currency, maxNanos, latencyMsMax, inputBytes, need, peers, standingOf, filter }
  const sellers = await findSellers(party, search)
  const opensAt = await openingOf(party, { ...rules, salt })
  const call: AuctionCall = { ...rules, auctioneer: party.did, opensAt, salt }
  const outcome = await runCall(party, {
    call,
    sellers,
    log: await openAuctionLog(auctionIdOf(call)),
    standingOf,
    ...(onRefused && { onRefused }),
  })
  if (outcome.transcript !== undefined) await endWinnersDeposit(party, outcome.transcript, { isLost: false })
  return outcome
}

/** Now, by the clock that stamps the bids: the set's for open ones, if there is one. Throws as `stampHash`. */
export async function openingOf(
  party: Party,
  { kind, notarySet, currency, salt }: Pick<AuctionCall, 'kind' | 'notarySet' | 'currency' | 'salt'>,
): Promise<Timestamp> {
  if (kind !== 'english' || notarySet === undefined) return party.components.clock.now()
  const hash = sha256Hex(`kernell/auction/opening/v1 ${salt}`) as Hash
  return await stampHash(party, { act: `opening/${salt}`, hash, currency })
}
