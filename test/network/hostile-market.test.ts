import { publicKeyFromRaw } from '@libp2p/crypto/keys'
import type { PrivateKey } from '@libp2p/interface'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { HOUR_MS, type Timestamp } from '../../src/base/time.ts'
import { MarketDoor } from '../../src/market/parties/market-door.ts'
import { Party } from '../../src/market/parties/party.ts'
import { Seller } from '../../src/market/parties/selling/seller.ts'
import type { Libp2pTransport } from '../../src/network/libp2p/libp2p-transport.ts'
import { createMemoryEventLog } from '../../src/storage/memory/memory-event-log.ts'
import { createMemoryKeyValueStore } from '../../src/storage/memory/memory-key-value-store.ts'
import {
  decodeMarketPost,
  encodeMarketPost,
  MARKET_PROTOCOL,
  type MarketFrame,
} from '../../src/wire/v1/market-frames.ts'
import { calledAuction } from '../market/parties/auction-calls.ts'
import { MarketWorld, SELLER_POLICY, verify, WORD_COUNTER } from '../market/parties/market-world.ts'
import { KEYS, seededRandom, signerOf } from '../market/parties/party-fixtures.ts'
import { signed, textOf } from '../market/gossip/card-fixtures.ts'
import { createHostilePeer, openFrames } from './hostile-peer.ts'
import { createTestNode } from './libp2p-nodes.ts'

let world: MarketWorld
let shop: { readonly party: Party; readonly seller: Seller }
let victim: Libp2pTransport
let honest: Libp2pTransport
let hostile: Libp2pTransport

/** A seller of the market, at a node of libp2p, that an honest node and a hostile one are connected with. */
beforeEach(async () => {
  world = await MarketWorld.create()
  ;[victim, honest, hostile] = [1, 2, 66].map((number) => createTestNode(number)) as [
    Libp2pTransport,
    Libp2pTransport,
    Libp2pTransport,
  ]
  await Promise.all([victim, honest, hostile].map(async (node) => await node.start()))
  for (const node of [honest, hostile]) node.addPeer(victim.did, victim.addresses[0] ?? '')
  const { time, notary } = world
  const components = {
    log: createMemoryEventLog(),
    files: createMemoryKeyValueStore(),
    signer: signerOf(KEYS.seller),
    verify,
    clock: time.clock,
    timers: time,
    random: seededRandom(7),
    notary,
    door: new MarketDoor(victim, (peer, fault) => victim.report(peer, fault)),
  }
  const onFailure = (cause: unknown): void => void world.failures.push(cause)
  const party = await Party.open(components, { network: 'test', onFailure })
  const seller = new Seller({ party, runner: WORD_COUNTER }, { policy: SELLER_POLICY })
  seller.start()
  await seller.offer(world.offer(), 'words')
  shop = { party, seller }
})

afterEach(async () => {
  const offers = await ask(honest, { type: 'offers-wanted', skill: 'text.word-count' })
  expect(offers, 'others are served').toMatchObject({ type: 'offers', envelopes: [expect.any(String)] })
  await shop.party.stop()
  await Promise.all([victim, honest, hostile].map(async (node) => await node.stop()))
  expect(world.failures).toEqual([])
})

async function say(node: Libp2pTransport, body: Uint8Array): Promise<MarketFrame> {
  const answer = decodeMarketPost(
    await node.request(victim.did, { protocol: MARKET_PROTOCOL, body, timeoutMs: 10_000 }),
  )
  if (answer.kind === 'refused') throw new Error(answer.code)
  return answer.frame
}

const ask = async (node: Libp2pTransport, frame: MarketFrame): Promise<MarketFrame> =>
  await say(node, encodeMarketPost({ frame }))

/** Repeats what is wrong until the node that says it is cut off. @returns How often it was heard, and what was answered. */
async function untilCut(body: Uint8Array): Promise<{ readonly heard: number; readonly answers: ReadonlySet<string> }> {
  const answers = new Set<string>()
  for (let heard = 0; heard < 100; heard += 1) {
    const answer = await say(hostile, body).catch(() => undefined)
    if (answer === undefined) return { heard, answers }
    answers.add(answer.type === 'declined' ? answer.code : answer.type)
  }
  throw new Error(`It is heard without end: ${[...answers].join()}`)
}

