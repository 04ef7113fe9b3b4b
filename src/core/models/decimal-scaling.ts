/**
 * Exact decimals to scaled integers. Price lists write dollars as JSON numbers or as decimal strings; the shortest decimal that
 * identifies a double is the text the list's author wrote, so no binary fraction ever enters a price.
 */

const DECIMAL = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,3}))?$/
const DIGITS_MAX = 60

/**
 * `value` times ten to the power of `exponent`, as an integer.
 *
 * @param value A decimal string ("0.00000015", "1.5e-7") or a finite number, read as its shortest decimal.
 * @returns The nearest integer, ties to the even one; `undefined` when the text is not a decimal, is not finite, or is
 *   longer than sixty digits.
 */
export function scaleDecimal(value: string | number, exponent: number): bigint | undefined {
  const match = DECIMAL.exec(typeof value === 'number' ? String(value) : value.trim())
  if (match === null) return undefined
  const whole = match[2] ?? ''
  const fraction = match[3] ?? ''
  if (whole.length + fraction.length === 0 || whole.length + fraction.length > DIGITS_MAX) return undefined
  const shift = exponent + Number(match[4] ?? '0') - fraction.length
  if (shift > DIGITS_MAX) return undefined
  const digits = BigInt(whole + fraction)
  const magnitude = shift >= 0 ? digits * 10n ** BigInt(shift) : divideHalfEven(digits, 10n ** BigInt(-shift))
  return match[1] === '-' ? -magnitude : magnitude
}

/** Quotient of two non-negative integers, rounded to the nearest, ties to the even one. */
export function divideHalfEven(numerator: bigint, denominator: bigint): bigint {
  const quotient = numerator / denominator
  const twice = (numerator % denominator) * 2n
  if (twice > denominator) return quotient + 1n
  return twice === denominator && quotient % 2n === 1n ? quotient + 1n : quotient
}
