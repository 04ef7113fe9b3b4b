import type { DeterministicAnswer } from './deterministic-answer.ts'
import {
  addRationals,
  divideRationals,
  formatExact,
  multiplyRationals,
  parseDecimal,
  rationalOf,
  subtractRationals,
  type Rational,
} from './rational.ts'

const NUMBER = '(-?(?:\\d[\\d,]*(?:\\.\\d+)?|\\.\\d+))'
const ASK = "(?:(?:what is|what's|calculate|compute|find|how much is|work out) )?"
const PER_CENT = '(?: ?%| percent| per cent)'

const SHARE = new RegExp(`^${ASK}${NUMBER}${PER_CENT} of ${NUMBER}(?: ?=)?$`)
const RATIO = new RegExp(`^(?:what|which) (?:percent|percentage|per cent|%) of ${NUMBER} is ${NUMBER}$`)
const RATIO_OF = new RegExp(
  `^(?:what is )?${NUMBER} (?:is )?(?:what|as a) (?:percent|percentage|per cent|%) of ${NUMBER}$`,
)
const WHOLE = new RegExp(`^${NUMBER} is ${NUMBER}${PER_CENT} of (?:what|what number|which number)$`)
const CHANGE = new RegExp(`^${ASK}(increase|decrease|reduce|raise) ${NUMBER} by ${NUMBER}${PER_CENT}$`)
const CHANGED = new RegExp(`^${ASK}${NUMBER} (increased|decreased|reduced|raised) by ${NUMBER}${PER_CENT}$`)
const DIFFERENCE = new RegExp(
  `^${ASK}(?:the )?(?:percentage|percent) (change|increase|decrease) from ${NUMBER} to ${NUMBER}$`,
)

const HUNDRED = rationalOf(100n)

type Percentage = { readonly value: Rational; readonly isPercent: boolean }

/** Percentages in the forms that have one reading: `15% of 80`, `what percent of 50 is 10`, `increase 50 by 10%`, ... */
export function answerPercentage(instruction: string): DeterministicAnswer | undefined {
  const result = readShareOrRatio(instruction) ?? readChange(instruction)
  if (result === undefined) return undefined
  const answer = `${formatExact(result.value)}${result.isPercent ? '%' : ''}`
  return { tool: 'arithmetic', answer, confidence: 1, explanation: 'Percentage evaluated exactly as a fraction.' }
}

function numbersOf(
  match: RegExpExecArray | null,
  indexes: readonly [number, number],
): readonly [Rational, Rational] | undefined {
  const first = parseDecimal(match?.[indexes[0]] ?? '')
  const second = parseDecimal(match?.[indexes[1]] ?? '')
  return first === undefined || second === undefined ? undefined : [first, second]
}

function readShareOrRatio(instruction: string): Percentage | undefined {
  const share = numbersOf(SHARE.exec(instruction), [1, 2])
  if (share !== undefined) return valueOf(divideRationals(multiplyRationals(share[0], share[1]), HUNDRED), false)
  const ratio = numbersOf(RATIO.exec(instruction), [2, 1]) ?? numbersOf(RATIO_OF.exec(instruction), [1, 2])
  if (ratio !== undefined) return valueOf(divideRationals(multiplyRationals(ratio[0], HUNDRED), ratio[1]), true)
  const whole = numbersOf(WHOLE.exec(instruction), [1, 2])
  return whole === undefined
    ? undefined
    : valueOf(divideRationals(multiplyRationals(whole[0], HUNDRED), whole[1]), false)
}

function readChange(instruction: string): Percentage | undefined {
  const command = CHANGE.exec(instruction)
  const changed = CHANGED.exec(instruction)
  const numbers = numbersOf(command, [2, 3]) ?? numbersOf(changed, [1, 3])
  if (numbers !== undefined) {
    const verb = command?.[1] ?? changed?.[2] ?? ''
    const share = divideRationals(multiplyRationals(numbers[0], numbers[1]), HUNDRED)
    if (share === undefined) return undefined
    const isUp = verb.startsWith('incr') || verb.startsWith('rais')
    return { value: isUp ? addRationals(numbers[0], share) : subtractRationals(numbers[0], share), isPercent: false }
  }
  return readDifference(instruction)
}

function readDifference(instruction: string): Percentage | undefined {
  const match = DIFFERENCE.exec(instruction)
  const numbers = numbersOf(match, [2, 3])
  if (match === null || numbers === undefined || numbers[0].numerator <= 0n) return undefined
  const change = divideRationals(multiplyRationals(subtractRationals(numbers[1], numbers[0]), HUNDRED), numbers[0])
  if (change === undefined || match[1] === 'change') return valueOf(change, true)
  // An "increase" that is a decrease is a trick question or a slip.
  const signed = match[1] === 'increase' ? change : { numerator: -change.numerator, denominator: change.denominator }
  return signed.numerator < 0n ? undefined : { value: signed, isPercent: true }
}

function valueOf(value: Rational | undefined, isPercent: boolean): Percentage | undefined {
  return value === undefined ? undefined : { value, isPercent }
}
