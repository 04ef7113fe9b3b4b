import { describe, expect, it, vi } from 'vitest'
import type * as AskSignature from '../../../src/market/parties/buying/ask-signature.ts'
import type * as BuyerAuction from '../../../src/market/parties/auctions/buyer-auction.ts'
import { MarketWorld, nanos, wanted } from './market-world.ts'
import { KEYS } from './party-fixtures.ts'

const pay = vi.hoisted(() => ({ less: 0n, isNamed: true }))

// A buyer that lies: the same code, but the contract is written for less than the auction clears at.
vi.mock('../../../src/market/parties/auctions/buyer-auction.ts', async (load) => {
  const real = await load<typeof BuyerAuction>()
  return {
    ...real,
    holdOwnAuction: async (...args: Parameters<typeof real.holdOwnAuction>) => {
      const { chosen, detail } = await real.holdOwnAuction(...args)
      return { detail, chosen: chosen && { ...chosen, priceNanos: nanos(chosen.priceNanos - pay.less) } }
    },
  }
})

vi.mock('../../../src/market/parties/buying/ask-signature.ts', async (load) => {
  const real = await load<typeof AskSignature>()
  return {
    ...real,
    askSignature: async (...[side, ...rest]: Parameters<typeof real.askSignature>) => {
      const { orders } = side
      const unnamed = Object.create(orders) as typeof orders
      unnamed.get = (key) => {
        const { transcript: _, ...order } = orders.get(key)
        return order
      }
      return await real.askSignature(pay.isNamed ? side : { ...side, orders: unnamed }, ...rest)
    },
  }
})

async function bought(less: bigint) {
  pay.less = less
  const world = await MarketWorld.create()
  const bids = [
    [KEYS.seller, 600],
    [KEYS.rival, 1_200],
  ] as const
  for (const [key, price] of bids) {
    const bidOn = () => ({ priceNanos: nanos(price), latencyMs: 1 as never })
    const { seller } = await world.seller({ key }, { bidOn })
    await seller.offer(world.offer({ priceNanos: nanos(1_300) }), 'words')
  }
  const node = await world.buyer({ key: KEYS.buyer })
  await node.buyer.buy(wanted({ auction: 'second' }))
  const order = await world.until(node, 'order-1')
  return { order, view: await world.view(order.contract) }
}

describe('the winner of a second-price auction', () => {
  it('signs at what it clears at', async () => {
    const { view } = await bought(0n)
    expect(view).toMatchObject({ state: 'FINAL', worker: KEYS.seller.did, priceNanos: '1200' })
  })

  it('does not sign for less where the award leaves the transcript out', async () => {
    pay.isNamed = false
    const [{ view }, { order }] = [await bought(0n), await bought(1n)]
    pay.isNamed = true
    expect(view).toMatchObject({ state: 'FINAL', worker: KEYS.seller.did, priceNanos: '1200' })
    expect(order).toMatchObject({ declinedCode: 'MARKET_PRICE_LOW' })
  })

  it('does not sign for a nano-unit less, however much above its own bid that is', async () => {
    const { order } = await bought(1n)
    expect(order).toMatchObject({ failed: { code: 'BUY_DECLINED' }, declinedCode: 'MARKET_PRICE_LOW' })
    expect(order.declined).toContain(KEYS.seller.did)
  })
})
