/**
 * exp, log and friends from + - * / alone, so that every engine, thread and release gives the same bits.
 * `Math.exp`, `Math.log` and `Math.pow` are not exact by specification and differ between V8 versions.
 */

/** High part of ln 2: its low 32 bits are zero, so `k * LN2_HIGH` is exact for |k| < 2^11 (Cody and Waite, 1980). */
const LN2_HIGH = 0.6931471803691238
const LN2_LOW = 1.9082149292705877e-10
const INVERSE_LN2 = 1.4426950408889634
const LN2 = 0.6931471805599453

/**
 * e to the power `x`. Relative error below 1e-15 for |x| <= 700; 0 below -745, infinity above 709.78, NaN for NaN.
 * Range reduction by ln 2, then the Taylor polynomial of degree 13 in Horner form on |r| <= ln2 / 2.
 */
export function exp(x: number): number {
  if (x !== x) return x
  if (x > 709.782712893384) return Number.POSITIVE_INFINITY
  if (x < -745.1332191019412) return 0
  const k = Math.floor(x * INVERSE_LN2 + 0.5)
  const r = x - k * LN2_HIGH - k * LN2_LOW
  let sum = 1 / 6227020800
  sum = sum * r + 1 / 479001600
  sum = sum * r + 1 / 39916800
  sum = sum * r + 1 / 3628800
  sum = sum * r + 1 / 362880
  sum = sum * r + 1 / 40320
  sum = sum * r + 1 / 5040
  sum = sum * r + 1 / 720
  sum = sum * r + 1 / 120
  sum = sum * r + 1 / 24
  sum = sum * r + 1 / 6
  sum = sum * r + 0.5
  sum = sum * r + 1
  sum = sum * r + 1
  return scaleByPowerOfTwo(sum, k)
}

/** Natural logarithm. Relative error below 1e-15; -infinity for 0, NaN for negatives. By atanh series on a reduced mantissa. */
export function log(x: number): number {
  if (x !== x || x < 0) return Number.NaN
  if (x === 0) return Number.NEGATIVE_INFINITY
  if (x === Number.POSITIVE_INFINITY) return x
  let exponent = 0
  let mantissa = x
  while (mantissa >= 1.4142135623730951) {
    mantissa *= 0.5
    exponent += 1
  }
  while (mantissa < 0.7071067811865476) {
    mantissa *= 2
    exponent -= 1
  }
  const z = (mantissa - 1) / (mantissa + 1)
  const square = z * z
  let sum = 0
  for (let odd = 23; odd >= 1; odd -= 2) sum = sum * square + 1 / odd
  return exponent * LN2 + 2 * z * sum
}

/** 1 / (1 + e^-x), computed on the side that cannot overflow. */
export function sigmoid(x: number): number {
  if (x >= 0) return 1 / (1 + exp(-x))
  const power = exp(x)
  return power / (1 + power)
}

/** Inverse of `sigmoid` for 0 < p < 1; infinities at the ends. */
export function logit(p: number): number {
  return log(p / (1 - p))
}

/** `base` to a whole power 0..1024 by repeated squaring. Throws `RangeError` for other exponents. */
export function integerPower(base: number, exponent: number): number {
  if (!Number.isInteger(exponent) || exponent < 0 || exponent > 1024)
    throw new RangeError(`Exponent out of range: ${exponent}`)
  let result = 1
  let factor = base
  for (let rest = exponent; rest > 0; rest = Math.floor(rest / 2)) {
    if (rest % 2 === 1) result *= factor
    factor *= factor
  }
  return result
}

/** Exact but for underflow: two steps, since one factor would leave the range of doubles at either end. */
function scaleByPowerOfTwo(value: number, power: number): number {
  if (power > 1000) return value * POWER_1000 * powerOfTwo(power - 1000)
  if (power < -1000) return value * POWER_MINUS_1000 * powerOfTwo(power + 1000)
  return value * powerOfTwo(power)
}

function powerOfTwo(power: number): number {
  return power >= 0 ? integerPower(2, power) : 1 / integerPower(2, -power)
}

const POWER_1000 = integerPower(2, 1000)
const POWER_MINUS_1000 = 1 / integerPower(2, 1000)
