import { describe, expect, it } from 'vitest'
import { CodedError } from '../../../src/base/errors.ts'
import { PartyPeerMarket } from '../../../src/market/peers/party-peer-market.ts'
import { REPUTATION_POLICY_DEFAULTS } from '../../../src/core/reputation/reputation-policy.ts'
import type { BuyerInit } from '../../../src/market/parties/buying/buyer.ts'
import type { TaskRunner } from '../../../src/market/parties/selling/task-runner.ts'
import type { BoughtWork, PeerPurchase } from '../../../src/ports/peer-market.ts'
import {
  type BuyerNode,
  bytesOf,
  MarketWorld,
  nanos,
  SELLER_POLICY,
  type SellerNode,
  TIMERS,
  USD,
  WORD_COUNTER,
} from '../parties/market-world.ts'
import { KEYS, settle } from '../parties/party-fixtures.ts'

type Setting = {
  readonly world: MarketWorld
  readonly shop: SellerNode
  readonly node: BuyerNode
  readonly market: PartyPeerMarket
}

const SKILL = 'text.word-count'
const NODES = [KEYS.seller.did, KEYS.rival.did]

async function open(
  runner: TaskRunner = WORD_COUNTER,
  policy = SELLER_POLICY,
  buying: Partial<BuyerInit> = {},
): Promise<Setting> {
  const world = await MarketWorld.create()
  const shop = await world.seller({ key: KEYS.seller }, { runner, policy })
  await shop.seller.offer(world.offer(), 'words')
  const node = await world.buyer({ key: KEYS.buyer }, buying)
  const market = new PartyPeerMarket(
    {
      ...node,
      reputation: { policy: { ...REPUTATION_POLICY_DEFAULTS, unitNanos: new Map() }, show: () => [] },
      parameters: { timers: TIMERS, fit: ({ timers }) => ({ timers }) },
    },
    {
      skills: [SKILL],
      currency: USD,
      custody: 'C2',
      peers: () => NODES,
      refreshMs: 60_000,
      onError: (error) => world.failures.push(error),
    },
  )
  await during(world, market.refresh())
  return { world, shop, node, market }
}

function purchase(changes: Partial<PeerPurchase> = {}): PeerPurchase {
  return {
    key: 'task-1',
    skill: SKILL,
    input: bytesOf('one two three'),
    sellers: [{ seller: KEYS.seller.did, node: KEYS.seller.did }],
    maxNanos: nanos(1_000),
    currency: USD,
    custody: 'C2',
    isAuction: false,
    predicate: { kind: 'number-near', artifact: 'result', pointer: '/words', expected: '3', tolerance: '0' },
    deliverMs: 20_000,
    ...changes,
  }
}

/** Moves the time until a promise has settled. */
async function during<Value>(world: MarketWorld, promise: Promise<Value>, forMs = 200_000): Promise<Value> {
  let isOver = false
  const end = (): void => void (isOver = true)
  promise.then(end, end)
  const last = world.time.now + forMs
  await settle()
  while (!isOver && world.time.now < last) await world.time.advanceTo(Math.min(last, world.time.nextAt ?? last))
  return await promise
}

async function failureOf(world: MarketWorld, bought: Promise<BoughtWork>): Promise<CodedError> {
  const error: unknown = await during(world, bought).catch((cause: unknown) => cause)
  if (CodedError.is(error)) return error
  throw new Error(`It was bought: ${JSON.stringify(error)}`)
}

const spent = async ({ world }: Setting): Promise<bigint> =>
  10_000n - (await world.balance(KEYS.buyer.did)) - (await world.balance(KEYS.buyer.did, 'held'))

/** Signs, begins, and never comes to an end. */
const SLEEPER: TaskRunner = {
  run: async (_task, { signal }) =>
    await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error))),
}

describe('offers of peers', () => {
  it('are those that stand, with what this node knows of their sellers', async () => {
    const { market } = await open()
    expect(market.offers).toHaveLength(1)
    expect(market.offers[0]).toMatchObject({
      seller: KEYS.seller.did,
      node: KEYS.seller.did,
      priceNanos: 1_000n,
      reputationPpm: 500_000,
      roomNanos: 10_000_000n,
    })
  })

  it('of one node are at most two sellers, and none of its own', async () => {
    const { world, market, node } = await open()
    expect(market.offers.every(({ seller }) => seller !== node.party.did)).toBe(true)
    expect(world.failures).toEqual([])
  })
})

