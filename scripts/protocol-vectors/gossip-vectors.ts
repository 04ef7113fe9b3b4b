import { amountFromNanos } from '../../src/base/money.ts'
import { durationFromMs, timestampFromMs } from '../../src/base/time.ts'
import { utf8Bytes } from '../../src/core/text/encode-utf8.ts'
import { canonicalText } from '../../src/wire/v1/canonical.ts'
import { encodeEnvelope, type EnvelopeInit } from '../../src/wire/v1/envelope.ts'
import type { MessageBody, MessageType } from '../../src/wire/v1/message-types.ts'
import { type CardInit, decodeCard, verifyCard } from '../../src/wire/v1/read-card.ts'
import type { FixedKey } from './fixed-keys.ts'
import { callVectors } from './call-vectors.ts'
import { gossipedProofs } from './gossip-proof-vectors.ts'
import type { Vector, VectorArea } from './vector.ts'
import {
  accepted,
  hex,
  type RawEnvelope,
  rawEnvelope,
  refused,
  VECTOR_CONTEXT,
  VECTOR_HEAD,
  VECTOR_KEYS,
} from './vector-kit.ts'

const { payer, worker, notary, arbiter } = VECTOR_KEYS
const AT = timestampFromMs(VECTOR_HEAD.iat)
/** The node of the cards; the worker sells there. */
const NODE = arbiter

const OFFER: MessageBody<'market-offer'> = {
  skill: 'text.word-count',
  currency: `USD@${notary.did}` as MessageBody<'market-offer'>['currency'],
  priceNanos: amountFromNanos(250_000_000n),
  latencyMs: durationFromMs(1_000),
  inputBytesMax: 65_536,
  capabilities: [],
  validFrom: AT,
  validUntil: timestampFromMs(AT + 3_600_000),
  capacity: 4,
  node: NODE.did,
}

const RECEIPT: MessageBody<'reputation-receipt'> = {
  contract: '77'.repeat(32) as MessageBody<'reputation-receipt'>['contract'],
  payer: payer.did,
  worker: worker.did,
  payerSource: '88'.repeat(32) as MessageBody<'reputation-receipt'>['payerSource'],
  workerSource: '99'.repeat(32) as MessageBody<'reputation-receipt'>['workerSource'],
  currency: OFFER.currency,
  heldNanos: OFFER.priceNanos,
  workerNanos: OFFER.priceNanos,
  cause: 'accepted',
  fault: 'none',
  heldAt: AT,
  endedAt: AT,
}

function textOf<Type extends MessageType>(
  type: Type,
  body: MessageBody<Type>,
  { key, aud = '*' }: { readonly key: FixedKey; readonly aud?: string },
): string {
  const { v: _version, ...head } = VECTOR_HEAD
  const init = { ...head, iss: key.did, aud, type, body } as unknown as EnvelopeInit<Type>
  return new TextDecoder().decode(encodeEnvelope(init, key.sign))
}

const CARD: MessageBody<'agent-card'> = {
  accounts: [worker.did],
  addresses: ['/ip4/203.0.113.7/tcp/4001'],
  custody: ['C2', 'C3'],
  models: ['word-count'],
  offers: [textOf('market-offer', OFFER, { key: worker })],
  receipts: [textOf('reputation-receipt', RECEIPT, { key: payer, aud: worker.did })],
}
const WHOLE = { ...CARD, sealing: 'AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8' }

/** A card as its node signs it, whatever is in it. */
function cardOf(body: unknown, head: Readonly<Record<string, unknown>> = {}, key: FixedKey = NODE): RawEnvelope {
  return rawEnvelope(body, { type: 'agent-card', aud: '*', ...head }, key)
}

const READING: CardInit = {
  // Signatures are part of what a vector says.
  verify: () => true,
  now: timestampFromMs(VECTOR_CONTEXT.now),
  clockSkewMs: durationFromMs(VECTOR_CONTEXT.clockSkewMs),
  network: VECTOR_CONTEXT.network,
}

function taken(name: string, body: unknown): Vector {
  const bytes = utf8Bytes(canonicalText(cardOf(body)))
  const decoded = decodeCard(bytes, READING)
  const read = decoded.kind === 'refused' ? decoded : verifyCard(decoded, READING)
  if (read.kind === 'refused') throw new TypeError(`${name}: ${read.code}`)
  const { offers, receipts } = read.card
  return {
    kind: 'card',
    name,
    bytes: hex(bytes),
    node: NODE.did,
    offers: offers.map(({ id }) => id),
    receipts: receipts.map(({ id }) => id),
  }
}

