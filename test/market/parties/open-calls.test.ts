import { describe, expect, it } from 'vitest'
import { type AuctionCall, auctionIdOf } from '../../../src/core/auction/auction-call.ts'
import type { Timestamp } from '../../../src/base/time.ts'
import type { Did, Hash } from '../../../src/core/evidence/names.ts'
import type { CallWays } from '../../../src/market/parties/auctions/join-calls.ts'
import { JOINS_OF_TELLER } from '../../../src/market/parties/auctions/join-shares.ts'
import {
  ASKERS_PER_BLOCK_MAX,
  JOINED_MAX,
  JOINED_PER_BLOCK_MAX,
} from '../../../src/market/parties/auctions/open-calls.ts'
import type { Party } from '../../../src/market/parties/party.ts'
import { createMemoryEventLog } from '../../../src/storage/memory/memory-event-log.ts'
import type { HeardCall } from '../../../src/wire/v1/read-announcement.ts'
import { fixedKey, type FixedKey } from '../../../scripts/protocol-vectors/fixed-keys.ts'
import { type BuyerNode, MarketWorld, nanos, type SellerNode, wanted, WORD_COUNTER } from './market-world.ts'
import { KEYS, settle } from './party-fixtures.ts'

type Announced = { readonly call: AuctionCall; readonly text: string }

/** A buyer that knows nobody, and what it says to everybody. */
class Scene {
  readonly announced: Announced[] = []
  readonly log = createMemoryEventLog()
  /** Blocks of addresses of nodes; of one that is not here its own. */
  readonly blocks = new Map<Did, string>()
  world!: MarketWorld
  node!: BuyerNode

  static async open(): Promise<Scene> {
    const scene = new Scene()
    scene.world = await MarketWorld.create()
    await scene.openBuyer()
    return scene
  }

  async openBuyer(): Promise<void> {
    const log = new Proxy(this.log, {
      get: (target, name) => {
        if (name === 'close') return async () => undefined
        const member: unknown = Reflect.get(target, name, target)
        return typeof member === 'function' ? member.bind(target) : member
      },
    })
    this.node = await this.world.buyer({ key: KEYS.buyer, log })
    this.node.buyer.openCalls.announceBy(
      async (call, text) => void (await Promise.resolve(this.announced.push({ call, text }))),
      (node) => this.blocks.get(node) ?? node,
    )
  }

  async shop(key: FixedKey, price = 1_000): Promise<SellerNode> {
    const shop = await this.world.seller({ key }, { runner: WORD_COUNTER })
    await shop.seller.offer(this.world.offer({ priceNanos: nanos(price) }), 'words')
    return shop
  }

  /** What somebody hears of the last announcement. */
  get heard(): HeardCall {
    const last = this.announced.at(-1)
    if (last === undefined) throw new Error('nothing was announced')
    const { call, text } = last
    return { auction: auctionIdOf(call), call, text, node: KEYS.buyer.did, addresses: [] }
  }

  async buy(changes: Parameters<typeof wanted>[0] = {}): Promise<void> {
    await this.node.buyer.buy(
      wanted({ auction: 'first', isOpenCall: true, peers: [], depositNanos: nanos(0), ...changes }),
    )
    await settle(40)
  }

  async state(): Promise<string | undefined> {
    await this.world.until(this.node, 'order-1')
    return (await this.world.view(this.node.buyer.order('order-1')?.contract))?.state
  }
}

const ways: CallWays = { tellerBlock: '192.0.2.0/24', blockOf: () => '192.0.2.0/24', reach: () => undefined }

async function join(party: Party, auction: Hash, offer: string): Promise<string> {
  const { frame } = await party.components.door.ask(KEYS.buyer.did, { frame: { type: 'call-joined', auction, offer } })
  return frame.type === 'declined' ? frame.code : frame.type
}

function offerOf({ seller }: SellerNode): string {
  return new TextDecoder().decode(seller.offers()[0]?.kept.bytes)
}

