import { describe, expect, it } from 'vitest'
import { MarketWorld, wanted } from './market-world.ts'
import { KEYS } from './party-fixtures.ts'

describe('a purchase', () => {
  it('goes from an offer to FINAL, and everybody has what is due', async () => {
    const world = await MarketWorld.create()
    const { seller } = await world.seller({ key: KEYS.seller })
    await seller.offer(world.offer(), 'words')
    const node = await world.buyer({ key: KEYS.buyer })
    await node.buyer.buy(wanted())
    const order = await world.until(node, 'order-1')
    const view = await world.view(order.contract)
    expect(view).toMatchObject({
      state: 'FINAL',
      custody: 'C2/f=0',
      priceNanos: '1000',
      capturedNanos: '1000',
      feeNanos: '10',
    })
    expect(view?.transitions.map(({ event }) => event)).toEqual([
      'offered',
      'awarded',
      'contract-signed',
      'hold-requested',
      'started',
      'delivered',
      'accepted',
      'timer-fired',
    ])
    expect(await world.balance(KEYS.buyer.did)).toBe(9_000n)
    expect(await world.balance(KEYS.seller.did)).toBe(10_990n)
    expect(await world.balance(KEYS.feeOwner.did, 'fee')).toBe(10n)
    expect(world.failures).toEqual([])
  })
})
