import { setTimeout } from 'node:timers/promises'
import { type FixedKey, fixedKey } from '../../../scripts/protocol-vectors/fixed-keys.ts'
import { amountFromNanos } from '../../../src/base/money.ts'
import { createRandomStream } from '../../../src/base/random-stream.ts'
import { HOUR_MS, type Timestamp, timestampFromMs } from '../../../src/base/time.ts'
import { createNodeSigner, createNodeVerifier } from '../../../src/keys/node-signatures.ts'
import { verifySignatureWith } from '../../../src/keys/verify-signature.ts'
import { CardGossip } from '../../../src/market/gossip/card-gossip.ts'
import { CardPublisher, type OwnCard } from '../../../src/market/gossip/card-publisher.ts'
import { createLibp2pTransport } from '../../../src/network/libp2p/create-libp2p-transport.ts'
import { Libp2pGossip } from '../../../src/network/libp2p/libp2p-gossip.ts'
import type { Libp2pTransport } from '../../../src/network/libp2p/libp2p-transport.ts'
import { CARD_TOPIC, MARKET_TOPICS } from '../../../src/wire/v1/gossip-topics.ts'
import { offerBody, signed, textOf } from '../../market/gossip/card-fixtures.ts'
import { libp2pComponentsOf } from '../../network/libp2p-nodes.ts'

const NETWORK = 'bench'
/** Nodes that each one connects to; about as many connect to it. */
const DIALS = 3
/** Of these, at which messages go on at once: nodes whose own list is full take nobody else. */
const MESH_NEIGHBOURS = 2
const FIRST_KEY = 60
const MESH_MS = 60_000
const ANNOUNCE_MS = 30_000
const verify = verifySignatureWith(createNodeVerifier())

type SwarmNode = {
  readonly transport: Libp2pTransport
  readonly gossip: Libp2pGossip
  readonly cards: CardGossip
  /** Says what it sells, with one more offer than before. */
  readonly announce: () => Promise<void>
}

export type SwarmFigures = {
  /** Milliseconds from the wish to say it, its signatures included, until the last of the nodes knew the offer, each offer by itself. */
  readonly allMs: readonly number[]
  /** The same of every node and offer. */
  readonly eachMs: readonly number[]
}

/** Nodes of one process, each with its own libp2p over loopback; one after the other says that it has a new offer. */
export async function measureSwarm(count: number, offers: number): Promise<SwarmFigures> {
  const draws = createRandomStream(1)
  const nodes: SwarmNode[] = []
  try {
    for (let at = 0; at < count; at += 1) nodes.push(await openNode(FIRST_KEY + at))
    for (const [at, node] of nodes.entries()) {
      // A ring, so that all are one network, and some that lie anywhere.
      const others = new Set([nodes[(at + 1) % count] ?? node])
      while (others.size < Math.min(DIALS, count - 1)) {
        const other = nodes[draws.nextBelow(count)]
        if (other !== undefined && other !== node) others.add(other)
      }
      await Promise.all([...others].map(async (other) => await connect(node, other)))
    }
    await untilMeshed(nodes)
    const allMs: number[] = []
    const eachMs: number[] = []
    for (let offer = 0; offer < offers; offer += 1) {
      const times = await announceFrom(nodes, offer % count)
      eachMs.push(...times)
      allMs.push(Math.max(...times))
    }
    return { allMs, eachMs }
  } finally {
    await Promise.all(nodes.map(async ({ cards, transport }) => [await cards.stop(), await transport.stop()]))
  }
}

async function openNode(number: number): Promise<SwarmNode> {
  const components = libp2pComponentsOf(number)
  const { clock, random, timers } = components
  const transport = createLibp2pTransport(components, { encryption: ['noise'], gossipTopics: MARKET_TOPICS })
  const { gossip } = transport
  if (!(gossip instanceof Libp2pGossip)) throw new TypeError('Gossip was asked for')
  const cards = new CardGossip({ gossip, clock, verify }, { network: NETWORK, isNamed: () => false, onFailure })
  await transport.start()
  await cards.start()
  const key = fixedKey(number)
  const offers: string[] = []
  const describe = (): OwnCard => ({
    accounts: [key.did],
    addresses: [...transport.addresses],
    custody: ['C2'],
    models: [],
    offers: [...offers],
  })
  const signer = createNodeSigner(key.seed)
  const publisher = new CardPublisher(
    { gossip, cards, clock, timers, random, signer },
    { network: NETWORK, describe, signal: new AbortController().signal, onFailure },
  )
  const announce = async (): Promise<void> => {
    offers.push(offerOf(key, clock.now(), offers.length))
    if (!(await publisher.publishIfDue())) throw new Error('Nothing was announced')
  }
  return { transport, gossip, cards, announce }
}

function onFailure(cause: unknown): void {
  throw cause
}

function offerOf(key: FixedKey, iat: Timestamp, number: number): string {
  const terms = { validFrom: iat, validUntil: timestampFromMs(iat + HOUR_MS) }
  const body = offerBody({ node: key.did, priceNanos: amountFromNanos(BigInt(1_000 + number)), ...terms })
  return textOf(signed('market-offer', body, { key, iat, net: NETWORK }))
}

async function connect({ transport }: SwarmNode, other: SwarmNode): Promise<void> {
  const to = other.transport.did
  transport.addPeer(to, other.transport.addresses[0] ?? '')
  await transport.join(to)
}

/** Each node has neighbours to whom it passes messages on at once; gossipsub looks for them each second. */
async function untilMeshed(nodes: readonly SwarmNode[]): Promise<void> {
  const deadlineMs = performance.now() + MESH_MS
  while (nodes.some(({ gossip }) => gossip.meshOf(CARD_TOPIC).length < Math.min(MESH_NEIGHBOURS, nodes.length - 1))) {
    if (performance.now() > deadlineMs) throw new Error('Nodes found no neighbours to pass messages on to')
    await setTimeout(100)
  }
}

/** Milliseconds until each of the others knew the newest card of one node. */
async function announceFrom(nodes: readonly SwarmNode[], from: number): Promise<readonly number[]> {
  const seller = nodes[from]
  if (seller === undefined) throw new RangeError(`There is no node ${from}`)
  const { did } = seller.transport
  const seq = (seller.cards.cardOf(did)?.seq ?? -1) + 1
  const ends: (() => void)[] = []
  const heard = nodes
    .filter((node) => node !== seller)
    .map(async ({ cards }) => {
      await new Promise<void>((resolve) => {
        ends.push(
          cards.watch((node) => {
            if (node === did && (cards.cardOf(did)?.seq ?? -1) >= seq) resolve()
          }),
        )
      })
      return performance.now()
    })
  const startedMs = performance.now()
  await seller.announce()
  const times = await Promise.race([Promise.all(heard), setTimeout(ANNOUNCE_MS, undefined)])
  for (const end of ends) end()
  if (times === undefined) throw new Error('Not every node has heard the offer')
  return times.map((time) => time - startedMs)
}
