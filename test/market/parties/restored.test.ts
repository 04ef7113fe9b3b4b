import { describe, expect, it } from 'vitest'
import type { Timestamp } from '../../../src/base/time.ts'
import type { TaskRunner } from '../../../src/market/parties/selling/task-runner.ts'
import type { EventLog } from '../../../src/ports/event-log.ts'
import { createMemoryEventLog } from '../../../src/storage/memory/memory-event-log.ts'
import { type BuyerNode, MarketWorld, type SellerNode, wanted, WORD_COUNTER } from './market-world.ts'
import { KEYS, settle } from './party-fixtures.ts'

async function firstOf(log: EventLog, count: number): Promise<EventLog> {
  const copy = createMemoryEventLog()
  let index = 0
  for await (const { payload } of log.read(0)) {
    if (index >= count) break
    await copy.append([payload])
    index += 1
  }
  return copy
}

type Stage = {
  readonly world: MarketWorld
  readonly shop: SellerNode
  readonly node: BuyerNode
  readonly logs: { readonly buyer: EventLog; readonly seller: EventLog }
  /** Lets the worker end its task. */
  readonly finish: () => void
  readonly runner: TaskRunner
}

/** A purchase on which the worker works, in C3. */
async function openStage(): Promise<Stage> {
  const world = await MarketWorld.create()
  const gate = Promise.withResolvers<void>()
  const runner: TaskRunner = {
    run: async (task, controls) => {
      await gate.promise
      return await WORD_COUNTER.run(task, controls)
    },
  }
  const logs = { buyer: createMemoryEventLog(), seller: createMemoryEventLog() }
  const shop = await world.seller({ key: KEYS.seller, log: logs.seller }, { runner })
  await shop.seller.offer(world.offer(), 'words')
  const node = await world.buyer({ key: KEYS.buyer, log: logs.buyer })
  await node.buyer.buy(wanted({ custody: 'C3' }))
  await settle(60)
  await world.time.advance(300)
  return { world, shop, node, logs, runner, finish: () => gate.resolve() }
}

function markOf({ time }: MarketWorld): { readonly at: Timestamp; readonly since: Timestamp } {
  const now = time.clock.now()
  return { at: now, since: (now - 2_000) as Timestamp }
}

/** Brings the buyer back as it was after so many records, and lets everything come to its end. */
async function endOf(cut: number, isRunTwice: boolean): Promise<unknown> {
  const stage = await openStage()
  const { world, shop, logs } = stage
  let { node } = stage
  const total = logs.buyer.nextIndex
  if (cut >= total) return undefined
  for (let times = 0; times < (isRunTwice ? 2 : 1); times += 1) {
    await world.leave(node)
    await world.time.advance(50)
    node = await world.buyer({ key: KEYS.buyer, log: await firstOf(logs.buyer, cut), restored: markOf(world) })
    await node.buyer.buy(wanted({ custody: 'C3' }))
    await settle(60)
    await world.time.advance(600)
  }
  stage.finish()
  const order = await world.until(node, 'order-1')
  const view = await world.view(order.contract)
  const end = {
    failed: order.failed,
    state: view?.state,
    isFrozen: view?.transitions.some(({ to }) => to === 'FROZEN'),
    balances: [await world.balance(KEYS.buyer.did), await world.balance(KEYS.seller.did)],
    failures: world.failures.map(String),
  }
  await world.leave(node)
  await world.leave(shop)
  return end
}

const ONE_PURCHASE = {
  failed: undefined,
  state: 'FINAL',
  isFrozen: false,
  balances: [9_000n, 10_990n],
  failures: [],
}

describe('a buyer that comes back from a backup', () => {
  it(
    'from any point of a purchase, goes on with it, lies about nothing and buys nothing twice',
    { timeout: 120_000 },
    async () => {
      let cut = 1
      for (let end = await endOf(cut, false); end !== undefined; end = await endOf(cut, false)) {
        expect(end, `cut at ${cut}`).toEqual(ONE_PURCHASE)
        cut += 1
      }
      expect(cut).toBeGreaterThan(10)
    },
  )

  it('twice from the same backup, lies about nothing either', { timeout: 120_000 }, async () => {
    for (const cut of [1, 3, 5, 8]) expect(await endOf(cut, true), `cut at ${cut}`).toEqual(ONE_PURCHASE)
  })

  it('says nothing before the notary set has answered', async () => {
    const { world, node, logs } = await openStage()
    await world.leave(node)
    const evidence = world.notary.evidence.bind(world.notary)
    const open = Promise.withResolvers<void>()
    Object.assign(world.notary, {
      evidence: async (...question: Parameters<typeof evidence>) => {
        await open.promise
        return await evidence(...question)
      },
    })
    const log = await firstOf(logs.buyer, logs.buyer.nextIndex)
    const back = await world.buyer({ key: KEYS.buyer, log, restored: markOf(world) })
    let isSaid = false
    const saying = back.party.wallet
      .say({
        act: 'x',
        type: 'market-withdraw',
        body: { offer: back.party.journal.notesOf('order')[0]?.[0] as never },
        aud: '*',
      })
      .catch(() => undefined)
      .finally(() => void (isSaid = true))
    await settle(20)
    expect(isSaid).toBe(false)
    open.resolve()
    await saying
    expect(isSaid).toBe(true)
  })
})