describe('buying from a peer', () => {
  it('hands the result out when it passes, and pays what was agreed', async () => {
    const setting = await open()
    const { world, market } = setting
    const bought = await during(world, market.buy(purchase()))
    expect(new TextDecoder().decode(bought.result)).toBe('{"words":3}')
    expect(bought.contract).toMatchObject({ seller: KEYS.seller.did, currency: USD, priceNanos: 1_000n, custody: 'C2' })
    await world.time.advance(60_000)
    expect(await spent(setting)).toBe(1_000n)
  })

  it('pays nothing for a result that is not what both have signed', async () => {
    const wrong: TaskRunner = {
      run: async () => await Promise.resolve({ result: bytesOf('{"words":4}'), counts: new Map() }),
    }
    const setting = await open(wrong)
    const error = await failureOf(setting.world, setting.market.buy(purchase()))
    expect(error).toMatchObject({
      code: 'PEER_ANSWER_REFUSED',
      details: { seller: KEYS.seller.did, priceNanos: '1000' },
    })
    await setting.world.time.advance(200_000)
    expect(await spent(setting)).toBe(0n)
  })

  it('is over when nothing was delivered in time; what was held is free again', async () => {
    const setting = await open(SLEEPER)
    const error = await failureOf(setting.world, setting.market.buy(purchase()))
    expect(error).toMatchObject({ code: 'PEER_NOT_DELIVERED', details: { reason: 'EXPIRED' } })
    expect(await spent(setting)).toBe(0n)
  })

  it('ends for whoever does not wait, as late; the contract ends by its timers', async () => {
    const setting = await open(SLEEPER)
    const { world, market, node } = setting
    const late = new AbortController()
    world.time.schedule(5_000, () => late.abort())
    const error = await failureOf(world, market.buy(purchase(), { signal: late.signal }))
    expect(error).toMatchObject({ code: 'PEER_LATE', details: { reason: 'LATE', currency: USD } })
    await world.until(node, 'task-1')
    expect(await spent(setting)).toBe(0n)
  })

  it('takes no offer that has become dearer, nor one that is gone', async () => {
    const { world, shop, market } = await open()
    for (const { id } of shop.seller.offers()) await shop.seller.withdraw(id)
    await shop.seller.offer(world.offer({ priceNanos: nanos(1_001) }), 'dearer')
    const error = await failureOf(world, market.buy(purchase()))
    expect(error).toMatchObject({ code: 'PEER_NOT_BOUGHT', details: { reason: 'BUY_NO_OFFER' } })
    expect(await world.balance(KEYS.buyer.did)).toBe(10_000n)
  })

  it('goes to nobody but the sellers that it names, however cheap another one is', async () => {
    const { world, market } = await open()
    const rival = await world.seller({ key: KEYS.rival })
    await rival.seller.offer(world.offer({ priceNanos: nanos(1) }), 'rival')
    const sellers = NODES.map((node) => ({ seller: KEYS.seller.did, node }))
    const { contract } = await during(world, market.buy(purchase({ sellers })))
    expect(contract).toMatchObject({ seller: KEYS.seller.did, priceNanos: 1_000n })
  })

  it('is declined by a seller that has sold more than it can do, and nothing is held', async () => {
    const { world, market } = await open(SLEEPER, { ...SELLER_POLICY, contractsMax: 1 })
    const first = market.buy(purchase())
    void first.catch(() => undefined)
    await world.time.advance(2_000)
    const error = await failureOf(world, market.buy(purchase({ key: 'task-2' })))
    expect(error).toMatchObject({ code: 'PEER_NOT_BOUGHT', details: { reason: 'BUY_DECLINED' } })
  })

  it('is given up where the seller never signs: nothing can be held, and it never saw the input', async () => {
    const setting = await open()
    const { world, shop, market, node } = setting
    let inputs = 0
    shop.seller.stop()
    shop.party.components.door.stop()
    shop.party.components.door.serve({
      contract: async () => await new Promise<never>(() => undefined),
      input: async () => {
        inputs += 1
        return await new Promise<never>(() => undefined)
      },
    })
    const late = new AbortController()
    world.time.schedule(3_000, () => late.abort())
    const error = await failureOf(world, market.buy(purchase(), { signal: late.signal }))
    expect(error.code).toBe('PEER_NOT_BOUGHT')
    await world.time.advance(120_000)
    expect(node.buyer.order('task-1')?.failed).toBeDefined()
    expect(inputs).toBe(0)
    expect(await world.balance(KEYS.buyer.did)).toBe(10_000n)
  })

  it('cannot be given up once both have signed', async () => {
    const { world, market, node } = await open(SLEEPER)
    const bought = market.buy(purchase())
    void bought.catch(() => undefined)
    await world.time.advance(2_000)
    expect(await node.buyer.giveUp('task-1')).toBe(false)
    await expect(node.buyer.giveUp('unknown')).rejects.toMatchObject({ code: 'MARKET_ORDER_UNKNOWN' })
  })
})
