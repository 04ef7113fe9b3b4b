/** An exact fraction in lowest terms; the denominator is positive. */
export type Rational = { readonly numerator: bigint; readonly denominator: bigint }

export const ZERO: Rational = { numerator: 0n, denominator: 1n }

/** Most bits of a power's numerator or denominator; about 1,200 decimal digits. */
const POWER_BITS_MAX = 4000n

/** @throws RangeError when the denominator is 0. */
export function rationalOf(numerator: bigint, denominator = 1n): Rational {
  if (denominator === 0n) throw new RangeError('denominator is 0')
  const sign = denominator < 0n ? -1n : 1n
  const divisor = greatestCommonDivisor(numerator, denominator)
  return { numerator: (sign * numerator) / divisor, denominator: (sign * denominator) / divisor }
}

/** Always positive; `greatestCommonDivisor(0, 0)` is 1 so that it can divide. */
export function greatestCommonDivisor(first: bigint, second: bigint): bigint {
  let a = first < 0n ? -first : first
  let b = second < 0n ? -second : second
  while (b !== 0n) [a, b] = [b, a % b]
  return a === 0n ? 1n : a
}

export function addRationals(a: Rational, b: Rational): Rational {
  return rationalOf(a.numerator * b.denominator + b.numerator * a.denominator, a.denominator * b.denominator)
}

export function negateRational(a: Rational): Rational {
  return { numerator: -a.numerator, denominator: a.denominator }
}

export function subtractRationals(a: Rational, b: Rational): Rational {
  return addRationals(a, negateRational(b))
}

export function multiplyRationals(a: Rational, b: Rational): Rational {
  return rationalOf(a.numerator * b.numerator, a.denominator * b.denominator)
}

/** `undefined` for division by 0. */
export function divideRationals(a: Rational, b: Rational): Rational | undefined {
  return b.numerator === 0n ? undefined : rationalOf(a.numerator * b.denominator, a.denominator * b.numerator)
}

/** -1, 0 or 1. */
export function compareRationals(a: Rational, b: Rational): number {
  const difference = a.numerator * b.denominator - b.numerator * a.denominator
  if (difference === 0n) return 0
  return difference < 0n ? -1 : 1
}

export function isInteger(a: Rational): boolean {
  return a.denominator === 1n
}

/** `undefined` for exponents that are not whole, for 0 to the power 0 or less, and for results beyond about 1,200 digits. */
export function raiseRational(base: Rational, exponent: Rational): Rational | undefined {
  if (!isInteger(exponent)) return undefined
  const power = exponent.numerator
  if (base.numerator === 0n && power <= 0n) return undefined
  const size = power < 0n ? -power : power
  const isUnit = base.denominator === 1n && (base.numerator === 1n || base.numerator === -1n || base.numerator === 0n)
  if (!isUnit && size * (bitLength(base.numerator) + bitLength(base.denominator)) > POWER_BITS_MAX * 2n)
    return undefined
  // A unit base has only the parity of the exponent to contribute, which keeps 1 ^ 10^100 cheap.
  const steps = isUnit ? 2n - (size % 2n) : size
  const numerator = base.numerator ** steps
  const denominator = base.denominator ** steps
  return power < 0n ? rationalOf(denominator, numerator) : { numerator, denominator }
}

function bitLength(value: bigint): bigint {
  return BigInt((value < 0n ? -value : value).toString(2).length)
}

/** The exact root of degree 2 or 3, or `undefined` when it is not rational (or even and negative). */
export function exactRoot(value: Rational, degree: 2n | 3n): Rational | undefined {
  const numerator = integerRoot(value.numerator, degree)
  const denominator = integerRoot(value.denominator, degree)
  return numerator === undefined || denominator === undefined ? undefined : { numerator, denominator }
}

function integerRoot(value: bigint, degree: 2n | 3n): bigint | undefined {
  if (value < 0n) {
    const root = degree === 3n ? integerRoot(-value, degree) : undefined
    return root === undefined ? undefined : -root
  }
  let low = 0n
  let high = 1n << BigInt(Math.ceil(value.toString(2).length / Number(degree)) + 1)
  while (low < high) {
    const middle = (low + high + 1n) / 2n
    if (middle ** degree <= value) low = middle
    else high = middle - 1n
  }
  return low ** degree === value ? low : undefined
}

const PLAIN_NUMBER = /^[+-]?(?:\d{1,300}(?:\.\d{1,300})?|\.\d{1,300})$/
const GROUPED_NUMBER = /^[+-]?\d{1,3}(?:,\d{3})+(?:\.\d{1,300})?$/

