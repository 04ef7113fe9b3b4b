import { canonicalJson } from '../../base/canonical-json.ts'
import { amountFromNanos, ZERO_AMOUNT } from '../../base/money.ts'
import type { Timestamp } from '../../base/time.ts'
import { auctionIdOf, type AuctionCall } from '../../core/auction/auction-call.ts'
import { formatAuctionValue } from '../../core/auction/auction-codec.ts'
import type { AuctionTranscript } from '../../core/auction/auction-record.ts'
import { parseSalt32 } from '../../core/auction/delimited-hash.ts'
import type { BuyerSide, ChosenSeller } from './buyer-side.ts'
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
  if (orders.get(key).call === undefined)
    await orders.change(key, { call: { salt: nonceOf(random.bytes(32)), opensAt: clock.now() } })
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

function callOf({ party, orders, policy }: BuyerSide, key: string): AuctionCall {
  const { request, task, call } = orders.get(key)
  const salt = parseSalt32(call?.salt ?? '')
  if (salt === undefined || call === undefined) throw new TypeError('An auction has a salt')
  const reservePriceNanos = amountFromNanos(BigInt(request.maxNanos))
  return {
    auctioneer: party.did,
    buyer: party.did,
    skill: request.skill,
    task: taskHashOf(task),
    currency: request.currency,
    kind: request.auction ?? 'first',
    reservePriceNanos,
    latencyMsMax: policy.latencyMsMax,
    depositNanos: ZERO_AMOUNT,
    forfeitTo: policy.notarySet.feeOwner,
    // The clock's, written down before.
    opensAt: call.opensAt as Timestamp,
    ...policy.windows,
    bidsMax: 64,
    filter: { capabilities: [], reputationPpmMin: 0, newcomerExposureNanos: reservePriceNanos },
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
