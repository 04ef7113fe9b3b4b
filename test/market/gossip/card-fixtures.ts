import { type FixedKey, fixedKey } from '../../../scripts/protocol-vectors/fixed-keys.ts'
import { amountFromNanos } from '../../../src/base/money.ts'
import { durationFromMs, HOUR_MS, timestampFromMs } from '../../../src/base/time.ts'
import type { ContractId, Did, Hash } from '../../../src/core/evidence/names.ts'
import { type Currency, parseCurrency } from '../../../src/core/ledger/ledger-names.ts'
import { createNodeVerifier } from '../../../src/keys/node-signatures.ts'
import { verifySignatureWith } from '../../../src/keys/verify-signature.ts'
import { CardGossip } from '../../../src/market/gossip/card-gossip.ts'
import { MemoryGossipNetwork } from '../../../src/network/memory/memory-gossip.ts'
import type { Gossip } from '../../../src/ports/gossip.ts'
import type { KeyValueStore } from '../../../src/ports/key-value-store.ts'
import { type EnvelopeInit, encodeEnvelope } from '../../../src/wire/v1/envelope.ts'
import { MARKET_TOPICS } from '../../../src/wire/v1/gossip-topics.ts'
import type { MessageBody, MessageType } from '../../../src/wire/v1/message-types.ts'
import { TestTime } from '../parties/party-fixtures.ts'

export const NETWORK = 'test'
export const verify = verifySignatureWith(createNodeVerifier())
/** The node that hears, a neighbour, and the keys of a seller. */
export const EAR = fixedKey(1)
export const NEIGHBOUR = fixedKey(2)
export const NODE = fixedKey(3)
export const SELLER = fixedKey(4)
export const OTHER = fixedKey(5)

function currency(): Currency {
  const parsed = parseCurrency(`USD@${fixedKey(9).did}`)
  if (parsed === undefined) throw new TypeError('a currency')
  return parsed
}

export const USD = currency()
const SALT = 'AAECAwQFBgcICQoLDA0ODw'
const PREV = '77'.repeat(32)

/** Any signed message, valid for an hour from the time of the tests on. */
export function signed<Type extends MessageType>(
  type: Type,
  body: MessageBody<Type>,
  { key, ...head }: { readonly key: FixedKey } & Partial<EnvelopeInit<Type>>,
): Uint8Array {
  const iat = head.iat ?? new TestTime().clock.now()
  const seq = head.seq ?? 0
  const init = {
    net: NETWORK,
    iss: key.did,
    aud: '*',
    iat,
    exp: timestampFromMs(iat + HOUR_MS),
    nonce: SALT,
    ...(seq > 0 && { prev: PREV }),
    ...head,
    seq,
    type,
    body,
  } as unknown as EnvelopeInit<Type>
  return encodeEnvelope(init, key.sign)
}

export function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes)
}

export function offerBody(changes: Partial<MessageBody<'market-offer'>> = {}): MessageBody<'market-offer'> {
  const now = new TestTime().now
  return {
    skill: 'text.word-count',
    currency: USD,
    priceNanos: amountFromNanos(250_000_000n),
    latencyMs: durationFromMs(1_000),
    inputBytesMax: 65_536,
    capabilities: [],
    validFrom: timestampFromMs(now),
    validUntil: timestampFromMs(now + HOUR_MS),
    capacity: 4,
    node: NODE.did,
    ...changes,
  }
}

export function offerText(changes: Partial<MessageBody<'market-offer'>> = {}, key = SELLER): string {
  return textOf(signed('market-offer', offerBody(changes), { key }))
}

/** What a payer has signed of the seller's work. */
export function receiptText(number: number): string {
  const at = new TestTime().clock.now()
  const body: MessageBody<'reputation-receipt'> = {
    contract: '77'.repeat(32) as ContractId,
    payer: OTHER.did,
    worker: SELLER.did,
    payerSource: '88'.repeat(32) as Hash,
    workerSource: '99'.repeat(32) as Hash,
    currency: USD,
    heldNanos: amountFromNanos(1_000_000n),
    workerNanos: amountFromNanos(1_000_000n),
    cause: 'accepted',
    fault: 'none',
    heldAt: at,
    endedAt: timestampFromMs(at + number),
  }
  return textOf(signed('reputation-receipt', body, { key: OTHER }))
}

export function cardBody(changes: Partial<MessageBody<'agent-card'>> = {}): MessageBody<'agent-card'> {
  return {
    accounts: [SELLER.did],
    addresses: ['/ip4/127.0.0.1/tcp/4001'],
    custody: ['C2'],
    models: ['word-count'],
    offers: [offerText()],
    receipts: [],
    ...changes,
  }
}

type CardInit = Partial<EnvelopeInit<'agent-card'>> & {
  readonly key?: FixedKey
  readonly changes?: Partial<MessageBody<'agent-card'>>
}

/** A card of `NODE`, unless `key` says otherwise. */
export function cardBytes({ key = NODE, changes = {}, ...head }: CardInit = {}): Uint8Array {
  const node = key.did
  const offers = key === NODE ? undefined : [offerText({ node })]
  return signed('agent-card', cardBody({ ...(offers !== undefined && { offers }), ...changes }), { ...head, key })
}

export type Ear = { readonly cards: CardGossip; readonly time: TestTime; readonly failures: unknown[] }

export type EarInit = {
  readonly gossip?: Gossip
  readonly store?: KeyValueStore
  readonly time?: TestTime
  readonly named?: readonly Did[]
}

/** A directory that hears nothing but what a test tells it. */
export function createEar({ gossip, store, time = new TestTime(), named = [] }: EarInit = {}): Ear {
  const failures: unknown[] = []
  const cards = new CardGossip(
    {
      gossip: gossip ?? new MemoryGossipNetwork().createGossip(EAR.did, MARKET_TOPICS),
      clock: time.clock,
      verify,
      store,
    },
    { network: NETWORK, isNamed: (node) => named.includes(node), onFailure: (cause) => failures.push(cause) },
  )
  return { cards, time, failures }
}
