import { exp } from '../../../base/deterministic-math.ts'

const SQRT_HALF = 0.7071067811865476

/**
 * P(Z <= z) of a standard normal Z; absolute error below 1e-7.
 *
 * @see Abramowitz and Stegun, Handbook of Mathematical Functions, 7.1.26
 */
export function normalCumulative(z: number): number {
  if (z > 9) return 1
  if (z < -9) return 0
  const x = (z < 0 ? -z : z) * SQRT_HALF
  const t = 1 / (1 + 0.3275911 * x)
  let sum = 1.061405429
  sum = sum * t - 1.453152027
  sum = sum * t + 1.421413741
  sum = sum * t - 0.284496736
  sum = sum * t + 0.254829592
  const tail = 0.5 * sum * t * exp(-x * x)
  return z >= 0 ? 1 - tail : tail
}
