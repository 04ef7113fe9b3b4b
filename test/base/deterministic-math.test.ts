import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { exp, integerPower, log, logit, sigmoid } from '../../src/base/deterministic-math.ts'

const close = (actual: number, expected: number, relative: number): void => {
  expect(Math.abs(actual - expected)).toBeLessThanOrEqual(Math.abs(expected) * relative + Number.MIN_VALUE)
}

describe('deterministic math', () => {
  it('exp stays within 4 ulp of the platform', () => {
    fc.assert(
      fc.property(fc.double({ min: -700, max: 700, noNaN: true }), (x) => close(exp(x), Math.exp(x), 1e-15)),
      { numRuns: 2000 },
    )
  })

  it('exp has the limits of a double', () => {
    expect([exp(0), exp(1000), exp(-1000), exp(Number.NaN)]).toEqual([1, Number.POSITIVE_INFINITY, 0, Number.NaN])
    close(exp(709.7), Math.exp(709.7), 1e-14)
    expect(exp(-744)).toBeGreaterThan(0)
  })

  it('log inverts exp', () => {
    fc.assert(
      fc.property(fc.double({ min: 1e-300, max: 1e300, noNaN: true }), (x) =>
        close(log(x) + 1000, Math.log(x) + 1000, 1e-15),
      ),
      { numRuns: 2000 },
    )
    expect([log(0), log(-1), log(1)]).toEqual([Number.NEGATIVE_INFINITY, Number.NaN, 0])
  })

  it('sigmoid never leaves 0..1 and logit brings it back', () => {
    fc.assert(
      fc.property(fc.double({ min: -30, max: 30, noNaN: true }), (x) => {
        expect(sigmoid(x)).toBeGreaterThanOrEqual(0)
        expect(sigmoid(x)).toBeLessThanOrEqual(1)
        expect(Math.abs(logit(sigmoid(x)) - x)).toBeLessThan(1e-2)
      }),
    )
  })

  it('integer powers are exact where doubles are', () => {
    expect([integerPower(2, 53), integerPower(10, 15), integerPower(-3, 3), integerPower(5, 0)]).toEqual([
      2 ** 53,
      1e15,
      -27,
      1,
    ])
    expect(() => integerPower(2, 0.5)).toThrow(RangeError)
  })

  it('gives the bits that were written down once, on every engine', () => {
    const bits = (x: number): string =>
      Buffer.from(new Float64Array([x]).buffer)
        .reverse()
        .toString('hex')
    expect([exp(1), exp(-0.3), log(10), sigmoid(0.7)].map(bits)).toEqual(PINNED_BITS)
  })
})

const PINNED_BITS = ['4005bf0a8b14576a', '3fe7b4c869c37c05', '40026bb1bbb55515', '3fe561cb52a19476']