describe('an auction that is announced to everybody', () => {
  it.each(['first', 'second', 'english'] as const)(
    'is won by a seller that the buyer has never heard of (%s)',
    async (auction) => {
      const scene = await Scene.open()
      const shop = await scene.shop(KEYS.seller)
      await scene.buy({ auction })
      expect(await shop.seller.calls.consider(scene.heard, ways)).toBe(true)
      expect(await scene.state()).toBe('FINAL')
      expect(await scene.world.balance(KEYS.seller.did)).toBeGreaterThan(10_000n)
    },
  )

  it('is won by the cheapest of those that are known and those that have come', async () => {
    const scene = await Scene.open()
    const [known, cheaper] = [await scene.shop(KEYS.seller, 1_500), await scene.shop(KEYS.rival, 900)]
    await scene.buy({ peers: [known.party.did] })
    expect(await cheaper.seller.calls.consider(scene.heard, ways)).toBe(true)
    expect(await scene.state()).toBe('FINAL')
    expect(await scene.world.balance(KEYS.rival.did)).toBeGreaterThan(10_000n)
  })

  it('is won by the cheapest of those that come at one instant', async () => {
    const scene = await Scene.open()
    const [dear, cheap] = [await scene.shop(KEYS.seller, 1_500), await scene.shop(KEYS.rival, 900)]
    await scene.buy()
    const { auction } = scene.heard
    const joining = [cheap, dear].map(async (shop) => await join(shop.party, auction, offerOf(shop)))
    expect(await Promise.all(joining)).toEqual(['taken', 'taken'])
    expect(await scene.state()).toBe('FINAL')
    expect(await scene.world.balance(KEYS.rival.did)).toBeGreaterThan(10_000n)
  })

  it('passes nobody over whose bid is the best, though its offer has ended meanwhile', async () => {
    const scene = await Scene.open()
    const dear = await scene.shop(KEYS.seller, 1_500)
    const cheap = await scene.world.seller({ key: KEYS.rival }, { runner: WORD_COUNTER })
    const validUntil = (scene.world.time.clock.now() + 5_000) as Timestamp
    await cheap.seller.offer(scene.world.offer({ priceNanos: nanos(900), validUntil }), 'words')
    await scene.buy()
    for (const { seller } of [cheap, dear]) expect(await seller.calls.consider(scene.heard, ways)).toBe(true)
    expect(await scene.state()).toBe('FINAL')
    // It was asked for the work, and has said no by itself.
    const { declined, declinedCode } = scene.node.buyer.order('order-1') ?? {}
    expect([declined, declinedCode]).toEqual([[KEYS.rival.did], 'MARKET_SKILL_UNKNOWN'])
    expect(await scene.world.balance(KEYS.seller.did)).toBeGreaterThan(10_000n)
  })

  it('says whom it passed over that is not there any more, where another one does the work', async () => {
    const scene = await Scene.open()
    const validUntil = (scene.world.time.clock.now() + 500) as Timestamp
    const shops: SellerNode[] = [await scene.shop(KEYS.seller, 1_500)]
    for (const [key, price] of [
      [KEYS.rival, 900],
      [fixedKey(100), 1_000],
    ] as const) {
      const shop = await scene.world.seller({ key }, { runner: WORD_COUNTER })
      await shop.seller.offer(scene.world.offer({ priceNanos: nanos(price), validUntil }), 'words')
      shops.push(shop)
    }
    await scene.buy({ isOpenCall: false, peers: shops.map(({ party }) => party.did) })
    expect(await scene.state()).toBe('FINAL')
    // The best bidder was asked, and has said no by itself; by then nobody offers any more what the second one did.
    const { passedOver, declined } = scene.node.buyer.order('order-1') ?? {}
    const second = fixedKey(100).did
    const detail = expect.stringContaining(second) as string
    expect([declined, passedOver]).toEqual([[KEYS.rival.did], [{ seller: second, code: 'BIDDER_NOT_FOUND', detail }]])
    expect(await scene.world.balance(KEYS.seller.did)).toBeGreaterThan(10_000n)
  })

  it('goes on after the buyer was started anew, with those who had come', async () => {
    const scene = await Scene.open()
    const shop = await scene.shop(KEYS.seller)
    await scene.buy()
    await shop.seller.calls.consider(scene.heard, ways)
    await settle(20)
    await scene.world.leave(scene.node)
    await scene.openBuyer()
    expect(await scene.state()).toBe('FINAL')
    expect(scene.announced.length).toBeGreaterThanOrEqual(1)
    expect(new Set(scene.announced.map(({ text }) => text)).size).toBe(1)
  })

  it('is one to those that are known where nobody asks for more', async () => {
    const scene = await Scene.open()
    const shop = await scene.shop(KEYS.seller)
    await scene.buy({ isOpenCall: false, peers: [shop.party.did] })
    expect(await scene.state()).toBe('FINAL')
    expect(scene.announced).toEqual([])
  })
})

