import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createRandomStream } from '../../../../src/base/random-stream.ts'
import {
  probabilitiesOfBest,
  probabilitiesOfFirstWithin,
} from '../../../../src/core/policy/exploration/best-probabilities.ts'
import { normalCumulative } from '../../../../src/core/policy/exploration/normal-distribution.ts'

const beliefs = (...pairs: readonly (readonly [mean: number, deviation: number])[]) => ({
  means: Float64Array.from(pairs, ([mean]) => mean),
  deviations: Float64Array.from(pairs, ([, deviation]) => deviation),
})

const rounded = (chances: Float64Array): readonly number[] =>
  [...chances].map((chance) => Math.round(1e9 * chance) / 1e9)

/** Sum of twelve uniform draws: close to normal. */
function normalDraws(seed: number): () => number {
  const random = createRandomStream(seed)
  return () => Array.from({ length: 12 }, () => random.nextUnit()).reduce((sum, value) => sum + value, -6)
}

describe('P(candidate is best)', () => {
  it('of two is the normal distribution of their difference', () => {
    const [first, second] = probabilitiesOfBest(beliefs([0.7, 0.1], [0.6, 0.2]))
    const expected = normalCumulative(0.1 / Math.sqrt(0.05))
    expect(first).toBeCloseTo(expected, 3)
    expect(second).toBeCloseTo(1 - expected, 3)
  })

  it('is certain where beliefs are, the first of equals being the best', () => {
    expect(rounded(probabilitiesOfBest(beliefs([0.5, 0], [0.7, 0], [0.7, 0])))).toEqual([0, 1, 0])
  })

  it('agrees with sampling', () => {
    const three = beliefs([0.6, 0.1], [0.65, 0.05], [0.5, 0.3])
    const draw = normalDraws(1)
    const wins = [0, 0, 0]
    for (let round = 0; round < 20_000; round += 1) {
      const values = [...three.means].map((mean, place) => mean + draw() * (three.deviations[place] ?? 0))
      const best = values.indexOf(Math.max(...values))
      wins[best] = (wins[best] ?? 0) + 1 / 20_000
    }
    for (const [place, chance] of probabilitiesOfBest(three).entries()) expect(chance).toBeCloseTo(wins[place] ?? 0, 1)
  })

  it('sums to 1 for any beliefs, known ones among them', () => {
    const belief = fc.tuple(
      fc.double({ min: -2, max: 2, noNaN: true }),
      fc.oneof(fc.constant(0), fc.double({ min: 0, max: 1, noNaN: true })),
    )
    fc.assert(
      fc.property(
        fc.array(belief, { minLength: 1, maxLength: 12 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (list, bound) => {
          for (const chances of [
            probabilitiesOfBest(beliefs(...list)),
            probabilitiesOfFirstWithin(beliefs(...list), bound),
          ]) {
            expect(chances.reduce((sum, value) => sum + value, 0)).toBeCloseTo(1, 9)
            expect(Math.min(...chances)).toBeGreaterThanOrEqual(0)
          }
        },
      ),
      { seed: 7 },
    )
  })
})

describe('P(candidate is the cheapest within a bound)', () => {
  it('is certain where beliefs are', () => {
    expect(rounded(probabilitiesOfFirstWithin(beliefs([0.5, 0], [0.75, 0], [0.9, 0]), 0.7))).toEqual([0, 1, 0])
    expect(rounded(probabilitiesOfFirstWithin(beliefs([0.5, 0], [0.6, 0]), 0.7))).toEqual([0, 1])
  })

  it('counts a cheaper one as chosen as often as it reaches the bound', () => {
    const [cheap, dear] = probabilitiesOfFirstWithin(beliefs([0.7, 0.1], [0.95, 0]), 0.7)
    expect(cheap).toBeCloseTo(0.5, 3)
    expect(dear).toBeCloseTo(0.5, 3)
  })
})
