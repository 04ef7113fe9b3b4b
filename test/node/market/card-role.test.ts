import { afterEach, describe, expect, it, vi } from 'vitest'
import type { FixedKey } from '../../../scripts/protocol-vectors/fixed-keys.ts'
import { fixedKey } from '../../../scripts/protocol-vectors/fixed-keys.ts'
import type { Did } from '../../../src/core/evidence/names.ts'
import type { OpenKey } from '../../../src/keys/store/key-store.ts'
import { ORDERS } from '../../../src/market/parties/buying/buy-order.ts'
import type { PartyRole } from '../../../src/market/parties/role/start-party.ts'
import type { Libp2pGossip } from '../../../src/network/libp2p/libp2p-gossip.ts'
import type { Libp2pTransport } from '../../../src/network/libp2p/libp2p-transport.ts'
import { CardRole } from '../../../src/node/market/gossip/card-role.ts'
import type { MarketComponents } from '../../../src/node/market/market-components.ts'
import { createMemoryKeyValueStore } from '../../../src/storage/memory/memory-key-value-store.ts'
import { CARD_TOPIC, MARKET_TOPICS } from '../../../src/wire/v1/gossip-topics.ts'
import { NETWORK, offerBody, SELLER, signed } from '../../market/gossip/card-fixtures.ts'
import { signerOf } from '../../market/parties/party-fixtures.ts'
import { createTestNode, libp2pComponentsOf } from '../../network/libp2p-nodes.ts'

const ECHO = '/kernell/test/1.0.0'
const SKILL = 'text.word-count'

type MarketNode = { readonly transport: Libp2pTransport; readonly cards: CardRole; readonly key: FixedKey }

let running: readonly MarketNode[] = []
afterEach(async () => {
  await Promise.all(running.map(async ({ cards, transport }) => [await cards.stop(), await transport.stop()]))
  running = []
})

async function openNode(number: number, isDiscovering: boolean, named: readonly Did[] = []): Promise<MarketNode> {
  const { clock, random, timers } = libp2pComponentsOf(number)
  const transport = createTestNode(number, { gossipTopics: MARKET_TOPICS })
  const { gossip } = transport
  if (gossip === undefined) throw new TypeError('gossip was asked for')
  const key = fixedKey(number)
  const components = {
    directory: { store: createMemoryKeyValueStore() },
    gossip: { isGossiping: true, isDiscovering, models: [] },
    onError: (error: unknown) => {
      throw error
    },
    clock,
    random,
    timers,
  } as unknown as MarketComponents
  const opened = {
    signer: signerOf(key),
    description: { did: key.did, sealingKey: 'AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8' },
  } as unknown as OpenKey
  await transport.start()
  transport.handle(ECHO, async ({ body }) => body)
  const addresses = (): readonly string[] => transport.addresses
  const cards = new CardRole({
    components,
    gossip,
    neighbours: transport,
    network: NETWORK,
    key: opened,
    named,
    addresses,
  })
  await cards.start()
  return { transport, cards, key }
}

/** A seller with one offer, as far as its card is concerned. */
function sellerAt(
  node: Did,
  stopping: AbortController,
  orders: readonly (readonly [string, object])[] = [],
): PartyRole {
  const now = Date.now()
  const body = offerBody({ node, validFrom: now as never, validUntil: (now + 3_600_000) as never })
  const bytes = signed('market-offer', body, { key: SELLER, iat: now as never })
  const begin = (work: () => Promise<void>): void => void work()
  const journal = { notesOf: (topic: string) => (topic === ORDERS ? orders : []) }
  const seller = { offers: () => [{ kept: { bytes } }] }
  const reputation = { receiptsToShow: () => [] }
  return {
    party: { did: SELLER.did, signal: stopping.signal, begin, journal },
    seller,
    reputation,
  } as unknown as PartyRole
}

async function connect(one: MarketNode, other: MarketNode): Promise<void> {
  one.transport.addPeer(other.transport.did, other.transport.addresses[0] ?? '')
  await one.transport.request(other.transport.did, { protocol: ECHO, body: new Uint8Array(0), timeoutMs: 10_000 })
}

describe('four nodes over libp2p, each of which knows its neighbours alone', () => {
  it('find a seller at the other end by its card, and reach it where the card says', { timeout: 30_000 }, async () => {
    running = await Promise.all([1, 2, 3, 4].map(async (number) => await openNode(number, number === 4)))
    const [seller, one, other, buyer] = running
    if (seller === undefined || one === undefined || other === undefined || buyer === undefined)
      throw new TypeError('four')
    await connect(seller, one)
    await connect(one, other)
    await connect(other, buyer)
    const listens = ({ transport }: MarketNode): number => (transport.gossip as Libp2pGossip).meshOf(CARD_TOPIC).length
    await vi.waitUntil(() => running.map(listens).join() === '1,2,2,1', { timeout: 10_000 })
    const stopping = new AbortController()
    seller.cards.sell(sellerAt(seller.key.did, stopping))
    await vi.waitUntil(() => buyer.cards.known().length === 1, { timeout: 10_000 })
    stopping.abort()
    expect(other.cards.discover(SKILL)).toEqual([])
    expect(buyer.cards.discover('text.other')).toEqual([])
    expect(buyer.transport.connectedPeers).not.toContain(seller.transport.did)
    const [found] = buyer.cards.discover(SKILL)
    expect(found).toBe(seller.transport.did)
    const question = { protocol: ECHO, body: Uint8Array.of(7), timeoutMs: 10_000 }
    expect(await buyer.transport.request(seller.transport.did, question)).toEqual(Uint8Array.of(7))
  })
})

describe('a node with which there was a contract', () => {
  it('has a place that no stranger takes, also where nobody is discovered', { timeout: 30_000 }, async () => {
    running = await Promise.all([1, 2].map(async (number) => await openNode(number, false)))
    const [seller, buyer] = running
    if (seller === undefined || buyer === undefined) throw new TypeError('two')
    await connect(seller, buyer)
    const listens = ({ transport }: MarketNode): number => (transport.gossip as Libp2pGossip).meshOf(CARD_TOPIC).length
    await vi.waitUntil(() => running.map(listens).join() === '1,1', { timeout: 10_000 })
    const stopping = new AbortController()
    const order = { contract: '77'.repeat(32), peer: seller.key.did }
    buyer.cards.sell(sellerAt(buyer.key.did, stopping, [['order-1', order]]))
    seller.cards.sell(sellerAt(seller.key.did, stopping))
    await vi.waitUntil(() => buyer.cards.known().length === 1, { timeout: 10_000 })
    stopping.abort()
    expect(buyer.cards.known().map(({ isKnown }) => isKnown)).toEqual([true])
  })
})
