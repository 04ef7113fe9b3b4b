import type { FixedKey } from '../../../scripts/protocol-vectors/fixed-keys.ts'
import { sha256Hex } from '../../../src/base/sha256.ts'
import { HOUR_MS, timestampFromMs } from '../../../src/base/time.ts'
import { describe, expect, it } from 'vitest'
import { parseTransferId } from '../../../src/core/ledger/ledger-names.ts'
import { UNKNOWN_STANDING } from '../../../src/core/market/match-offers.ts'
import type { SellerComponents } from '../../../src/market/parties/selling/seller.ts'
import { refuseContract, type SellerPolicy } from '../../../src/market/parties/selling/seller-policy.ts'
import { ESCROW_TERMS, termsOfBody } from '../../../src/wire/v1/escrow-terms.ts'
import {
  BUYER_POLICY,
  type BuyerNode,
  bytesOf,
  MarketWorld,
  nanos,
  SELLER_POLICY,
  type SellerNode,
  USD,
  wanted,
} from './market-world.ts'
import { KEYS, settle } from './party-fixtures.ts'

type Pair = { readonly world: MarketWorld; readonly shop: SellerNode; readonly node: BuyerNode }

/** One seller of a word count at 1,000, and a buyer. */
async function openPair(buyer: Parameters<MarketWorld['buyer']>[1] = {}): Promise<Pair> {
  const world = await MarketWorld.create()
  const shop = await world.seller({ key: KEYS.seller })
  await shop.seller.offer(world.offer(), 'words')
  return { world, shop, node: await world.buyer({ key: KEYS.buyer }, buyer) }
}

async function openRival(world: MarketWorld, priceNanos: number, init: Partial<SellerComponents> = {}): Promise<void> {
  const rival = await world.seller({ key: KEYS.rival }, init)
  await rival.seller.offer(world.offer({ priceNanos: nanos(priceNanos) }), 'rival')
}

describe('a second-price auction', () => {
  it('pays what was bid where one seller alone offers', async () => {
    const { world, node } = await openPair()
    await node.buyer.buy(wanted({ auction: 'second', maxNanos: nanos(9_000) }))
    const order = await world.until(node, 'order-1')
    expect(await world.view(order.contract)).toMatchObject({ state: 'FINAL', priceNanos: '1000' })
  })

  it('pays no more than the best other offer where the others do not bid', async () => {
    const { world, node } = await openPair()
    await openRival(world, 1_300, { bidOn: () => undefined })
    await node.buyer.buy(wanted({ auction: 'second', maxNanos: nanos(9_000) }))
    const order = await world.until(node, 'order-1')
    expect(await world.view(order.contract)).toMatchObject({
      state: 'FINAL',
      worker: KEYS.seller.did,
      priceNanos: '1300',
    })
  })

  it('never pays more than the most that it may cost', async () => {
    const { world, node } = await openPair()
    await openRival(world, 5_000)
    await node.buyer.buy(wanted({ auction: 'second', maxNanos: nanos(1_200) }))
    const order = await world.until(node, 'order-1')
    expect(await world.view(order.contract)).toMatchObject({ state: 'FINAL', priceNanos: '1000' })
  })
})

