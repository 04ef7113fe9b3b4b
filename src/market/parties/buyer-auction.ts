import { type Amount, amountFromNanos, ZERO_AMOUNT } from '../../base/money.ts'
import type { DurationMs, Timestamp } from '../../base/time.ts'
import { auctionIdOf, type AuctionCall, type EnglishRule } from '../../core/auction/auction-call.ts'
import { parseSalt32, type Salt32 } from '../../core/auction/delimited-hash.ts'
import { transcriptBytes } from '../auctions/auction-journal.ts'
import type { OrderNote } from './buy-order.ts'
import type { BuyerSide, ChosenSeller } from './buyer-side.ts'
import { newcomerPriceMax } from './exposure.ts'
import { type FoundSeller, PRICE_ALONE } from './find-sellers.ts'
import { filterOf } from './orders.ts'
import { openingOf, runCall } from './run-call.ts'
import { taskHashOf } from './task-package.ts'
import { nonceOf } from './wallet.ts'

/** Bids of one auction at most. Everybody keeps each open one, and its receipt. */
const SEALED_BIDS_MAX = 64
const OPEN_BIDS_MAX = 128

/** The auction of a purchase, which its buyer holds. It is one and the same however often it is asked for. @returns Its winner, at what it clears at. */
export async function holdOwnAuction(
  side: BuyerSide,
  { key, sellers }: { readonly key: string; readonly sellers: readonly FoundSeller[] },
): Promise<ChosenSeller | undefined> {
  const { party, orders, standingOf } = side
  if (orders.get(key).call === undefined) await orders.change(key, { call: await openCall(side, { key, sellers }) })
  const call = callOf(side, key)
  const auction = auctionIdOf(call)
  const log = await side.openAuctionLog(auction)
  const { awarded, transcript, transcriptHash } = await runCall(party, { call, sellers, log, standingOf })
  const found = sellers.find(({ offer }) => offer.seller === awarded?.winner)
  const transcriptFile = transcript && (await party.journal.keepFile(auction, transcriptBytes(transcript)))
  await orders.change(key, {
    auction,
    ...(transcriptHash !== undefined && { transcript: transcriptHash }),
    ...(transcriptFile !== undefined && { transcriptFile }),
  })
  return awarded === undefined || found === undefined ? undefined : { found, priceNanos: awarded.clearingNanos }
}

type Candidates = { readonly key: string; readonly sellers: readonly FoundSeller[] }

/** What the call says besides the request. Whoever would get lost deposits itself asks for none. */
async function openCall(side: BuyerSide, candidates: Candidates): Promise<NonNullable<OrderNote['call']>> {
  const { party, orders, policy } = side
  const { currency, custody, maxNanos, depositNanos } = orders.get(candidates.key).request
  const bounds = boundsOf(side, candidates)
  const { kind } = bounds
  const salt = saltOf(nonceOf(party.components.random.bytes(32)))
  const { notarySet, depositPerMillion } = policy
  const opensAt = await openingOf(party, { kind, notarySet: notarySet.id, currency, salt })
  const usual = custody === 'C1' ? ZERO_AMOUNT : shareOf(maxNanos, depositPerMillion)
  const isFree = kind === 'english' || notarySet.feeOwner === party.did
  return { ...bounds, salt, opensAt, depositNanos: isFree ? '0' : (depositNanos ?? usual.toString()) }
}

/**
 * The second price protects a buyer only where there is a second one: a single bidder would be paid the reserve price. So the reserve is what the best of the
 * others asks of everybody, and among less than two sellers the price is what the winner bids.
 */
function boundsOf(
  side: BuyerSide,
  { key, sellers }: Candidates,
): Pick<NonNullable<OrderNote['call']>, 'kind' | 'reserveNanos' | 'newcomerNanos'> {
  const { auction = 'first', maxNanos } = side.orders.get(key).request
  const [, second] = sellers.map(({ offer }) => offer.terms.priceNanos).toSorted((one, other) => (one < other ? -1 : 1))
  const newcomerNanos = newcomerPriceMax(side, key).toString()
  if (auction === 'english') return { kind: 'english', reserveNanos: maxNanos, newcomerNanos }
  if (auction === 'first' || second === undefined) return { kind: 'first', reserveNanos: maxNanos, newcomerNanos }
  return { kind: 'second', reserveNanos: second.toString(), newcomerNanos }
}

function callOf(side: BuyerSide, key: string): AuctionCall {
  const { party, orders, policy } = side
  const { request, task, call } = orders.get(key)
  if (call === undefined) throw new TypeError('An auction has a call')
  const { kind, newcomerNanos } = call
  return {
    auctioneer: party.did,
    buyer: party.did,
    skill: request.skill,
    task: taskHashOf(task),
    currency: request.currency,
    kind: call.kind,
    reservePriceNanos: amountFromNanos(BigInt(call.reserveNanos)),
    latencyMsMax: policy.latencyMsMax,
    depositNanos: amountFromNanos(BigInt(call.depositNanos)),
    forfeitTo: policy.notarySet.feeOwner,
    // The clock's, written down before.
    opensAt: call.opensAt as Timestamp,
    ...policy.windows,
    ...(kind === 'english' && { revealMs: 0 as DurationMs }),
    bidsMax: kind === 'english' ? OPEN_BIDS_MAX : SEALED_BIDS_MAX,
    filter: { ...filterOf(request), newcomerExposureNanos: amountFromNanos(BigInt(newcomerNanos)) },
    weights: PRICE_ALONE,
    english: kind === 'english' ? englishRule(side, request.maxNanos) : undefined,
    notarySet: policy.notarySet.id,
    salt: saltOf(call.salt),
  }
}

/** A bid in the last quarter moves the end by as much. */
function englishRule({ policy }: BuyerSide, maxNanos: string): EnglishRule {
  const { bidMs } = policy.windows
  const quarterMs = Math.floor(bidMs / 4) as DurationMs
  const share = shareOf(maxNanos, policy.decrementPerMillion)
  const minimumDecrementNanos = share === ZERO_AMOUNT ? amountFromNanos(1n) : share
  return { minimumDecrementNanos, extensionWindowMs: quarterMs, extensionMs: quarterMs, extensionsMax: 20 }
}

function shareOf(nanos: string, perMillion: number): Amount {
  return amountFromNanos((BigInt(nanos) * BigInt(perMillion)) / 1_000_000n)
}

function saltOf(text: string): Salt32 {
  const salt = parseSalt32(text)
  if (salt === undefined) throw new TypeError('32 bytes are a salt')
  return salt
}
