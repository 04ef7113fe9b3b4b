import type { CivilDate } from '../../core/models/civil-date.ts'
import type { ModelEntry, PeerTerms } from '../../core/models/model-entry.ts'
import type { PeerOffer } from '../../core/peer-tier/peer-offer.ts'

/** What two signatures, a hold and a delivery take beside the work, where it was not measured. */
const PURCHASE_MS = 1_500
/** Windows of a sealed auction: bids, reveals, and the time to name the winner. */
const AUCTION_MS = 6_000

export type EntryInit = {
  readonly isAuction: boolean
  /** Nano-dollars that are paid at most. */
  readonly paidNanos: bigint
  /** Chance of a right answer. */
  readonly right: number
  readonly latencyMs: number
  readonly today: CivilDate
  readonly peer: PeerTerms
}

/** The time from order to answer: as it was seen of the seller, else what it says and what a purchase takes. */
export function latencyOf({ latencyMs }: PeerOffer, seenMs: number | undefined): number {
  return seenMs ?? latencyMs + PURCHASE_MS
}

/** An offer, or an auction among several, as the policy sees a model. Its name is the seller's, so that what is learned of it outlives the offer. */
export function entryOfOffers(
  [{ skill, seller }]: readonly [PeerOffer, ...PeerOffer[]],
  { isAuction, paidNanos, right, latencyMs, today, peer }: EntryInit,
): ModelEntry {
  const model = `${skill}/${isAuction ? 'auction' : seller}`
  return {
    id: `peer/${model}`,
    provider: 'peer',
    model,
    tier: 'peer',
    difficultyMax: 5,
    specialties: [],
    prices: [
      {
        inputNanosPerMillion: 0n,
        outputNanosPerMillion: 0n,
        callNanos: paidNanos,
        contextTiers: [],
        source: 'standing offer',
        checkedOn: today,
      },
    ],
    capabilities: { tools: false, vision: false, jsonSchema: false, logprobs: false, streaming: true },
    measured: { quality: right, latencyMs: latencyMs + (isAuction ? AUCTION_MS : 0) },
    aliases: [],
    peer,
  }
}
