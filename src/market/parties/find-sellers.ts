import type { Amount } from '../../base/money.ts'
import { CodedError } from '../../base/errors.ts'
import type { DurationMs, Timestamp } from '../../base/time.ts'
import type { BidderFilter, ScoringRule } from '../../core/auction/auction-call.ts'
import type { BidderStanding } from '../../core/auction/determine-winner.ts'
import type { Did, Hash } from '../../core/evidence/names.ts'
import type { Currency } from '../../core/ledger/ledger-names.ts'
import { matchOffers } from '../../core/market/match-offers.ts'
import { DIRECTORY_MACHINE, type DirectoryState, type StandingOffer } from '../../core/market/offer-directory.ts'
import type { Party } from './party.ts'

/** The price alone decides, unless a buyer says otherwise. */
export const PRICE_ALONE: ScoringRule = { price: 1, latency: 0, reputation: 0 }
/** Nodes that are asked for offers at most. */
const PEERS_MAX = 64

export type SellerSearch = {
  readonly skill: string
  readonly currency: Currency
  readonly maxNanos: Amount
  readonly latencyMsMax: DurationMs
  readonly inputBytes: number
  /** Orders what costs the same. */
  readonly need: Hash
  readonly peers: readonly Did[]
  readonly standingOf: (seller: Did) => Promise<BidderStanding>
  /** Who may work at all. */
  readonly filter: BidderFilter
}

export type FoundSeller = {
  readonly offer: StandingOffer
  /** The node at which the offer was found. */ readonly peer: Did
}

/** Sellers whose standing offers fit, the best first; of each seller the best offer. Nodes that do not answer are left out. */
export async function findSellers(party: Party, search: SellerSearch): Promise<readonly FoundSeller[]> {
  const at = party.components.clock.now()
  const peerOf = new Map<Did, Did>()
  let directory: DirectoryState = DIRECTORY_MACHINE.initial({ at: 0 as Timestamp })
  const answers = await Promise.all(
    search.peers.slice(0, PEERS_MAX).map(async (peer) => await askOffers(party, peer, search.skill)),
  )
  for (const { peer, envelopes } of answers) {
    for (const text of envelopes) {
      const read = party.read(text, 'market-offer')
      if (read === undefined) continue
      const { evidence } = read.message
      const event = { type: 'offer-published', ...evidence, at, terms: read.envelope.body } as const
      directory = DIRECTORY_MACHINE.transition(directory, event).state
      if (!peerOf.has(evidence.iss)) peerOf.set(evidence.iss, peer)
    }
  }
  const standings = new Map<Did, BidderStanding>()
  for (const seller of peerOf.keys()) standings.set(seller, await search.standingOf(seller))
  const { skill, currency, maxNanos, latencyMsMax, inputBytes, need } = search
  const { offers } = matchOffers(
    directory,
    {
      skill,
      currency,
      maximumNanos: maxNanos,
      latencyMsMax,
      inputBytes,
      filter: search.filter,
      weights: PRICE_ALONE,
      need,
      at,
    },
    standings,
  )
  const seen = new Set<Did>()
  return offers.flatMap((offer) => {
    const peer = peerOf.get(offer.seller)
    if (peer === undefined || seen.has(offer.seller)) return []
    seen.add(offer.seller)
    return [{ offer, peer }]
  })
}

/** Offers of a node for a skill, as it signed them; none where it does not answer. */
export async function askOffers(
  party: Party,
  peer: Did,
  skill: string,
): Promise<{ readonly peer: Did; readonly envelopes: readonly string[] }> {
  try {
    const question = { frame: { type: 'offers-wanted', skill } as const }
    const { frame } = await party.components.door.ask(peer, question, { signal: party.signal })
    return { peer, envelopes: frame.type === 'offers' ? frame.envelopes : [] }
  } catch (error: unknown) {
    if (!CodedError.is(error)) throw error
    return { peer, envelopes: [] }
  }
}
