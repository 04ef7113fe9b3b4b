import fc from 'fast-check'
import { expect, it } from 'vitest'
import { checkArithmetic } from '../../../src/core/verification/arithmetic-claims.ts'

fc.configureGlobal({ seed: 2026 })

it.each([
  ['2 + 2 = 4', 1, 0],
  ['2 + 2 = 5', 1, 1],
  ['So she pays 3 * $40 = $120 in total.', 1, 0],
  ['He has 160 apples + 36 apples = 196 apples.', 1, 0],
  ['3 x 4 = 12 + 1 = 13', 2, 0],
  ['25% of 80 = 20', 1, 0],
  ['10 / 3 = 3.33', 1, 0],
  ['10 / 3 = 3.5', 1, 1],
  ['1/4 = 25%', 1, 0],
  ['(1/2) * 100 = 50%', 1, 0],
  ['\\( 3 \\times 4 = 12 \\)', 1, 0],
  ['$\\frac{1}{2} + \\frac{1}{4} = \\frac{3}{4}$', 1, 0],
  ['- 5 + 3 = 8', 1, 0],
  ['1. 5 * 3 = 15', 1, 0],
  ['$1,200 - $200 = $1,000', 1, 0],
  ['6 x 6 = 36 / 12 = 3', 2, 0],
  ['2 * 1 hour = 120 minutes', 0, 0],
  ['((72.47 - 71.46) / 71.46) * 100 = 1.4134%', 1, 0],
  ['cos(1/4) = 0.92', 0, 0],
  ['x_1^2 = 4', 0, 0],
  ['4x + 240 = 1920', 0, 0],
  ['2x = 2 * 11', 0, 0],
  ['x = 5', 0, 0],
  ['a == b && 2 + 2 != 5', 0, 0],
  ['```\n2 + 2 = 5\n```', 0, 0],
  ['No equation here.', 0, 0],
])('reads %s', (text, claimCount, wrongCount) => {
  const report = checkArithmetic(text)
  expect([report.claims.length, report.wrong.length]).toEqual([claimCount, wrongCount])
})

it('agrees with BigInt on every equation of two terms', () => {
  const number = fc.bigInt({ min: 1n, max: 10n ** 12n })
  fc.assert(
    fc.property(
      number,
      number,
      fc.constantFrom<'+' | '-' | '*'>('+', '-', '*'),
      fc.bigInt({ min: -3n, max: 3n }),
      (a, b, operator, error) => {
        const exact = { '+': a + b, '-': a - b, '*': a * b }[operator]
        const report = checkArithmetic(`We get ${a} ${operator} ${b} = ${exact + error}.`)
        expect(report.claims).toHaveLength(1)
        expect(report.wrong.length === 0).toBe(error === 0n)
      },
    ),
  )
})

it.each([
  ['2 + 3 * 4 = 14', ['exact']],
  ['700 + 2 * 700 = 700 + 1400 = 2800', ['exact', 'wrong']],
  ['10 / 3 = 3.33', ['rounded']],
  ['6 x 6 = 36 / 12 = 3', ['exact', 'exact']],
])('tells how %s holds', (text, outcomes) => {
  expect(checkArithmetic(text).claims.map(({ outcome }) => outcome)).toEqual(outcomes)
})

it('lists results and operands in order', () => {
  expect(checkArithmetic('2 + 2 = 4\n4 * 1,250.5 = 5,002').claims).toEqual([
    { outcome: 'exact', result: 4, operands: [2, 2] },
    { outcome: 'exact', result: 5002, operands: [4, 1250.5] },
  ])
})

it.each(['3 4 = 7', '1 / 0 = 0', '= 5', '2 + = 4', '', '='])('does not judge %j', (text) => {
  expect(checkArithmetic(text).claims).toEqual([])
})
