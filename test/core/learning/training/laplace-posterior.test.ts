import { describe, expect, it } from 'vitest'
import { sigmoid } from '../../../../src/base/deterministic-math.ts'
import { createRandomStream, type RandomStream } from '../../../../src/base/random-stream.ts'
import { laplaceCovariance } from '../../../../src/core/learning/training/laplace-posterior.ts'

const SIZE = 4
/** Of the three slopes; the last input is the level, always 1. */
const PRIOR = Float64Array.of(2, 2, 2, 1)

function normal(random: RandomStream): number {
  let sum = 0
  for (let draw = 0; draw < 12; draw += 1) sum += random.nextUnit()
  return sum - 6
}

type Rows = { readonly inputs: readonly Float64Array[]; readonly outcomes: readonly number[] }

function simulate(random: RandomStream, weights: Float64Array, count: number): Rows {
  const inputs = Array.from({ length: count }, () => Float64Array.of(normal(random), normal(random), normal(random), 1))
  return { inputs, outcomes: inputs.map((x) => (random.nextUnit() < sigmoid(dot(weights, x)) ? 1 : 0)) }
}

/** The most probable weights, by steps of Newton with a numeric inverse: nothing of the code under test but its covariance. */
function mostProbable(rows: Rows, covarianceAt: (weights: Float64Array) => Float64Array): Float64Array {
  let weights = new Float64Array(SIZE)
  for (let step = 0; step < 30; step += 1) {
    const slope = weights.map((weight, j) => -(PRIOR[j] ?? 0) * weight)
    for (const [row, x] of rows.inputs.entries()) {
      const miss = (rows.outcomes[row] ?? 0) - sigmoid(dot(weights, x))
      for (let j = 0; j < SIZE; j += 1) slope[j] = (slope[j] ?? 0) + miss * (x[j] ?? 0)
    }
    const covariance = covarianceAt(weights)
    weights = weights.map((weight, j) => {
      let move = weight
      for (let k = 0; k < SIZE; k += 1) move += (covariance[j * SIZE + k] ?? 0) * (slope[k] ?? 0)
      return move
    })
  }
  return weights
}

function dot(a: Float64Array, b: Float64Array): number {
  return a.reduce((sum, value, j) => sum + value * (b[j] ?? 0), 0)
}

function covarianceOf({ inputs }: Rows, weights: Float64Array, slope = 1): Float64Array {
  return laplaceCovariance({
    size: SIZE,
    levelsFrom: SIZE,
    rows: inputs.map((input) => ({ input, chance: sigmoid(dot(weights, input)), weight: 1 })),
    slope,
    priorPrecision: PRIOR,
  })
}

