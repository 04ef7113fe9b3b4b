import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createRandomStream } from '../../../src/base/random-stream.ts'
import { pairedGain } from '../../../src/simulation/metrics/paired.ts'
import { studentQuantile, studentShare } from '../../../src/simulation/metrics/student.ts'

describe('the distribution of Student', () => {
  // Tables of Fisher and Yates, 1963: 95 and 97.5 %.
  it.each([
    [1, 6.314, 12.706],
    [2, 2.92, 4.303],
    [5, 2.015, 2.571],
    [10, 1.812, 2.228],
    [30, 1.697, 2.042],
    [60, 1.671, 2],
    [120, 1.658, 1.98],
    [199, 1.653, 1.972],
  ])('has the quantiles of the tables with %i degrees of freedom', (degrees, at95, at975) => {
    expect(studentQuantile(0.95, degrees)).toBeCloseTo(at95, 2)
    expect(studentQuantile(0.975, degrees)).toBeCloseTo(at975, 2)
    expect(studentQuantile(0.05, degrees)).toBe(-studentQuantile(0.95, degrees))
  })

  it('agrees with its density summed by trapezes', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 40 }), fc.double({ min: 0, max: 6, noNaN: true }), (degrees, t) => {
        const density = (x: number): number => (1 + (x * x) / degrees) ** (-(degrees + 1) / 2)
        const area = (upTo: number): number => {
          const steps = 4_000
          let sum = 0
          for (let step = 0; step < steps; step += 1)
            sum += (density((step / steps) * upTo) + density(((step + 1) / steps) * upTo)) / 2
          return (sum * upTo) / steps
        }
        // The shares of two points to each other, so that no constant is needed.
        const at = (x: number): number => studentShare(x, degrees) - 0.5
        expect(at(t) / at(3)).toBeCloseTo(area(t) / area(3), 4)
      }),
      { numRuns: 40 },
    )
  })

  it('refuses what is no share and no degree', () => {
    expect(() => studentQuantile(1, 3)).toThrow(RangeError)
    expect(() => studentShare(0, 0)).toThrow(RangeError)
  })
})

describe('the gain of an attack', () => {
  it('is the mean of the differences, whatever both have in common', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.integer({ min: -99, max: 99 }), fc.integer({ min: -99, max: 99 })), {
          minLength: 2,
          maxLength: 30,
        }),
        (rows) => {
          const pairs = rows.map(([base, gain]) => ({ attacking: base + gain, honest: base }))
          const { mean, upper95, lower95 } = pairedGain(pairs)
          expect(mean).toBeCloseTo(rows.reduce((sum, [, gain]) => sum + gain, 0) / rows.length, 9)
          expect(upper95).toBeGreaterThanOrEqual(mean)
          expect(lower95).toBeLessThanOrEqual(mean)
        },
      ),
    )
  })

  it('has a bound that holds in 95 of 100 samples, and so has the one by drawing again', () => {
    const random = createRandomStream(3)
    const samples = 200
    let held = 0
    let heldAgain = 0
    for (let sample = 0; sample < samples; sample += 1) {
      const pairs = Array.from({ length: 30 }, () => ({ attacking: random.nextUnit() + random.nextUnit(), honest: 1 }))
      const { upper95 = 0, bootstrapUpper95 = 0 } = pairedGain(pairs)
      if (upper95 > 0) held += 1
      if (bootstrapUpper95 > 0) heldAgain += 1
    }
    expect(held / samples).toBeGreaterThan(0.92)
    expect(held / samples).toBeLessThan(0.98)
    expect(heldAgain / samples).toBeGreaterThan(0.91)
  })

  it('says nothing of the future with one pair', () => {
    expect(pairedGain([{ attacking: 3, honest: 1 }])).toMatchObject({ pairs: 1, mean: 2, upper95: undefined })
  })
})