describe('whoever has heard of an auction', () => {
  it('joins once, by an offer of its own node that fits, while bids are taken', async () => {
    const scene = await Scene.open()
    const [shop, dear] = [await scene.shop(KEYS.seller), await scene.shop(KEYS.rival, 5_000)]
    await scene.buy()
    const { auction } = scene.heard
    expect(await join(shop.party, 'ab'.repeat(32) as Hash, offerOf(shop))).toBe('MARKET_AUCTION_UNKNOWN')
    expect(await join(dear.party, auction, offerOf(shop))).toBe('MARKET_ENVELOPE_REFUSED')
    expect(await join(dear.party, auction, offerOf(dear))).toBe('MARKET_LIMIT_PASSED')
    expect(await join(dear.party, auction, 'nonsense')).toBe('MARKET_ENVELOPE_REFUSED')
    expect(await join(dear.party, auction, 'nonsense')).toBe('MARKET_ENVELOPE_REFUSED')
    expect(await join(dear.party, auction, offerOf(dear))).toBe('MARKET_BUSY')
    expect(await join(shop.party, auction, offerOf(shop))).toBe('taken')
    expect(await join(shop.party, auction, offerOf(shop))).toBe('taken')
    await scene.world.time.advance(10_000)
    expect(await join(shop.party, auction, offerOf(shop))).toBe('MARKET_AUCTION_UNKNOWN')
  })

  it('finds no place where a flood has come before, and the auction is held all the same', async () => {
    const scene = await Scene.open()
    await scene.buy()
    const { auction } = scene.heard
    const said: string[] = []
    for (let index = 0; index < JOINED_MAX + 2; index += 1) {
      const shop = await scene.shop(fixedKey(100 + index))
      said.push(await join(shop.party, auction, offerOf(shop)))
    }
    expect(said.filter((word) => word === 'taken')).toHaveLength(JOINED_MAX)
    expect(said.slice(JOINED_MAX)).toEqual(['MARKET_BUSY', 'MARKET_BUSY'])
    expect(await scene.state()).toBe('FINAL')
  })

  it('asks for nothing where it would not bid, nor more often than it may connect with strangers', async () => {
    const scene = await Scene.open()
    const [dear, shop] = [await scene.shop(KEYS.rival, 5_000), await scene.shop(KEYS.seller)]
    await scene.buy()
    const { heard } = scene
    const reached: Did[] = []
    const reaching = { ...ways, reach: (node: Did): void => void reached.push(node) }
    expect(await dear.seller.calls.consider(heard, reaching)).toBe(false)
    const foreign = { ...heard, call: { ...heard.call, notarySet: 'cd'.repeat(32) as Hash } }
    expect(await shop.seller.calls.consider(foreign, reaching)).toBe(false)
    const own = { ...heard, call: { ...heard.call, auctioneer: KEYS.seller.did } }
    expect(await shop.seller.calls.consider(own, reaching)).toBe(false)
    expect(reached).toEqual([])
    // Each under another key, and none of them at a node that has called it.
    for (let times = 0; times < JOINS_OF_TELLER.rate.burst + 4; times += 1) {
      const call = { ...heard.call, auctioneer: fixedKey(100 + times).did }
      await shop.seller.calls.consider({ ...heard, call, auction: 'ef'.repeat(32) as Hash }, reaching)
    }
    expect(reached).toHaveLength(JOINS_OF_TELLER.rate.burst)
    expect(await shop.seller.calls.consider(heard, { ...reaching, tellerBlock: '198.51.100.0/24' })).toBe(true)
  })

  it('is followed again behind a flood of its neighbour, once it has been found', async () => {
    const scene = await Scene.open()
    const shop = await scene.shop(KEYS.seller)
    await scene.buy()
    expect(await shop.seller.calls.consider(scene.heard, ways)).toBe(true)
    for (let times = 0; times < JOINS_OF_TELLER.rate.burst + 4; times += 1) {
      const call = { ...scene.heard.call, auctioneer: fixedKey(100 + times).did }
      await shop.seller.calls.consider({ ...scene.heard, call, auction: 'ef'.repeat(32) as Hash }, ways)
    }
    expect(await shop.seller.calls.consider(scene.heard, ways)).toBe(true)
  })
})

