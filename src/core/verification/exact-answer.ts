import { answerDeterministically } from '../tools/answer-deterministically.ts'
import {
  compareRationals,
  divideRationals,
  formatExact,
  isInteger,
  multiplyRationals,
  negateRational,
  parseDecimal,
  rationalOf,
  subtractRationals,
  type Rational,
} from '../tools/rational.ts'
import { checkArithmetic } from './arithmetic-claims.ts'
import { writtenNumbers, type NumberReading, type WrittenNumber } from './written-numbers.ts'

export type ExactAnswerInput = { readonly task: string; readonly answer: string }

export type ExactAnswerCheck = { readonly passed: boolean; readonly detail: string }

/** Longest answer that is looked at, in code units; an answer to such a task is short. */
const ANSWER_LENGTH_MAX = 4_000

/**
 * Compares an answer with the number that an exact tool gives for the task. `undefined` where no tool answers it with a number,
 * and where the answer may say the right one in a notation that is not read here: words, powers, other digits.
 */
export function checkExactAnswer({ task, answer }: ExactAnswerInput): ExactAnswerCheck | undefined {
  if (answer.length > ANSWER_LENGTH_MAX || !/\d/.test(answer)) return undefined
  const exact = exactNumberOf(task)
  if (exact === undefined) return undefined
  const prose = plainText(answer)
  const known = writtenNumbers(plainText(task)).flatMap(({ readings }) => readings.map(({ value }) => value))
  const isMatch = (number: WrittenNumber): boolean => matches(number, exact, prose)
  const isKnown = ({ readings }: WrittenNumber): boolean =>
    readings.some(({ value }) => known.some((each) => compareRationals(each, value) === 0))
  const numbers = writtenNumbers(prose)
  const last = numbers.at(-1)
  if (last === undefined) return undefined
  if (BARE_NUMBER.test(prose)) return verdictOf(numbers.some(isMatch))
  if (!isMatch(last) && statesWrongly(answer, exact)) return verdictOf(false)
  if (numbers.some(isMatch)) return verdictOf(!concludesOtherwise(prose, { isMatch, isKnown }))
  const others = numbers.filter((number) => !isKnown(number))
  // `1 hour and 45 minutes` is one quantity in two numbers.
  const isReadable = others.length > 0 && !(exact.isMeasure && others.length > 1)
  return isReadable && !UNREADABLE.test(prose) ? verdictOf(false) : undefined
}

function verdictOf(passed: boolean): ExactAnswerCheck {
  return { passed, detail: passed ? 'states the exact result' : 'states another result than the exact one' }
}

type ExactNumber = {
  readonly value: Rational
  /** Decimals of a result that the task wants rounded. */
  readonly roundedTo: number | undefined
  /** A conversion: everybody rounds. */
  readonly isMeasure: boolean
}

const NUMERIC_TOOLS: ReadonlySet<string> = new Set(['arithmetic', 'units', 'counting'])
const RESULT = /^(≈ )?(-?\d+(?:\.(\d+))?)(?:\/(\d+))?(?: ≈ -?[\d.]+)?(?: [A-Za-z°/ ]+)?$/

function exactNumberOf(task: string): ExactNumber | undefined {
  const found = answerDeterministically(task)
  if (found === undefined || !NUMERIC_TOOLS.has(found.tool)) return undefined
  const [, , number, decimals = '', denominator = '1'] = RESULT.exec(found.answer) ?? []
  const above = number === undefined ? undefined : parseDecimal(number)
  const below = parseDecimal(denominator)
  const value = above === undefined || below === undefined ? undefined : divideRationals(above, below)
  if (value === undefined) return undefined
  const roundedTo = /\bround|\bnearest\b|\bdecimal/i.test(task) ? decimals.length : undefined
  return { value, roundedTo, isMeasure: found.tool === 'units' }
}

