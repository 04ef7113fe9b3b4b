import { describe, expect, it } from 'vitest'
import { checkArithmetic } from '../../../src/core/policy/arithmetic-check.ts'

function verdict(answer: string): readonly [equations: number, exact: number, rounded: number, wrong: number] {
  const { equations, exact, rounded, wrong } = checkArithmetic(answer)
  return [equations, exact, rounded, wrong]
}

describe('recomputing the arithmetic of an answer', () => {
  it.each([
    ['2 + 3 * 4 = 14', [1, 1, 0, 0]],
    ['(2 + 3) * 4 = 20', [1, 1, 0, 0]],
    ['So 5 pairs * 2 shoes = 10 shoes in total.', [1, 1, 0, 0]],
    ['$1,250.50 - $250.50 = $1,000', [1, 1, 0, 0]],
    ['20% * 50 = 10', [1, 1, 0, 0]],
    ['2 x 5 = <<2*5=10>>10 fries', [1, 1, 0, 0]],
    ['7 \\* (3 + 5) = $<<7*(3+5)=63>>63', [1, 0, 0, 1]],
    ['700 + 2 * 700 = 700 + 1400 = 2800', [2, 1, 0, 1]],
    ['10 / 3 = 3.33', [1, 0, 1, 0]],
    ['6 x 6 = 36 / 12 = 3', [2, 2, 0, 0]],
  ] as const)('%s', (answer, expected) => {
    expect(verdict(answer)).toEqual(expected)
  })

  it.each(['x = 5', '5S - 4 = 116', 'the sum is 4', '3 4 = 7', '1 / 0 = 0', '= 5', '2 + = 4', '', '='])(
    'does not judge %j',
    (answer) => {
      expect(verdict(answer)).toEqual([0, 0, 0, 0])
    },
  )

  it('lists results and operands in order', () => {
    const { results, operands } = checkArithmetic('2 + 2 = 4\n4 * 3 = 12')
    expect(results).toEqual([4, 12])
    expect(operands).toEqual([2, 2, 4, 3])
  })

  it('takes time linear in the answer', () => {
    const { equations } = checkArithmetic('((((1 + '.repeat(5000) + ' = 1')
    expect(equations).toBe(0)
  })
})
