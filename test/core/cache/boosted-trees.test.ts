import { describe, expect, it } from 'vitest'
import { createRandomStream } from '../../../src/base/random-stream.ts'
import { scoreTrees, trainTrees } from '../../../src/core/cache/boosted-trees.ts'

const INIT = { trees: 60, depth: 3, rate: 0.2, curvatureMin: 1, shrinkage: 1 }

function exclusiveOr(count: number): { rows: Float64Array[]; labels: Uint8Array } {
  const random = createRandomStream(5)
  const rows = Array.from({ length: count }, () =>
    Float64Array.of(random.nextUnit(), random.nextUnit(), random.nextUnit()),
  )
  return { rows, labels: Uint8Array.from(rows, ([a = 0, b = 0]) => Number(a > 0.5 !== b > 0.5)) }
}

describe('boosted trees', () => {
  it('learn what no linear model can', () => {
    const { rows, labels } = exclusiveOr(2_000)
    const trees = trainTrees(rows, labels, { ...INIT, directions: new Int8Array(3) })
    const right = rows.filter((row, at) => scoreTrees(trees, row) > 0 === (labels[at] === 1)).length
    expect(right / rows.length).toBeGreaterThan(0.97)
  })

  it('are the same for the same rows', () => {
    const { rows, labels } = exclusiveOr(500)
    const init = { ...INIT, directions: new Int8Array(3) }
    expect(trainTrees(rows, labels, init)).toEqual(trainTrees(rows, labels, init))
  })

  it('obey a direction everywhere, also against the data', () => {
    const random = createRandomStream(6)
    const rows = Array.from({ length: 3_000 }, () => Float64Array.of(random.nextUnit(), random.nextUnit()))
    const labels = Uint8Array.from(rows, ([a = 0, b = 0]) =>
      Number(random.nextUnit() < (a < 0.3 ? 0.8 : 0.2 + 0.6 * b)),
    )
    const trees = trainTrees(rows, labels, { ...INIT, directions: Int8Array.of(1, 0) })
    for (let b = 0; b <= 1; b += 0.05) {
      let previous = -Infinity
      for (let a = 0; a <= 1; a += 0.01) {
        const score = scoreTrees(trees, Float64Array.of(a, b))
        expect(score).toBeGreaterThanOrEqual(previous - 1e-12)
        previous = score
      }
    }
  })
})
