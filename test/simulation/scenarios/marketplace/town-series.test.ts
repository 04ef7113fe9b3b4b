import { expect, it } from 'vitest'
import type { PurchaseRecord } from '../../../../src/simulation/market/agents/agent-record.ts'
import { townSeries } from '../../../../src/simulation/scenarios/marketplace/town-series.ts'

const CREDIT = 1_000_000_000n

function bought(endedMs: number | undefined, seller: string, hasRightResult: boolean): PurchaseRecord {
  const shared = {
    buyer: 'b',
    key: 'k',
    skill: 's',
    valueNanos: 5n * CREDIT,
    isChecked: true,
    isAuction: false,
    atMs: 0,
  }
  return { ...shared, seller, priceNanos: 2n * CREDIT, hasRightResult, ...(endedMs !== undefined && { endedMs }) }
}

it('sums go up purchase by purchase in the order of their ends, what is open is left out', () => {
  const purchases = [
    bought(300, 'bad', false),
    bought(100, 'good', true),
    bought(undefined, 'good', true),
    bought(200, 'good', true),
  ]
  const series = new Map(townSeries(purchases, (seller) => seller === 'good').map(({ name, points }) => [name, points]))
  expect(series.get('of honest sellers')).toEqual([
    [100, 1],
    [200, 2],
    [300, 2],
  ])
  expect(series.get('of others')).toEqual([
    [100, 0],
    [200, 0],
    [300, 1],
  ])
  expect(series.get('agreed on')?.at(-1)).toEqual([300, 6])
  expect(series.get('worth to buyers')?.at(-1)).toEqual([300, 10])
  // Too few for a mean.
  expect(series.get('price')).toEqual([])
})

it('moving figures go over the last thirty', () => {
  const purchases = Array.from({ length: 60 }, (_, at) => bought(at, 'good', at < 30))
  const right = townSeries(purchases, () => true).find(({ name }) => name === 'right results')?.points ?? []
  expect(right[0]).toEqual([4, 1])
  expect(right.find(([atMs]) => atMs === 44)).toEqual([44, 0.5])
  expect(right.at(-1)).toEqual([59, 0])
})
