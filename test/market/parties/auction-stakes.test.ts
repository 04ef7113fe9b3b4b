import { describe, expect, it } from 'vitest'
import type { FixedKey } from '../../../scripts/protocol-vectors/fixed-keys.ts'
import { sha256Hex } from '../../../src/base/sha256.ts'
import type { DurationMs } from '../../../src/base/time.ts'
import { auctionIdOf, type AuctionCall } from '../../../src/core/auction/auction-call.ts'
import { parseSalt32 } from '../../../src/core/auction/delimited-hash.ts'
import { type Depositor, loseDeposit, LOST_DEPOSITS, returnDeposit } from '../../../src/core/auction/deposits.ts'
import { type Hash, parseContractId } from '../../../src/core/evidence/names.ts'
import { bodyOfOrder } from '../../../src/wire/v1/ledger-events.ts'
import { declined } from '../../../src/market/parties/market-door.ts'
import type { Party } from '../../../src/market/parties/party.ts'
import type { SellerPolicy } from '../../../src/market/parties/selling/seller-policy.ts'
import { createMemoryEventLog } from '../../../src/storage/memory/memory-event-log.ts'
import { BUYER_POLICY, MarketWorld, nanos, SELLER_POLICY, SET, USD, wanted, WORD_COUNTER } from './market-world.ts'
import { KEYS } from './party-fixtures.ts'

const ms = (span: number): DurationMs => span as DurationMs
const HOUR_MS = 3_600_000

/** Somebody who calls a seller to auctions and does what it likes with the deposits. */
class Caller {
  readonly world: MarketWorld
  readonly party: Party
  private readonly key: FixedKey
  private calls = 0
  private frame: { readonly type: 'call'; readonly envelope: string } | undefined

  private constructor(world: MarketWorld, key: FixedKey, party: Party) {
    this.world = world
    this.key = key
    this.party = party
  }

  static async enter(world: MarketWorld, key: FixedKey): Promise<Caller> {
    return new Caller(world, key, (await world.party(key, createMemoryEventLog())).party)
  }

  /** Asks once more for the bid in its last call. @returns What is answered each time: `said`, or the code. */
  lastCall(): () => Promise<string> {
    const { frame } = this
    if (frame === undefined) throw new TypeError('no call')
    return async () => {
      const { frame: answer } = await this.party.components.door.ask(KEYS.seller.did, { frame })
      return answer.type === 'declined' ? answer.code : answer.type
    }
  }

  /** @returns The code for which the seller does not bid, or what names the deposit, which is held then where it is brought. */
  async call(
    changes: Partial<AuctionCall> = {},
    { isBrought = true } = {},
  ): Promise<string | (Depositor & { readonly call: AuctionCall })> {
    const { world, party } = this
    this.calls += 1
    const salt = parseSalt32(Buffer.from(sha256Hex(`salt ${this.calls}`), 'hex').toString('base64url'))
    if (salt === undefined) throw new TypeError('unreachable')
    const { english: _, ...call }: AuctionCall = {
      auctioneer: party.did,
      buyer: party.did,
      skill: 'text.word-count',
      task: sha256Hex(`task ${this.calls}`) as Hash,
      currency: USD,
      kind: 'first',
      reservePriceNanos: nanos(2_000),
      latencyMsMax: ms(30_000),
      depositNanos: nanos(200),
      forfeitTo: LOST_DEPOSITS,
      opensAt: world.time.clock.now(),
      bidMs: ms(60_000),
      revealMs: ms(60_000),
      settleMs: ms(60_000),
      bidsMax: 64,
      filter: { capabilities: [], reputationPpmMin: 0, newcomerExposureNanos: nanos(2_000) },
      weights: { price: 1, latency: 0, reputation: 0 },
      english: undefined,
      notarySet: SET.id,
      salt,
      ...changes,
    }
    const whole = { ...call, english: undefined }
    const auction = auctionIdOf(whole)
    const { notarySet = SET.id, filter } = call
    const body = { call: { ...call, notarySet, filter: { ...filter, capabilities: [...filter.capabilities] } } }
    const subject = parseContractId(auction)
    const said = await party.wallet.say({ act: `call ${this.calls}`, type: 'auction-call', body, aud: '*', subject })
    const frame = { type: 'call', envelope: new TextDecoder().decode(said.bytes) } as const
    this.frame = frame
    const answer = (await party.components.door.ask(KEYS.seller.did, { frame })).frame
    if (answer.type === 'declined') return answer.code
    if (answer.type !== 'said') return answer.type
    if (isBrought) await world.notary.submit(new TextEncoder().encode(answer.deposit ?? ''))
    const envelope = party.read(answer.envelope, 'auction-commitment')?.envelope.hash
    if (envelope === undefined) throw new TypeError('no commitment')
    return { bidder: KEYS.seller.did, envelope, call: whole }
  }

