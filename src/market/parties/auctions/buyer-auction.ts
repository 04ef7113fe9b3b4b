import { type Amount, amountFromNanos, ZERO_AMOUNT } from '../../../base/money.ts'
import { type DurationMs, durationFromMs, type Timestamp } from '../../../base/time.ts'
import { auctionIdOf, type AuctionCall, type EnglishRule } from '../../../core/auction/auction-call.ts'
import { LOST_DEPOSITS } from '../../../core/auction/deposits.ts'
import { parseSalt32, type Salt32 } from '../../../core/auction/delimited-hash.ts'
import type { Did } from '../../../core/evidence/names.ts'
import type { AuctionTranscript } from '../../../core/auction/auction-record.ts'
import { type Award, rankAwards } from '../../../core/auction/rank-awards.ts'
import { readAuctionFile } from '../../auctions/auction-file.ts'
import type { OrderNote, PassedOver } from '../buying/buy-order.ts'
import type { BuyerSide, ChosenSeller } from '../buying/buyer-side.ts'
import { auctionFileOf, type DeclinedCall } from './call-post.ts'
import { searchFor } from '../buying/search-for.ts'
import { joinedNode, joinedSellers } from './open-calls.ts'
import { newcomerPriceMax, refuseExposure } from '../buying/exposure.ts'
import { type FoundSeller, nodesOf, PRICE_ALONE } from '../buying/find-sellers.ts'
import { filterOf } from '../buying/orders.ts'
import { PARTY_CODES } from '../party-codes.ts'
import { type CallInit, openingOf, runCall } from './run-call.ts'
import { taskHashOf } from '../contracts/task-package.ts'
import { nonceOf } from '../accounts/wallet.ts'

/** Bids of one auction at most. Everybody keeps each open one, and its receipt. */
export const SEALED_BIDS_MAX = 64
const OPEN_BIDS_MAX = 128
/** T_bid of an auction that is announced to everybody, at least. */
const OPEN_BID_MS: DurationMs = durationFromMs(10_000)

/** Whom an auction gives the work to, at what it clears at for it; `undefined` where there is nobody, and why, as those said that were asked. */
export type OwnAuction = { readonly chosen: ChosenSeller | undefined; readonly detail: string | undefined }

/**
 * The auction of a purchase, which its buyer holds. It is one and the same however often it is asked for: its winner comes first, and behind everybody who has declined
 * the contract the next one in the ranking.
 */
export async function holdOwnAuction(side: BuyerSide, { key, sellers }: Candidates): Promise<OwnAuction> {
  const said: DeclinedCall[] = []
  const onDeclined = (declined: DeclinedCall): void => void said.push(declined)
  const transcript = (await keptTranscript(side, key)) ?? (await runOwnCall(side, { key, sellers, onDeclined }))
  const { declined } = side.orders.get(key)
  const all = [...sellers, ...(await joinedOf(side, key))]
  const passed: PassedOver[] = []
  for (const { bidder: seller, priceNanos } of transcript === undefined ? [] : rankAwards(transcript)) {
    if (declined.includes(seller)) continue
    const known = all.find(({ offer }) => offer.seller === seller)?.peer
    const outcome = known === undefined ? await findBidder(side, key, { bidder: seller, priceNanos }) : { peer: known }
    if ('peer' in outcome) {
      await keepPassed(side, key, passed)
      return { chosen: { seller, peer: outcome.peer, priceNanos }, detail: undefined }
    }
    passed.push({ seller, ...outcome })
  }
  await keepPassed(side, key, passed)
  const why = [...(said.length === 0 ? [] : [detailOf(said)]), ...passed.map(({ detail }) => detail)]
  return { chosen: undefined, detail: why.length === 0 ? undefined : why.join(' ') }
}

/** Where a bidder is that is not among those whose offers fit now: its bid holds, whatever it offers meanwhile; or why it is passed over. */
async function findBidder(
  side: BuyerSide,
  key: string,
  { bidder, priceNanos }: Award,
): Promise<{ readonly peer: Did } | Omit<PassedOver, 'seller'>> {
  const { party, orders } = side
  const { request } = orders.get(key)
  if (bidder === party.did || request.sellers?.includes(bidder) === false)
    return { code: 'BIDDER_NOT_WANTED', detail: `${bidder} has bid, and is not among the sellers of this purchase.` }
  const exposure = await refuseExposure(side, { key, seller: bidder, priceNanos })
  if (exposure !== undefined) return { code: 'BUY_EXPOSURE', detail: exposure }
  const joined = request.isOpenCall === true ? joinedNode(party, callOf(side, key), bidder) : undefined
  const peer = joined ?? (await nodesOf(party, bidder, request.skill)).at(0)
  if (peer !== undefined) return { peer }
  return { code: 'BIDDER_NOT_FOUND', detail: `${bidder} has bid, and no node says that it is there.` }
}

/** Whoever paid more than the best bid wants to know why. */
async function keepPassed({ orders }: BuyerSide, key: string, passedOver: readonly PassedOver[]): Promise<void> {
  const before = orders.get(key).passedOver ?? []
  if (passedOver.length > 0 || before.length > 0) await orders.change(key, { passedOver })
}

/** The transcript of a purchase's auction, once it has ended; `undefined` before, and where there is none. */
export async function keptTranscript(
  { party, orders }: BuyerSide,
  key: string,
): Promise<AuctionTranscript | undefined> {
  const { transcriptFile } = orders.get(key)
  const bytes = transcriptFile === undefined ? undefined : await party.journal.file(transcriptFile)
  return bytes === undefined ? undefined : readAuctionFile(bytes)?.transcript
}

