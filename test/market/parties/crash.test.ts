import { describe, expect, it } from 'vitest'
import type { EventLog } from '../../../src/ports/event-log.ts'
import { createMemoryEventLog } from '../../../src/storage/memory/memory-event-log.ts'
import type { OrderNote } from '../../../src/market/parties/buying/buy-order.ts'
import { type BuyerNode, MarketWorld, type SellerNode, wanted, WORD_COUNTER } from './market-world.ts'
import { KEYS, settle } from './party-fixtures.ts'

type Crash = {
  readonly write: number
  /** Whether the last write was on the disk all the same. */ readonly isWritten: boolean
}

/** A journal whose process dies at one write. The records outlive it. */
class MortalLog {
  readonly kept: EventLog = createMemoryEventLog()
  writes = 0
  isDead = false
  crash: Crash | undefined

  open(): EventLog {
    this.isDead = false
    return new Proxy(this.kept, {
      get: (target, name) => {
        if (name === 'append') return async (payloads: readonly Uint8Array[]) => await this.append(payloads)
        const member: unknown = Reflect.get(target, name, target)
        return typeof member === 'function' ? member.bind(target) : member
      },
    })
  }

  private async append(payloads: readonly Uint8Array[]): Promise<number> {
    if (this.isDead) throw new Error('dead')
    this.writes += 1
    if (this.crash?.write !== this.writes) return await this.kept.append(payloads)
    this.isDead = true
    if (this.crash.isWritten) await this.kept.append(payloads)
    throw new Error('killed')
  }
}

const VOUCHING = {
  runner: {
    run: async (...[task, controls]: Parameters<typeof WORD_COUNTER.run>) => {
      await controls.reached(1, new Map([['steps', 1n]]))
      return await WORD_COUNTER.run(task, controls)
    },
  },
}

type Run = { readonly world: MarketWorld; readonly order: OrderNote; readonly writes: number }

/** One purchase with an auction, a voucher, a delivery and an acceptance; who dies is started again at once. */
async function purchase(
  who: 'buyer' | 'seller',
  crash: Crash | undefined,
  auction?: 'first' | 'english',
): Promise<Run> {
  const world = await MarketWorld.create()
  const logs = { buyer: new MortalLog(), seller: new MortalLog() }
  const mortal = logs[who]
  const request = wanted({ custody: 'C3', milestonesPerMillion: [400_000], ...(auction && { auction }) })
  const openShop = async (): Promise<SellerNode> => {
    const shop = await world.seller({ key: KEYS.seller, log: logs.seller.open() }, VOUCHING)
    await shop.seller.offer(world.offer(), 'words').catch(() => undefined)
    return shop
  }
  const openBuyer = async (): Promise<BuyerNode> => {
    const node = await world.buyer({ key: KEYS.buyer, log: logs.buyer.open() })
    return node
  }
  mortal.crash = crash
  let shop = await openShop()
  let node = await openBuyer()
  const restart = async (): Promise<void> => {
    if (!mortal.isDead) return
    if (who === 'seller') {
      await world.leave(shop)
      shop = await openShop()
    } else {
      await world.leave(node)
      node = await openBuyer()
      await node.buyer.buy(request)
    }
  }
  await restart()
  await node.buyer.buy(request).catch(() => undefined)
  for (let rounds = 0; rounds < 300; rounds += 1) {
    await settle(2)
    await restart()
    const contract = node.buyer.order('order-1')?.contract
    const note = contract === undefined ? undefined : node.party.journal.note('contract', contract)
    if ((note as { ended?: string } | undefined)?.ended !== undefined || node.buyer.order('order-1')?.failed) break
    await world.time.advanceTo(Math.min(world.time.nextAt ?? Infinity, world.time.now + 500))
  }
  const order = node.buyer.order('order-1')
  if (order === undefined) throw new Error(`no order: ${world.failures.join(' | ')}`)
  return { world, order, writes: mortal.writes }
}

async function expectSettled({ world, order }: Run): Promise<void> {
  expect(order.failed).toBeUndefined()
  const view = await world.view(order.contract)
  expect([view?.state, order.contract, ...world.failures.map(String)]).toEqual(expect.arrayContaining(['FINAL']))
  expect(await world.balance(KEYS.buyer.did)).toBe(9_000n)
  expect(await world.balance(KEYS.seller.did)).toBe(10_990n)
  const said = view?.transitions.map(({ event }) => event) ?? []
  expect(new Set(said.filter((event) => event !== 'timer-fired' && event !== 'beat-sent')).size).toBe(
    said.filter((event) => event !== 'timer-fired' && event !== 'beat-sent').length,
  )
}

describe('a party that dies at one of its writes and comes back', () => {
  it.each(['buyer', 'seller'] as const)(
    'goes on where the %s was, and nothing happens twice',
    { timeout: 60_000 },
    async (who) => {
      const whole = await purchase(who, undefined)
      await expectSettled(whole)
      expect(whole.writes).toBeGreaterThan(10)
      for (let write = 1; write <= whole.writes; write += 1)
        for (const isWritten of [false, true])
          await expectSettled(await purchase(who, { write, isWritten })).catch((error: unknown) => {
            throw new Error(
              `${who} at write ${write} of ${whole.writes}, ${isWritten ? 'written' : 'lost'}: ${String(error)}`,
            )
          })
    },
  )

  it.each([
    ['buyer', 'first'],
    ['seller', 'first'],
    ['buyer', 'english'],
    ['seller', 'english'],
  ] as const)('also where the %s was in an auction (%s)', { timeout: 120_000 }, async (who, auction) => {
    const whole = await purchase(who, undefined, auction)
    await expectSettled(whole)
    for (let write = 1; write <= whole.writes; write += 1) {
      const run = await purchase(who, { write, isWritten: write % 2 === 0 }, auction)
      await expectSettled(run).catch((error: unknown) => {
        throw new Error(`at write ${write} of ${whole.writes}: ${String(error)} ${run.world.failures.join(' | ')}`)
      })
    }
  })
})
