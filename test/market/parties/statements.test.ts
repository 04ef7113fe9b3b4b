import { describe, expect, it } from 'vitest'
import { timestampFromMs } from '../../../src/base/time.ts'
import { OwnAccounts } from '../../../src/market/parties/own-accounts.ts'
import { statePeriod } from '../../../src/market/parties/statements.ts'
import { createMemoryEventLog } from '../../../src/storage/memory/memory-event-log.ts'
import { MarketWorld, nanos, USD, wanted } from './market-world.ts'
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
