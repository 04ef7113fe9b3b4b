import { describe, expect, it } from 'vitest'
import type { SellerComponents } from '../../../src/market/parties/selling/seller.ts'
import {
  BUYER_POLICY,
  bytesOf,
  type BuyerNode,
  IOU,
  MarketWorld,
  nanos,
  type SellerNode,
  wanted,
  WORD_COUNTER,
} from './market-world.ts'
import { KEYS } from './party-fixtures.ts'

type Pair = { readonly world: MarketWorld; readonly shop: SellerNode; readonly node: BuyerNode }

async function openPair(
  seller: Partial<SellerComponents> = {},
  buyer: Parameters<MarketWorld['buyer']>[1] = {},
): Promise<Pair> {
  const world = await MarketWorld.create()
  const shop = await world.seller({ key: KEYS.seller }, seller)
  await shop.seller.offer(world.offer(), 'words')
  return { world, shop, node: await world.buyer({ key: KEYS.buyer }, buyer) }
}

async function eventsOf(world: MarketWorld, contract: string | undefined): Promise<readonly string[]> {
  return (await world.view(contract))?.transitions.map(({ event, to }) => `${event} -> ${to}`) ?? []
}

describe('a purchase', () => {
  it('goes from an offer to FINAL, and everybody has what is due', async () => {
    const { world, node } = await openPair()
    await node.buyer.buy(wanted())
    const order = await world.until(node, 'order-1')
    expect(await world.view(order.contract)).toMatchObject({
      state: 'FINAL',
      custody: 'C2/f=0',
      priceNanos: '1000',
      capturedNanos: '1000',
      feeNanos: '10',
    })
    expect(await eventsOf(world, order.contract)).toEqual([
      'offered -> OFFERED',
      'awarded -> OFFERED',
      'contract-signed -> AGREED',
      'hold-requested -> HELD',
      'started -> WORKING',
      'delivered -> DELIVERED',
      'accepted -> SETTLED',
      'timer-fired -> FINAL',
    ])
    expect(await world.balance(KEYS.buyer.did)).toBe(9_000n)
    expect(await world.balance(KEYS.seller.did)).toBe(10_990n)
    expect(await world.balance(KEYS.feeOwner.did, 'fee')).toBe(10n)
    expect(world.failures).toEqual([])
  })

  it('happens once for a key, and a key with another request is a conflict', async () => {
    const { world, node } = await openPair()
    const [one, other] = await Promise.all([node.buyer.buy(wanted()), node.buyer.buy(wanted())])
    expect(other.task).toEqual(one.task)
    await expect(node.buyer.buy(wanted({ maxNanos: nanos(1_999) }))).rejects.toMatchObject({
      code: 'MARKET_KEY_CONFLICT',
    })
    await world.until(node, 'order-1')
    await node.buyer.buy(wanted())
    await world.until(node, 'order-1')
    expect(await world.balance(KEYS.buyer.did)).toBe(9_000n)
  })

  it('happens once for a key that comes with two requests at once, and the other is a conflict', async () => {
    const { world, node } = await openPair()
    const first = node.buyer.buy(wanted())
    await expect(node.buyer.buy(wanted({ input: bytesOf('a b c d') }))).rejects.toMatchObject({
      code: 'MARKET_KEY_CONFLICT',
    })
    const { input } = await first
    expect(await node.party.journal.file(input)).toEqual(bytesOf('one two three'))
    expect((await world.until(node, 'order-1')).input).toBe(input)
    expect(await world.balance(KEYS.buyer.did)).toBe(9_000n)
  })

  it.each([
    ['first', 700n],
    ['second', 1_000n],
  ] as const)('is awarded by a sealed %s-price auction', async (auction, price) => {
    const { world, node } = await openPair()
    const rival = await world.seller({ key: KEYS.rival }, {})
    await rival.seller.offer(world.offer({ priceNanos: nanos(700) }), 'cheap')
    await node.buyer.buy(wanted({ auction }))
    const order = await world.until(node, 'order-1')
    const view = await world.view(order.contract)
    expect(view).toMatchObject({ state: 'FINAL', worker: KEYS.rival.did, priceNanos: String(price) })
    expect(view?.auction).toBe(order.transcript)
    const heard = rival.party.journal.envelopesOf(order.auction ?? '').map(({ envelope }) => envelope.type)
    expect(heard).toEqual([
      'auction-call',
      'auction-commitment',
      'auction-receipt',
      'auction-commitments',
      'auction-reveal',
      'auction-receipt',
      'auction-transcript',
    ])
    expect(world.failures).toEqual([])
  })

  it('vouches at milestones, within what the buyer risks', async () => {
    const { world, node } = await openPair({
      runner: {
        run: async (task, controls) => {
          await controls.reached(1, new Map([['steps', 1n]]))
          await controls.reached(2, new Map([['steps', 2n]]))
          return await WORD_COUNTER.run(task, controls)
        },
      },
    })
    await node.buyer.buy(wanted({ milestonesPerMillion: [300_000, 600_000] }))
    const order = await world.until(node, 'order-1')
    const events = await eventsOf(world, order.contract)
    expect(events.filter((event) => event === 'voucher-signed -> WORKING')).toHaveLength(1)
    expect(events.at(-1)).toBe('timer-fired -> FINAL')
  })

  it('works under C3 and C1', async () => {
    const { world, node, shop } = await openPair()
    await shop.seller.offer(world.offer({ currency: IOU, priceNanos: nanos(900) }), 'credit')
    await node.buyer.buy(wanted({ custody: 'C3' }))
    await node.buyer.buy(wanted({ idempotencyKey: 'order-2', custody: 'C1', currency: IOU }))
    const bonded = await world.until(node, 'order-1')
    const credit = await world.until(node, 'order-2')
    expect(await world.view(bonded.contract)).toMatchObject({ state: 'FINAL', custody: 'C3/f=0' })
    expect(await world.view(credit.contract)).toMatchObject({ state: 'FINAL', custody: 'C1' })
    expect(await world.balance(KEYS.seller.did, 'available', IOU)).toBe(900n)
  })

  it('fails by name without an offer, without money, and with a seller that declines', async () => {
    const { world, node, shop } = await openPair()
    await node.buyer.buy(wanted({ skill: 'text.translate' }))
    expect((await world.until(node, 'order-1')).failed).toEqual({
      code: 'BUY_NO_OFFER',
      detail: '1 of the 2 nodes that were asked answered.',
    })
    await node.buyer.buy(wanted({ idempotencyKey: 'other', skill: 'text.translate', peers: [KEYS.seller.did] }))
    expect((await world.until(node, 'other')).failed).toEqual({ code: 'BUY_NO_OFFER' })
    await node.buyer.buy(wanted({ idempotencyKey: 'silent', peers: [KEYS.rival.did] }))
    expect((await world.until(node, 'silent')).failed).toEqual({
      code: 'BUY_NO_OFFER',
      reason: 'BUY_NODES_SILENT',
      detail: '0 of the 1 nodes that were asked answered.',
    })
    await node.buyer.buy(wanted({ idempotencyKey: 'lonely', peers: [] }))
    expect((await world.until(node, 'lonely')).failed).toEqual({ code: 'BUY_NO_OFFER', reason: 'BUY_NODES_UNKNOWN' })
    await shop.seller.offer(world.offer({ skill: 'text.long', priceNanos: nanos(20_000) }), 'dear')
    await node.buyer.buy(wanted({ idempotencyKey: 'order-2', skill: 'text.long', maxNanos: nanos(30_000) }))
    expect((await world.until(node, 'order-2')).failed).toMatchObject({
      code: 'BUY_BALANCE_SHORT',
      detail: expect.stringContaining('has 0.00001 credits') as string,
    })
    const timers = { acceptMs: 600_001 as never }
    await node.buyer.buy(wanted({ idempotencyKey: 'order-3', timers }))
    expect((await world.until(node, 'order-3')).failed).toEqual({
      code: 'BUY_DECLINED',
      reason: 'MARKET_LIMIT_PASSED',
    })
    expect(await world.balance(KEYS.buyer.did)).toBe(10_000n)
  })
})

