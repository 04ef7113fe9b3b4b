import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { AMOUNT_MAX, amountFromNanos } from '../../../src/base/money.ts'
import { timestampFromMs } from '../../../src/base/time.ts'
import {
  EMPTY_PRICE_HISTORY,
  HEARD_PRICES_MAX,
  PRICES_MAX,
  PRICE_AGE_MS_MAX,
  SERIES_MAX,
  prunePrices,
  recordPrice,
  suggestReservePrice,
  summarizePrices,
  weightedQuantile,
} from '../../../src/core/market/price-history.ts'
import type { KnownPrice, PriceHistory } from '../../../src/core/market/price-history.ts'
import { CURRENCY } from '../auction/auction-world.ts'

const OF = { skill: 'text.word-count', currency: CURRENCY }

function paid(price: number | bigint, at: number, rest: Partial<KnownPrice> = {}): KnownPrice {
  return {
    ...OF,
    priceNanos: amountFromNanos(BigInt(price)),
    weight: 1,
    isHeard: false,
    at: timestampFromMs(at),
    ...rest,
  }
}

function historyOf(prices: readonly (readonly [price: number, weight: number])[]): PriceHistory {
  return prices.reduce(
    (history, [price, weight], at) => recordPrice(history, paid(price, at, { weight })),
    EMPTY_PRICE_HISTORY,
  )
}

