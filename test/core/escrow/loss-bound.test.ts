import { describe, expect, test } from 'vitest'
import { lossBound } from '../../../src/core/escrow/loss-bound.ts'
import { fallbackSplit, notaryFee } from '../../../src/core/escrow/settlement.ts'
import { AMOUNT_MAX, amountFromNanos } from '../../../src/base/money.ts'
import { creditTerms, nanos, notaryTerms, termsOf } from './escrow-builder.ts'

describe('B(contract)', () => {
  test('of the worker is what the last voucher and the fallback leave open', () => {
    expect([lossBound(termsOf(), 'worker'), lossBound(termsOf(), 'worker', nanos(40))]).toEqual([100n, 60n])
    expect(lossBound(notaryTerms({ fallbackPerMillion: 500_000 }), 'worker', nanos(40))).toBe(30n)
  })

  test('of the worker is the whole price in bilateral credit', () => {
    expect(lossBound(creditTerms(), 'worker', nanos(40))).toBe(100n)
  })

  test('of the payer is what arbiters cost, less what a bonded worker makes good', () => {
    expect([lossBound(notaryTerms(), 'payer'), lossBound(termsOf(), 'payer')]).toEqual([8n, 0n])
  })

  test('of the payer is the share of the fallback, where that is more', () => {
    expect(lossBound(notaryTerms({ fallbackPerMillion: 500_000 }), 'payer', nanos(40))).toBe(30n)
  })
})

describe('splits and fees', () => {
  test('round down', () => {
    expect(fallbackSplit(termsOf({ fallbackPerMillion: 333_333 }), nanos(10), nanos(20))).toBe(13n)
    expect(notaryFee(termsOf({ fees: { ...termsOf().fees, flatNanos: nanos(0) } }), nanos(99))).toBe(0n)
  })

  test('never pass the cap nor what is captured', () => {
    expect([1, 2, 90, 100].map((captured) => notaryFee(termsOf(), nanos(captured)))).toEqual([1n, 2n, 2n, 3n])
  })

  test('hold for the largest amounts', () => {
    const maxNanos = amountFromNanos(AMOUNT_MAX)
    const terms = notaryTerms({
      maxNanos,
      fees: { capNanos: maxNanos, flatNanos: maxNanos, perMillion: 1_000_000, arbiterNanos: nanos(0) },
    })
    expect(notaryFee(terms, maxNanos)).toBe(AMOUNT_MAX)
  })
})