  async end(deposit: Depositor & { readonly call: AuctionCall }, how: 'lost' | 'returned'): Promise<void> {
    const auction = auctionIdOf(deposit.call)
    const order = how === 'lost' ? loseDeposit(deposit.call, auction, deposit) : returnDeposit(auction, deposit)
    await this.world.tell('ledger-transfer', { orders: [bodyOfOrder(order, USD)] }, this.key)
  }
}

async function openedTo(policy: Partial<SellerPolicy> = {}, fund = 10_000) {
  const world = await MarketWorld.create([KEYS.buyer, KEYS.seller, KEYS.rival].map((key) => [key, fund]))
  const shop = await world.seller({ key: KEYS.seller }, { policy: { ...SELLER_POLICY, ...policy } })
  await shop.seller.offer(world.offer({ capacity: 64 }), 'words')
  return { world, shop, caller: await Caller.enter(world, KEYS.buyer) }
}

describe('deposits that a seller puts up', () => {
  it('are for callers alone that hold the credits to buy all that they ask for', async () => {
    const { world, caller } = await openedTo({ depositsNanosMax: nanos(1_000_000) })
    const free = await Caller.enter(world, KEYS.recoverer)
    expect(await free.call()).toBe('MARKET_CALLER_SHORT')
    expect(await world.balance(KEYS.seller.did, 'held')).toBe(0n)
    const answers: unknown[] = []
    // The work costs 1,000 each, and the caller has 10,000.
    for (let count = 0; count < 11; count += 1) answers.push(await caller.call())
    expect(answers.filter((answer) => typeof answer === 'object')).toHaveLength(10)
    expect(answers.at(-1)).toBe('MARKET_CALLER_SHORT')
  })

  it('that are back stand in the way of nothing that their caller asks for next', async () => {
    const { world, caller } = await openedTo({ depositsNanosMax: nanos(1_000_000) })
    const first = await caller.call()
    for (let count = 0; count < 9; count += 1) await caller.call()
    expect(await caller.call()).toBe('MARKET_CALLER_SHORT')
    if (typeof first === 'object') await caller.end(first, 'returned')
    await world.time.advance(1_000)
    expect(await caller.call()).toMatchObject({ bidder: KEYS.seller.did })
    expect(await caller.call()).toBe('MARKET_CALLER_SHORT')
  })

  it('are for contracts alone that the seller signs', async () => {
    const { caller } = await openedTo({ custodyOf: () => ['C2'] })
    expect(await caller.call({ custody: 'C3' })).toBe('MARKET_CUSTODY_DECLINED')
    expect(await caller.call({ custody: 'C2' })).toMatchObject({ bidder: KEYS.seller.did })
  })

  it("are nobody's when they are lost", async () => {
    const { world, caller } = await openedTo()
    expect(await caller.call({ forfeitTo: KEYS.feeOwner.did })).toBe('MARKET_FORFEIT_WRONG')
    const deposit = await caller.call()
    if (typeof deposit === 'string') throw new TypeError(deposit)
    await caller.end(deposit, 'lost')
    expect([await world.balance(KEYS.feeOwner.did), await world.balance(KEYS.buyer.did)]).toEqual([0n, 10_000n])
    expect(await world.balance(LOST_DEPOSITS)).toBe(200n)
  })

  it('take no place any more that were not brought while their message was valid', async () => {
    const { caller } = await openedTo({ depositsNanosMax: nanos(500) })
    const windows = { bidMs: ms(HOUR_MS), revealMs: ms(HOUR_MS), settleMs: ms(HOUR_MS) }
    const first = await caller.call(windows, { isBrought: false })
    const askFirst = caller.lastCall()
    const second = await caller.call(windows, { isBrought: false })
    const askSecond = caller.lastCall()
    expect([typeof first, typeof second]).toEqual(['object', 'object'])
    expect(await caller.call()).toBe('MARKET_DEPOSIT_LIMIT')
    await caller.world.time.advance(15 * 60_000)
    // Its message may still be on its way.
    expect(await caller.call()).toBe('MARKET_DEPOSIT_LIMIT')
    await caller.world.time.advance(61_000)
    expect(await caller.call(windows)).toMatchObject({ bidder: KEYS.seller.did })
    // Who asks again for one of those is answered, and it counts again.
    expect(await askFirst()).toBe('said')
    expect(await caller.call()).toBe('MARKET_DEPOSIT_LIMIT')
    expect(await askSecond()).toBe('MARKET_DEPOSIT_LIMIT')
    // What was brought stays.
    await caller.world.time.advance(20 * 60_000)
    expect(await caller.call()).toMatchObject({ bidder: KEYS.seller.did })
    expect(await askFirst()).toBe('MARKET_DEPOSIT_LIMIT')
  })

  it('are a thousandth of the price at least', async () => {
    const { world, shop, caller } = await openedTo()
    const dear = world.offer({ skill: 'text.dear', priceNanos: nanos(2_000) })
    await shop.seller.offer(dear, 'dear')
    expect(await caller.call({ skill: dear.skill, depositNanos: nanos(1) })).toBe('MARKET_DEPOSIT_LIMIT')
    expect(await caller.call({ skill: dear.skill, depositNanos: nanos(2) })).toMatchObject({ bidder: KEYS.seller.did })
  })

  it('are 32 of one caller at most, who keeps nobody else out', async () => {
    const { world, caller } = await openedTo({ depositsNanosMax: nanos(1_000_000) }, 100_000)
    const answers: unknown[] = []
    for (let count = 0; count < 33; count += 1) answers.push(await caller.call({ depositNanos: nanos(1) }))
    expect(answers.filter((answer) => typeof answer === 'object')).toHaveLength(32)
    expect(answers.at(-1)).toBe('MARKET_DEPOSIT_LIMIT')
    const other = await Caller.enter(world, KEYS.rival)
    expect(await other.call({ depositNanos: nanos(1) })).toMatchObject({ bidder: KEYS.seller.did })
  })

  it('are small, short, and on a set that the seller knows', async () => {
    const { caller } = await openedTo({ depositMsMax: ms(600_000) })
    expect(await caller.call({ depositNanos: nanos(201) })).toBe('MARKET_DEPOSIT_LIMIT')
    expect(await caller.call({ bidMs: ms(361_000) })).toBe('MARKET_DEPOSIT_LIMIT')
    expect(await caller.call({ notarySet: sha256Hex('other') as Hash })).toBe('MARKET_SET_UNKNOWN')
    expect(await caller.call({ bidMs: ms(200_000) })).toMatchObject({ bidder: KEYS.seller.did })
  })

  it('stay below what the seller is ready to lose, however many calls there are', async () => {
    const { world, caller } = await openedTo({ depositsNanosMax: nanos(500) })
    const other = await Caller.enter(world, KEYS.rival)
    const first = await caller.call()
    expect(await other.call()).toMatchObject({ bidder: KEYS.seller.did })
    expect([await other.call(), await caller.call()]).toEqual(['MARKET_DEPOSIT_LIMIT', 'MARKET_DEPOSIT_LIMIT'])
    expect(await world.balance(KEYS.seller.did, 'held')).toBe(400n)
    // What comes back may be put up again.
    if (typeof first === 'string') throw new TypeError(first)
    await caller.end(first, 'returned')
    await world.time.advance(6_000)
    expect(await caller.call()).toMatchObject({ bidder: KEYS.seller.did })
  })

  it('that were lost count for thirty days', async () => {
    const { world, shop, caller } = await openedTo({ depositsNanosMax: nanos(500) })
    for (let count = 0; count < 2; count += 1) {
      const deposit = await caller.call()
      if (typeof deposit === 'string') throw new TypeError(deposit)
      await caller.end(deposit, 'lost')
      await world.time.advance(HOUR_MS)
    }
    expect(await caller.call()).toBe('MARKET_DEPOSIT_LIMIT')
    await world.time.advance(24 * HOUR_MS)
    expect(await caller.call()).toBe('MARKET_DEPOSIT_LIMIT')
    expect(await world.balance(KEYS.seller.did)).toBe(9_600n)
    await world.time.advance(30 * 24 * HOUR_MS)
    await shop.seller.offer(world.offer(), 'words again')
    expect(await caller.call()).toMatchObject({ bidder: KEYS.seller.did })
  })
})