describe('price history', () => {
  it('sums prices up by weight', () => {
    const history = historyOf([
      [10, 1],
      [20, 1],
      [30, 1],
      [40, 1],
    ])
    expect(summarizePrices(history, OF)).toEqual({
      count: 4,
      heard: 0,
      lastNanos: 40n,
      lowerQuartileNanos: 10n,
      medianNanos: 20n,
      upperQuartileNanos: 30n,
      trendPpm: 2_000_000,
    })
    const heavy = historyOf([
      [10, 1],
      [20, 1],
      [30, 8],
    ])
    expect(summarizePrices(heavy, OF)?.medianNanos).toBe(30n)
  })

  it('says nothing of what was never sold', () => {
    expect(summarizePrices(EMPTY_PRICE_HISTORY, OF)).toBeUndefined()
    expect(suggestReservePrice(EMPTY_PRICE_HISTORY, OF, 0)).toBeUndefined()
  })

  it('has quantiles that are paid prices, with the weight below and up to them as asked', () => {
    const SAMPLE = fc.record({ price: fc.integer({ min: 0, max: 20 }), weight: fc.integer({ min: 1, max: 9 }) })
    fc.assert(
      fc.property(
        fc.array(SAMPLE, { minLength: 1, maxLength: 12 }),
        fc.integer({ min: 1, max: 1_000_000 }),
        (rows, ppm) => {
          const spread = rows
            .flatMap(({ price, weight }) => Array.from({ length: weight }, () => price))
            .toSorted((a, b) => a - b)
          const rank = Math.ceil((ppm * spread.length) / 1_000_000)
          const samples = rows.map(({ price, weight }) => ({
            priceNanos: amountFromNanos(BigInt(price)),
            weight,
            isHeard: false,
            at: timestampFromMs(0),
          }))
          expect(weightedQuantile(samples, ppm)).toBe(BigInt(spread[rank - 1] ?? -1))
        },
      ),
      { numRuns: 300, seed: 5 },
    )
  })

  it('suggests a reserve price that nine in ten prices meet, raised by headroom and rise', () => {
    const flat = historyOf(Array.from({ length: 10 }, () => [100, 1] as const))
    expect(suggestReservePrice(flat, OF, 0)).toBe(100n)
    expect(suggestReservePrice(flat, OF, 50_001)).toBe(106n)
    const rising = historyOf([100, 100, 100, 200, 200, 200].map((price) => [price, 1] as const))
    expect(suggestReservePrice(rising, OF, 0)).toBe(250n)
    const falling = historyOf([200, 200, 200, 100, 100, 100].map((price) => [price, 1] as const))
    expect(suggestReservePrice(falling, OF, 0)).toBe(200n)
    expect(
      suggestReservePrice(historyOf([100, 100, 100, 100].map((price) => [price, 1] as const)), OF, 0),
    ).toBeUndefined()
  })

  it('suggests nothing else for prices that anybody lets one hear, however many and however high', () => {
    let history = EMPTY_PRICE_HISTORY
    for (let at = 0; at < 5; at += 1) history = recordPrice(history, paid(100, at))
    const before = suggestReservePrice(history, OF, 100_000)
    for (let at = 0; at < 2 * PRICES_MAX; at += 1)
      history = recordPrice(history, paid(1_000_000, 1_000 + at, { isHeard: true }))
    expect(suggestReservePrice(history, OF, 100_000)).toBe(before)
    expect(summarizePrices(history, OF)).toMatchObject({
      count: 5,
      heard: HEARD_PRICES_MAX,
      lastNanos: 100n,
      upperQuartileNanos: 100n,
      trendPpm: 0,
    })
  })

  it('says what was heard where nothing was paid, and suggests nothing by it', () => {
    let history = EMPTY_PRICE_HISTORY
    for (let at = 0; at < 20; at += 1) history = recordPrice(history, paid(700, at, { isHeard: true }))
    expect(summarizePrices(history, OF)).toMatchObject({ count: 0, heard: 20, medianNanos: 700n, lastNanos: 700n })
    expect(suggestReservePrice(history, OF, 0)).toBeUndefined()
  })

  it('weighs what was heard a twentieth of what was paid', () => {
    const samples = [
      { ...paid(10, 0), weight: 20 },
      { ...paid(20, 0), weight: 400, isHeard: true },
    ]
    // One in twenty-one: 952,380.95 ppm are paid.
    expect([952_380, 952_381].map((ppm) => weightedQuantile(samples, ppm))).toEqual([10n, 20n])
  })

  it('never suggests more than there can be', () => {
    let history = EMPTY_PRICE_HISTORY
    for (let at = 0; at < 5; at += 1) history = recordPrice(history, paid(AMOUNT_MAX, at))
    expect(suggestReservePrice(history, OF, 100_000)).toBe(AMOUNT_MAX)
  })

  it('ignores weights out of range and stamps that run back', () => {
    const history = recordPrice(EMPTY_PRICE_HISTORY, paid(10, 100))
    for (const weight of [0, -1, 1001, 0.5]) expect(recordPrice(history, paid(1, 101, { weight }))).toBe(history)
    expect(recordPrice(history, paid(1, 99))).toBe(history)
  })

  it('keeps the newest prices of a series, and the liveliest series', () => {
    let history = EMPTY_PRICE_HISTORY
    for (let at = 0; at <= PRICES_MAX; at += 1) history = recordPrice(history, paid(at, at))
    expect(history.series[0]?.samples.length).toBe(PRICES_MAX)
    expect(history.series[0]?.samples[0]?.priceNanos).toBe(1n)
    for (let at = 0; at < SERIES_MAX; at += 1) {
      history = recordPrice(history, paid(1, 1_000 + at, { skill: `skill.${at}` }))
    }
    expect(history.series.length).toBe(SERIES_MAX)
    expect(summarizePrices(history, OF)).toBeUndefined()
  })

  it('forgets prices by their age', () => {
    const history = recordPrice(EMPTY_PRICE_HISTORY, paid(10, 0))
    expect(prunePrices(history, timestampFromMs(PRICE_AGE_MS_MAX))).toEqual(history)
    expect(prunePrices(history, timestampFromMs(PRICE_AGE_MS_MAX + 1))).toEqual(EMPTY_PRICE_HISTORY)
    expect(recordPrice(history, paid(20, PRICE_AGE_MS_MAX + 1)).series[0]?.samples.length).toBe(1)
  })

  it('does not depend on the order of skills', () => {
    const one = recordPrice(recordPrice(EMPTY_PRICE_HISTORY, paid(1, 0, { skill: 'a' })), paid(1, 0, { skill: 'b' }))
    const other = recordPrice(recordPrice(EMPTY_PRICE_HISTORY, paid(1, 0, { skill: 'b' })), paid(1, 0, { skill: 'a' }))
    expect(one).toEqual(other)
  })
})