describe('a flood of sellers', () => {
  it('out of one block of addresses leaves most places to others, also after the buyer was started anew', async () => {
    const scene = await Scene.open()
    await scene.buy()
    const { auction } = scene.heard
    const shops: SellerNode[] = []
    for (let index = 0; index < JOINED_PER_BLOCK_MAX + 2; index += 1) {
      const shop = await scene.shop(fixedKey(100 + index))
      scene.blocks.set(shop.party.components.door.did, '192.0.2.0/24')
      shops.push(shop)
    }
    const said: string[] = []
    for (const shop of shops.slice(0, -1)) said.push(await join(shop.party, auction, offerOf(shop)))
    expect(said).toEqual([...Array.from({ length: JOINED_PER_BLOCK_MAX }, () => 'taken'), 'MARKET_BUSY'])
    await scene.world.leave(scene.node)
    await scene.openBuyer()
    await settle(40)
    const last = shops.at(-1)
    if (last === undefined) throw new TypeError('one shop more')
    expect(await join(last.party, auction, offerOf(last))).toBe('MARKET_BUSY')
    const honest = await scene.shop(KEYS.seller, 900)
    expect(await join(honest.party, auction, offerOf(honest))).toBe('taken')
    expect(await scene.state()).toBe('FINAL')
    expect(await scene.world.balance(KEYS.seller.did)).toBeGreaterThan(10_000n)
  })

  it('that asks and does not fit is counted by its block, and nobody who was counted is shut out', async () => {
    const scene = await Scene.open()
    await scene.buy()
    const { auction } = scene.heard
    const honest = await scene.shop(KEYS.seller)
    const said: string[] = []
    let first: Party | undefined
    for (let index = 0; index < ASKERS_PER_BLOCK_MAX + 2; index += 1) {
      const { party } = await scene.world.seller({ key: fixedKey(100 + index) }, { runner: WORD_COUNTER })
      first ??= party
      scene.blocks.set(party.components.door.did, '192.0.2.0/24')
      said.push(await join(party, auction, 'nonsense'))
    }
    expect(said.slice(ASKERS_PER_BLOCK_MAX)).toEqual(['MARKET_BUSY', 'MARKET_BUSY'])
    expect(first && (await join(first, auction, 'nonsense'))).toBe('MARKET_ENVELOPE_REFUSED')
    expect(await join(honest.party, auction, offerOf(honest))).toBe('taken')
  })
})
