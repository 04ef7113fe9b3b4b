import { describe, expect, it } from 'vitest'
import type { FixedKey } from '../../../scripts/protocol-vectors/fixed-keys.ts'
import type { TaskRunner } from '../../../src/market/parties/selling/task-runner.ts'
import { type WorkQuota, WorkQuotas, type WorkQuotasInit } from '../../../src/market/parties/selling/work-quotas.ts'
import { didNamed } from '../../core/escrow/escrow-builder.ts'
import { type BuyerNode, MarketWorld, SELLER_POLICY, wanted, WORD_COUNTER } from './market-world.ts'
import { KEYS, settle } from './party-fixtures.ts'

const ENOUGH: WorkQuota = { tasksPerMinute: 1_000, burst: 1_000, atOnce: 100, workMsPerHour: 3_600_000 }
const SKILL = 'text.word-count'

type Shop = { readonly world: MarketWorld; buyerOf(key: FixedKey): Promise<BuyerNode> }

async function openShop(
  { peer = {}, skill }: { readonly peer?: Partial<WorkQuota>; readonly skill?: Partial<WorkQuota> },
  runner: TaskRunner = WORD_COUNTER,
): Promise<Shop> {
  const world = await MarketWorld.create([KEYS.buyer, KEYS.rival].map((key) => [key, 100_000] as const))
  const skills = new Map(skill === undefined ? [] : [[SKILL, { ...ENOUGH, ...skill }]])
  const quotas: WorkQuotasInit = { perPeer: { ...ENOUGH, ...peer }, skills }
  const shop = await world.seller({ key: KEYS.seller }, { runner, policy: { ...SELLER_POLICY, quotas } })
  await shop.seller.offer(world.offer({ capacity: 8 }), 'words')
  const buyers = new Map<FixedKey, BuyerNode>()
  return {
    world,
    async buyerOf(key) {
      const node = buyers.get(key) ?? (await world.buyer({ key }))
      buyers.set(key, node)
      return node
    },
  }
}

/** What comes of an order: `signed`, or why not. */
async function order({ world, buyerOf }: Shop, key: FixedKey, act: string): Promise<string | undefined> {
  const { buyer } = await buyerOf(key)
  await buyer.buy(wanted({ peers: [KEYS.seller.did], idempotencyKey: act }))
  await settle(60)
  await world.time.advance(1_000)
  const known = buyer.order(act)
  return known?.cosignature === undefined ? known?.failed?.reason : 'signed'
}

describe('what a seller does for others', () => {
  it('is so many tasks in a minute for each payer by itself', async () => {
    const shop = await openShop({ peer: { tasksPerMinute: 1, burst: 2 } })
    expect(await order(shop, KEYS.buyer, 'a')).toBe('signed')
    expect(await order(shop, KEYS.buyer, 'b')).toBe('signed')
    expect(await order(shop, KEYS.buyer, 'c')).toBe('MARKET_QUOTA_SPENT')
    expect(await order(shop, KEYS.rival, 'd')).toBe('signed')
    await shop.world.time.advance(60_000)
    expect(await order(shop, KEYS.buyer, 'e')).toBe('signed')
  })

  it('is so many tasks of a skill for all payers together', async () => {
    const shop = await openShop({ skill: { tasksPerMinute: 1, burst: 1 } })
    expect(await order(shop, KEYS.buyer, 'a')).toBe('signed')
    expect(await order(shop, KEYS.rival, 'b')).toBe('MARKET_QUOTA_SPENT')
  })

  it('is so much at once, until it is delivered', async () => {
    const gate = Promise.withResolvers<void>()
    const run: TaskRunner['run'] = async (...task) => {
      await gate.promise
      return await WORD_COUNTER.run(...task)
    }
    const shop = await openShop({ peer: { atOnce: 1 } }, { run })
    expect(await order(shop, KEYS.buyer, 'a')).toBe('signed')
    expect(await order(shop, KEYS.buyer, 'b')).toBe('MARKET_QUOTA_SPENT')
    expect(await order(shop, KEYS.rival, 'c')).toBe('signed')
    gate.resolve()
    await shop.world.time.advance(5_000)
    expect(await order(shop, KEYS.buyer, 'd')).toBe('signed')
  })

  it('is so much time of work in an hour', async () => {
    const gate = Promise.withResolvers<void>()
    const run: TaskRunner['run'] = async (...task) => {
      await gate.promise
      return await WORD_COUNTER.run(...task)
    }
    const shop = await openShop({ peer: { workMsPerHour: 1_000 } }, { run })
    expect(await order(shop, KEYS.buyer, 'a')).toBe('signed')
    await shop.world.time.advance(2_000)
    gate.resolve()
    await shop.world.time.advance(1_000)
    expect(await order(shop, KEYS.buyer, 'b')).toBe('MARKET_QUOTA_SPENT')
    expect(await order(shop, KEYS.rival, 'c')).toBe('signed')
  })
})

describe('quotas of work', () => {
  it('stay small whoever asks, and strangers that come then share one', () => {
    let nowMs = 0
    const quotas = new WorkQuotas(
      { perPeer: { ...ENOUGH, workMsPerHour: 3_600 }, skills: new Map() },
      { monotonicMs: () => nowMs },
    )
    const ask = (name: string): string | undefined =>
      quotas.take({ payer: didNamed(name), skill: SKILL, openOfPayer: 0, openOfSkill: 0 })
    for (let index = 0; index < 4_096; index += 1)
      quotas.worked({ payer: didNamed(`p${index}e`.replaceAll('0', 'x')), skill: SKILL }, 3_600)
    expect(ask('p1e')).toBe('MARKET_QUOTA_SPENT')
    expect(ask('new')).toBeUndefined()
    quotas.worked({ payer: didNamed('new'), skill: SKILL }, 3_600)
    expect(ask('newer')).toBe('MARKET_QUOTA_SPENT')
    nowMs = 3_600_000
    quotas.worked({ payer: didNamed('newer'), skill: SKILL }, 1)
    expect(ask('p1e')).toBeUndefined()
    nowMs = 0
    expect(ask('newest')).toBeUndefined()
  })
})
