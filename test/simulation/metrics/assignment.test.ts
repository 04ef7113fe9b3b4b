import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createRandomStream } from '../../../src/base/random-stream.ts'
import { assignmentOf } from '../../../src/simulation/metrics/assignment.ts'

type Weights = readonly (readonly (number | undefined)[])[]

/** Tries everything. */
function bestByTrying(weights: Weights, capacities: readonly number[], row = 0): number {
  if (row === weights.length) return 0
  let best = bestByTrying(weights, capacities, row + 1)
  for (const [column, weight] of (weights[row] ?? []).entries()) {
    if (weight === undefined || capacities[column] === 0) continue
    const left = capacities.map((capacity, at) => (at === column ? capacity - 1 : capacity))
    best = Math.max(best, weight + bestByTrying(weights, left, row + 1))
  }
  return best
}

const problems = fc.tuple(fc.integer({ min: 0, max: 5 }), fc.integer({ min: 1, max: 4 })).chain(([rows, columns]) =>
  fc.record({
    weights: fc.array(
      fc.array(fc.option(fc.integer({ min: -20, max: 50 }), { nil: undefined, freq: 4 }), {
        minLength: columns,
        maxLength: columns,
      }),
      { minLength: rows, maxLength: rows },
    ),
    capacities: fc.array(fc.integer({ min: 0, max: 3 }), { minLength: columns, maxLength: columns }),
  }),
)

describe('the assignment of greatest weight', () => {
  it('is as heavy as the best that trying everything finds', () => {
    fc.assert(
      fc.property(problems, ({ weights, capacities }) => {
        expect(assignmentOf({ weights, capacities }).weight).toBe(bestByTrying(weights, capacities))
      }),
      { numRuns: 1_000 },
    )
  })

  it('gives no column more rows than it takes, and its weight is that of its pairs', () => {
    fc.assert(
      fc.property(problems, ({ weights, capacities }) => {
        const { weight, columns } = assignmentOf({ weights, capacities })
        let sum = 0
        for (const [row, column] of columns.entries())
          if (column !== undefined) sum += weights[row]?.[column] ?? Number.NaN
        expect(sum).toBe(weight)
        for (const [column, capacity] of capacities.entries())
          expect(columns.filter((chosen) => chosen === column).length).toBeLessThanOrEqual(capacity)
      }),
    )
  })

  it('leaves out what cannot be had and what is worth nothing', () => {
    expect(assignmentOf({ weights: [[undefined], [-1], [3]] })).toEqual({
      weight: 3,
      columns: [undefined, undefined, 0],
    })
    expect(assignmentOf({ weights: [] })).toEqual({ weight: 0, columns: [] })
    expect(assignmentOf({ weights: [[], []] })).toEqual({ weight: 0, columns: [undefined, undefined] })
  })

  it('is found for 200 rows and 200 columns, no lighter than greedy choices', () => {
    const random = createRandomStream(7)
    const weights = Array.from({ length: 200 }, () => Array.from({ length: 200 }, () => random.nextBelow(1_000_000)))
    const taken = new Set<number>()
    const greedy = weights.reduce((sum, row) => {
      const free = [...row.keys()].filter((column) => !taken.has(column))
      const best = free.reduce((one, other) => ((row[other] ?? 0) > (row[one] ?? 0) ? other : one))
      taken.add(best)
      return sum + (row[best] ?? 0)
    }, 0)
    const { weight, columns } = assignmentOf({ weights })
    expect(weight).toBeGreaterThanOrEqual(greedy)
    expect(new Set(columns).size).toBe(200)
  })
})
