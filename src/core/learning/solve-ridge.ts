import { columnSquares, multiply, multiplyTransposed, type InputMatrix } from './input-matrix.ts'

export type RidgeProblem = {
  readonly matrix: InputMatrix
  /** One target per row; rows whose `mask` is 0 are not looked at. */
  readonly targets: Float64Array
  readonly mask: Float64Array
  /** Penalty of each weight (dense, then buckets, then the bias), per row. */
  readonly penalties: Float64Array
}

const ITERATIONS_MAX = 200
const RELATIVE_RESIDUAL = 1e-6

/**
 * Ridge regression: the weights w that minimise `mean((target - input . w)^2) + sum(penalty * w^2)`, by conjugate gradients on the
 * normal equations with a diagonal preconditioner. Deterministic; a few dozen passes over the rows.
 *
 * @see Hestenes and Stiefel (1952); Golub and Van Loan, Matrix Computations, section 11.5
 */
export function solveRidge({ matrix, targets, mask, penalties }: RidgeProblem): Float64Array {
  const size = penalties.length
  const count = mask.reduce((sum, value) => sum + value, 0)
  const weights = new Float64Array(size)
  if (count === 0) return weights
  const rowValues = new Float64Array(matrix.rowCount)
  const squares = columnSquares(matrix, mask)
  const inverse = Float64Array.from(squares, (square, j) => 1 / Math.max(1e-12, square / count + (penalties[j] ?? 0)))
  const apply = (vector: Float64Array, out: Float64Array): void => {
    multiply(matrix, vector, rowValues)
    for (let row = 0; row < matrix.rowCount; row += 1)
      rowValues[row] = ((rowValues[row] ?? 0) * (mask[row] ?? 0)) / count
    multiplyTransposed(matrix, rowValues, out)
    for (let j = 0; j < size; j += 1) out[j] = (out[j] ?? 0) + (penalties[j] ?? 0) * (vector[j] ?? 0)
  }
  const residual = new Float64Array(size)
  for (let row = 0; row < matrix.rowCount; row += 1) rowValues[row] = ((targets[row] ?? 0) * (mask[row] ?? 0)) / count
  multiplyTransposed(matrix, rowValues, residual)
  descend({ weights, residual, inverse, apply })
  return weights
}

type Descent = {
  readonly weights: Float64Array
  readonly residual: Float64Array
  readonly inverse: Float64Array
  readonly apply: (vector: Float64Array, out: Float64Array) => void
}

function descend({ weights, residual, inverse, apply }: Descent): void {
  const size = weights.length
  const scaled = Float64Array.from(residual, (value, j) => value * (inverse[j] ?? 0))
  const direction = scaled.slice()
  const image = new Float64Array(size)
  let energy = dot(residual, scaled)
  const target = energy * RELATIVE_RESIDUAL * RELATIVE_RESIDUAL
  for (let iteration = 0; iteration < ITERATIONS_MAX && energy > target && energy > 0; iteration += 1) {
    apply(direction, image)
    const step = energy / dot(direction, image)
    for (let j = 0; j < size; j += 1) {
      weights[j] = (weights[j] ?? 0) + step * (direction[j] ?? 0)
      residual[j] = (residual[j] ?? 0) - step * (image[j] ?? 0)
      scaled[j] = (residual[j] ?? 0) * (inverse[j] ?? 0)
    }
    const next = dot(residual, scaled)
    const keep = next / energy
    for (let j = 0; j < size; j += 1) direction[j] = (scaled[j] ?? 0) + keep * (direction[j] ?? 0)
    energy = next
  }
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0
  for (let j = 0; j < a.length; j += 1) sum += (a[j] ?? 0) * (b[j] ?? 0)
  return sum
}