describe('the Laplace posterior of the dense weights', () => {
  it('covers weights drawn from the prior about as often as it says', () => {
    const random = createRandomStream(5)
    const z = Array.from({ length: 200 }, () => {
      const truth = PRIOR.map((precision) => normal(random) / Math.sqrt(precision))
      const rows = simulate(random, truth, 60)
      const found = mostProbable(rows, (weights) => covarianceOf(rows, weights))
      const covariance = covarianceOf(rows, found)
      return truth.map((value, j) => ((found[j] ?? 0) - value) / Math.sqrt(covariance[j * SIZE + j] ?? 0))
    })
    const scores = z.flatMap((each) => [...each])
    const within = (bound: number): number => scores.filter((score) => Math.abs(score) < bound).length / scores.length
    expect(within(1.96)).toBeGreaterThan(0.93)
    expect(within(1.96)).toBeLessThan(0.97)
    expect(within(0.674)).toBeGreaterThan(0.45)
    expect(within(0.674)).toBeLessThan(0.55)
  })

  it('is the prior before anything is known, and narrower with every row', () => {
    const random = createRandomStream(6)
    const rows = simulate(random, new Float64Array(SIZE), 400)
    const variances = [0, 20, 100, 400].map((count) => {
      const part = { inputs: rows.inputs.slice(0, count), outcomes: rows.outcomes.slice(0, count) }
      return covarianceOf(part, new Float64Array(SIZE))[0] ?? 0
    })
    expect(variances[0]).toBeCloseTo(1 / 2, 12)
    expect(variances).toEqual(variances.toSorted((a, b) => b - a))
    expect(variances[3]).toBeCloseTo(1 / (2 + 400 / 4), 2)
  })

  it('takes weights that were held nearer to 0 than the penalty asks for as a narrower prior', () => {
    const random = createRandomStream(8)
    const rows = simulate(random, new Float64Array(SIZE), 10)
    const variance = (weights: readonly number[] | undefined): number =>
      laplaceCovariance({
        size: SIZE,
        levelsFrom: 3,
        rows: rows.inputs.map((input) => ({ input, chance: 0.5, weight: 1 })),
        slope: 1,
        priorPrecision: new Float64Array(SIZE).fill(0.01),
        ...(weights !== undefined && { weights }),
      })[0] ?? 0
    const free = variance(undefined)
    expect(variance([10, 10, 10, 0])).toBeCloseTo(free, 1)
    expect(variance([0.1, 0.1, 0.1, 0])).toBeLessThan(free / 5)
    expect(variance([0.1, 0.1, 0.1, 0])).toBeGreaterThan(0.005)
    expect(variance([0, 0, 0, 1])).toBe(free)
  })

  it('counts a row by its weight and by the slope of the calibration', () => {
    const input = Float64Array.of(1, 0, 0, 0)
    const variance = (chance: number, weight: number, slope: number): number =>
      laplaceCovariance({
        size: SIZE,
        levelsFrom: SIZE,
        rows: [{ input, chance, weight }],
        slope,
        priorPrecision: PRIOR,
      })[0] ?? 0
    expect(variance(0.5, 1, 1)).toBeCloseTo(1 / (2 + 0.25), 12)
    expect(variance(0.5, 3, 1)).toBeCloseTo(1 / (2 + 3 * 0.25), 12)
    expect(variance(0.9, 1, 4)).toBeCloseTo(1 / (2 + 16 * 0.09), 12)
  })

  it('holds how unsure the constant is in the flags, one of which is always 1', () => {
    const counts = [3, 30]
    const rows = counts.flatMap((count, flag) =>
      Array.from({ length: count }, () => ({
        input: Float64Array.of(0, 0, flag === 0 ? 1 : 0, flag === 1 ? 1 : 0),
        chance: 0.5,
        weight: 1,
      })),
    )
    const covariance = laplaceCovariance({
      size: SIZE,
      levelsFrom: 2,
      rows,
      slope: 1,
      priorPrecision: Float64Array.of(1, 1, 1e9, 1e9),
    })
    // The flags themselves are held at 0, so what is left is the constant: 33 rows of curvature 1/4.
    expect(covariance[2 * SIZE + 2]).toBeCloseTo(4 / 33, 6)
    expect(covariance[3 * SIZE + 3]).toBeCloseTo(4 / 33, 6)
    const free = laplaceCovariance({
      size: SIZE,
      levelsFrom: 2,
      rows,
      slope: 1,
      priorPrecision: new Float64Array(4).fill(1e-6),
    })
    expect(free[2 * SIZE + 2]).toBeCloseTo(4 / 3, 3)
    expect(free[3 * SIZE + 3]).toBeCloseTo(4 / 30, 3)
  })

  it('stays finite for a model that is always right', () => {
    const rows = Array.from({ length: 20 }, () => ({ input: Float64Array.of(1, 0, 0, 1), chance: 1, weight: 1 }))
    const covariance = laplaceCovariance({ size: SIZE, levelsFrom: 3, rows, slope: 1, priorPrecision: PRIOR })
    expect(covariance.every(Number.isFinite)).toBe(true)
  })
})