describe('a bid with a deposit', () => {
  it('is not made at work that leaves no room for its contract', async () => {
    const world = await MarketWorld.create()
    const gate = Promise.withResolvers<void>()
    const run = async (...task: Parameters<typeof WORD_COUNTER.run>) => {
      await gate.promise
      return await WORD_COUNTER.run(...task)
    }
    const shop = await world.seller({ key: KEYS.seller }, { runner: { run } })
    await shop.seller.offer(world.offer({ capacity: 1 }), 'words')
    const first = await world.buyer({ key: KEYS.rival })
    await first.buyer.buy(wanted({ peers: [KEYS.seller.did] }))
    await world.time.advance(500)
    expect(await world.view(first.buyer.order('order-1')?.contract)).toMatchObject({ state: 'WORKING' })
    const node = await world.buyer({ key: KEYS.buyer })
    await node.buyer.buy(wanted({ auction: 'first', peers: [KEYS.seller.did] }))
    expect((await world.until(node, 'order-1')).failed?.detail).toContain('MARKET_BUSY')
    gate.resolve()
    await world.until(first, 'order-1')
    expect(await world.balance(KEYS.seller.did, 'held')).toBe(0n)
    expect(await world.balance(LOST_DEPOSITS)).toBe(0n)
  })

  it('takes the place of its contract, which is signed whatever is offered or sold meanwhile', async () => {
    const world = await MarketWorld.create()
    const shop = await world.seller({ key: KEYS.seller })
    const offer = await shop.seller.offer(world.offer({ capacity: 1 }), 'words')
    const nodes = [await world.buyer({ key: KEYS.buyer }), await world.buyer({ key: KEYS.rival })]
    for (const { buyer } of nodes) await buyer.buy(wanted({ auction: 'first', peers: [KEYS.seller.did] }))
    await world.time.advance(200)
    await shop.seller.withdraw(offer)
    await shop.seller.offer(world.offer({ capacity: 1, priceNanos: nanos(1_900) }), 'dearer')
    for (const node of nodes) {
      const order = await world.until(node, 'order-1')
      expect(order.failed).toBeUndefined()
      expect(await world.view(order.contract)).toMatchObject({ state: 'FINAL', priceNanos: '1000' })
    }
    expect(await world.balance(LOST_DEPOSITS)).toBe(0n)
  })

  it('is bounded by the places of the caller, and keeps none from whoever buys', async () => {
    const { world, shop, caller } = await openedTo({ depositsNanosMax: nanos(1_000_000) })
    await shop.seller.withdraw((shop.seller.offers()[0] ?? { id: '' as Hash }).id)
    await shop.seller.offer(world.offer({ capacity: 1 }), 'one at a time')
    expect(await caller.call()).toMatchObject({ bidder: KEYS.seller.did })
    expect(await caller.call()).toBe('MARKET_BUSY')
    const node = await world.buyer({ key: KEYS.rival })
    await node.buyer.buy(wanted({ peers: [KEYS.seller.did] }))
    expect((await world.until(node, 'order-1')).failed).toBeUndefined()
  })
})

