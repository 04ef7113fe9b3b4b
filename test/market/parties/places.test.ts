import { describe, expect, it } from 'vitest'
import { type FixedKey, fixedKey } from '../../../scripts/protocol-vectors/fixed-keys.ts'
import { sha256Hex } from '../../../src/base/sha256.ts'
import { formatAccountId, parseTransferId } from '../../../src/core/ledger/ledger-names.ts'
import type { TransferOrder } from '../../../src/core/ledger/transfer-order.ts'
import { bodyOfOrder } from '../../../src/wire/v1/ledger-events.ts'
import type { EscrowTerms } from '../../../src/core/escrow/escrow-terms.ts'
import type { Did } from '../../../src/core/evidence/names.ts'
import type { BuyRequest } from '../../../src/market/parties/buying/buy-order.ts'
import type { Party } from '../../../src/market/parties/party.ts'
import { hasLapsed } from '../../../src/market/parties/selling/lapsers.ts'
import { SellerPlaces } from '../../../src/market/parties/selling/seller-places.ts'
import type { TaskRunner } from '../../../src/market/parties/selling/task-runner.ts'
import { contractNamed, didNamed, ms, termsOf } from '../../core/escrow/escrow-builder.ts'
import {
  BUYER_POLICY,
  type BuyerNode,
  MarketWorld,
  nanos,
  SELLER_POLICY,
  type SellerNode,
  USD,
  wanted,
  WORD_COUNTER,
} from './market-world.ts'
import { KEYS, settle } from './party-fixtures.ts'

const FUNDED = [KEYS.buyer, KEYS.rival, KEYS.arbiter].map((key) => [key, 1_000] as const)
const one = (changes: Partial<BuyRequest> = {}): BuyRequest => wanted({ peers: [KEYS.seller.did], ...changes })

type Shop = { readonly world: MarketWorld; readonly shop: SellerNode }

async function openShop(runner: TaskRunner = WORD_COUNTER, capacity = 1, policy = SELLER_POLICY): Promise<Shop> {
  const world = await MarketWorld.create(FUNDED)
  const shop = await world.seller({ key: KEYS.seller }, { runner, policy })
  await shop.seller.offer(world.offer({ capacity }), 'words')
  return { world, shop }
}

/** Counts words when it may, and remembers how many it counted at one time. */
class GatedRunner implements TaskRunner {
  readonly gate = Promise.withResolvers<void>()
  most = 0
  private now = 0

  async run(...task: Parameters<TaskRunner['run']>): ReturnType<TaskRunner['run']> {
    this.now += 1
    this.most = Math.max(this.most, this.now)
    await this.gate.promise
    this.now -= 1
    return await WORD_COUNTER.run(...task)
  }
}

/** A payer that does not look at its own balance. */
async function openCareless(
  world: MarketWorld,
  key: FixedKey,
  init: Parameters<MarketWorld['buyer']>[1] = {},
): Promise<BuyerNode> {
  const node = await world.buyer({ key }, init)
  const { components } = node.party
  const balances = { owner: key.did, kind: 'available', balanceNanos: '1000000' }
  const accounts = async (): Promise<unknown> =>
    await Promise.resolve({ ledgers: [{ currency: USD, accounts: [balances] }], next: null })
  // All else is the notary's.
  const notary: object = Object.create(components.notary) as object
  Object.assign(components, { notary: Object.assign(notary, { accounts }) })
  return node
}

/** Has the seller sign, and goes to no notary. */
async function signAndStay({ world }: Shop, key: FixedKey): Promise<BuyerNode> {
  const node = await openCareless(world, key)
  node.party.outbox.submit = async () => await new Promise<never>(() => undefined)
  await node.buyer.buy(one())
  await settle(60)
  await world.time.advance(1_000)
  expect(node.buyer.order('order-1')?.cosignature).toBeDefined()
  return node
}

async function begin({ world }: Shop, key: FixedKey, changes: Partial<BuyRequest> = {}): Promise<BuyerNode> {
  const node = await openCareless(world, key, { acceptsAlone: false })
  await node.buyer.buy(one(changes))
  await settle(60)
  await world.time.advance(1_000)
  return node
}

