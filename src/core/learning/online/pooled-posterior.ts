import type { OutcomeSums } from './outcome-statistics.ts'
import { invertPositiveDefinite, sandwich, timesVector } from './positive-definite.ts'

/** Variances of the weights before anything is learned, one per input. */
export type PooledPrior = {
  /** Of the part that all candidates have in common. */
  readonly common: Float64Array
  /** Of what each candidate deviates from it. */
  readonly own: Float64Array
  /** Of an outcome around its expectation. */
  readonly noise: number
}

/** Weights of each candidate (to be added to the prior mean) and their posterior covariances, `size * size`. */
export type PooledPosterior = {
  readonly weights: readonly Float64Array[]
  readonly covariance: readonly Float64Array[]
}

/**
 * Posterior of the hierarchical model
 *
 * ```
 * success - prior mean = x' w_k + noise,   w_k = b + d_k,   b ~ N(0, common),   d_k ~ N(0, own)
 * ```
 *
 * What all candidates find hard is learned once (b), from every outcome; each deviates from it (d_k) as far as its own outcomes say.
 * Given b the candidates are independent, so each is summed up in one `size * size` inverse M_k = (G_k / noise + 1/own)^-1:
 *
 * ```
 * precision of b   = 1/common + sum_k (1/own - 1/own M_k 1/own)
 * mean of w_k      = M_k (r_k / noise + 1/own b),   covariance = M_k + (M_k 1/own) cov(b) (M_k 1/own)'
 * ```
 *
 * This is the exact solution for all outcomes at once: the sums are all that it needs, and they can be added to one outcome at a time.
 *
 * @see Lindley and Smith (1972), Bayes estimates for the linear model
 */
export function solvePooled(sums: OutcomeSums, { common, own, noise }: PooledPrior): PooledPosterior {
  const { size, candidates } = sums
  const ownPrecision = own.map((variance) => 1 / variance)
  const inner = candidates.map(({ gram }) => {
    const matrix = gram.map((value) => value / noise)
    for (let j = 0; j < size; j += 1) matrix[j * size + j] = (matrix[j * size + j] ?? 0) + (ownPrecision[j] ?? 0)
    return invertPositiveDefinite(matrix, size)
  })
  const moments = candidates.map(({ residual }) => residual.map((value) => value / noise))
  const precision = new Float64Array(size * size)
  const right = new Float64Array(size)
  for (let j = 0; j < size; j += 1) precision[j * size + j] = 1 / (common[j] ?? 1)
  for (const [k, matrix] of inner.entries()) {
    addSurplus(precision, matrix, ownPrecision)
    const mean = timesVector(matrix, moments[k] ?? right)
    for (let j = 0; j < size; j += 1) right[j] = (right[j] ?? 0) + (ownPrecision[j] ?? 0) * (mean[j] ?? 0)
  }
  const commonCovariance = invertPositiveDefinite(precision, size)
  const shared = timesVector(commonCovariance, right).map((value, j) => value * (ownPrecision[j] ?? 0))
  return {
    weights: inner.map((matrix, k) =>
      timesVector(
        matrix,
        shared.map((value, j) => value + (moments[k]?.[j] ?? 0)),
      ),
    ),
    covariance: inner.map((matrix) => {
      const scaled = matrix.map((value, at) => value * (ownPrecision[at % size] ?? 0))
      const spread = sandwich(scaled, commonCovariance, size)
      return spread.map((value, at) => value + (matrix[at] ?? 0))
    }),
  }
}

/** Adds 1/own - 1/own M 1/own: what one candidate's outcomes say of the common part. */
function addSurplus(precision: Float64Array, inner: Float64Array, ownPrecision: Float64Array): void {
  const size = ownPrecision.length
  for (let row = 0; row < size; row += 1) {
    const left = ownPrecision[row] ?? 0
    const at = row * size
    for (let column = 0; column < size; column += 1)
      precision[at + column] =
        (precision[at + column] ?? 0) - left * (inner[at + column] ?? 0) * (ownPrecision[column] ?? 0)
    precision[at + row] = (precision[at + row] ?? 0) + left
  }
}
