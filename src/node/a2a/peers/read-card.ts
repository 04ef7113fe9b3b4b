import { A2A_PROTOCOL_VERSION, AGENT_CARD_PATH, AgentCard, type AgentInterface } from '@a2a-js/sdk'
import { CodedError } from '../../../base/errors.ts'
import type { A2aPeerConfig } from '../../config/a2a-config.ts'
import { isSignedBy, readPinnedKey } from './verify-card.ts'

/** A card that was fetched and checked, with the ways in that both sides know. */
export type CheckedCard = { readonly card: AgentCard; readonly trust: 'pinned' | 'unpinned' }

const BINDINGS: ReadonlySet<string> = new Set(['JSONRPC', 'HTTP+JSON'])
export const CARD_BYTES_MAX = 262_144
const SKILLS_MAX = 256

/** Where the card of a peer is: an address without a path has it at the place that is known to all. */
export function cardUrlOf({ card }: Pick<A2aPeerConfig, 'card'>): string {
  const url = new URL(card)
  return url.pathname === '/' ? new URL(`/${AGENT_CARD_PATH.replace(/^\//, '')}`, url).href : url.href
}

/**
 * Reads what came from a card's address. Only ways in at the card's own origin are kept: a card says nothing about other machines.
 *
 * Throws `A2A_CARD_INVALID`, and `A2A_CARD_UNTRUSTED` where no signature is by the key that the operator named.
 */
export function readCard(text: string, peer: A2aPeerConfig & { readonly name: string }): CheckedCard {
  const card = parseCard(text, peer.name)
  if (peer.key !== undefined) {
    const key = readPinnedKey(peer.key)
    if (key === undefined || !isSignedBy(card, key))
      throw new CodedError('A2A_CARD_UNTRUSTED', {
        message: `The card of ${peer.name} is not signed with the key that is configured for it`,
        details: { peer: peer.name, signatures: card.signatures.length },
      })
  }
  const { origin } = new URL(peer.card)
  const supportedInterfaces = card.supportedInterfaces.filter((each) => isUsable(each, origin))
  if (supportedInterfaces.length === 0)
    throw invalid(peer.name, 'has no interface of A2A 1.0 over JSON-RPC or HTTP+JSON at its own address')
  return { card: { ...card, supportedInterfaces }, trust: peer.key === undefined ? 'unpinned' : 'pinned' }
}

function parseCard(text: string, peer: string): AgentCard {
  let card: AgentCard
  try {
    card = AgentCard.fromJSON(JSON.parse(text))
  } catch {
    throw invalid(peer, 'is no card of an agent')
  }
  if (card.name === '' || card.skills.length > SKILLS_MAX) throw invalid(peer, 'is no card of an agent')
  return card
}

function isUsable({ url, protocolBinding, protocolVersion, tenant }: AgentInterface, origin: string): boolean {
  const isKnown = BINDINGS.has(protocolBinding) && protocolVersion === A2A_PROTOCOL_VERSION && tenant === ''
  return isKnown && URL.canParse(url) && new URL(url).origin === origin
}

function invalid(peer: string, what: string): CodedError {
  return new CodedError('A2A_CARD_INVALID', {
    message: `What is at the card's address of ${peer} ${what}`,
    details: { peer },
  })
}
