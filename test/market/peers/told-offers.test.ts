import { afterEach, describe, expect, it, vi } from 'vitest'
import { fixedKey, type FixedKey } from '../../../scripts/protocol-vectors/fixed-keys.ts'
import { HOUR_MS, timestampFromMs } from '../../../src/base/time.ts'
import type { Did } from '../../../src/core/evidence/names.ts'
import { CARD_OFFERS_MAX } from '../../../src/core/market/agent-card.ts'
import { REPUTATION_POLICY_DEFAULTS } from '../../../src/core/reputation/reputation-policy.ts'
import { PartyPeerMarket } from '../../../src/market/peers/party-peer-market.ts'
import { cardBytes, createEar, type Ear, NEIGHBOUR, offerText, textOf } from '../gossip/card-fixtures.ts'
import { type BuyerNode, bytesOf, MarketWorld, nanos, type SellerNode, TIMERS, USD } from '../parties/market-world.ts'
import { KEYS, settle } from '../parties/party-fixtures.ts'

const SKILL = 'text.word-count'
const REFRESH_MS = 60_000

type Setting = {
  readonly world: MarketWorld
  readonly shop: SellerNode
  readonly buyer: BuyerNode
  readonly ear: Ear
  readonly market: PartyPeerMarket
  /** Questions to other nodes so far. */
  readonly asked: () => number
  /** How often the nodes that may offer something were looked through. */
  readonly looks: () => number
}

let running: Setting | undefined
afterEach(async () => {
  if (running === undefined) return
  expect(running.world.failures).toEqual([])
  for (const node of [running.shop, running.buyer]) await running.world.leave(node)
  running = undefined
})

/** A buyer that hears cards, and one seller that has an offer. */
async function open(nodes: readonly Did[] = [KEYS.seller.did]): Promise<Setting> {
  const world = await MarketWorld.create()
  const shop = await world.seller({ key: KEYS.seller })
  await shop.seller.offer(world.offer(), 'words')
  const buyer = await world.buyer({ key: KEYS.buyer })
  const ear = createEar({ time: world.time })
  const questions = vi.spyOn(buyer.party.components.door, 'ask')
  const peers = vi.fn(() => nodes)
  const market = new PartyPeerMarket(
    {
      ...buyer,
      reputation: { policy: { ...REPUTATION_POLICY_DEFAULTS, unitNanos: new Map() }, show: () => [] },
      parameters: { timers: TIMERS, fit: ({ timers }) => ({ timers }) },
    },
    {
      skills: [SKILL],
      currency: USD,
      custody: 'C2',
      peers,
      cards: ear.cards,
      refreshMs: REFRESH_MS,
      onError: (error) => world.failures.push(error),
    },
  )
  running = {
    world,
    shop,
    buyer,
    ear,
    market,
    asked: () => questions.mock.calls.length,
    looks: () => peers.mock.calls.length,
  }
  return running
}

const lastOffer = ({ shop }: Setting): string => textOf(shop.seller.offers().at(-1)?.kept.bytes ?? new Uint8Array())

type Told = { readonly seq?: number; readonly key?: FixedKey; readonly custody?: readonly ('C1' | 'C2' | 'C3')[] }

/** What a node says of itself to everybody. */
function tell(
  { ear }: Setting,
  offers: readonly string[],
  { seq = 0, key = KEYS.seller, custody = ['C2'] }: Told = {},
) {
  const data = cardBytes({
    key,
    seq,
    iat: ear.time.clock.now(),
    changes: { accounts: [key.did], custody: [...custody], offers: [...offers] },
  })
  expect(ear.cards.hear({ from: NEIGHBOUR.did, data })).toEqual({ verdict: 'accept' })
}

const sourcesOf = ({ market }: Setting): readonly (readonly [string, Did])[] =>
  market.offers.map(({ source, node }) => [source, node])

