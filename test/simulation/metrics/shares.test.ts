import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { giniOf, herfindahlOf } from '../../../src/simulation/metrics/concentration.ts'
import { deviationOf, dispersionOf } from '../../../src/simulation/metrics/dispersion.ts'
import { aucOf, medianOf, timeToDetect } from '../../../src/simulation/metrics/separation.ts'

const parts = fc.array(fc.integer({ min: 0, max: 1_000 }), { minLength: 1, maxLength: 12 })

describe('concentration', () => {
  it('is 1 / n for equal parts and 1 where one has all', () => {
    expect(herfindahlOf([5, 5, 5, 5])).toBe(0.25)
    expect(herfindahlOf([0, 9, 0])).toBe(1)
    expect(herfindahlOf([0, 0])).toBeUndefined()
    expect(giniOf([3, 3, 3])).toBe(0)
    expect(giniOf([0, 0, 0, 8])).toBe(0.75)
    expect(giniOf([])).toBeUndefined()
  })

  it('is half of the mean difference of any two, as a share of the mean', () => {
    fc.assert(
      fc.property(parts, (values) => {
        const total = values.reduce((sum, value) => sum + value, 0)
        if (total === 0) return
        const differences = values.flatMap((one) => values.map((other) => Math.abs(one - other)))
        const mean = differences.reduce((sum, value) => sum + value, 0) / differences.length
        expect(giniOf(values)).toBeCloseTo(mean / 2 / (total / values.length), 12)
      }),
    )
  })

  it('does not change when all parts grow alike, and grows when two become one', () => {
    fc.assert(
      fc.property(parts, fc.integer({ min: 1, max: 9 }), (values, factor) => {
        const before = herfindahlOf(values)
        if (before === undefined) return
        expect(herfindahlOf(values.map((value) => value * factor))).toBeCloseTo(before, 12)
        const [first = 0, second = 0, ...rest] = values
        expect(herfindahlOf([first + second, ...rest])).toBeGreaterThanOrEqual(before - 1e-12)
      }),
    )
  })
})

describe('the dispersion of prices', () => {
  it('is the deviation of the sample as a share of its mean', () => {
    expect(deviationOf([2, 4, 4, 4, 5, 5, 7, 9])).toBeCloseTo(Math.sqrt(32 / 7), 12)
    expect(dispersionOf([1, 3])).toBeCloseTo(Math.SQRT2 / 2, 12)
    expect(dispersionOf([5])).toBeUndefined()
    expect(dispersionOf([4, 4, 4])).toBe(0)
  })
})

describe('the separation of two groups', () => {
  const group = fc.array(fc.integer({ min: 0, max: 6 }), { minLength: 1, maxLength: 10 })

  it('is the share of pairs that are told apart, equal ones half', () => {
    fc.assert(
      fc.property(group, group, (more, less) => {
        const wins = more.flatMap((one) => less.map((other) => (Math.sign(one - other) + 1) / 2))
        const share = wins.reduce<number>((sum, win) => sum + win, 0) / wins.length
        expect(aucOf(more, less)).toBeCloseTo(share, 12)
      }),
      { numRuns: 500 },
    )
    expect(aucOf([], [1])).toBeUndefined()
  })

  it('is seen when the standing falls and does not come back', () => {
    const at = (...standings: number[]) => standings.map((standing, index) => ({ atMs: index * 10, standing }))
    expect(timeToDetect(at(5, 5, 3, 2), { sinceMs: 10, below: 4 })).toBe(10)
    expect(timeToDetect(at(5, 3, 5, 3), { sinceMs: 0, below: 4 })).toBe(30)
    expect(timeToDetect(at(1, 5, 5, 5), { sinceMs: 10, below: 4 })).toBeUndefined()
    expect(timeToDetect([], { sinceMs: 0, below: 4 })).toBeUndefined()
  })

  it('has a middle', () => {
    expect(medianOf([3, 1, 2])).toBe(2)
    expect(medianOf([4, 1, 2, 3])).toBe(2.5)
    expect(medianOf([])).toBeUndefined()
  })
})