describe('what a seller may have of a buyer at one time', () => {
  const careful = { policy: { ...BUYER_POLICY, newcomerNanosMax: nanos(999) } }

  it('bounds the price of a newcomer, unless the buyer allows more', async () => {
    const { world, node } = await openPair(careful)
    await node.buyer.buy(wanted())
    expect((await world.until(node, 'order-1')).failed).toEqual({
      code: 'BUY_EXPOSURE',
      detail: expect.stringContaining(KEYS.seller.did) as string,
    })
    expect(node.party.journal.envelopesOf('escrow-offer')).toEqual([])
    await node.buyer.buy(wanted({ idempotencyKey: 'order-2', newcomerNanosMax: nanos(1_000) }))
    const order = await world.until(node, 'order-2')
    expect(await world.view(order.contract)).toMatchObject({ state: 'FINAL' })
  })

  it('counts the bond that a newcomer has at stake', async () => {
    // A fifth of the price is its bond.
    const { world, node } = await openPair({ policy: { ...BUYER_POLICY, newcomerNanosMax: nanos(800) } })
    await node.buyer.buy(wanted({ custody: 'C3' }))
    const order = await world.until(node, 'order-1')
    expect(await world.view(order.contract)).toMatchObject({ state: 'FINAL', custody: 'C3/f=0' })
  })

  it('counts what it has of open contracts, also of two purchases at once', async () => {
    const { world, node } = await openPair({ policy: { ...BUYER_POLICY, newcomerNanosMax: nanos(1_999) } })
    await Promise.all([node.buyer.buy(wanted()), node.buyer.buy(wanted({ idempotencyKey: 'order-2' }))])
    const ended = [await world.until(node, 'order-1'), await world.until(node, 'order-2')]
    expect(ended.flatMap(({ failed }) => failed?.code ?? [])).toEqual(['BUY_EXPOSURE'])
  })

  it('is what its good work has earned, and no allowance makes up for harm', async () => {
    const known = { ...UNKNOWN_STANDING, isNewcomer: false }
    const earned = { ...careful, exposureOf: async () => await Promise.resolve(nanos(1_000)) }
    const trusted = await openPair({ ...earned, standingOf: async () => await Promise.resolve(known) })
    await trusted.node.buyer.buy(wanted())
    expect((await trusted.world.until(trusted.node, 'order-1')).failed).toBeUndefined()
    const harmful = { ...UNKNOWN_STANDING, reputationPpm: 499_999 }
    const other = await openPair({ standingOf: async () => await Promise.resolve(harmful) })
    await other.node.buyer.buy(wanted())
    expect((await other.world.until(other.node, 'order-1')).failed).toMatchObject({ code: 'BUY_EXPOSURE' })
  })

  it('is never less for a good name than for a new one', async () => {
    const known = { ...UNKNOWN_STANDING, isNewcomer: false, reputationPpm: 900_000 }
    const { world, node } = await openPair({
      policy: { ...BUYER_POLICY, newcomerNanosMax: nanos(1_000) },
      exposureOf: async () => await Promise.resolve(nanos(50)),
      standingOf: async () => await Promise.resolve(known),
    })
    await node.buyer.buy(wanted())
    expect((await world.until(node, 'order-1')).failed).toBeUndefined()
  })

  it('leaves the next seller that has room', async () => {
    const { world, node } = await openPair({
      exposureOf: async (seller) => await Promise.resolve(nanos(seller === KEYS.rival.did ? 5_000 : 0)),
      ...careful,
    })
    await openRival(world, 1_500)
    await node.buyer.buy(wanted())
    const order = await world.until(node, 'order-1')
    expect(await world.view(order.contract)).toMatchObject({ state: 'FINAL', worker: KEYS.rival.did })
  })

  it('bounds what an auction awards', async () => {
    const { world, node } = await openPair({ policy: { ...BUYER_POLICY, newcomerNanosMax: nanos(1_100) } })
    await openRival(world, 1_050)
    await node.buyer.buy(wanted({ auction: 'second' }))
    const order = await world.until(node, 'order-1')
    expect(await world.view(order.contract)).toMatchObject({ state: 'FINAL', priceNanos: '1050' })
    const call = node.party.journal.note('order', 'order-1') as { readonly call: { readonly newcomerNanos: string } }
    expect(call.call.newcomerNanos).toBe('1100')
  })
})

describe('terms that are no contract', () => {
  it('are signed by no buyer, which says the rule', async () => {
    const { world, node } = await openPair()
    await node.buyer.buy(wanted({ custody: 'C1' }))
    expect((await world.until(node, 'order-1')).failed).toEqual({ code: 'BUY_TERMS_WRONG', reason: 'TERMS_CREDIT' })
    await node.buyer.buy(wanted({ idempotencyKey: 'order-2', timers: { startMs: 50 as never }, auction: 'first' }))
    expect((await world.until(node, 'order-2')).failed).toEqual({ code: 'BUY_TERMS_WRONG', reason: 'TERMS_TIMERS' })
    expect(node.party.journal.notesOf('statement')).toEqual([])
    expect(world.auctionLogs.size).toBe(0)
  })

  it('are refused by a seller with the rule, or with the set that it does not know', async () => {
    const { world, node } = await openPair()
    await node.buyer.buy(wanted())
    const order = await world.until(node, 'order-1')
    const terms = termsOfBody(ESCROW_TERMS.parse(JSON.parse(order.terms ?? '')))
    const now = timestampFromMs(terms.signBy - 1)
    const skill = 'text.word-count'
    const room = { openContracts: 0, openNanos: 0n }
    const question = { net: terms.net, now, skill, priceNanos: nanos(1_000), ...room }
    expect(refuseContract(SELLER_POLICY, { ...question, terms })).toBeUndefined()
    const broken = { ...terms, milestonesNanos: [nanos(2), nanos(1)] }
    expect(refuseContract(SELLER_POLICY, { ...question, terms: broken })).toBe('TERMS_MILESTONES')
    expect(refuseContract(SELLER_POLICY, { ...question, terms, net: 'elsewhere' })).toBe('MARKET_NETWORK_WRONG')
    for (const away of [0, 0 - HOUR_MS - 1]) {
      const then = timestampFromMs(terms.signBy + away)
      expect(refuseContract(SELLER_POLICY, { ...question, terms, now: then })).toBe('MARKET_SIGN_BY_WRONG')
    }
    const strange = { ...SELLER_POLICY, parameters: new Map() }
    expect(refuseContract(strange, { ...question, terms })).toBe('MARKET_PARAMETERS_UNKNOWN')
    const bonded: SellerPolicy = { ...SELLER_POLICY, custodyOf: (name) => (name === skill ? ['C3'] : ['C2']) }
    expect(refuseContract(bonded, { ...question, terms })).toBe('MARKET_CUSTODY_DECLINED')
    expect(refuseContract(bonded, { ...question, skill: 'text.other', terms })).toBeUndefined()
  })
})

