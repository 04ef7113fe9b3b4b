import { log } from '../../../base/deterministic-math.ts'

/** A figure with its two-sided interval. */
export type Estimate = {
  readonly value: number
  readonly low: number
  readonly high: number
  readonly standardError: number
}

/** Two-sided; what every interval is unless somebody asks for another. */
export const CONFIDENCE_DEFAULT = 0.95

/**
 * The mean of independent terms with an interval for what importance weights make of it: a few very large terms that carry the variance,
 * and skewness where they all lie on one side.
 *
 * Three steps beyond the normal interval, without which it holds the truth too seldom in logs with little exploration, or too often
 * where terms are only long-tailed (`test/simulation` measures it). Degrees of freedom are those of the variance itself, 2 n / (kurtosis - 1)
 * (Box, 1953). Hall's cubic transformation of the studentised mean is undone at Student's quantiles (Hall, "On the removal of skewness by
 * transformation", 1992, section 2). And as the skewness of long-tailed terms is mostly noise, it is drawn towards 0 by the share of it that
 * its own standard error could bring.
 *
 * @param confidence  Above 0 and below 1.
 * @returns For fewer than two terms an interval without ends (infinities). Terms that are all equal give an interval of no width.
 */
export function meanInterval(terms: Float64Array, confidence: number = CONFIDENCE_DEFAULT): Estimate {
  const count = terms.length
  const value = meanOf(terms)
  if (count < 2) return { value, low: Number.NEGATIVE_INFINITY, high: Number.POSITIVE_INFINITY, standardError: 0 }
  const { deviation, skewness, kurtosis, sixth } = momentsOf(terms, value)
  // Equal terms whose mean is rounded are still equal.
  if (!(deviation > 1e-14 * Math.abs(value))) return { value, low: value, high: value, standardError: 0 }
  const standardError = deviation / Math.sqrt(count)
  const noise = Math.max(0, sixth - 6 * kurtosis + 9) / count
  const square = skewness * skewness
  const lambda = square === 0 ? 0 : (skewness * square) / (square + noise) / Math.sqrt(count)
  const z = studentQuantile(normalQuantile(0.5 + confidence / 2), (2 * count) / Math.max(1e-9, kurtosis - 1) - 1)
  return {
    value,
    low: value - standardError * unskewed(z, lambda),
    high: value - standardError * unskewed(-z, lambda),
    standardError,
  }
}

type Moments = {
  /** Standard deviation with n - 1; the others are moments of the distances in its units. */
  readonly deviation: number
  readonly skewness: number
  readonly kurtosis: number
  readonly sixth: number
}

function momentsOf(terms: Float64Array, mean: number): Moments {
  const count = terms.length
  let squares = 0
  for (const term of terms) squares += (term - mean) * (term - mean)
  const deviation = Math.sqrt(squares / (count - 1))
  let [cubes, fourths, sixths] = [0, 0, 0]
  // In units of the deviation, so that no power overflows.
  const unit = deviation > 0 ? 1 / deviation : 0
  for (const term of terms) {
    const distance = (term - mean) * unit
    const square = distance * distance
    cubes += square * distance
    fourths += square * square
    sixths += square * square * square
  }
  return { deviation, skewness: cubes / count, kurtosis: fourths / count, sixth: sixths / count }
}

/**
 * Quantile of Student's distribution from the normal one, by the expansion of Cornish and Fisher in 1 / freedom (Abramowitz and Stegun,
 * 26.7.5, two terms); for two degrees of freedom and more.
 */
function studentQuantile(z: number, freedom: number): number {
  const nu = Math.max(2, freedom)
  const square = z * z
  return z + (z * (square + 1)) / (4 * nu) + (z * (5 * square * square + 16 * square + 3)) / (96 * nu * nu)
}

/** Solves Hall's g(T) = y for T, with g(T) = T + lambda T^2 / 3 + lambda / 6 + lambda^2 T^3 / 27. */
function unskewed(y: number, lambda: number): number {
  const shifted = y - lambda / 6
  // Below this the cube root loses more digits than the terms of higher order hold.
  if (Math.abs(lambda) < 1e-5) return shifted - (lambda * shifted * shifted) / 3
  return (3 / lambda) * (cubeRoot(1 + lambda * shifted) - 1)
}

/** Real cube root by Newton's method, from + - * / alone. */
function cubeRoot(x: number): number {
  if (x === 0) return 0
  const size = Math.abs(x)
  let root = size > 1 ? size : 1
  for (let step = 0; step < 200; step += 1) {
    const next = root - (root * root * root - size) / (3 * root * root)
    if (Math.abs(next - root) <= 1e-16 * root) break
    root = next
  }
  return x < 0 ? -root : root
}

/** Mean of numbers; 0 for none. */
export function meanOf(values: ArrayLike<number>): number {
  let sum = 0
  for (let at = 0; at < values.length; at += 1) sum += values[at] ?? 0
  return values.length === 0 ? 0 : sum / values.length
}

/**
 * Quantile of the standard normal distribution for 0 < p < 1; absolute error below 1e-8.
 *
 * @see Acklam (2003), rational approximation with relative error 1.15e-9
 */
export function normalQuantile(p: number): number {
  if (!(p > 0 && p < 1)) throw new RangeError(`Not a probability between 0 and 1: ${p}`)
  const tail = Math.min(p, 1 - p)
  const size = tail < 0.02425 ? tailQuantile(tail) : centralQuantile(tail)
  return p < 0.5 ? size : -size
}

function tailQuantile(p: number): number {
  const q = Math.sqrt(-2 * log(p))
  const top =
    ((((-7.784894002430293e-3 * q - 0.3223964580411365) * q - 2.400758277161838) * q - 2.549732539343734) * q +
      4.374664141464968) *
      q +
    2.938163982698783
  const bottom =
    (((7.784695709041462e-3 * q + 0.3224671290700398) * q + 2.445134137142996) * q + 3.754408661907416) * q + 1
  return top / bottom
}

function centralQuantile(p: number): number {
  const q = p - 0.5
  const r = q * q
  const top =
    ((((-39.69683028665376 * r + 220.9460984245205) * r - 275.9285104469687) * r + 138.357751867269) * r -
      30.66479806614716) *
      r +
    2.506628277459239
  const bottom =
    ((((-54.47609879822406 * r + 161.5858368580409) * r - 155.6989798598866) * r + 66.80131188771972) * r -
      13.28068155288572) *
      r +
    1
  return (top * q) / bottom
}
