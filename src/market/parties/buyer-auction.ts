import { canonicalJson } from '../../base/canonical-json.ts'
import { amountFromNanos, ZERO_AMOUNT } from '../../base/money.ts'
import type { Timestamp } from '../../base/time.ts'
import { auctionIdOf, type AuctionCall } from '../../core/auction/auction-call.ts'
import { formatAuctionValue } from '../../core/auction/auction-codec.ts'
import type { AuctionTranscript } from '../../core/auction/auction-record.ts'
import { parseSalt32 } from '../../core/auction/delimited-hash.ts'
import type { OrderNote } from './buy-order.ts'
import type { BuyerSide, ChosenSeller } from './buyer-side.ts'
import { newcomerPriceMax } from './exposure.ts'
import { type FoundSeller, PRICE_ALONE } from './find-sellers.ts'
import { runCall } from './run-call.ts'
import { taskHashOf } from './task-package.ts'
import { nonceOf } from './wallet.ts'

const ENCODER: { encode(text: string): Uint8Array } = new TextEncoder()

/** The auction of a purchase, which its buyer holds. It is one and the same however often it is asked for. @returns Its winner, at what it clears at. */
export async function holdOwnAuction(
  side: BuyerSide,
  { key, sellers }: { readonly key: string; readonly sellers: readonly FoundSeller[] },
): Promise<ChosenSeller | undefined> {
  const { party, orders, standingOf } = side
  const { random, clock } = party.components
  if (orders.get(key).call === undefined) {
    const salt = nonceOf(random.bytes(32))
    await orders.change(key, { call: { salt, opensAt: clock.now(), ...boundsOf(side, { key, sellers }) } })
  }
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

/**
 * The second price protects a buyer only where there is a second one: a single bidder would be paid the reserve price. So the reserve is what the best of the
 * others asks of everybody, and among less than two sellers the price is what the winner bids.
 */
function boundsOf(
  side: BuyerSide,
  { key, sellers }: { readonly key: string; readonly sellers: readonly FoundSeller[] },
): Pick<NonNullable<OrderNote['call']>, 'kind' | 'reserveNanos' | 'newcomerNanos'> {
  const { auction = 'first', maxNanos } = side.orders.get(key).request
  const [, second] = sellers.map(({ offer }) => offer.terms.priceNanos).toSorted((one, other) => (one < other ? -1 : 1))
  const newcomerNanos = newcomerPriceMax(side, key).toString()
  if (auction === 'first' || second === undefined) return { kind: 'first', reserveNanos: maxNanos, newcomerNanos }
  return { kind: 'second', reserveNanos: second.toString(), newcomerNanos }
}

function callOf({ party, orders, policy }: BuyerSide, key: string): AuctionCall {
  const { request, task, call } = orders.get(key)
  const salt = parseSalt32(call?.salt ?? '')
  if (salt === undefined || call === undefined) throw new TypeError('An auction has a salt')
  return {
    auctioneer: party.did,
    buyer: party.did,
    skill: request.skill,
    task: taskHashOf(task),
    currency: request.currency,
    kind: call.kind,
    reservePriceNanos: amountFromNanos(BigInt(call.reserveNanos)),
    latencyMsMax: policy.latencyMsMax,
    depositNanos: ZERO_AMOUNT,
    forfeitTo: policy.notarySet.feeOwner,
    // The clock's, written down before.
    opensAt: call.opensAt as Timestamp,
    ...policy.windows,
    bidsMax: 64,
    filter: {
      capabilities: [],
      reputationPpmMin: 0,
      newcomerExposureNanos: amountFromNanos(BigInt(call.newcomerNanos)),
    },
    weights: PRICE_ALONE,
    english: undefined,
    notarySet: undefined,
    salt,
  }
}

/** What anybody recomputes the auction from. */
function transcriptBytes(transcript: AuctionTranscript): Uint8Array {
  return ENCODER.encode(canonicalJson(formatAuctionValue(transcript)))
}
