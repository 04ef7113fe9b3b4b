import type { Amount } from '../../../base/money.ts'
import { CodedError } from '../../../base/errors.ts'
import type { DurationMs, Timestamp } from '../../../base/time.ts'
import type { BidderFilter, ScoringRule } from '../../../core/auction/auction-call.ts'
import type { BidderStanding } from '../../../core/auction/determine-winner.ts'
import type { Did, Hash } from '../../../core/evidence/names.ts'
import type { Currency } from '../../../core/ledger/ledger-names.ts'
import { matchOffers } from '../../../core/market/match-offers.ts'
import { DIRECTORY_MACHINE, type DirectoryState, type StandingOffer } from '../../../core/market/offer-directory.ts'
import type { MarketPost } from '../../../wire/v1/market-frames.ts'
import type { ReadEnvelope } from '../market-door.ts'
import type { Party } from '../party.ts'

/** What a dead connection looks like to the first who asks over it. */
const DEAD_WIRE: ReadonlySet<string> = new Set(['NETWORK_TIMEOUT', 'NETWORK_UNREACHABLE'])

/** The price alone decides, unless a buyer says otherwise. */
export const PRICE_ALONE: ScoringRule = { price: 1, latency: 0, reputation: 0 }
/** Nodes that are asked for offers at most. */
export const PEERS_MAX = 64
/** Keys cost nothing: one node that offers under many of them takes no more places than this. */
export const SELLERS_OF_NODE_MAX = 2

/**
 * What is looked for in standing offers, and the nodes that are asked for them: the first `PEERS_MAX`. Offers above `maxNanos` (nano-units of `currency`)
 * or slower than `latencyMsMax` do not fit.
 */
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
  /** Told how many nodes were asked, and how many of them answered anything. */
  readonly onAsked?: (answers: AskedNodes) => void
}

export type AskedNodes = { readonly asked: number; readonly answered: number }

/** A standing offer that fits a search, and where its seller is asked. */
export type FoundSeller = {
  readonly offer: StandingOffer
  /** The node at which the seller is, by its offer. */
  readonly peer: Did
}

/**
 * Sellers whose standing offers fit, the best first; of each seller the best offer, of each node the best `SELLERS_OF_NODE_MAX`. Nodes that do not answer are left out.
 */
export async function findSellers(party: Party, search: SellerSearch): Promise<readonly FoundSeller[]> {
  const peers = [...new Set(search.peers)].slice(0, PEERS_MAX)
  const heard = await Promise.all(peers.map(async (peer) => await askForOffers(party, peer, search.skill)))
  const answers = heard.filter((answer) => answer !== undefined)
  search.onAsked?.({ asked: peers.length, answered: answers.length })
  return await fitEach(party, search, answers)
}

/** Those of a few offers that fit, by the same rules. */
export async function fitOffers(
  party: Party,
  search: Omit<SellerSearch, 'peers'>,
  offers: readonly SignedOffer[],
): Promise<readonly FoundSeller[]> {
  return await fitEach(
    party,
    search,
    offers.map((offer) => [offer]),
  )
}

async function fitEach(
  party: Party,
  search: Omit<SellerSearch, 'peers'>,
  answers: readonly (readonly SignedOffer[])[],
): Promise<readonly FoundSeller[]> {
  const at = party.components.clock.now()
  const standings = new Map<Did, BidderStanding>()
  const matched = async (found: readonly SignedOffer[]): Promise<readonly StandingOffer[]> => {
    for (const { message } of found) {
      const { iss } = message.evidence
      if (!standings.has(iss)) standings.set(iss, await search.standingOf(iss))
    }
    return matchSigned(found, { search, at, standings })
  }
  // Of each node by itself first, so that no number of offers of one shuts out those of another.
  const best: SignedOffer[] = []
  for (const answer of answers) {
    const ids = (await matched(answer)).slice(0, SELLERS_OF_NODE_MAX).map(({ id }) => id)
    best.push(...answer.filter(({ message }) => ids.includes(message.evidence.envelope)))
  }
  const nodeOf = new Map(best.map(({ message, envelope }) => [message.evidence.envelope, envelope.body.node]))
  return (await matched(best)).flatMap((offer) => {
    const peer = nodeOf.get(offer.id)
    return peer === undefined ? [] : [{ offer, peer }]
  })
}

type SignedOffer = ReadEnvelope<'market-offer'>

type MatchInit = {
  readonly search: Omit<SellerSearch, 'peers'>
  readonly at: Timestamp
  readonly standings: ReadonlyMap<Did, BidderStanding>
}

/** Those that fit, the best first; of each seller the best. */
function matchSigned(found: readonly SignedOffer[], { search, at, standings }: MatchInit): readonly StandingOffer[] {
  let directory: DirectoryState = DIRECTORY_MACHINE.initial({ at: 0 as Timestamp })
  for (const { message, envelope } of found) {
    const { node: _, ...terms } = envelope.body
    const event = { type: 'offer-published', ...message.evidence, at, terms } as const
    directory = DIRECTORY_MACHINE.transition(directory, event).state
  }
  const { skill, currency, maxNanos, latencyMsMax, inputBytes, need, filter } = search
  const rule = { maximumNanos: maxNanos, filter, weights: PRICE_ALONE }
  const { offers } = matchOffers(directory, { skill, currency, latencyMsMax, inputBytes, need, at, ...rule }, standings)
  const seen = new Set<Did>()
  return offers.filter(({ seller }) => !seen.has(seller) && seen.add(seller))
}

/** Offers of a node for a skill, as its sellers signed them; none where it does not answer. What names another node is left out: that one may repeat what it has read. */
export async function askOffers(party: Party, peer: Did, skill: string): Promise<readonly SignedOffer[]> {
  return (await askForOffers(party, peer, skill)) ?? []
}

/** The same; `undefined` where the node does not answer. */
async function askForOffers(party: Party, peer: Did, skill: string): Promise<readonly SignedOffer[] | undefined> {
  try {
    const question = { frame: { type: 'offers-wanted', skill } as const }
    const { door } = party.components
    const ask = async (): Promise<MarketPost> => await door.ask(peer, question, { signal: party.signal })
    // A connection may be dead without anybody knowing: the first question finds that out, and the next one takes another.
    const { frame } = await ask().catch(async (error: unknown) => {
      if (!CodedError.is(error) || !DEAD_WIRE.has(error.code) || party.isStopped) throw error
      return await ask()
    })
    if (frame.type !== 'offers') return []
    return frame.envelopes
      .flatMap((text) => party.read(text, 'market-offer') ?? [])
      .filter(({ envelope }) => envelope.body.node === peer)
  } catch (error: unknown) {
    if (!CodedError.is(error)) throw error
    // It is there, and has no part in the market.
    return error.code === 'NETWORK_PROTOCOL_UNKNOWN' ? [] : undefined
  }
}

/** Connected nodes at which a seller says that it is, by what it offers for a skill. */
export async function nodesOf(party: Party, seller: Did, skill: string): Promise<readonly Did[]> {
  const peers = party.components.door.peers.slice(0, PEERS_MAX)
  const offers = (await Promise.all(peers.map(async (peer) => await askOffers(party, peer, skill)))).flat()
  return offers.flatMap(({ envelope: { head, body } }) => (head.iss === seller ? [body.node] : []))
}