const stateOf = async ({ world }: Shop, { buyer }: BuyerNode): Promise<string | undefined> =>
  (await world.view(buyer.order('order-1')?.contract))?.state

describe('a place of a seller', () => {
  it('is not taken by what was signed and goes to no notary', async () => {
    const shop = await openShop()
    await signAndStay(shop, KEYS.arbiter)
    const node = await begin(shop, KEYS.buyer)
    expect(await stateOf(shop, node)).toBe('DELIVERED')
  })

  it('is taken by work whose price is held, until it is delivered', async () => {
    const runner = new GatedRunner()
    const shop = await openShop(runner)
    const first = await begin(shop, KEYS.buyer)
    expect(await stateOf(shop, first)).toBe('WORKING')
    const second = await begin(shop, KEYS.rival)
    expect(second.buyer.order('order-1')?.failed).toMatchObject({ code: 'BUY_DECLINED', reason: 'MARKET_BUSY' })
    runner.gate.resolve()
    await shop.world.time.advance(1_000)
    expect(await stateOf(shop, first)).toBe('DELIVERED')
    const third = await begin(shop, KEYS.arbiter)
    expect(await stateOf(shop, third)).toBe('DELIVERED')
  })

  it('is not taken by a delivery that its payer leaves lying', async () => {
    const shop = await openShop(WORD_COUNTER, 1, { ...SELLER_POLICY, contractsMax: 1 })
    const first = await begin(shop, KEYS.buyer)
    expect(await stateOf(shop, first)).toBe('DELIVERED')
    expect(await stateOf(shop, await begin(shop, KEYS.rival))).toBe('DELIVERED')
    expect(await stateOf(shop, first)).toBe('DELIVERED')
  })

  it('is kept from nobody by a price that is signed and not held, or held for what is delivered', async () => {
    const shop = await openShop(WORD_COUNTER, 1, { ...SELLER_POLICY, exposureNanosMax: nanos(1_500) })
    await signAndStay(shop, KEYS.arbiter)
    expect(await stateOf(shop, await begin(shop, KEYS.buyer))).toBe('DELIVERED')
    expect(await stateOf(shop, await begin(shop, KEYS.rival))).toBe('DELIVERED')
  })

  it('is no more work at one time than the seller may do in vain', async () => {
    const runner = new GatedRunner()
    const shop = await openShop(runner, 2, { ...SELLER_POLICY, exposureNanosMax: nanos(1_500) })
    expect(await stateOf(shop, await begin(shop, KEYS.buyer))).toBe('WORKING')
    const { buyer } = await begin(shop, KEYS.rival)
    expect(buyer.order('order-1')?.failed).toMatchObject({ code: 'BUY_DECLINED', reason: 'MARKET_EXPOSURE_SPENT' })
    runner.gate.resolve()
  })

  it('is one at a time where several payers come at once: the others wait for their turn', async () => {
    const runner = new GatedRunner()
    const shop = await openShop(runner)
    const nodes = await Promise.all(
      FUNDED.map(async ([key]) => {
        const node = await openCareless(shop.world, key)
        await node.buyer.buy(one())
        return node
      }),
    )
    await settle(200)
    await shop.world.time.advance(2_000)
    runner.gate.resolve()
    for (const node of nodes) await shop.world.until(node, 'order-1')
    expect(await Promise.all(nodes.map(async (node) => await stateOf(shop, node)))).toEqual(['FINAL', 'FINAL', 'FINAL'])
    expect(runner.most).toBe(1)
  })

  it('is done in time, whatever is held first', async () => {
    const fill = Array.from({ length: 3 }, (_, index) => fixedKey(200 + index))
    const world = await MarketWorld.create([
      ...FUNDED,
      [KEYS.seller, 1_000],
      ...fill.map((key) => [key, 1_500] as const),
    ])
    const run = async (...task: Parameters<TaskRunner['run']>): ReturnType<TaskRunner['run']> => {
      await world.time.wait(900)
      return await WORD_COUNTER.run(...task)
    }
    const shop = await world.seller({ key: KEYS.seller }, { runner: { run } })
    await shop.seller.offer(world.offer({ capacity: 1 }), 'words')
    const first = await openCareless(world, KEYS.buyer)
    const gate = Promise.withResolvers<void>()
    const { outbox } = first.party
    const submit = outbox.submit.bind(outbox)
    outbox.submit = async (...args) => {
      await gate.promise
      return await submit(...args)
    }
    await first.buyer.buy(one({ timers: { startMs: ms(1_000), deliverMs: ms(2_100) } }))
    await settle(60)
    for (const key of fill) {
      const node = await openCareless(world, key)
      await node.buyer.buy(one())
      await settle(60)
      expect(node.buyer.order('order-1')?.cosignature).toBeDefined()
    }
    await world.time.advance(600)
    gate.resolve()
    const { contract } = await world.until(first, 'order-1')
    expect(await world.view(contract)).toMatchObject({ state: 'FINAL', priceNanos: '1000' })
  })

  it('is lost by those that have handed on the price before anybody hears that there is none', async () => {
    const keys = Array.from({ length: 18 }, (_, index) => fixedKey(200 + index))
    const [holder] = keys
    const world = await MarketWorld.create([[KEYS.buyer, 1_300], ...(holder ? [[holder, 1_300] as const] : [])])
    const shop = await world.seller({ key: KEYS.seller })
    await shop.seller.offer(world.offer({ capacity: 1 }), 'words')
    const account = (owner: Did) => formatAccountId({ owner, kind: 'available', currency: USD })
    for (const [index, key] of keys.slice(0, 17).entries()) {
      const next = keys[index + 1]
      const id = parseTransferId(sha256Hex(`move ${index}`).slice(0, 32))
      if (next === undefined || id === undefined) throw new TypeError('unreachable')
      const node = await world.buyer({ key })
      node.party.outbox.submit = async () => await new Promise<never>(() => undefined)
      await node.buyer.buy(one())
      await settle(60)
      await world.time.advance(50)
      expect(node.buyer.order('order-1')?.cosignature).toBeDefined()
      const order: TransferOrder = {
        kind: 'post',
        id,
        debit: account(key.did),
        credit: account(next.did),
        amount: nanos(1_300),
        isLinked: false,
        contract: undefined,
        reference: undefined,
      }
      await world.tell('ledger-transfer', { orders: [bodyOfOrder(order, USD)] }, key)
    }
    const node = await world.buyer({ key: KEYS.buyer })
    await node.buyer.buy(one())
    expect((await world.until(node, 'order-1')).failed).toBeUndefined()
  })

  it('is for payers that have the price, all that was signed for them counted', async () => {
    const shop = await openShop(WORD_COUNTER, 10)
    const poor = await begin(shop, KEYS.secondArbiter)
    expect(poor.buyer.order('order-1')?.failed).toMatchObject({ code: 'BUY_DECLINED', reason: 'MARKET_PAYER_SHORT' })
    const node = await signAndStay(shop, KEYS.arbiter)
    await node.buyer.buy(one({ idempotencyKey: 'order-2' }))
    await settle(60)
    await shop.world.time.advance(1_000)
    expect(node.buyer.order('order-2')?.failed).toMatchObject({ code: 'BUY_DECLINED', reason: 'MARKET_PAYER_SHORT' })
    const bonded = await openCareless(shop.world, KEYS.buyer, { policy: { ...BUYER_POLICY, bondPerMillion: 10_000 } })
    await bonded.buyer.buy(one({ custody: 'C3' }))
    expect((await shop.world.until(bonded, 'order-1')).failed).toMatchObject({ reason: 'MARKET_PAYER_SHORT' })
  })
})

