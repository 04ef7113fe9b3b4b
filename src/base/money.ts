import { assert } from './assert.ts'
import type { Brand } from './brands.ts'

/**
 * Money in nano-units: one dollar is `1_000_000_000n`. Never negative, never above `AMOUNT_MAX`.
 * Money is never held in a `number`: 0.1 + 0.2 is not 0.3, and budgets are compared exactly.
 */
export type Amount = Brand<bigint, 'Amount'>

/** Largest amount: fits an unsigned 64-bit field (about 18.4 billion dollars). */
export const AMOUNT_MAX: bigint = 18_446_744_073_709_551_615n

/** Nano-units in one unit of currency. */
export const NANOS_PER_UNIT: bigint = 1_000_000_000n

/** No money. */
export const ZERO_AMOUNT: Amount = 0n as Amount

/** Makes an amount of nano-units. Throws `RangeError` outside 0..`AMOUNT_MAX`. */
export function amountFromNanos(nanos: bigint): Amount {
  if (nanos < 0n || nanos > AMOUNT_MAX) throw new RangeError(`Amount out of range: ${nanos} nano-units`)
  return nanos as Amount
}

/** Sum; a sum above `AMOUNT_MAX` is a broken invariant, since every addend is bounded by a budget far below it. */
export function addAmounts(left: Amount, right: Amount): Amount {
  const sum = left + right
  assert(sum <= AMOUNT_MAX, 'a sum of amounts fits 64 bits')
  return sum as Amount
}

/** Difference, or `undefined` when it would be negative: the caller must say what then. */
export function subtractAmounts(left: Amount, right: Amount): Amount | undefined {
  return left < right ? undefined : ((left - right) as Amount)
}

/** The larger of two amounts. */
export function maxAmount(left: Amount, right: Amount): Amount {
  return left > right ? left : right
}

/**
 * Reads a decimal such as `'1.25'` into nano-units. At most nine decimals; no sign, exponent or separators.
 *
 * @returns `undefined` when the text is not such a decimal or is above `AMOUNT_MAX`.
 */
export function parseAmount(text: string): Amount | undefined {
  const match = /^(\d{1,11})(?:\.(\d{1,9}))?$/.exec(text)
  if (match === null) return undefined
  const nanos = BigInt(match[1] ?? '0') * NANOS_PER_UNIT + BigInt((match[2] ?? '').padEnd(9, '0'))
  return nanos > AMOUNT_MAX ? undefined : (nanos as Amount)
}

/** Shortest decimal that `parseAmount` reads back to the same amount: `'1.25'`, `'0'`. */
export function formatAmount(amount: Amount): string {
  const whole = amount / NANOS_PER_UNIT
  const fraction = (amount % NANOS_PER_UNIT).toString().padStart(9, '0').replace(/0+$/, '')
  return fraction === '' ? whole.toString() : `${whole}.${fraction}`
}

/**
 * Reads a JSON number or decimal text of dollars (a `_usd` field, a header) into nano-units, rounded half to even to 1e-9.
 *
 * @returns `undefined` for negatives, NaN, infinities, and values above `AMOUNT_MAX`.
 */
export function amountFromUsd(usd: number | string): Amount | undefined {
  const value = typeof usd === 'string' ? Number(usd.trim() === '' ? Number.NaN : usd) : usd
  if (!Number.isFinite(value) || value < 0 || value > 18_446_744_073) return undefined
  if (typeof usd === 'string') {
    const exact = parseAmount(usd.trim())
    if (exact !== undefined) return exact
  }
  return roundToNanos(value) as Amount
}

/** A `_usd` number for records and JSON, to read and to weigh against other things; what is reserved, spent or added up stays an `Amount`. */
export function amountToUsd(amount: Amount): number {
  return Number(formatAmount(amount))
}

/** Scales in two parts so that values below a million dollars keep all nine decimals. Half to even. */
function roundToNanos(value: number): bigint {
  const whole = Math.trunc(value)
  const scaled = (value - whole) * 1e9
  const floor = Math.floor(scaled)
  const rest = scaled - floor
  const isRoundedUp = rest > 0.5 || (rest === 0.5 && floor % 2 === 1)
  return BigInt(whole) * NANOS_PER_UNIT + BigInt(isRoundedUp ? floor + 1 : floor)
}