type Call = { readonly name?: string; readonly iat?: Timestamp; readonly change?: (text: string) => string }

/** An auction that somebody calls whom nobody knows, as it goes over the wire. */
function call({ name = 'one', iat = world.time.clock.now(), change = (text) => text }: Call = {}): Uint8Array {
  const { body, subject } = calledAuction(world, { auctioneer: KEYS.recoverer.did, name })
  const exp = (iat + HOUR_MS) as Timestamp
  const bytes = signed('auction-call', body, { key: KEYS.recoverer, iat, exp, contract: subject })
  return encodeMarketPost({ frame: { type: 'call', envelope: change(textOf(bytes)) } })
}

const guests = (): number => shop.party.journal.names({ isGuest: true }).length

describe('a peer that says to the market', () => {
  it.each([
    ['MARKET_FRAME_LARGE', new Uint8Array(100).fill(7)],
    ['MARKET_FRAME_MALFORMED', encodeMarketPost({ frame: { type: 'offers-wanted', skill: 'x' } }).fill(32, 4)],
  ])('what is no question of it is scored down each time, and cut off: %s', async (code, body) => {
    const { heard, answers } = await untilCut(body)
    expect([...answers]).toEqual([code])
    expect(heard).toBeLessThan(8)
    expect(victim.scoreOf(hostile.did).bannedUntil).toBeDefined()
    await expect(say(hostile, call())).rejects.toMatchObject({ code: 'NETWORK_UNREACHABLE' })
  })

  it('altered words of somebody else is believed nothing, and cut off', async () => {
    const cheaper = (text: string): string => text.replace('"reservePriceNanos":"2000"', '"reservePriceNanos":"9000"')
    expect(textOf(call({ change: cheaper }))).not.toBe(textOf(call()))
    const { heard, answers } = await untilCut(call({ change: cheaper }))
    expect([[...answers], guests()]).toEqual([['MARKET_ENVELOPE_REFUSED'], 0])
    // Some are forgiven: a clock that is wrong does the same.
    expect(heard).toBeGreaterThan(10)
    expect(heard).toBeLessThan(25)
  })

  it('again what was said long ago is believed nothing, and cut off', async () => {
    const old = call({ iat: (world.time.now - 2 * HOUR_MS) as Timestamp })
    const { answers } = await untilCut(old)
    expect([[...answers], guests()]).toEqual([['MARKET_ENVELOPE_REFUSED'], 0])
  })

  it('the same again and again is answered with the same bytes, and nothing more comes of it', async () => {
    const first = await say(hostile, call())
    expect(first.type).toBe('said')
    for (let time = 0; time < 30; time += 1) expect(await say(hostile, call())).toEqual(first)
    expect(guests()).toBe(1)
  })

  it('calls for bids without end, under a name that nobody knows, takes the room of its own calls', async () => {
    Object.assign(shop.party.journal.limits, { guestsMax: 24 })
    await say(honest, call({ name: 'honest' }))
    const [kept] = shop.party.journal.names({ isGuest: true })
    await Promise.all(Array.from({ length: 120 }, async (_, at) => await say(hostile, call({ name: `flood ${at}` }))))
    expect(guests()).toBe(24)
    expect(shop.party.journal.names({ isGuest: true })).toContain(kept)
    expect(victim.counts.heldBytes).toBeLessThan(65_536)
  })
})

/** The point under which the same signature is right for every message. */
const SMALL_ORDER = Uint8Array.from({ length: 32 }, (_, at) => (at === 0 ? 1 : 0))

it('a peer whose key is of small order, under which anybody can sign anything, does not get in', async () => {
  const publicKey = publicKeyFromRaw(SMALL_ORDER)
  const signature = new Uint8Array(64)
  signature.set(SMALL_ORDER)
  const privateKey = {
    type: 'Ed25519',
    publicKey,
    raw: new Uint8Array(64),
    equals: () => false,
    sign: () => signature,
  } as unknown as PrivateKey
  // Whoever takes this for a signature has to be kept from such keys by something else.
  expect(await publicKey.verify(new Uint8Array(3), signature)).toBe(true)
  const peer = await createHostilePeer(privateKey)
  await expect(openFrames(peer, victim)).rejects.toThrow()
  await vi.waitUntil(() => victim.counts.refusals.key === 1, { timeout: 10_000 })
  await peer.stop()
})
