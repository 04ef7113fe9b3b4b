import { amountFromNanos } from '../../base/money.ts'
import type { Did } from '../../core/evidence/names.ts'
import type { PeerOffer } from '../../core/peer-tier/peer-offer.ts'
import { askOffers, SELLERS_OF_NODE_MAX } from '../parties/buying/find-sellers.ts'
import { standingOf } from '../reputation/known-standing.ts'
import type { PartyPeerMarketInit, PeerBuyer } from './party-peer-init.ts'

/** Nodes that are asked at most. */
const NODES_MAX = 32

/**
 * The standing offers of all nodes that answer, with what this party's own books say of their sellers. Of each node the cheapest offers of `SELLERS_OF_NODE_MAX` sellers for a
 * skill: keys cost nothing, and no node may shut out others by having many.
 */
export async function readOffers(role: PeerBuyer, init: PartyPeerMarketInit): Promise<readonly PeerOffer[]> {
  const asked = init.skills.flatMap((skill) => {
    const nodes = [...new Set(init.peers(skill))].slice(0, NODES_MAX)
    return nodes.map(async (node) => await offersOf(role, init, { node, skill }))
  })
  return (await Promise.all(asked)).flat()
}

async function offersOf(
  { party, buyer, reputation }: PeerBuyer,
  { currency, custody }: PartyPeerMarketInit,
  { node, skill }: { readonly node: Did; readonly skill: string },
): Promise<readonly PeerOffer[]> {
  const signed = await askOffers(party, node, skill)
  const known = signed
    .filter(
      ({ message, envelope: { body } }) =>
        body.skill === skill && body.currency === currency && !party.keys.includes(message.evidence.iss),
    )
    .toSorted((left, right) => (left.envelope.body.priceNanos < right.envelope.body.priceNanos ? -1 : 1))
  const offers: PeerOffer[] = []
  for (const { message, envelope } of known) {
    const { iss: seller, envelope: id } = message.evidence
    if (offers.some((offer) => offer.seller === seller) || offers.length >= SELLERS_OF_NODE_MAX) continue
    const { node: _node, capabilities: _claims, ...terms } = envelope.body
    const priceNanos = amountFromNanos(terms.priceNanos)
    const roomNanos = await buyer.roomOf(seller, { currency, custody, priceNanos })
    const { reputationPpm } = standingOf(reputation, seller)
    offers.push({ ...terms, id, seller, node, priceNanos, reputationPpm, roomNanos })
  }
  return offers
}
