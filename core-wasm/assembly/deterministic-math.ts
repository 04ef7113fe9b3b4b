// exp and sigmoid from + - * / alone, operation for operation the same as the host's deterministic-math.

const LN2_HIGH: f64 = 0.6931471803691238
const LN2_LOW: f64 = 1.9082149292705877e-10
const INVERSE_LN2: f64 = 1.4426950408889634

export function exp(x: f64): f64 {
  if (x != x) return x
  if (x > 709.782712893384) return Infinity
  if (x < -745.1332191019412) return 0
  const k = floor(x * INVERSE_LN2 + 0.5)
  const r = x - k * LN2_HIGH - k * LN2_LOW
  let sum: f64 = 1.0 / 6227020800.0
  sum = sum * r + 1.0 / 479001600.0
  sum = sum * r + 1.0 / 39916800.0
  sum = sum * r + 1.0 / 3628800.0
  sum = sum * r + 1.0 / 362880.0
  sum = sum * r + 1.0 / 40320.0
  sum = sum * r + 1.0 / 5040.0
  sum = sum * r + 1.0 / 720.0
  sum = sum * r + 1.0 / 120.0
  sum = sum * r + 1.0 / 24.0
  sum = sum * r + 1.0 / 6.0
  sum = sum * r + 0.5
  sum = sum * r + 1
  sum = sum * r + 1
  return scaleByPowerOfTwo(sum, <i32>k)
}

/** 1 / (1 + e^-x), computed on the side that cannot overflow. */
export function sigmoid(x: f64): f64 {
  if (x >= 0) return 1 / (1 + exp(-x))
  const power = exp(x)
  return power / (1 + power)
}

function scaleByPowerOfTwo(value: f64, power: i32): f64 {
  if (power > 1000) return value * powerOfTwo(1000) * powerOfTwo(power - 1000)
  if (power < -1000) return value * powerOfTwo(-1000) * powerOfTwo(power + 1000)
  return value * powerOfTwo(power)
}

/** Exact for -1022 <= power <= 1023. */
/*@inline*/
function powerOfTwo(power: i32): f64 {
  return reinterpret<f64>((<i64>(power + 1023)) << 52)
}
