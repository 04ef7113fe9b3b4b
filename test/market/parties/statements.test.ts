import { describe, expect, it } from 'vitest'
import { timestampFromMs } from '../../../src/base/time.ts'
import { statePeriod } from '../../../src/market/parties/statements.ts'
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