describe('what is signed and not held', () => {
  type Note = {
    readonly payer: Did
    readonly isHeld?: boolean
    readonly result?: string
    readonly kind?: string
    readonly ended?: string
    readonly custody?: string
    readonly deliverMs?: number
  }
  const strangers = (count: number): readonly Note[] =>
    Array.from({ length: count }, (_, index) => ({ payer: didNamed('p'.repeat(index + 1)) }))

  async function judge(
    notes: readonly Note[],
    changes: Partial<EscrowTerms> = {},
    hasLapsed = false,
  ): Promise<string | undefined> {
    const written = notes.map(({ payer, custody = 'C2', deliverMs = 60_000, ...rest }, index) => {
      const terms = JSON.stringify({ maxNanos: '100', custody, timers: { deliverMs } })
      return [
        contractNamed(String(index)),
        { role: 'worker', other: payer, task: { skill: 'text.echo' }, terms, ...rest },
      ]
    })
    const states = new Map(notes.map(({ kind }, index) => [contractNamed(String(index)), kind && { kind }]))
    const components = { clock: { now: () => 0 } }
    const noteOf = (): unknown => (hasLapsed ? { at: 0 } : undefined)
    const party = { states, components, journal: { notesOf: () => written }, noteOf } as unknown as Party
    const offer = { skill: 'text.echo', capacity: 1, latencyMs: ms(1_000) } as never
    const { payer, custody, timers } = termsOf({ payer: didNamed('me'), ...changes })
    const wanted = { payer, isLent: custody === 'C1', deliverMs: timers.deliverMs, isBid: false }
    return await new SellerPlaces(party).refuse(wanted, offer)
  }

  const long = { timers: { ...termsOf().timers, deliverMs: ms(60_000) } }

  it('is bounded for strangers together, and keeps out nobody for whom work was done before', async () => {
    expect(await judge(strangers(16), long)).toBeUndefined()
    expect(await judge(strangers(17), long)).toBe('MARKET_BUSY')
    const known: Note = { payer: didNamed('me'), result: 'r', ended: 'FINAL' }
    expect(await judge([...strangers(17), known], long)).toBeUndefined()
    expect(
      await judge(
        strangers(17).map((note) => ({ ...note, custody: 'C1' })),
        long,
      ),
    ).toBeUndefined()
  })

  it('leaves half of the room to those who have let nothing lapse', async () => {
    expect(await judge(strangers(8), long, true)).toBeUndefined()
    expect(await judge(strangers(9), long, true)).toBe('MARKET_BUSY')
    const known: Note = { payer: didNamed('me'), result: 'r', ended: 'FINAL' }
    expect(await judge([...strangers(9), known], long, true)).toBeUndefined()
  })

  it('is remembered of the payer for a day', async () => {
    const shop = await openShop()
    await signAndStay(shop, KEYS.arbiter)
    const { party } = shop.shop
    expect(hasLapsed(party, KEYS.arbiter.did)).toBe(false)
    await shop.world.time.advance(200_000)
    await settle(60)
    expect(hasLapsed(party, KEYS.arbiter.did)).toBe(true)
    expect(await stateOf(shop, await begin(shop, KEYS.buyer))).toBe('DELIVERED')
    await shop.world.time.advance(86_400_000)
    expect([KEYS.arbiter, KEYS.buyer].map(({ did }) => hasLapsed(party, did))).toEqual([false, false])
  })

  it('takes no place either when it is held and the work has not begun: the input may be kept back', async () => {
    const [stranger] = strangers(1)
    if (stranger === undefined) throw new TypeError('unreachable')
    expect(await judge([{ ...stranger, isHeld: true, kind: 'HELD' }], long)).toBeUndefined()
    expect(await judge([{ ...stranger, isHeld: true, kind: 'WORKING' }], long)).toBe('MARKET_BUSY')
    expect(await judge([{ ...stranger, isHeld: true, kind: 'DISPUTED' }], long)).toBeUndefined()
    expect(await judge([{ ...stranger, isHeld: true }], long)).toBe('MARKET_BUSY')
  })

  it('is no more than can be delivered in time, whatever is held first', async () => {
    const [one, two, three] = strangers(3).map((note) => ({ ...note, deliverMs: 4_000 }))
    if (one === undefined || two === undefined || three === undefined) throw new TypeError('unreachable')
    const within = (deliverMs: number): Partial<EscrowTerms> => ({
      timers: { ...long.timers, deliverMs: ms(deliverMs) },
    })
    expect(await judge([one, two], within(4_000))).toBeUndefined()
    expect(await judge([one, two, three], within(4_000))).toBe('MARKET_BUSY')
    // What is due sooner goes first, and makes late what only just fits.
    expect(await judge([one, two, three], within(2_000))).toBe('MARKET_BUSY')
    expect(await judge([one, two, three], within(60_000))).toBeUndefined()
    expect(await judge([], within(1_999))).toBe('MARKET_LIMIT_PASSED')
    expect(await judge([], within(2_000))).toBeUndefined()
  })
})