async function runOwnCall(
  side: BuyerSide,
  { key, sellers, onDeclined }: Candidates & { readonly onDeclined: (declined: DeclinedCall) => void },
): Promise<AuctionTranscript | undefined> {
  const { party, orders, standingOf } = side
  if (orders.get(key).call === undefined) await orders.change(key, { call: await openCall(side, { key, sellers }) })
  const call = callOf(side, key)
  const auction = auctionIdOf(call)
  const log = await side.openAuctionLog(auction)
  const { transcript, transcriptHash } = await runCall(party, {
    call,
    sellers,
    log,
    standingOf,
    onDeclined,
    onCalled: openTo(side, key, call),
  })
  const transcriptFile = transcript && (await party.journal.keepFile(auction, auctionFileOf(party, transcript)))
  await orders.change(key, {
    auction,
    ...(transcriptHash !== undefined && { transcript: transcriptHash }),
    ...(transcriptFile !== undefined && { transcriptFile }),
  })
  return transcript
}

/** How a call becomes one to everybody; `undefined` where it is for those that are known. */
function openTo(side: BuyerSide, key: string, call: AuctionCall): CallInit['onCalled'] {
  const { openCalls, orders } = side
  if (orders.get(key).request.isOpenCall !== true) return undefined
  const isWelcome = async ({ offer: { seller, terms } }: FoundSeller): Promise<boolean> => {
    const { declined, request } = orders.get(key)
    if (declined.includes(seller) || request.sellers?.includes(seller) === false) return false
    return (await refuseExposure(side, { key, seller, priceNanos: terms.priceNanos })) === undefined
  }
  return (text, invite) => openCalls.begin({ call, search: searchFor(side, key), isWelcome, invite }, text)
}

/** Who has come by the announcement. */
async function joinedOf(side: BuyerSide, key: string): Promise<readonly FoundSeller[]> {
  if (side.orders.get(key).request.isOpenCall !== true) return []
  return await joinedSellers(side.party, { call: callOf(side, key), search: searchFor(side, key) })
}

/** Each reason once, with who gave it first. */
function detailOf(said: readonly DeclinedCall[]): string {
  const firsts = new Map(said.toReversed().map(({ bidder, code }) => [code, bidder]))
  return [...firsts].map(([code, bidder]) => `${bidder} does not bid: ${code}. ${causeOf(code)}`).join(' ')
}

function causeOf(code: string): string {
  const known = Object.entries(PARTY_CODES).find(([name]) => name === code)?.[1]
  return known === undefined ? '' : `${known.cause} ${known.remedy}`
}

type Candidates = { readonly key: string; readonly sellers: readonly FoundSeller[] }

/** What the call says besides the request. */
async function openCall(side: BuyerSide, candidates: Candidates): Promise<NonNullable<OrderNote['call']>> {
  const { party, orders, policy } = side
  const { currency, custody, maxNanos, depositNanos } = orders.get(candidates.key).request
  const bounds = boundsOf(side, candidates)
  const { kind } = bounds
  const salt = saltOf(nonceOf(party.components.random.bytes(32)))
  const { notarySet, depositPerMillion } = policy
  const opensAt = await openingOf(party, { kind, notarySet: notarySet.id, currency, salt })
  const usual = custody === 'C1' ? ZERO_AMOUNT : usualDeposit(maxNanos, depositPerMillion, candidates.sellers)
  return { ...bounds, salt, opensAt, depositNanos: kind === 'english' ? '0' : (depositNanos ?? usual.toString()) }
}

/**
 * A share of the highest price; not more than a twentieth of the lowest offer, since a seller puts up no more than a share of what it asks. But a tenth of that share is
 * asked in any case, or a twentieth of the highest offer: else whoever offers for next to nothing takes the deposit from all. Whoever is too cheap to carry it does not bid.
 */
function usualDeposit(maxNanos: string, perMillion: number, sellers: readonly FoundSeller[]): Amount {
  const share = BigInt(maxNanos) * BigInt(perMillion)
  const twentieths = sellers.map(({ offer }) => offer.terms.priceNanos / 20n).toSorted((a, b) => (a < b ? -1 : 1))
  const usual = leastOf(share / 1_000_000n, twentieths.at(0))
  // A nano at least, of whatever highest price.
  const least = leastOf((share + 9_999_999n) / 10_000_000n, twentieths.at(-1))
  return amountFromNanos(usual > least ? usual : least)
}

function leastOf(nanos: bigint, bound: bigint | undefined): bigint {
  return bound === undefined || nanos < bound ? nanos : bound
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
    // A seller keeps room for a contract that wants it no sooner.
    latencyMsMax: durationFromMs(Math.min(policy.latencyMsMax, request.timers?.deliverMs ?? policy.latencyMsMax)),
    depositNanos: amountFromNanos(BigInt(call.depositNanos)),
    forfeitTo: LOST_DEPOSITS,
    // The clock's, written down before.
    opensAt: call.opensAt as Timestamp,
    ...policy.windows,
    ...(request.isOpenCall === true && { bidMs: openWindow(policy.windows.bidMs) }),
    ...(kind === 'english' && { revealMs: 0 as DurationMs }),
    bidsMax: kind === 'english' ? OPEN_BIDS_MAX : SEALED_BIDS_MAX,
    filter: { ...filterOf(request), newcomerExposureNanos: amountFromNanos(BigInt(newcomerNanos)) },
    weights: PRICE_ALONE,
    english: kind === 'english' ? englishRule(side, request.maxNanos) : undefined,
    notarySet: policy.notarySet.id,
    salt: saltOf(call.salt),
    custody: request.custody,
  }
}

/** Whoever hears of it by others has to hear, and to come. */
function openWindow(bidMs: DurationMs): DurationMs {
  return bidMs < OPEN_BID_MS ? OPEN_BID_MS : bidMs
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