describe('what a seller puts at stake', () => {
  it('is no more than a share of the price, its bond and the fees of arbiters each', async () => {
    const codeFor = async (policy: Partial<typeof BUYER_POLICY>, changes = {}): Promise<unknown> => {
      const { world, node } = await openPair({}, { policy: { ...BUYER_POLICY, ...policy } })
      await node.buyer.buy(wanted({ custody: 'C3', ...changes }))
      return (await world.until(node, 'order-1')).failed
    }
    const declined = { code: 'BUY_DECLINED', reason: 'MARKET_LIMIT_PASSED' }
    expect(await codeFor({ bondPerMillion: 500_000 })).toBeUndefined()
    expect(await codeFor({ bondPerMillion: 501_000 })).toEqual(declined)
    const arbiters = { members: [KEYS.arbiter.did], k: 1 }
    const fees = { disputeBondNanos: nanos(501), arbiterFeeNanos: nanos(501) }
    expect(await codeFor({}, { arbiters, ...fees })).toEqual(declined)
  })
})

describe('a contract that goes wrong', () => {
  it('is accepted by T_accept when the payer is silent', async () => {
    const { world, node } = await openPair({}, { acceptsAlone: false })
    await node.buyer.buy(wanted())
    const order = await world.until(node, 'order-1')
    expect(await eventsOf(world, order.contract)).toContain('timer-fired -> SETTLED')
    expect(await world.balance(KEYS.seller.did)).toBe(10_990n)
  })

  it('is voided with the penalty when the worker never starts', async () => {
    const { world, node, shop } = await openPair()
    const order = await node.buyer.buy(wanted({ custody: 'C3' }))
    expect(order.requestHash).toHaveLength(64)
    while ((await world.view(node.buyer.order('order-1')?.contract))?.state === undefined) await Promise.resolve()
    await world.leave(shop)
    await world.until(node, 'order-1')
    const view = await world.view(node.buyer.order('order-1')?.contract)
    expect(view?.state).toBe('VOIDED')
    expect(await world.balance(KEYS.buyer.did)).toBe(10_100n)
    expect(await world.balance(KEYS.seller.did)).toBe(9_900n)
  })
})