/** Without code blocks and marks of emphasis, and with the fractions of LaTeX as others write them. */
function plainText(text: string): string {
  return text
    .replace(/```[\s\S]*?(?:```|$)/g, '\n')
    .replace(/\\[dt]?frac\{([^{}]{1,60})\}\{([^{}]{1,60})\}/g, '$1/$2')
    .replace(/\\(?:boxed|text|mathrm|mathbf|left|right|quad|[,;!()[\]])/g, ' ')
    .replace(/\\(?=[$%])/g, '')
    .replace(/[{}`]|\*\*/g, '')
    .trim()
}

/** A number and nothing else but signs of currency and the end of a sentence. */
const BARE_NUMBER = /^[=\s$€£]*[-−–]?[$€£]?\d[\d.,'_\s]*[$€£%.!\s]*$/

/** Ways to write a number that are not read: powers, words, other digits, remainders, periods, other bases. */
const UNREADABLE =
  /[\^√()]\d|\^|√|\\[a-z]|(?![0-9])\p{N}|\d[eE][-+]?\d|\b0[xob][\da-f]|\b(?:remainder|rem|mod|modulo|left over|r ?\d)\b|\b(?:zero|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|\w+teen|\w+ty|hundred|thousand|[mbtr]+illion|mio|bn|k|m|dozens?|gross|half|thirds?|quarters?|fourths?|fifths?|double|twice)\b|\d ?(?:k|m|bn)\b|\p{M}/iu

const ROUGHLY = /\b(?:about|approx\w*|around|roughly|nearly|almost|circa|close to|estimat\w*)\b|[≈~]/i
const NEGATED = /\b(?:minus|negative|below|less than|loss|deficit|debt)\b|[-−–]\s+[$€£]?\d|\(\s?[$€£]?\d/i
const HALF = rationalOf(1n, 2n)

function matches({ readings }: WrittenNumber, exact: ExactNumber, prose: string): boolean {
  const isLoose = exact.isMeasure || ROUGHLY.test(prose)
  const isNegated = exact.value.numerator < 0n && NEGATED.test(prose)
  return readings.some((reading) => {
    const agrees = (each: NumberReading): boolean =>
      isRounding(each, exact) || (isLoose && isNear(each.value, exact.value))
    return agrees(reading) || (isNegated && agrees({ ...reading, value: negateRational(reading.value) }))
  })
}

/** Whether a reading is the exact value, or that to the decimals which are written. */
function isRounding({ value, decimals }: NumberReading, { value: exact, roundedTo }: ExactNumber): boolean {
  const distance = distanceBetween(value, exact)
  if (distance.numerator === 0n) return true
  // The result itself was asked for rounded, and the answer has more of it.
  if (roundedTo !== undefined && decimals > roundedTo)
    return compareRationals(distance, multiplyRationals(unitOf(roundedTo), HALF)) <= 0
  if (isInteger(multiplyRationals(exact, rationalOf(10n ** BigInt(decimals))))) return false
  // A whole number shown for a fraction is the nearest one; decimals may also be cut.
  const tolerance = decimals === 0 ? HALF : unitOf(decimals)
  return compareRationals(distance, tolerance) <= 0
}

function isNear(value: Rational, exact: Rational): boolean {
  const share = multiplyRationals(distanceBetween(exact, rationalOf(0n)), rationalOf(1n, 100n))
  return compareRationals(distanceBetween(value, exact), share) <= 0
}

function unitOf(decimals: number): Rational {
  return rationalOf(1n, 10n ** BigInt(decimals))
}

function distanceBetween(a: Rational, b: Rational): Rational {
  return compareRationals(a, b) < 0 ? subtractRationals(b, a) : subtractRationals(a, b)
}

/** An equation whose left side is the task and whose right side is not its result, with none that is right beside it. */
function statesWrongly(answer: string, { value }: ExactNumber): boolean {
  const { claims, wrong } = checkArithmetic(answer)
  const expected = formatExact(value)
  if (!wrong.some((mismatch) => mismatch.expected === expected)) return false
  const exact = Number(value.numerator) / Number(value.denominator)
  return !claims.some(({ outcome, result }) => outcome !== 'wrong' && result === exact)
}

type Judgement = {
  readonly isMatch: (number: WrittenNumber) => boolean
  readonly isKnown: (number: WrittenNumber) => boolean
}

const CONCLUSION = /\b(?:so|therefore|thus|hence|final|answer|result)\b/i

/** The last sentence draws a conclusion, and it is another number. */
function concludesOtherwise(prose: string, { isMatch, isKnown }: Judgement): boolean {
  const sentence = prose.split(/(?<=[.!?])\s+|\n+/).findLast((each) => /\d/.test(each)) ?? ''
  if (!CONCLUSION.test(sentence) || UNREADABLE.test(sentence)) return false
  const numbers = writtenNumbers(sentence)
  return !numbers.some(isMatch) && numbers.some((number) => !isKnown(number))
}