describe('a party that comes back from a backup into an auction', () => {
  it.each(['first', 'english'] as const)('bids in none that began before, %s, and in the next one', async (auction) => {
    const world = await MarketWorld.create()
    const log = createMemoryEventLog()
    const shop = await world.seller({ key: KEYS.seller, log })
    await shop.seller.offer(world.offer(), 'words')
    const cut = log.nextIndex
    const node = await world.buyer({ key: KEYS.buyer })
    const calls: Parameters<typeof node.party.components.door.ask>[1][] = []
    const { door } = node.party.components
    const ask = door.ask.bind(door)
    Object.assign(door, {
      ask: async (...[to, post, options]: Parameters<typeof ask>) => {
        if (post.frame.type === 'call') calls.push(post)
        return await ask(to, post, options)
      },
    })
    await node.buyer.buy(wanted({ auction }))
    await settle(100)
    await world.time.advance(20)
    const [call] = calls
    if (call === undefined) throw new TypeError('no call')
    expect((await ask(KEYS.seller.did, call)).frame.type).toBe('said')
    await world.leave(shop)
    const restored = markOf(world)
    const back = await world.seller({ key: KEYS.seller, log: await firstOf(log, cut), restored })
    expect((await ask(KEYS.seller.did, call)).frame).toEqual({ type: 'declined', code: 'MARKET_RESTORED' })
    await world.leave(back)
    // What it had said before the backup it says again, the same.
    await world.seller({ key: KEYS.seller, log: await firstOf(log, log.nextIndex), restored })
    expect((await ask(KEYS.seller.did, call)).frame.type).toBe('said')
    await world.time.advance(40_000)
    await node.buyer.buy(wanted({ auction, idempotencyKey: 'order-2' }))
    expect((await world.until(node, 'order-2')).failed).toBeUndefined()
  })

  it('of its own holds another one, and says nothing more in the one before', async () => {
    const world = await MarketWorld.create()
    const log = createMemoryEventLog()
    const shop = await world.seller({ key: KEYS.seller })
    await shop.seller.offer(world.offer(), 'words')
    const before = await world.buyer({ key: KEYS.buyer, log })
    await before.buyer.buy(wanted({ auction: 'first' }))
    await settle(100)
    const call = before.buyer.order('order-1')?.call
    expect(call).toBeDefined()
    const cut = log.nextIndex
    await world.time.advance(350)
    await world.leave(before)
    const node = await world.buyer({ key: KEYS.buyer, log: await firstOf(log, cut), restored: markOf(world) })
    const order = await world.until(node, 'order-1')
    expect(order.failed).toBeUndefined()
    expect(order.call?.salt).not.toBe(call?.salt)
    expect(world.auctionLogs.size).toBe(2)
  })
})

describe('a seller that comes back from a backup', () => {
  it('with the contract in it, lies about nothing and is paid', { timeout: 120_000 }, async () => {
    let goneOn = 0
    for (let cut = 1; cut < 60; cut += 1) {
      const { world, shop, node, logs, finish, runner } = await openStage()
      if (cut >= logs.seller.nextIndex) break
      await world.leave(shop)
      await world.time.advance(50)
      const log = await firstOf(logs.seller, cut)
      const back = await world.seller({ key: KEYS.seller, log, restored: markOf(world) }, { runner })
      await settle(60)
      finish()
      const { contract } = await world.until(node, 'order-1')
      const view = await world.view(contract)
      expect(view?.transitions.map(({ to }) => to)).not.toContain('FROZEN')
      if (view?.state === 'FINAL') goneOn += 1
      await world.leave(back)
      await world.leave(node)
    }
    expect(goneOn).toBeGreaterThan(0)
  })
})
