/** A decimal as whole 10^-40ths, so that comparisons are exact. */
export type Decimal = bigint

const PLACES = 40
const DECIMAL = /^(-?)(0|[1-9][0-9]{0,39})(?:\.([0-9]{1,40}))?(?:e([+-]?[0-9]{1,3}))?$/i

/** Reads `-12.5` or `1e-7`, at most 40 digits before and after the point; `undefined` for anything else, and for what 40 places cannot hold exactly. */
export function parseDecimal(text: string): Decimal | undefined {
  const match = DECIMAL.exec(text)
  if (match === null) return undefined
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = match
  const shift = PLACES - fraction.length + Number(exponent)
  if (shift > 2 * PLACES || shift < -2 * PLACES) return undefined
  const digits = BigInt(whole + fraction)
  if (shift >= 0) return signed(sign, digits * 10n ** BigInt(shift))
  const divisor = 10n ** BigInt(-shift)
  return digits % divisor === 0n ? signed(sign, digits / divisor) : undefined
}

/** The decimal that ECMAScript writes for a double, which is the shortest that reads back as the same; `undefined` beyond 40 places. */
export function decimalOfNumber(value: number): Decimal | undefined {
  return Number.isFinite(value) ? parseDecimal(JSON.stringify(value)) : undefined
}

/** Whether two decimals are no further than `tolerance` apart. */
export function isNear(left: Decimal, right: Decimal, tolerance: Decimal): boolean {
  const distance = left > right ? left - right : right - left
  return distance <= tolerance
}

function signed(sign: string, digits: bigint): bigint {
  return sign === '-' ? -digits : digits
}
