import { invertPositiveDefinite } from '../online/positive-definite.ts'

/** A row with a known outcome. */
export type LaplaceRow = {
  /** Dense input, `size` numbers at least. */
  readonly input: ArrayLike<number>
  /** Calibrated chance of success, 0 to 1, by a model that did not see the row. */
  readonly chance: number
  /** How many outcomes it counts for, above 0. */
  readonly weight: number
}

export type LaplaceProblem = {
  /** Dense inputs. */
  readonly size: number
  /** Inputs from here on are flags, exactly one of which is 1; `size` where there are none, and no constant then. */
  readonly levelsFrom: number
  readonly rows: Iterable<LaplaceRow>
  /** Of the calibration: log odds per unit of the raw score. */
  readonly slope: number
  /** Per dense input, above 0. The constant has none. */
  readonly priorPrecision: Float64Array
  /**
   * The dense weights that were trained. Training that stops early holds weights nearer to 0 than its penalty would, and then their size says
   * how narrow the prior really was. Absent: the prior is what `priorPrecision` says.
   */
  readonly weights?: ArrayLike<number>
}

/** No row says less than one with a chance this near to 0 or 1, or a model that is always right would have a constant without any bound. */
const CURVATURE_MIN = 1e-3

/**
 * Posterior covariance of the dense weights w of a calibrated logistic, `size * size`, row-major:
 *
 * ```
 * P(right) = sigmoid(slope * (constant + x' w + hashed words) + intercept)
 * precision = sum over rows of weight * slope^2 * p (1 - p) * x x' + diagonal prior
 * ```
 *
 * the inverse of the curvature of the negative log posterior (Laplace's approximation), with the weights of hashed words and the calibration
 * held at what they are. The constant is unknown, too, and is no dense input; one of the flags is always 1, so their entries carry its share:
 * x' C x is the variance of constant + x' w.
 *
 * @see MacKay (1992), The evidence framework applied to classification networks
 */
export function laplaceCovariance(problem: LaplaceProblem): Float64Array {
  const { size, levelsFrom, priorPrecision } = problem
  const curvature = curvatureOf(problem)
  const first = invertWith(curvature, priorPrecision)
  const narrowed = narrowedPrior(problem, first)
  const covariance = narrowed === undefined ? first : invertWith(curvature, narrowed)
  const whole = wholeSize(problem)
  const at = (row: number, column: number): number => covariance[row * whole + column] ?? 0
  const isLevel = (j: number): boolean => j >= levelsFrom
  return Float64Array.from({ length: size * size }, (_, place) => {
    const [row, column] = [Math.floor(place / size), place % size]
    return (
      at(row, column) +
      (isLevel(row) ? at(size, column) : 0) +
      (isLevel(column) ? at(row, size) : 0) +
      (isLevel(row) && isLevel(column) ? at(size, size) : 0)
    )
  })
}

/** The dense weights, and the constant where there is one. */
function wholeSize({ size, levelsFrom }: LaplaceProblem): number {
  return levelsFrom < size ? size + 1 : size
}

function curvatureOf(problem: LaplaceProblem): Float64Array {
  const { size, rows, slope } = problem
  const whole = wholeSize(problem)
  const out = new Float64Array(whole * whole)
  const input = new Float64Array(whole).fill(1)
  for (const row of rows) {
    for (let j = 0; j < size; j += 1) input[j] = row.input[j] ?? 0
    const curvature = Math.max(CURVATURE_MIN, row.chance * (1 - row.chance))
    addOuterProduct(out, input, row.weight * slope * slope * curvature)
  }
  mirror(out, whole)
  return out
}

function invertWith(curvature: Float64Array, priorPrecision: Float64Array): Float64Array {
  const whole = Math.sqrt(curvature.length)
  const precision = curvature.slice()
  for (const [j, value] of priorPrecision.entries()) precision[j * whole + j] = (precision[j * whole + j] ?? 0) + value
  return invertPositiveDefinite(precision, whole)
}

/**
 * One re-estimate of the prior of the weights that are no flags, taken where it is narrower: as many weights as the rows have determined
 * (gamma) over the sum of their squares. `undefined` without weights. @see MacKay (1992), equation 2.22 of Bayesian interpolation
 */
function narrowedPrior(
  { levelsFrom, priorPrecision, weights }: LaplaceProblem,
  covariance: Float64Array,
): Float64Array | undefined {
  if (weights === undefined) return undefined
  const whole = Math.sqrt(covariance.length)
  let determined = 0
  let squares = 0
  for (let j = 0; j < levelsFrom; j += 1) {
    determined += 1 - (priorPrecision[j] ?? 0) * (covariance[j * whole + j] ?? 0)
    squares += (weights[j] ?? 0) * (weights[j] ?? 0)
  }
  if (!(squares > 0)) return undefined
  const estimate = Math.max(0, determined) / squares
  return priorPrecision.map((precision, j) => (j < levelsFrom ? Math.max(precision, estimate) : precision))
}

/** The lower triangle only: half the work. */
function addOuterProduct(out: Float64Array, vector: Float64Array, factor: number): void {
  const size = vector.length
  for (let row = 0; row < size; row += 1) {
    const value = factor * (vector[row] ?? 0)
    if (value === 0) continue
    const at = row * size
    for (let column = 0; column <= row; column += 1)
      out[at + column] = (out[at + column] ?? 0) + value * (vector[column] ?? 0)
  }
}

function mirror(matrix: Float64Array, size: number): void {
  for (let row = 0; row < size; row += 1)
    for (let column = 0; column < row; column += 1) matrix[column * size + row] = matrix[row * size + column] ?? 0
}