describe('a purchase by an auction', () => {
  it('says why nobody bids where sellers have no credits for the deposit', async () => {
    const world = await MarketWorld.create([[KEYS.buyer, 10_000]])
    const shop = await world.seller({ key: KEYS.seller })
    await shop.seller.offer(world.offer(), 'words')
    const node = await world.buyer({ key: KEYS.buyer })
    await node.buyer.buy(wanted({ auction: 'first', peers: [KEYS.seller.did] }))
    const { failed } = await world.until(node, 'order-1')
    expect(failed?.code).toBe('BUY_NOT_AWARDED')
    expect(failed?.detail).toContain(`${KEYS.seller.did} does not bid: MARKET_DEPOSIT_SHORT`)
    expect(failed?.detail).toContain('--deposit 0')
    await node.buyer.buy(wanted({ idempotencyKey: 'order-2', auction: 'first', depositNanos: nanos(0) }))
    expect((await world.until(node, 'order-2')).failed).toBeUndefined()
  })

  it('may take an hour, of which a signature over a deposit is good for a quarter', async () => {
    const world = await MarketWorld.create()
    const shop = await world.seller({ key: KEYS.seller })
    await shop.seller.offer(world.offer(), 'words')
    const windows = { bidMs: ms(HOUR_MS / 2), revealMs: ms(HOUR_MS / 2), settleMs: ms(HOUR_MS / 2) }
    const node = await world.buyer({ key: KEYS.buyer }, { policy: { ...BUYER_POLICY, windows } })
    await node.buyer.buy(wanted({ auction: 'first' }))
    const order = await world.until(node, 'order-1', 3 * HOUR_MS)
    expect(order.failed).toBeUndefined()
    expect(await world.view(order.contract)).toMatchObject({ state: 'FINAL', priceNanos: '1000' })
    expect(world.failures).toEqual([])
  })

  it('keeps the deposit of the winner until the contract is held', async () => {
    const world = await MarketWorld.create()
    const shop = await world.seller({ key: KEYS.seller })
    await shop.seller.offer(world.offer(), 'words')
    const node = await world.buyer({ key: KEYS.buyer })
    await node.buyer.buy(wanted({ auction: 'first', depositNanos: nanos(100) }))
    const order = await world.until(node, 'order-1')
    const { transfers } = await world.notary.transfers({ owner: KEYS.seller.did })
    const hold = transfers.find(({ kind, contract }) => kind === 'hold' && contract === null)
    const contractAt = (await world.view(order.contract))?.transitions.find(({ to }) => to === 'HELD')?.at
    expect(hold?.status).toBe('voided')
    expect(hold?.at).toBeGreaterThanOrEqual(contractAt ?? Number.NaN)
  })

  it.each(['first', 'second', 'english'] as const)(
    'goes to the next of the ranking when the winner does not sign, %s',
    async (auction) => {
      const world = await MarketWorld.create()
      const shop = await world.seller({ key: KEYS.seller })
      await shop.seller.offer(world.offer(), 'words')
      const reckless = { ...SELLER_POLICY, depositPerMillionMax: 1_000_000_000, parameters: new Map() }
      const griefer = await world.seller(
        { key: KEYS.rival },
        { policy: reckless, bidOn: () => ({ priceNanos: nanos(1), latencyMs: ms(1) }) },
      )
      await griefer.seller.offer(world.offer({ priceNanos: nanos(1_001) }), 'rival')
      const node = await world.buyer({ key: KEYS.buyer })
      await node.buyer.buy(wanted({ auction, ...(auction !== 'english' && { depositNanos: nanos(100) }) }))
      const order = await world.until(node, 'order-1')
      expect(order).toMatchObject({ declined: [KEYS.rival.did], declinedCode: 'MARKET_PARAMETERS_UNKNOWN' })
      const view = await world.view(order.contract)
      expect(view).toMatchObject({ state: 'FINAL', worker: KEYS.seller.did })
      // Alone behind who did not sign, it is paid the reserve price of the second-price auction: what the second offer asks.
      expect(view?.priceNanos).toBe({ first: '1000', second: '1001', english: '1000' }[auction])
      const lost = auction === 'english' ? 0n : 100n
      expect(await world.balance(KEYS.rival.did)).toBe(10_000n - lost)
      expect(await world.balance(LOST_DEPOSITS)).toBe(lost)
      expect(world.failures).toEqual([])
    },
  )

  it.each([1, 1_900])(
    'goes to a standing offer where nobody signs in an open one that was shut at once, %i',
    async (price) => {
      const world = await MarketWorld.create()
      const shops = [KEYS.seller, KEYS.bank]
      for (const key of shops) await (await world.seller({ key })).seller.offer(world.offer(), key.did)
      const griefer = await world.seller(
        { key: KEYS.rival },
        {
          policy: { ...SELLER_POLICY, parameters: new Map() },
          bidOn: () => ({ priceNanos: nanos(1), latencyMs: ms(1) }),
        },
      )
      // Its first bid is what it offers.
      await griefer.seller.offer(world.offer({ priceNanos: nanos(price) }), 'rival')
      const node = await world.buyer({ key: KEYS.buyer })
      await node.buyer.buy(wanted({ auction: 'english', peers: [KEYS.rival, ...shops].map(({ did }) => did) }))
      const order = await world.until(node, 'order-1')
      expect(order.declined).toEqual([KEYS.rival.did])
      expect(await world.view(order.contract)).toMatchObject({ state: 'FINAL', priceNanos: '1000' })
    },
  )

  it('takes the deposit of a winner that speaks of credit where there is none', async () => {
    const world = await MarketWorld.create()
    for (const [key, price] of [
      [KEYS.seller, 1_000],
      [KEYS.rival, 900],
    ] as const) {
      const { seller } = await world.seller({ key })
      await seller.offer(world.offer({ priceNanos: nanos(price) }), 'words')
    }
    const node = await world.buyer({ key: KEYS.buyer })
    const { door } = node.party.components
    const ask = door.ask.bind(door)
    Object.assign(door, {
      ask: async (...[to, post, options]: Parameters<typeof ask>) =>
        to === KEYS.rival.did && post.frame.type === 'contract'
          ? { ...declined('MARKET_CREDIT_OPEN'), bytes: new Uint8Array() }
          : await ask(to, post, options),
    })
    await node.buyer.buy(wanted({ auction: 'first', depositNanos: nanos(20) }))
    const order = await world.until(node, 'order-1')
    expect(order).toMatchObject({ declined: [KEYS.rival.did], declinedCode: 'MARKET_CREDIT_OPEN' })
    expect(await world.view(order.contract)).toMatchObject({ state: 'FINAL', worker: KEYS.seller.did })
    expect(await world.balance(KEYS.rival.did)).toBe(9_980n)
  })

  it.each(['first', 'second'] as const)(
    'asks for a deposit whatever a free key offers the work at, %s',
    async (auction) => {
      const funds = [KEYS.buyer, KEYS.seller].map((key) => [key, 10_000] as const)
      const world = await MarketWorld.create(funds)
      const shop = await world.seller({ key: KEYS.seller })
      await shop.seller.offer(world.offer(), 'words')
      const griefer = await world.seller(
        { key: KEYS.rival },
        {
          policy: { ...SELLER_POLICY, parameters: new Map() },
          bidOn: () => ({ priceNanos: nanos(1), latencyMs: ms(1) }),
        },
      )
      await griefer.seller.offer(world.offer({ priceNanos: nanos(1) }), 'rival')
      const node = await world.buyer({ key: KEYS.buyer })
      await node.buyer.buy(wanted({ auction }))
      const order = await world.until(node, 'order-1')
      // A thousandth of the highest price: the free key has not got it, and is not asked to sign.
      expect(order).toMatchObject({ call: { depositNanos: '2' } })
      expect(order.declined).toEqual([])
      expect(await world.view(order.contract)).toMatchObject({ state: 'FINAL', worker: KEYS.seller.did })
    },
  )

  it('takes the deposit of a winner that does not answer in time', async () => {
    const world = await MarketWorld.create()
    const shop = await world.seller({ key: KEYS.seller })
    await shop.seller.offer(world.offer(), 'words')
    const silent = await world.seller(
      { key: KEYS.rival },
      {
        policy: {
          ...SELLER_POLICY,
          parameters: new Map(),
          learnParameters: async () => await new Promise(() => undefined),
        },
        bidOn: () => ({ priceNanos: nanos(700), latencyMs: ms(1) }),
      },
    )
    await silent.seller.offer(world.offer({ priceNanos: nanos(1_001) }), 'rival')
    const node = await world.buyer({ key: KEYS.buyer })
    await node.buyer.buy(wanted({ auction: 'first', depositNanos: nanos(100) }))
    const order = await world.until(node, 'order-1')
    expect(order).toMatchObject({ declined: [KEYS.rival.did], declinedCode: 'MARKET_SIGN_LATE' })
    expect(await world.view(order.contract)).toMatchObject({ state: 'FINAL', worker: KEYS.seller.did })
    expect(await world.balance(KEYS.rival.did)).toBe(9_900n)
  })
})
