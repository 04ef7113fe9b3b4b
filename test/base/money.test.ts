import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  addAmounts,
  AMOUNT_MAX,
  amountFromNanos,
  amountFromUsd,
  amountToUsd,
  formatAmount,
  parseAmount,
  subtractAmounts,
  type Amount,
} from '../../src/base/money.ts'

const amounts = fc.bigInt({ min: 0n, max: AMOUNT_MAX }).map((nanos) => amountFromNanos(nanos))

describe('amounts', () => {
  it('read back what they print', () => {
    fc.assert(
      fc.property(amounts, (amount) => {
        expect(parseAmount(formatAmount(amount))).toBe(amount)
      }),
    )
  })

  it.each(['', '-1', '1.', '.5', '1e3', '1,000', '0.0000000001', '99999999999', 'NaN', ' 1'])('refuse %j', (text) => {
    expect(parseAmount(text)).toBeUndefined()
  })

  it('give back what was added', () => {
    const half = fc.bigInt({ min: 0n, max: AMOUNT_MAX / 2n }).map((nanos) => amountFromNanos(nanos))
    fc.assert(
      fc.property(half, half, (left, right) => {
        expect(subtractAmounts(addAmounts(left, right), right)).toBe(left)
      }),
    )
  })

  it('have no negative difference', () => {
    expect(subtractAmounts(1n as Amount, 2n as Amount)).toBeUndefined()
  })

  it('crash rather than exceed 64 bits', () => {
    expect(() => addAmounts(amountFromNanos(AMOUNT_MAX), 1n as Amount)).toThrow(/Broken invariant/)
    expect(() => amountFromNanos(-1n)).toThrow(RangeError)
  })

  it('round dollars half to even to a nano-dollar', () => {
    expect(amountFromUsd(0.0000000005)).toBe(0n)
    expect(amountFromUsd(0.0000000015)).toBe(2n)
    expect(amountFromUsd('0.1')).toBe(100_000_000n)
    expect(amountFromUsd(12.5)).toBe(12_500_000_000n)
  })

  it.each([Number.NaN, Number.POSITIVE_INFINITY, -0.01, '', 'abc', '-1'])('refuse %j dollars', (usd) => {
    expect(amountFromUsd(usd)).toBeUndefined()
  })

  it('survive the trip through a JSON number below a million dollars', () => {
    const small = fc.bigInt({ min: 0n, max: 999_999n * 1_000_000n }).map((nanos) => amountFromNanos(nanos))
    fc.assert(
      fc.property(small, (amount) => {
        expect(amountFromUsd(amountToUsd(amount))).toBe(amount)
      }),
    )
  })
})