describe('an offer that stands on a card', () => {
  it('is known without a question, as it was signed', async () => {
    const setting = await open()
    tell(setting, [lastOffer(setting)])
    setting.market.start()
    await settle()
    expect(setting.market.offers).toMatchObject([
      { source: 'card', seller: KEYS.seller.did, node: KEYS.seller.did, priceNanos: 1_000n, capacity: 10 },
    ])
    expect(setting.asked()).toBe(0)
  })

  it('is seen as soon as the card comes, in the place of what was asked for', async () => {
    const setting = await open()
    setting.market.start()
    await settle()
    expect(sourcesOf(setting)).toEqual([['asked', KEYS.seller.did]])
    const asked = setting.asked()
    tell(setting, [lastOffer(setting)])
    await settle()
    expect(sourcesOf(setting)).toEqual([['card', KEYS.seller.did]])
    await setting.world.time.advance(2 * REFRESH_MS)
    expect(setting.asked()).toBe(asked)
  })

  it('is gone at once with a card that does not name it any more, and the new one is there in the same moment', async () => {
    const setting = await open()
    tell(setting, [lastOffer(setting)])
    setting.market.start()
    await settle()
    await setting.shop.seller.offer(setting.world.offer({ priceNanos: nanos(700) }), 'cheaper')
    tell(setting, [lastOffer(setting)], { seq: 1 })
    expect(setting.market.offers).toEqual([])
    await settle()
    expect(setting.market.offers.map(({ priceNanos }) => priceNanos)).toEqual([700n])
    tell(setting, [], { seq: 2 })
    await settle()
    expect(setting.market.offers).toEqual([])
    expect(setting.asked()).toBe(0)
  })

  it('ends with the card, and the node is asked again', async () => {
    const setting = await open()
    tell(setting, [lastOffer(setting)])
    setting.market.start()
    await settle()
    const { now } = setting.world.time
    expect(setting.market.offers[0]?.validUntil).toBe(now + HOUR_MS)
    await setting.world.time.advanceTo(now + HOUR_MS + REFRESH_MS)
    expect(sourcesOf(setting)).toEqual([['asked', KEYS.seller.did]])
  })

  it('ends when its seller said so', async () => {
    const setting = await open()
    const validUntil = timestampFromMs(setting.world.time.now + 90_000)
    await setting.shop.seller.offer(setting.world.offer({ validUntil, priceNanos: nanos(1) }), 'short')
    tell(setting, [lastOffer(setting)])
    setting.market.start()
    await settle()
    expect(setting.market.offers[0]?.validUntil).toBe(validUntil)
  })

  it('is of no use under a custody that the node does not work in', async () => {
    const setting = await open()
    tell(setting, [lastOffer(setting)], { custody: ['C1'] })
    setting.market.start()
    await settle()
    expect(setting.market.offers).toEqual([])
  })

  it('is bought as any other, and a purchase asks whether it still stands', async () => {
    const setting = await open()
    tell(setting, [lastOffer(setting)])
    setting.market.start()
    await settle()
    for (const { id } of setting.shop.seller.offers()) await setting.shop.seller.withdraw(id)
    const failed = setting.market
      .buy({
        key: 'task-1',
        skill: SKILL,
        input: bytesOf('one two'),
        sellers: setting.market.offers,
        maxNanos: nanos(1_000),
        currency: USD,
        custody: 'C2',
        isAuction: false,
        predicate: { kind: 'number-near', artifact: 'result', pointer: '/words', expected: '2', tolerance: '0' },
        deliverMs: 20_000,
      })
      .catch((error: unknown) => error)
    await setting.world.time.advance(30_000)
    expect(await failed).toMatchObject({ code: 'PEER_NOT_BOUGHT', details: { reason: 'BUY_NO_OFFER' } })
  })
})

describe('whoever has many names', () => {
  it('has two sellers at one node at most', async () => {
    const setting = await open()
    const sellers = [KEYS.seller, fixedKey(31), fixedKey(32), fixedKey(33)]
    const offers = sellers.map((key, at) =>
      offerText({ node: KEYS.seller.did, currency: USD, priceNanos: nanos(100 - at) }, key),
    )
    const accounts = sellers.map(({ did }) => did).toSorted()
    const data = cardBytes({ key: KEYS.seller, iat: setting.ear.time.clock.now(), changes: { accounts, offers } })
    setting.ear.cards.hear({ from: NEIGHBOUR.did, data })
    setting.market.start()
    await settle()
    expect(setting.market.offers.map(({ priceNanos }) => priceNanos)).toEqual([97n, 98n])
  })

  it('makes a node look through the cards once, and then four times a second at most', async () => {
    const setting = await open()
    setting.market.start()
    await settle()
    const before = setting.looks()
    const flood = (from: number): void => {
      for (let at = from; at < from + 20; at += 1) {
        const key = fixedKey(at)
        tell(setting, [offerText({ node: key.did, currency: USD }, key)], { key })
      }
    }
    flood(40)
    await settle()
    expect(setting.looks() - before).toBe(1)
    await setting.world.time.advance(249)
    expect(setting.looks() - before).toBe(1)
    await setting.world.time.advance(1)
    expect(setting.looks() - before).toBe(2)
    flood(60)
    await settle()
    expect(setting.looks() - before).toBe(3)
  })
})

it('a card that is full may leave out what its node offers, so the node is asked', async () => {
  const setting = await open()
  const names = Array.from({ length: CARD_OFFERS_MAX }, (_, at) => `other.skill-${at}`)
  tell(
    setting,
    names.map((skill) => offerText({ node: KEYS.seller.did, skill }, KEYS.seller)),
  )
  setting.market.start()
  await settle()
  expect(sourcesOf(setting)).toEqual([['asked', KEYS.seller.did]])
})
