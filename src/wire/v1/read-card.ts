/**
 * A card as it comes by gossip, judged as whoever passed it on could have judged it. What only clocks or networks make wrong is `ignore`d; what no honest node passes on
 * is to be `reject`ed. Cheap questions come first: `decodeCard` asks for no key, `verifyCard` looks at every signature.
 *
 * @see protocol/spec/gossip.md#cards
 */
import type { CardReadRefusal } from '../../core/market/card-codes.ts'
import type { EnvelopeRefusal } from '../../core/evidence/envelope-refusals.ts'
import { type AgentCard, CARD_VALIDITY_MS_MAX, type CardOffer, type CardReceipt } from '../../core/market/agent-card.ts'
import { utf8Bytes } from '../../core/text/encode-utf8.ts'
import { type AuthenticateInit, signatureRefusalOf, timeRefusalOf } from './authenticate.ts'
import { decodeEnvelope, type EnvelopeOf } from './envelope.ts'
import type { MessageType } from './message-types.ts'

export type CardInit = Pick<AuthenticateInit, 'verify' | 'now' | 'clockSkewMs' | 'network'>

export type CardRefused = {
  readonly kind: 'refused'
  readonly verdict: 'ignore' | 'reject'
  readonly code: EnvelopeRefusal | CardReadRefusal
}

export type DecodedCard = {
  readonly kind: 'decoded'
  readonly envelope: EnvelopeOf<'agent-card'>
  readonly text: string
}

const IGNORED: ReadonlySet<string> = new Set([
  'ENVELOPE_NETWORK_WRONG',
  'ENVELOPE_NOT_YET_VALID',
  'ENVELOPE_EXPIRED',
] satisfies EnvelopeRefusal[])

/** The card of bytes, its signatures not looked at. Never throws. */
export function decodeCard(bytes: Uint8Array, init: CardInit): DecodedCard | CardRefused {
  const decoded = decodeEnvelope(bytes)
  if (decoded.kind === 'refused') return refused(decoded.code)
  const { envelope, text } = decoded
  if (envelope.type !== 'agent-card') return refused('CARD_TYPE_WRONG')
  const { head } = envelope
  if (head.net !== init.network) return refused('ENVELOPE_NETWORK_WRONG')
  if (head.aud !== '*') return refused('ENVELOPE_AUDIENCE_WRONG')
  if (head.contract !== undefined) return refused('CARD_TYPE_WRONG')
  if (head.exp - head.iat > CARD_VALIDITY_MS_MAX) return refused('CARD_VALIDITY_WRONG')
  const late = timeRefusalOf(head, init)
  return late === undefined ? { kind: 'decoded', envelope, text } : refused(late)
}

/** What a decoded card says, every word of it by whoever had to say it. Offers that are not valid any more are left out. Never throws. */
export function verifyCard(
  { envelope }: Pick<DecodedCard, 'envelope'>,
  init: CardInit,
): { readonly kind: 'card'; readonly card: AgentCard } | CardRefused {
  const wrong = signatureRefusalOf(envelope, init.verify)
  if (wrong !== undefined) return refused(wrong)
  const { accounts, addresses, custody, models } = envelope.body
  const offers = readOffers(envelope, init)
  if (typeof offers === 'string') return refused(offers)
  const receipts = readReceipts(envelope, init)
  if (typeof receipts === 'string') return refused(receipts)
  return {
    kind: 'card',
    card: { node: envelope.head.iss, accounts, addresses, custody, models, offers, receipts },
  }
}

function readOffers({ head, body }: EnvelopeOf<'agent-card'>, init: CardInit): readonly CardOffer[] | CardReadRefusal {
  const offers: CardOffer[] = []
  for (const text of body.offers) {
    const offer = readSigned(text, 'market-offer', init)
    if (offer === undefined || offer.head.aud !== '*') return 'CARD_OFFER_WRONG'
    const { node, ...terms } = offer.body
    if (node !== head.iss) return 'CARD_OFFER_ELSEWHERE'
    if (!body.accounts.includes(offer.head.iss)) return 'CARD_OFFER_STRANGER'
    const isValid = init.now < terms.validUntil && timeRefusalOf(offer.head, init) === undefined
    if (isValid) offers.push({ id: offer.hash, seller: offer.head.iss, terms })
  }
  return offers
}

function readReceipts({ body }: EnvelopeOf<'agent-card'>, init: CardInit): readonly CardReceipt[] | CardReadRefusal {
  const receipts: CardReceipt[] = []
  for (const text of body.receipts) {
    const receipt = readSigned(text, 'reputation-receipt', init)
    if (receipt === undefined) return 'CARD_RECEIPT_WRONG'
    const { payer, worker, endedAt } = receipt.body
    const isOfOthers = receipt.head.iss === payer && !body.accounts.includes(payer)
    if (!isOfOthers || !body.accounts.includes(worker)) return 'CARD_RECEIPT_WRONG'
    receipts.push({ id: receipt.hash, payer, worker, endedAt })
  }
  return receipts
}

/** A message of the type and the network, signed by whoever it names; `undefined` for anything else. */
function readSigned<Type extends MessageType>(
  text: string,
  type: Type,
  { network, verify }: CardInit,
): EnvelopeOf<Type> | undefined {
  const decoded = decodeEnvelope(utf8Bytes(text))
  if (decoded.kind === 'refused' || decoded.envelope.type !== type || decoded.envelope.head.net !== network)
    return undefined
  if (signatureRefusalOf(decoded.envelope, verify) !== undefined) return undefined
  // Its type is the one that was asked for.
  return decoded.envelope as EnvelopeOf<Type>
}

function refused(code: CardRefused['code']): CardRefused {
  return { kind: 'refused', verdict: IGNORED.has(code) ? 'ignore' : 'reject', code }
}
