/**
 * Inverse of a symmetric positive definite matrix, `size * size` in row-major order, by its Cholesky factor L: (L L')^-1 = L^-T L^-1.
 *
 * Throws `RangeError` when the matrix is not positive definite.
 *
 * @see Golub and Van Loan, Matrix Computations, section 4.2
 */
export function invertPositiveDefinite(matrix: Float64Array, size: number): Float64Array {
  return fromFactor(invertLower(choleskyFactor(matrix, size), size), size)
}

function choleskyFactor(matrix: Float64Array, size: number): Float64Array {
  const lower = new Float64Array(size * size)
  for (let row = 0; row < size; row += 1) {
    const at = row * size
    for (let column = 0; column <= row; column += 1) {
      const other = column * size
      let sum = matrix[at + column] ?? 0
      for (let k = 0; k < column; k += 1) sum -= (lower[at + k] ?? 0) * (lower[other + k] ?? 0)
      if (column < row) lower[at + column] = sum / (lower[other + column] ?? 1)
      else if (sum > 0) lower[at + column] = Math.sqrt(sum)
      else throw new RangeError('The matrix is not positive definite')
    }
  }
  return lower
}

/** Rows of the inverse are combinations of its earlier rows, so all loops run along rows. */
function invertLower(lower: Float64Array, size: number): Float64Array {
  const inverse = new Float64Array(size * size)
  for (let row = 0; row < size; row += 1) {
    const at = row * size
    for (let k = 0; k < row; k += 1) {
      const factor = lower[at + k] ?? 0
      if (factor === 0) continue
      const other = k * size
      for (let column = 0; column <= k; column += 1)
        inverse[at + column] = (inverse[at + column] ?? 0) - factor * (inverse[other + column] ?? 0)
    }
    const scale = 1 / (lower[at + row] ?? 1)
    for (let column = 0; column < row; column += 1) inverse[at + column] = (inverse[at + column] ?? 0) * scale
    inverse[at + row] = scale
  }
  return inverse
}

/** L^-T L^-1 as a sum of outer products of the rows of L^-1. */
function fromFactor(inverse: Float64Array, size: number): Float64Array {
  const out = new Float64Array(size * size)
  for (let k = 0; k < size; k += 1) {
    const at = k * size
    for (let row = 0; row <= k; row += 1) {
      const value = inverse[at + row] ?? 0
      const to = row * size
      for (let column = 0; column <= row; column += 1)
        out[to + column] = (out[to + column] ?? 0) + value * (inverse[at + column] ?? 0)
    }
  }
  for (let row = 0; row < size; row += 1)
    for (let column = 0; column < row; column += 1) out[column * size + row] = out[row * size + column] ?? 0
  return out
}

/** `matrix * vector`. */
export function timesVector(matrix: Float64Array, vector: Float64Array): Float64Array {
  const size = vector.length
  const out = new Float64Array(size)
  for (let row = 0; row < size; row += 1) {
    let sum = 0
    const at = row * size
    for (let column = 0; column < size; column += 1) sum += (matrix[at + column] ?? 0) * (vector[column] ?? 0)
    out[row] = sum
  }
  return out
}

/** `left * right * left'` for symmetric `right`, all `size * size`. */
export function sandwich(left: Float64Array, right: Float64Array, size: number): Float64Array {
  const half = new Float64Array(size * size)
  for (let row = 0; row < size; row += 1) {
    const at = row * size
    for (let k = 0; k < size; k += 1) {
      const value = left[at + k] ?? 0
      if (value === 0) continue
      const other = k * size
      for (let column = 0; column < size; column += 1)
        half[at + column] = (half[at + column] ?? 0) + value * (right[other + column] ?? 0)
    }
  }
  const out = new Float64Array(size * size)
  for (let row = 0; row < size; row += 1) {
    for (let column = 0; column <= row; column += 1) {
      let sum = 0
      for (let k = 0; k < size; k += 1) sum += (half[row * size + k] ?? 0) * (left[column * size + k] ?? 0)
      out[row * size + column] = sum
      out[column * size + row] = sum
    }
  }
  return out
}