/**
 * Reads a decimal number: `12`, `-0.5`, `.5`, `1,234,567.89` (groups of exactly three). `undefined` for anything else;
 * `1,5` and `1.234,5` are not guessed at.
 */
export function parseDecimal(text: string): Rational | undefined {
  if (text.length > 400 || !(PLAIN_NUMBER.test(text) || GROUPED_NUMBER.test(text))) return undefined
  const digits = text.replaceAll(',', '')
  const point = digits.indexOf('.')
  if (point < 0) return rationalOf(BigInt(digits.replace('+', '')))
  const fraction = digits.slice(point + 1)
  // '-0' + '5' reads as -5, so the sign survives a whole part of zero or none.
  const whole = digits.slice(0, point).replace('+', '')
  return rationalOf(BigInt(whole + fraction), 10n ** BigInt(fraction.length))
}

/** Longest finite decimal expansion that is written out in full, in digits after the point. */
const DECIMALS_MAX = 30

/** The finite decimal expansion, without trailing zeros, or `undefined` when it is periodic or longer than 30 decimals. */
export function formatFiniteDecimal(value: Rational): string | undefined {
  const decimals = decimalsOf(value.denominator)
  if (decimals === undefined || decimals > DECIMALS_MAX) return undefined
  return formatScaled((value.numerator * 10n ** BigInt(decimals)) / value.denominator, decimals)
}

/** Digits after the point of 1/denominator; `undefined` when periodic. */
function decimalsOf(denominator: bigint): number | undefined {
  let rest = denominator
  let twos = 0
  let fives = 0
  while (rest % 2n === 0n) {
    rest /= 2n
    twos += 1
  }
  while (rest % 5n === 0n) {
    rest /= 5n
    fives += 1
  }
  return rest === 1n ? Math.max(twos, fives) : undefined
}

function formatScaled(scaled: bigint, decimals: number): string {
  const digits = (scaled < 0n ? -scaled : scaled).toString().padStart(decimals + 1, '0')
  const sign = scaled < 0n ? '-' : ''
  if (decimals === 0) return sign + digits
  return `${sign}${digits.slice(0, -decimals)}.${digits.slice(-decimals)}`
}

/**
 * Rounded to a number of decimals, zeros kept. `undefined` on an exact tie, where "round half up", "half away from zero"
 * and "half to even" can differ.
 */
export function formatRounded(value: Rational, decimals: number): string | undefined {
  const scaled = value.numerator * 10n ** BigInt(decimals) * 2n
  const doubled = scaled / value.denominator
  if (scaled % value.denominator === 0n && doubled % 2n !== 0n) return undefined
  const rounded = (doubled + (doubled >= 0n ? 1n : -1n)) / 2n
  return formatScaled(value.numerator < 0n && doubled === 0n ? 0n : rounded, decimals)
}

/** Ten significant digits, half away from zero, trailing zeros dropped: for periodic expansions, shown after a `≈`. */
export function formatTenDigits(value: Rational): string {
  if (value.numerator === 0n) return '0'
  const magnitude = value.numerator < 0n ? -value.numerator : value.numerator
  let exponent = magnitude.toString().length - value.denominator.toString().length
  if (compareRationals({ numerator: magnitude, denominator: value.denominator }, powerOfTen(exponent)) < 0)
    exponent -= 1
  const decimals = 9 - exponent
  const { numerator, denominator } = multiplyRationals(
    { numerator: magnitude, denominator: value.denominator },
    powerOfTen(decimals),
  )
  const rounded = (2n * numerator + denominator) / (2n * denominator)
  const sign = value.numerator < 0n ? '-' : ''
  if (decimals <= 0) return sign + (rounded * 10n ** BigInt(-decimals)).toString()
  return sign + formatScaled(rounded, decimals).replace(/\.?0+$/, '')
}

function powerOfTen(exponent: number): Rational {
  return exponent >= 0 ? rationalOf(10n ** BigInt(exponent)) : rationalOf(1n, 10n ** BigInt(-exponent))
}

/** `3/4`, or the whole number. */
export function formatFraction(value: Rational): string {
  return isInteger(value) ? value.numerator.toString() : `${value.numerator}/${value.denominator}`
}

/** The exact decimal when it is finite, else the fraction and its first ten digits: `10/3 ≈ 3.333333333`. */
export function formatExact(value: Rational): string {
  return formatFiniteDecimal(value) ?? `${formatFraction(value)} ≈ ${formatTenDigits(value)}`
}
