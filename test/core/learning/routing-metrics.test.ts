import { describe, expect, it } from 'vitest'
import { bootstrapIntervals } from '../../../src/core/learning/bootstrap.ts'
import {
  areaOfSample,
  areaUnder,
  orderByScore,
  routingCurve,
  shareToReach,
  type RoutedRows,
} from '../../../src/core/learning/routing-metrics.ts'
import { createRandomStream } from '../../../src/base/random-stream.ts'

function rows(scores: readonly number[], strong: readonly number[], weak: readonly number[]): RoutedRows {
  return { scores: Float64Array.from(scores), strong: Float64Array.from(strong), weak: Float64Array.from(weak) }
}

function apgr(routed: RoutedRows): number {
  return areaUnder(routingCurve(routed, orderByScore(routed.scores)))
}

describe('the routing curve', () => {
  it('is right on a case done by hand', () => {
    // Gains by score: 1, 0, 1, 0 of a gap of 2: the curve passes (0,0) (.25,.5) (.5,.5) (.75,1) (1,1).
    const routed = rows([4, 3, 2, 1], [1, 1, 1, 1], [0, 1, 0, 1])
    const curve = routingCurve(routed, orderByScore(routed.scores))
    expect(curve).toEqual([
      { share: 0, recovered: 0 },
      { share: 0.25, recovered: 0.5 },
      { share: 0.5, recovered: 0.5 },
      { share: 0.75, recovered: 1 },
      { share: 1, recovered: 1 },
    ])
    expect(areaUnder(curve)).toBeCloseTo(0.0625 + 0.125 + 0.1875 + 0.25, 12)
    expect(shareToReach(curve, 0.5)).toBe(0.25)
    expect(shareToReach(curve, 0.8)).toBeCloseTo(0.65, 12)
  })

  it('crosses equal scores by one straight line, whatever their order', () => {
    const one = rows([1, 1, 1, 1], [1, 1, 0, 1], [0, 1, 0, 1])
    expect(routingCurve(one, orderByScore(one.scores))).toEqual([
      { share: 0, recovered: 0 },
      { share: 1, recovered: 1 },
    ])
    expect(apgr(one)).toBe(0.5)
    expect(apgr(rows([2, 2, 1], [1, 1, 1], [0, 1, 1]))).toBe(apgr(rows([2, 2, 1], [1, 1, 1], [1, 0, 1])))
  })

  it('gives chance one half and the oracle the most', () => {
    const random = createRandomStream(5)
    const draw = (p: number): number => (random.nextUnit() < p ? 1 : 0)
    const strong = Array.from({ length: 4000 }, () => draw(0.85))
    const weak = Array.from({ length: 4000 }, () => draw(0.6))
    const chance = apgr(
      rows(
        strong.map(() => random.nextUnit()),
        strong,
        weak,
      ),
    )
    const oracle = apgr(
      rows(
        strong.map((score, index) => score - (weak[index] ?? 0)),
        strong,
        weak,
      ),
    )
    expect(Math.abs(chance - 0.5)).toBeLessThan(0.05)
    expect(oracle).toBeGreaterThan(1)
  })

  it('goes above one where the weak model is sometimes better, and never reaches it where nothing is gained', () => {
    const routed = rows([2, 1], [1, 0], [0, 0])
    expect(shareToReach(routingCurve(routed, orderByScore(routed.scores)), 2)).toBe(1)
  })
})

describe('bootstrap', () => {
  it('computes the area of a sample as the curve does', () => {
    const random = createRandomStream(9)
    const routed = rows(
      Array.from({ length: 50 }, () => random.nextBelow(8)),
      Array.from({ length: 50 }, () => (random.nextUnit() < 0.8 ? 1 : 0)),
      Array.from({ length: 50 }, () => (random.nextUnit() < 0.5 ? 1 : 0)),
    )
    const order = orderByScore(routed.scores)
    const multiplicity = Uint16Array.from({ length: 50 }, () => random.nextBelow(3))
    expect(areaOfSample(routed, order, multiplicity)).toBeCloseTo(
      areaUnder(routingCurve(routed, order, multiplicity)),
      12,
    )
  })

  it('holds the mean of rows inside its interval, the same for the same seed, and pairs its figures', () => {
    const values = Array.from({ length: 200 }, (_, index) => index % 7)
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length
    const measure = (multiplicity: Uint16Array): readonly number[] => {
      const sampled = values.reduce((sum, value, row) => sum + value * (multiplicity[row] ?? 0), 0) / values.length
      return [sampled, sampled - sampled]
    }
    const [interval, difference] = bootstrapIntervals(values.length, 3, measure)
    expect(interval?.[0]).toBeLessThan(mean)
    expect(interval?.[1]).toBeGreaterThan(mean)
    // The mean of many rows is nearly normal: the central 95 % are 2 x 1.96 standard errors wide, the central 90 % a sixth less.
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length
    const width = (interval?.[1] ?? 0) - (interval?.[0] ?? 0)
    expect(width / (2 * 1.96 * Math.sqrt(variance / values.length))).toBeCloseTo(1, 1)
    expect(Math.abs((interval?.[0] ?? 0) + (interval?.[1] ?? 0) - 2 * mean)).toBeLessThan(0.05)
    expect(difference).toEqual([0, 0])
    expect(bootstrapIntervals(values.length, 3, measure)).toEqual([interval, difference])
  })
})
