import type { DeterministicAnswer } from './deterministic-answer.ts'
import {
  addRationals,
  compareRationals,
  divideRationals,
  multiplyRationals,
  parseDecimal,
  raiseRational,
  rationalOf,
  subtractRationals,
  ZERO,
  type Rational,
} from './rational.ts'
import { answerValue, takeForm } from './result-form.ts'

const AGGREGATE =
  /^(?:(?:what is|what's|calculate|compute|find|determine|how much is) )?(?:the )?(sum|total|product|difference|quotient|average|mean|median|arithmetic mean|maximum|minimum|largest|smallest|max|min)(?: number| value)? (?:of|between|among|from)(?: the numbers| these numbers| the following numbers)? (.+)$/
const COMMAND = /^(add|subtract|multiply|divide) (?:the numbers )?(.+?) (and|to|from|by|with) (\S+)$/
const SHARE =
  /^(?:(?:what is|what's|calculate|compute|find|how much is) )?(half|double|twice|triple|a third|one third|a quarter|one quarter|a tenth|one tenth) (?:of )?(\S+)$/
const SHARES: Readonly<Record<string, Rational>> = {
  half: rationalOf(1n, 2n),
  double: rationalOf(2n),
  twice: rationalOf(2n),
  triple: rationalOf(3n),
  'a third': rationalOf(1n, 3n),
  'one third': rationalOf(1n, 3n),
  'a quarter': rationalOf(1n, 4n),
  'one quarter': rationalOf(1n, 4n),
  'a tenth': rationalOf(1n, 10n),
  'one tenth': rationalOf(1n, 10n),
}

/** Sums, means, extremes, commands (`add 3 and 4`), shares, squares, remainders and comparisons of given numbers. */
export function answerAggregate(instruction: string): DeterministicAnswer | undefined {
  const { text, form } = takeForm(instruction)
  const value = readAggregate(text) ?? readCommand(text) ?? readShare(text) ?? readPowerOrRemainder(text)
  return value === undefined ? answerComparison(instruction) : answerValue(value, form)
}

function readAggregate(text: string): Rational | undefined {
  const match = AGGREGATE.exec(text)
  const numbers = match === null ? undefined : readNumberList(match[2] ?? '')
  if (match === null || numbers === undefined || numbers.length < 2) return undefined
  return aggregate(match[1] ?? '', numbers)
}

function aggregate(name: string, numbers: readonly Rational[]): Rational | undefined {
  const [first = ZERO, second = ZERO] = numbers
  const sum = numbers.reduce(addRationals, ZERO)
  const sorted = numbers.toSorted(compareRationals)
  switch (name) {
    case 'sum':
    case 'total':
      return sum
    case 'product':
      return numbers.reduce(multiplyRationals, rationalOf(1n))
    case 'difference':
      // "The difference between 4 and 10" is 6 to some and -6 to others.
      return numbers.length === 2 && compareRationals(first, second) >= 0 ? subtractRationals(first, second) : undefined
    case 'quotient':
      return numbers.length === 2 ? divideRationals(first, second) : undefined
    case 'average':
    case 'mean':
    case 'arithmetic mean':
      return divideRationals(sum, rationalOf(BigInt(numbers.length)))
    case 'median':
      return medianOf(sorted)
    case 'maximum':
    case 'largest':
    case 'max':
      return sorted.at(-1)
    default:
      return sorted[0]
  }
}

function medianOf(sorted: readonly Rational[]): Rational | undefined {
  const upper = sorted[sorted.length >> 1]
  const lower = sorted[(sorted.length - 1) >> 1]
  return upper === undefined || lower === undefined
    ? undefined
    : divideRationals(addRationals(lower, upper), rationalOf(2n))
}

/** `3, 4 and 5`, `3 and 4`, `3 4 5`. Commas inside numbers are not read as thousands here: `1,234` is refused. */
function readNumberList(text: string): readonly Rational[] | undefined {
  const items = text.replace(/[[\]]/g, '').split(/, and |, | and | (?=[-\d.])/)
  if (items.length > 200) return undefined
  const numbers: Rational[] = []
  for (const item of items) {
    const value = item.includes(',') ? undefined : parseDecimal(item.trim())
    if (value === undefined) return undefined
    numbers.push(value)
  }
  return numbers
}

function readCommand(text: string): Rational | undefined {
  const match = COMMAND.exec(text)
  const left = parseDecimal(match?.[2] ?? '')
  const right = parseDecimal(match?.[4] ?? '')
  if (match === null || left === undefined || right === undefined) return undefined
  switch (`${match[1]} ${match[3]}`) {
    case 'add and':
    case 'add to':
      return addRationals(left, right)
    case 'subtract from':
      return subtractRationals(right, left)
    case 'multiply by':
    case 'multiply and':
    case 'multiply with':
      return multiplyRationals(left, right)
    case 'divide by':
      return divideRationals(left, right)
    default:
      return undefined
  }
}

const LARGER =
  /^(?:which|what)(?: number| one)? is (larger|bigger|greater|smaller)(?:,|:| number:)? (-?[\d.]+) (?:or|and|vs\.?) (-?[\d.]+)$/
const IS_LARGER = /^is (-?[\d.]+) (larger|bigger|greater|smaller|less) than (-?[\d.]+)$/
const CALL = /^(?:(?:what is|what's|calculate|compute) )?(max|min|sum|average|mean|median) ?\((.+)\)$/

/** Comparisons of two different numbers, and calls such as `max(3, 9, 2)`. */
function answerComparison(instruction: string): DeterministicAnswer | undefined {
  const call = CALL.exec(instruction)
  const numbers = call === null ? undefined : readNumberList(call[2] ?? '')
  const value = numbers === undefined || numbers.length < 2 ? undefined : aggregate(call?.[1] ?? '', numbers)
  if (value !== undefined) return answerValue(value, { kind: 'exact' })
  const which = LARGER.exec(instruction)
  const claim = IS_LARGER.exec(instruction)
  const [left, right] = [which?.[2] ?? claim?.[1] ?? '', which?.[3] ?? claim?.[3] ?? '']
  const [a, b] = [parseDecimal(left), parseDecimal(right)]
  const order = a === undefined || b === undefined ? 0 : compareRationals(a, b)
  if (order === 0) return undefined
  const isLeft = /smaller|less/.test(which?.[1] ?? claim?.[2] ?? '') ? order < 0 : order > 0
  const explanation = 'Compared as exact decimals.'
  if (which !== null) return { tool: 'arithmetic', answer: isLeft ? left : right, confidence: 1, explanation }
  return { tool: 'arithmetic', answer: isLeft ? 'Yes' : 'No', confidence: 1, explanation }
}

const POWER_OF = /^(?:(?:what is|what's|calculate|compute|find) )?(?:the )?(square|cube) of (\S+)$/
const REMAINDER =
  /^(?:(?:what is|what's|calculate|compute|find) )?(?:the )?remainder (?:of|when) (\d{1,40}) (?:is )?divided by (\d{1,40})$/

function readPowerOrRemainder(text: string): Rational | undefined {
  const power = POWER_OF.exec(text)
  const base = parseDecimal(power?.[2] ?? '')
  if (base !== undefined) return raiseRational(base, rationalOf(power?.[1] === 'square' ? 2n : 3n))
  const remainder = REMAINDER.exec(text)
  const divisor = BigInt(remainder?.[2] ?? '0')
  return divisor === 0n ? undefined : rationalOf(BigInt(remainder?.[1] ?? '0') % divisor)
}

function readShare(text: string): Rational | undefined {
  const match = SHARE.exec(text)
  const share = SHARES[match?.[1] ?? '']
  const value = parseDecimal(match?.[2] ?? '')
  return share === undefined || value === undefined ? undefined : multiplyRationals(share, value)
}