function turnedAway(name: string, code: string, envelope: RawEnvelope): Vector {
  const ignored = ['ENVELOPE_NETWORK_WRONG', 'ENVELOPE_NOT_YET_VALID', 'ENVELOPE_EXPIRED']
  const verdict = ignored.includes(code) ? 'ignore' : 'reject'
  return { kind: 'card-refused', name, bytes: hex(utf8Bytes(canonicalText(envelope))), verdict, code }
}

function refusedCards(): readonly Vector[] {
  const elsewhere = { ...OFFER, node: payer.did }
  const expired = { iat: AT - 60_000, exp: AT - 1 }
  const day = 86_400_000
  return [
    turnedAway('card signed by another key', 'ENVELOPE_SIGNATURE_WRONG', cardOf(CARD, { iss: NODE.did }, payer)),
    turnedAway('card for one node', 'ENVELOPE_AUDIENCE_WRONG', cardOf(CARD, { aud: payer.did })),
    turnedAway('card of a contract', 'CARD_TYPE_WRONG', cardOf(CARD, { contract: '77'.repeat(32) })),
    turnedAway('offer in the place of a card', 'CARD_TYPE_WRONG', JSON.parse(CARD.offers[0] ?? '') as RawEnvelope),
    turnedAway('card for more than a day', 'CARD_VALIDITY_WRONG', cardOf(CARD, { exp: AT + day + 1 })),
    turnedAway('card of another network', 'ENVELOPE_NETWORK_WRONG', cardOf(CARD, { net: 'other' })),
    turnedAway(
      'card from a clock far ahead',
      'ENVELOPE_NOT_YET_VALID',
      cardOf(CARD, { iat: AT + 60_000, exp: AT + 120_000 }),
    ),
    turnedAway('card that has expired', 'ENVELOPE_EXPIRED', cardOf(CARD, expired)),
    turnedAway(
      'offer that names another node',
      'CARD_OFFER_ELSEWHERE',
      cardOf({ ...CARD, offers: [textOf('market-offer', elsewhere, { key: worker })] }),
    ),
    turnedAway(
      'offer of a stranger',
      'CARD_OFFER_STRANGER',
      cardOf({ ...CARD, offers: [textOf('market-offer', OFFER, { key: payer })] }),
    ),
    turnedAway(
      'offer for one buyer',
      'CARD_OFFER_WRONG',
      cardOf({ ...CARD, offers: [textOf('market-offer', OFFER, { key: worker, aud: payer.did })] }),
    ),
    turnedAway(
      'receipt of its own key',
      'CARD_RECEIPT_WRONG',
      cardOf({ ...CARD, receipts: [textOf('reputation-receipt', RECEIPT, { key: worker })] }),
    ),
  ]
}

export const GOSSIP_VECTORS: VectorArea = {
  area: 'gossip',
  vectors: () => [
    accepted('card', { type: 'agent-card', body: CARD, head: { aud: '*' } }, NODE),
    refused('card with too many addresses', 'ENVELOPE_BODY_SHAPE', {
      envelope: cardOf({ ...CARD, addresses: Array.from({ length: 9 }, () => '/ip4/203.0.113.7/tcp/1') }),
    }),
    refused('card with an address that is none', 'ENVELOPE_BODY_SHAPE', {
      envelope: cardOf({ ...CARD, addresses: ['203.0.113.7:4001'] }),
    }),
    refused('card with a member that nobody knows', 'ENVELOPE_BODY_SHAPE', { envelope: cardOf({ ...CARD, stars: 5 }) }),
    taken('card of a seller', CARD),
    taken('card with a key for sealed payloads', WHOLE),
    taken('card of a node that sells nothing', { ...CARD, accounts: [], offers: [], receipts: [] }),
    taken('card with an offer that has ended', {
      ...CARD,
      offers: [textOf('market-offer', { ...OFFER, validUntil: timestampFromMs(AT + 1) }, { key: worker })],
    }),
    ...refusedCards(),
    ...callVectors(),
    ...gossipedProofs(),
  ],
}
