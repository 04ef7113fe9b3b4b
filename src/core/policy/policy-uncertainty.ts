import type { FeatureBatch } from '../kernels/linear-model.ts'

/** What the rows leave open about the dense weights of each candidate. */
export type PolicyUncertainty = {
  /** Per candidate the posterior covariance of its dense weights, `denseCount * denseCount`, row-major, symmetric. */
  readonly covariance: readonly Float32Array[]
  /** Per candidate the variance of an outcome around its estimate. */
  readonly noise: Float64Array
}

/** Variance of each candidate's estimate for an encoded row: x' C x with the dense part x of the row. Never negative. */
export function estimateVariance({ covariance }: PolicyUncertainty, { dense }: FeatureBatch): Float64Array {
  return Float64Array.from(covariance, (matrix) => Math.max(0, quadraticForm(matrix, dense)))
}

function quadraticForm(matrix: Float32Array, x: Float64Array): number {
  const size = x.length
  let total = 0
  for (let i = 0; i < size; i += 1) {
    const xi = x[i] ?? 0
    if (xi === 0) continue
    let sum = 0
    for (let j = 0; j < size; j += 1) sum += (matrix[i * size + j] ?? 0) * (x[j] ?? 0)
    total += xi * sum
  }
  return total
}
