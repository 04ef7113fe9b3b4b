import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { verifyAnswer } from '../../../src/core/verification/verify-answer.ts'
import {
  arithmeticQuestion,
  countingQuestion,
  createDraw,
  dateQuestion,
  unitQuestion,
} from '../tools/question-generators.ts'
import { baseQuestion, romanQuestion } from '../tools/text-question-generators.ts'
import { LOOK_ALIKES } from '../tools/look-alikes.ts'

fc.configureGlobal({ seed: 2026 })

/** Whether the answer passes, and what the check against the exact tools says of it: `none` where it abstains. */
function verdictOf(task: string, answer: string): [boolean, string] {
  const { valid, checks } = verifyAnswer({ task, answer })
  const check = checks.find(({ name }) => name === 'exact-answer')
  if (check === undefined) return [valid, 'none']
  return [valid, check.passed ? 'right' : 'wrong']
}

describe('an answer to a task that the exact tools answer', () => {
  it.each([
    ['What is 2+2?', '2 + 2 = 5'],
    ['What is 2+2?', '5'],
    ['What is 2+2?', 'The answer is **5**.'],
    ['What is 17% of 2340?', '400'],
    ['What is 17% of 2340?', '17% of 2340 is 400.'],
    ['What is 12*12?', '12*12 = 145'],
    ['What is 12*12?', '12 * 12 = 144, and one more is carried. So the final answer is 145.'],
    ['What is 2*1?', '2*1 = 3'],
    ['What is 2^10?', '2^10 = 1000'],
    ['What is 3*1?', '1'],
    ['What is 5 - 9?', 'The result is 4.'],
    ['What is 9 - 5?', 'The result is -4.'],
    ['What is 1234 * 1000?', '1,234,001'],
    ['What is 1/4 + 1/2?', 'It is 0.9.'],
    ['Convert 5 miles to kilometers', '5 miles are 9.5 kilometers.'],
    ['How many times does the letter r occur in "strawberry"?', 'The letter r occurs 2 times.'],
  ])('is not valid with another number: %s %s', (task, answer) => {
    expect(verdictOf(task, answer)).toEqual([false, 'wrong'])
  })

  it.each([
    ['What is 2+2?', '4'],
    ['What is 2+2?', 'Four.'],
    ['What is 2+2?', '2 + 2 = 4. Check: 4 - 2 = 2.'],
    ['What is 2+2?', '4, not 5.'],
    ['What is 2+2?', 'quatre (2 + 2)'],
    ['What is 2+2?', '0b100'],
    ['What is 12*12?', '$144$'],
    ['What is 12*12?', '\\boxed{144}'],
    ['What is 12*12?', '1. Multiply 10 by 12: 120.\n2. Multiply 2 by 12: 24.\n3. Add them: 144.'],
    ['What is 12*12?', 'A gross, that is a dozen dozen.'],
    ['What is 12*12?', 'The answer is 144 because 12 fits 12 times. So the check 144 / 12 = 12 holds.'],
    ['What is 17% of 2340?', '397.80'],
    ['What is 17% of 2340?', '397,8'],
    ['What is 17% of 2340?', 'About 398, or roughly 400.'],
    ['What is 17% of 2340?', 'approximately 400'],
    ['What is 1/3 + 1/3?', '2/3'],
    ['What is 1/3 + 1/3?', '0.67'],
    ['What is 1/3 + 1/3?', '0.666...'],
    ['What is 1/4 + 1/2?', '75%'],
    ['What is 1/4 + 1/2?', '\\frac{3}{4}'],
    ['What is 1/4 + 1/2?', '¾'],
    ['What is 19 / 4?', '4 remainder 3'],
    ['What is 19 / 4?', '4 3/4'],
    ['What is 1000 * 1000?', '1,000,000'],
    ['What is 1000 * 1000?', '1 000 000'],
    ['What is 1000 * 1000?', '1.000.000'],
    ['What is 1000 * 1000?', '1 million'],
    ['What is 1000 * 1000?', '10^6'],
    ['What is 1000 * 1000?', '1e6'],
    ['What is 1000 * 1000?', '1 × 10⁶'],
    ['What is 5 - 9?', '−4'],
    ['What is 5 - 9?', 'minus 4'],
    ['Convert 5 miles to kilometers', '5 miles are about 8 km.'],
    ['Convert 5 miles to kilometers', '8.05 km'],
    ['Convert 6300 seconds to hours', '1 hour and 45 minutes'],
    ['Convert 100 miles to kilometers', '160 km'],
  ])('is no false alarm: %s %s', (task, answer) => {
    expect(verdictOf(task, answer)).toEqual([true, expect.not.stringMatching('wrong')])
  })

  it('is not looked at where more than the task was said', () => {
    const { valid, checks } = verifyAnswer({ task: 'What is 12*12?', answer: '100', hasContext: true })
    expect([valid, checks.some(({ name }) => name === 'exact-answer')]).toEqual([true, false])
  })

  it('is not looked at where only a model can answer', () => {
    for (const task of LOOK_ALIKES) expect([task, verdictOf(task, 'It is 987654321.')[1]]).toEqual([task, 'none'])
  })
})

