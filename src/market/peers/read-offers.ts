import { amountFromNanos } from '../../base/money.ts'
import type { Timestamp } from '../../base/time.ts'
import type { Did } from '../../core/evidence/names.ts'
import { CARD_OFFERS_MAX, type CardOffer } from '../../core/market/agent-card.ts'
import type { CardEntry } from '../../core/market/card-directory.ts'
import type { PeerOffer } from '../../core/peer-tier/peer-offer.ts'
import { askOffers, SELLERS_OF_NODE_MAX } from '../parties/buying/find-sellers.ts'
import { standingOf } from '../reputation/known-standing.ts'
import type { PartyPeerMarketInit, PeerBuyer } from './party-peer-init.ts'

/** Nodes whose offers of a skill are read at most. */
const NODES_MAX = 32

/** A node that may offer a skill, with its card where that says what it offers. */
export type OfferPlace = {
  readonly node: Did
  readonly skill: string
  readonly entry: Pick<CardEntry, 'card' | 'until'> | undefined
}

type SignedOffers = Pick<OfferPlace, 'node' | 'skill'> & {
  readonly signed: readonly CardOffer[]
  readonly source: PeerOffer['source']
}

/** Where offers are read: of each skill the first nodes that may have some. */
export function placesOf({ skills, peers, cards }: PartyPeerMarketInit): readonly OfferPlace[] {
  return skills.flatMap((skill) =>
    [...new Set(peers(skill))].slice(0, NODES_MAX).map((node) => {
      const entry = cards?.cardOf(node)
      return { node, skill, entry: entry !== undefined && saysAll(entry, skill) ? entry : undefined }
    }),
  )
}

/** Nobody has room for more offers on a card: what a full one does not name may be there all the same. */
function saysAll({ card: { offers } }: Pick<CardEntry, 'card'>, skill: string): boolean {
  return offers.length < CARD_OFFERS_MAX || offers.some(({ terms }) => terms.skill === skill)
}

/**
 * Standing offers that are written on cards, with what this party's own books say of their sellers. They hold no longer than the card does: whoever is gone says nothing any
 * more.
 */
export async function readToldOffers(
  role: PeerBuyer,
  init: PartyPeerMarketInit,
  places: readonly OfferPlace[],
): Promise<readonly PeerOffer[]> {
  const read = places.flatMap((place) => {
    const { entry } = place
    if (entry === undefined || !entry.card.custody.includes(init.custody)) return []
    const endOf = (until: Timestamp): Timestamp => (until < entry.until ? until : entry.until)
    const signed = entry.card.offers.map(({ terms, ...names }) => ({
      ...names,
      terms: { ...terms, validUntil: endOf(terms.validUntil) },
    }))
    return [bestOf(role, init, { ...place, signed, source: 'card' })]
  })
  return (await Promise.all(read)).flat()
}

/** The standing offers of the nodes that have no card here, as each answers now; none of those that do not. */
export async function askForOffers(
  role: PeerBuyer,
  init: PartyPeerMarketInit,
  places: readonly OfferPlace[],
): Promise<readonly PeerOffer[]> {
  const asked = places
    .filter(({ entry }) => entry === undefined)
    .map(async (place) => {
      const answer = await askOffers(role.party, place.node, place.skill)
      const signed = answer.map(({ message: { evidence }, envelope: { body } }) => {
        const { node: _node, ...terms } = body
        return { id: evidence.envelope, seller: evidence.iss, terms }
      })
      return await bestOf(role, init, { ...place, signed, source: 'asked' })
    })
  return (await Promise.all(asked)).flat()
}

/** Of a node the cheapest offers of `SELLERS_OF_NODE_MAX` sellers for a skill: keys cost nothing, and no node may shut out others by having many. */
async function bestOf(
  { party, buyer, reputation }: PeerBuyer,
  { currency, custody }: PartyPeerMarketInit,
  { node, skill, signed, source }: SignedOffers,
): Promise<readonly PeerOffer[]> {
  const fitting = signed
    .filter(({ seller, terms }) => terms.skill === skill && terms.currency === currency && !party.keys.includes(seller))
    .toSorted((left, right) => (left.terms.priceNanos < right.terms.priceNanos ? -1 : 1))
  const offers: PeerOffer[] = []
  for (const { id, seller, terms } of fitting) {
    if (offers.some((offer) => offer.seller === seller) || offers.length >= SELLERS_OF_NODE_MAX) continue
    const { capabilities: _claims, ...rest } = terms
    const priceNanos = amountFromNanos(terms.priceNanos)
    const roomNanos = await buyer.roomOf(seller, { currency, custody, priceNanos })
    const { reputationPpm } = standingOf(reputation, seller)
    offers.push({ ...rest, id, seller, node, source, priceNanos, reputationPpm, roomNanos })
  }
  return offers
}