describe('a payer that could not reject', () => {
  it('signs nothing: price and dispute bond are there before, those of other contracts besides', async () => {
    const world = await MarketWorld.create([
      [KEYS.buyer, 2_150],
      [KEYS.seller, 10_000],
    ])
    const shop = await world.seller({ key: KEYS.seller })
    await shop.seller.offer(world.offer(), 'words')
    const node = await world.buyer({ key: KEYS.buyer }, { acceptsAlone: false })
    await node.buyer.buy(wanted())
    await settle(60)
    await world.time.advance(300)
    expect((await world.view(node.buyer.order('order-1')?.contract))?.state).toBe('DELIVERED')
    // 1,150 are left, and 100 of them are for a dispute on the first.
    await node.buyer.buy(wanted({ idempotencyKey: 'order-2' }))
    expect((await world.until(node, 'order-2')).failed).toMatchObject({ code: 'BUY_BALANCE_SHORT' })
    expect((await world.until(node, 'order-1')).failed).toBeUndefined()
    await node.buyer.buy(wanted({ idempotencyKey: 'order-3' }))
    expect((await world.until(node, 'order-3')).failed).toBeUndefined()
  })

  it('goes on trying until T_accept, and rejects when its bond has come in', async () => {
    const world = await MarketWorld.create([
      [KEYS.buyer, 1_100],
      [KEYS.seller, 10_000],
    ])
    const runner = { run: async () => await Promise.resolve({ result: bytesOf('{"words":4}'), counts: new Map() }) }
    const shop = await world.seller({ key: KEYS.seller }, { runner })
    await shop.seller.offer(world.offer(), 'words')
    const node = await world.buyer({ key: KEYS.buyer })
    const pay = async (from: FixedKey, to: FixedKey): Promise<void> => {
      const id = parseTransferId(`1${sha256Hex(from.did).slice(1, 32)}`)
      if (id === undefined) throw new TypeError('unreachable')
      const sides = {
        debit: { owner: from.did, kind: 'available' },
        credit: { owner: to.did, kind: 'available' },
      } as const
      const order = {
        kind: 'post',
        id,
        isLinked: false,
        reference: 'x',
        ...sides,
        currency: USD,
        amountNanos: nanos(100),
      } as const
      await world.tell('ledger-transfer', { orders: [order] }, from)
    }
    let isSpent = false
    const { outbox } = node.party
    const submit = outbox.submit.bind(outbox)
    Object.assign(outbox, {
      submit: async (kept: Parameters<typeof submit>[0]) => {
        if (kept.envelope.type === 'escrow-reject' && !isSpent) {
          isSpent = true
          await pay(KEYS.buyer, KEYS.seller)
        }
        return await submit(kept)
      },
    })
    await node.buyer.buy(wanted())
    await settle(60)
    await world.time.advance(6_000)
    const contract = node.buyer.order('order-1')?.contract
    expect((await world.view(contract))?.state).toBe('DELIVERED')
    await pay(KEYS.seller, KEYS.buyer)
    await world.until(node, 'order-1')
    expect((await world.view(contract))?.transitions.map(({ to }) => to)).toContain('DISPUTED')
  })
})