const GENERATORS = { arithmeticQuestion, unitQuestion, countingQuestion, dateQuestion, baseQuestion, romanQuestion }
const SENTENCES: readonly ((result: string, task: string) => string)[] = [
  (result) => result,
  (result) => `The answer is ${result}.`,
  (result) => `**${result}**`,
  (result) => `\\boxed{${result}}`,
  (result, task) => `You ask: ${task}\n\nThe result is ${result}.`,
  (result) => `Step 1. Read the task.\nStep 2. Work it out.\n\nSo the final answer is ${result}.`,
]

/** Kinds that a number answers, mostly. */
const NUMERIC: ReadonlySet<string> = new Set(['arithmeticQuestion', 'unitQuestion', 'countingQuestion'])

describe.each(Object.entries(GENERATORS))('the result of any %s', (name, generate) => {
  it('passes in every sentence', () => {
    const draw = createDraw(2026)
    let rightCount = 0
    for (let count = 0; count < 1_500; count += 1) {
      const { question, expected } = generate(draw)
      const answer = draw.pick(SENTENCES)(expected, question)
      const [, verdict] = verdictOf(question, answer)
      expect([question, answer, verdict]).not.toEqual([question, answer, 'wrong'])
      if (verdict === 'right') rightCount += 1
    }
    // A check that abstains from all of them would never be wrong.
    expect(rightCount).toBeGreaterThanOrEqual(NUMERIC.has(name) ? 1_000 : 0)
  })
})

const LEADS = ['', 'The answer is ', 'It is ', 'Result: ', '**Answer:** ', '= ', 'So the result is ']
const ENDS = ['', '.', ' in total.', '!', ' (exactly).']
const small = fc.integer({ min: 2, max: 9_999 })
const operators = fc.constantFrom<'+' | '-' | '*'>('+', '-', '*')
const calculate = {
  '+': (a: number, b: number) => a + b,
  '-': (a: number, b: number) => a - b,
  '*': (a: number, b: number) => a * b,
}

/** Ways of writing a whole number that people use. */
function spellings(value: number): string[] {
  const sign = value < 0 ? '-' : ''
  const digits = String(Math.abs(value))
  const grouped = (separator: string): string => sign + digits.replace(/\B(?=(\d{3})+$)/g, separator)
  return [
    sign + digits,
    grouped(','),
    grouped(' '),
    grouped('.'),
    grouped("'"),
    `${sign}${digits}.0`,
    `$${sign}${digits}$`,
  ]
}

it('has an answer to every text, and soon', () => {
  const pieces = fc.array(
    fc.oneof(fc.string(), fc.constantFrom('1', ' 000', ',', '.', '-', '/', '%', '^', 'one ', 'so ', '\n', '(')),
    {
      maxLength: 60,
    },
  )
  fc.assert(
    fc.property(pieces, (texts) => void verdictOf('What is 12*12?', texts.join(''))),
    { numRuns: 500 },
  )
  const before = performance.now()
  for (const piece of ['1', '1 ', '1,', '-1', '1/', 'ty', '1 000', '1.', '{', '\\frac{1', '(1', '= 1 * '])
    verdictOf('What is 12*12?', piece.repeat(2_000).slice(0, 4_000))
  expect(performance.now() - before).toBeLessThan(5_000)
})

describe('any sum, difference or product', () => {
  const statement = fc.record({
    a: small,
    b: small,
    operator: operators,
    lead: fc.constantFrom(...LEADS),
    end: fc.constantFrom(...ENDS),
    spelling: fc.nat({ max: 6 }),
    isEquation: fc.boolean(),
  })

  it('passes with its result, however it is written', () => {
    fc.assert(
      fc.property(statement, ({ a, b, operator, lead, end, spelling, isEquation }) => {
        const written = spellings(calculate[operator](a, b))[spelling] ?? ''
        const answer = `${lead}${isEquation ? `${a} ${operator} ${b} = ` : ''}${written}${end}`
        expect([answer, ...verdictOf(`What is ${a} ${operator} ${b}?`, answer)]).toEqual([answer, true, 'right'])
      }),
      { numRuns: 1_000 },
    )
  })

  it('does not pass with another whole number', () => {
    fc.assert(
      fc.property(statement, fc.integer({ min: 1, max: 500 }), fc.boolean(), (each, by, isLess) => {
        const { a, b, operator, lead, end, isEquation } = each
        const right = calculate[operator](a, b)
        const wrong = isLess ? right - by : right + by
        fc.pre(wrong !== a && wrong !== b)
        const answer = `${lead}${isEquation ? `${a} ${operator} ${b} = ` : ''}${wrong}${end}`
        // The right number is one of those that the task names: then the text does not say which is meant.
        fc.pre(isEquation || (right !== a && right !== b))
        expect([answer, ...verdictOf(`What is ${a} ${operator} ${b}?`, answer)]).toEqual([answer, false, 'wrong'])
      }),
      { numRuns: 1_000 },
    )
  })
})
