import { describe, expect, it } from 'vitest'
import { timestampFromMs } from '../../../src/base/time.ts'
import { readingsOf } from '../../../src/market/parties/contract-history.ts'
import { CONTRACTS } from '../../../src/market/parties/contracts/contract-notes.ts'
import { Forgetting } from '../../../src/market/parties/forgetting.ts'
import { OwnAccounts } from '../../../src/market/parties/accounts/own-accounts.ts'
import type { Party } from '../../../src/market/parties/party.ts'
import type { TaskRunner } from '../../../src/market/parties/selling/task-runner.ts'
import { statePeriod, TASK_UNIT } from '../../../src/market/parties/accounts/statements.ts'
import { createMemoryEventLog } from '../../../src/storage/memory/memory-event-log.ts'
import { bytesOf, MarketWorld, nanos, TIMERS, USD, wanted } from './market-world.ts'
import { KEYS } from './party-fixtures.ts'

describe('the statement of a period', () => {
  it('has usage from meters and money from the ledger, and is the same when asked again', async () => {
    const world = await MarketWorld.create()
    const shop = await world.seller({ key: KEYS.seller })
    await shop.seller.offer(world.offer(), 'words')
    const node = await world.buyer({ key: KEYS.buyer })
    const from = timestampFromMs(world.time.now)
    await node.buyer.buy(wanted())
    await world.until(node, 'order-1')
    const to = timestampFromMs(world.time.now + 1)
    const prices = new Map([['bytes.in', { nanos: nanos(20), per: 1n }]])
    const stated = await statePeriod(shop.party, { currency: USD, from, to, prices })
    if (stated.kind === 'refused') throw new Error(stated.code)
    // The payment by the bank was at the first instant of the period; thirteen bytes were counted.
    expect(stated.statement.total).toEqual({ ratedNanos: 260n, receivedNanos: 11_000n, paidNanos: 10n })
    expect(stated.statement.counterparties.map(({ counterparty }) => counterparty)).toContain(KEYS.buyer.did)
    expect(stated.csv.split('\r\n')[0]).toBe(
      'row,at,contract,counterparty,currency,unit,quantity,rated,received,paid,transfer',
    )
    const again = await statePeriod(shop.party, { currency: USD, from, to, prices })
    expect(again.kind === 'statement' && again.signed.bytes).toEqual(stated.signed.bytes)
  })

  it('rates each task at what was agreed where no prices are named, on both sides, also when it is forgotten', async () => {
    const world = await MarketWorld.create()
    const runner: TaskRunner = {
      run: async () => ({ result: bytesOf('{"words":3}'), counts: new Map([[TASK_UNIT, 1n]]) }),
    }
    const shop = await world.seller({ key: KEYS.seller }, { runner })
    await shop.seller.offer(world.offer(), 'words')
    const node = await world.buyer({ key: KEYS.buyer })
    const from = timestampFromMs(world.time.now)
    await node.buyer.buy(wanted())
    await world.until(node, 'order-1')
    const to = timestampFromMs(world.time.now + 1)
    const question = { currency: USD, from, to, prices: undefined }
    const stated = async (party: Party): Promise<string | undefined> => {
      const made = await statePeriod(party, question)
      return made.kind === 'refused' ? made.code : made.csv.split('\r\n').find((line) => line.startsWith('usage'))
    }
    const [sold, bought] = [await stated(shop.party), await stated(node.party)]
    expect(sold).toContain(`${KEYS.buyer.did},${USD},task,1,0.000001000,`)
    expect(bought).toBe(sold?.replace(KEYS.buyer.did, KEYS.seller.did))
    await world.time.advance(TIMERS.retainMs + 3_600_000)
    for (let looks = 0; looks < 2; looks += 1) {
      await new Forgetting({ party: shop.party }).look()
      await world.time.advance(TIMERS.retainMs + 3_600_000)
    }
    expect(shop.party.journal.notesOf(CONTRACTS)).toEqual([])
    expect(await stated(shop.party)).toBe(sold)
  })

  it('shows what a worker has used so far in its signs of life', async () => {
    const world = await MarketWorld.create()
    const ending = Promise.withResolvers<void>()
    let used = 0n
    const runner: TaskRunner = {
      run: async () => {
        await ending.promise
        return { result: bytesOf('{"words":3}'), counts: new Map([['steps', 9n]]) }
      },
      used: () => new Map([['steps', (used += 1n)]]),
    }
    const shop = await world.seller({ key: KEYS.seller }, { runner })
    await shop.seller.offer(world.offer(), 'words')
    const node = await world.buyer({ key: KEYS.buyer })
    const { idempotencyKey } = wanted()
    await node.buyer.buy(wanted())
    await world.time.advance(20_000)
    const { contract = '' } = node.buyer.order(idempotencyKey) ?? {}
    expect(readingsOf(shop.party, contract).map(({ counts }) => counts.get('steps'))).toEqual([1n, 2n])
    ending.resolve()
    await world.until(node, idempotencyKey)
    expect(readingsOf(node.party, contract).map(({ counts }) => counts.get('steps'))).toEqual([9n])
  })

  it('is of all keys: what was before a rotation is in it, and what the new key collects is no income', async () => {
    const world = await MarketWorld.create()
    const log = createMemoryEventLog()
    const shop = await world.seller({ key: KEYS.seller, log })
    await shop.seller.offer(world.offer(), 'words')
    const node = await world.buyer({ key: KEYS.buyer })
    const from = timestampFromMs(world.time.now)
    await node.buyer.buy(wanted())
    await world.until(node, 'order-1')
    await world.leave(shop)
    const next = await world.party(KEYS.nextSeller, log, [KEYS.seller])
    const accounts = new OwnAccounts({ party: next.party, former: [KEYS.seller.did], recovery: undefined })
    expect(await accounts.look()).toMatchObject([{ collected: [{ amountNanos: '10990' }] }])
    const period = { from, to: timestampFromMs(world.time.now + 1) }
    const prices = new Map([['bytes.in', { nanos: nanos(20), per: 1n }]])
    const stated = await statePeriod(next.party, { currency: USD, ...period, prices })
    if (stated.kind === 'refused') throw new Error(stated.code)
    expect(stated.statement.total).toEqual({ ratedNanos: 260n, receivedNanos: 11_000n, paidNanos: 10n })
    expect(stated.signed.envelope.body).toMatchObject({ subject: KEYS.nextSeller.did, keys: [KEYS.seller.did] })
    expect(stated.csv).not.toContain(KEYS.nextSeller.did)
  })

  it('refuses a period that ends before it begins', async () => {
    const world = await MarketWorld.create()
    const shop = await world.seller({ key: KEYS.seller })
    const period = { from: timestampFromMs(2), to: timestampFromMs(1), prices: new Map() }
    expect(await statePeriod(shop.party, { currency: USD, ...period })).toEqual({
      kind: 'refused',
      code: 'METER_PERIOD_WRONG',
    })
  })
})
