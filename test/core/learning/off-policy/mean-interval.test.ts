import { describe, expect, it } from 'vitest'
import { createRandomStream } from '../../../../src/base/random-stream.ts'
import { meanInterval, normalQuantile } from '../../../../src/core/learning/off-policy/mean-interval.ts'

describe('normalQuantile', () => {
  it.each([
    [0.5, 0],
    [0.975, 1.959963985],
    [0.025, -1.959963985],
    [0.995, 2.575829304],
    [0.001, -3.090232306],
  ])('of %d is %d', (p, expected) => {
    expect(normalQuantile(p)).toBeCloseTo(expected, 7)
  })

  it.each([0, 1, -1, Number.NaN])('refuses %d', (p) => {
    expect(() => normalQuantile(p)).toThrow(RangeError)
  })
})

describe('meanInterval', () => {
  it('is the normal interval for many terms of a usual shape', () => {
    const random = createRandomStream(1)
    const terms = Float64Array.from({ length: 100_000 }, () =>
      Array.from({ length: 12 }, () => random.nextUnit()).reduce((sum, value) => sum + value, -6),
    )
    const { value, low, high, standardError } = meanInterval(terms)
    expect(standardError).toBeCloseTo(1 / Math.sqrt(100_000), 4)
    expect((value - low) / standardError).toBeCloseTo(1.96, 2)
    expect((high - value) / standardError).toBeCloseTo(1.96, 2)
  })

  it('has no width for equal terms, and no ends for a single one', () => {
    expect(meanInterval(new Float64Array(50).fill(0.1))).toMatchObject({ low: expect.closeTo(0.1, 12) as number })
    const { low, high } = meanInterval(new Float64Array(50).fill(0.1))
    expect(high - low).toBe(0)
    expect(meanInterval(Float64Array.of(1))).toMatchObject({ low: -Infinity, high: Infinity })
    expect(meanInterval(new Float64Array(0))).toMatchObject({ value: 0, low: -Infinity })
  })

  it('reaches further on the side where a few terms are large', () => {
    const terms = Float64Array.from({ length: 1000 }, (_, at) => (at % 40 === 0 ? 30 : 0))
    const { value, low, high } = meanInterval(terms)
    expect(high - value).toBeGreaterThan(1.2 * (value - low))
  })

  it('is wider at a higher confidence', () => {
    const terms = Float64Array.from({ length: 1000 }, (_, at) => at % 7)
    expect(meanInterval(terms, 0.99).low).toBeLessThan(meanInterval(terms, 0.95).low)
  })

  it('does not depend on the unit of the terms', () => {
    const terms = Float64Array.from({ length: 300 }, (_, at) => (at * 7919) % 101)
    const small = meanInterval(terms.map((term) => term * 1e-9))
    expect(small.low * 1e9).toBeCloseTo(meanInterval(terms).low, 9)
  })
})
