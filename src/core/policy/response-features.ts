import { log } from '../../base/deterministic-math.ts'
import { checkArithmetic } from '../verification/arithmetic-claims.ts'

/**
 * Names of the features of an answer, in order. All read the prompt and the answer alone; shares and flags are 0 to 1,
 * counts c enter as log(1 + c).
 */
export const RESPONSE_FEATURES: readonly string[] = [
  'equations',
  'equationWrong',
  'equationWrongShare',
  'equationRounded',
  'equationRoundedShare',
  'steps',
  'finalMarker',
  'finalFound',
  'finalInteger',
  'finalDecimals',
  'finalIsLastResult',
  'finalIsResult',
  'finalInPrompt',
  'finalSize',
  'finalNegative',
  'finalFractionOfCount',
  'promptNumbers',
  'promptNumbersUnused',
  'promptNumbersUnusedShare',
  'operandsUnknownShare',
  'operandsUnknown',
  'operandsNotInPrompt',
  'resultsInPrompt',
  'resultsReused',
  'resultsFractional',
  'equationsPerPromptNumber',
  'answerChars',
  'answerLines',
  'answerToPrompt',
  'answerQuestions',
  'answerEndsCleanly',
  'answerRepeatsLine',
  'hedges',
  'algebra',
  'refusal',
  'promptRemainders',
  'promptComparisons',
  'doubt',
]

const NUMBER = /\d+(?:,\d{3})*(?:\.\d+)?|\.\d+/g
const HEDGES =
  /\b(?:assum\w*|approximately|about|however|but|cannot|can't|unknown|unclear|would|should|could|if|round\w*|likely|probably)\b|\bnot (?:possible|enough)\b/gi
const REFUSAL =
  /\b(?:cannot|can't|impossible|doesn't|don't know|no solution|mistake|contradict\w*|error)\b|\bnot (?:possible|enough)\b|\bdoes not (?:provide|specify)\b/i
const ALGEBRA = /\b(?:let|let's|equation|solve|solving|variable|x|y)\b/gi
/** Lines that are numbered, bulleted, or called a step. */
const STEPS = /^[ \t]{0,16}(?:\d{1,2}[.)]|[-*\u2022]|step\b)\s/gim
const REMAINDERS = /\bof (?:the|them|those|his|her|these)\b|\b(?:remaining|rest|left)\b/gi
const COMPARISONS = /\b(?:more|less|fewer|than|times|twice|half|percent)\b|%/gi

/** Numbers that a task may use without writing them: small counts and common conversions. */
const COMMON_NUMBERS: ReadonlySet<number> = new Set([0.5, 1, 2, 3, 4, 7, 10, 12, 24, 52, 60, 100, 365, 1000])

const NUMBER_WORDS: Readonly<Record<string, number>> = {
  one: 1,
  two: 2,
  three: 3,
  four: 4,
  five: 5,
  six: 6,
  seven: 7,
  eight: 8,
  nine: 9,
  ten: 10,
  eleven: 11,
  twelve: 12,
  dozen: 12,
  fifteen: 15,
  twenty: 20,
  thirty: 30,
  fifty: 50,
  hundred: 100,
  half: 2,
  twice: 2,
  double: 2,
  pair: 2,
  pairs: 2,
  third: 3,
  triple: 3,
  thrice: 3,
  quarter: 4,
}

/** What an answer shows of its own quality: whether its arithmetic holds, uses the numbers of the task and ends in a plain result. */
export function responseFeatures(prompt: string, answer: string): Float64Array {
  const check = countArithmetic(answer)
  const given = numbersIn(prompt)
  const known = new Set([...given, ...numberWordsIn(prompt)])
  const final = finalNumber(answer)
  const out = new Float64Array(RESPONSE_FEATURES.length)
  writeArithmetic(out, check, answer)
  writeFinal(out, { final: final?.value, isNegative: final?.isNegative === true, check, known, prompt, answer })
  writeNumbers(out, { given, known, check, answer })
  writeForm(out, prompt, answer)
  out[DOUBT_PLACE] = doubtOf(out)
  return out
}

/** Place of the sum of the plain signs of doubt: the starting point from which training departs. */
export const DOUBT_PLACE: number = RESPONSE_FEATURES.indexOf('doubt')

/**
 * What speaks against an answer (positive) and for it (negative). Whole numbers chosen by hand while looking at public sets of word
 * problems with graded answers, so they fit answers that work out a number; no optimiser set them, and no unseen kind of task vouches
 * for them. Training starts from their sum: it shrinks the weight of the sum less than that of any single feature.
 */
const DOUBT_WEIGHTS: readonly (readonly [place: number, weight: number])[] = (
  [
    ['equationWrong', 4],
    ['promptNumbersUnused', 2],
    ['finalIsResult', -3],
    ['finalIsLastResult', -1],
    ['finalMarker', -3],
    ['finalInteger', -4],
    ['resultsReused', -2],
    ['hedges', 1],
    ['promptRemainders', 1],
    ['refusal', 2],
  ] as const
).map(([name, weight]) => [RESPONSE_FEATURES.indexOf(name), weight])

function doubtOf(features: Float64Array): number {
  return DOUBT_WEIGHTS.reduce((sum, [place, weight]) => sum + weight * (features[place] ?? 0), 0)
}

/** What the equations of an answer come to. */
type ArithmeticCheck = {
  readonly equations: number
  readonly rounded: number
  readonly wrong: number
  /** Value of the right side of each equation, in order. */
  readonly results: readonly number[]
  /** Numbers on the left sides, in order. */
  readonly operands: readonly number[]
}

function countArithmetic(answer: string): ArithmeticCheck {
  const { claims } = checkArithmetic(answer)
  return {
    equations: claims.length,
    rounded: claims.filter(({ outcome }) => outcome === 'rounded').length,
    wrong: claims.filter(({ outcome }) => outcome === 'wrong').length,
    results: claims.map(({ result }) => result),
    operands: claims.flatMap(({ operands }) => operands),
  }
}

function writeArithmetic(out: Float64Array, check: ArithmeticCheck, answer: string): void {
  const equations = check.equations > 0 ? check.equations : 1
  out[0] = logOf(check.equations)
  out[1] = flag(check.wrong > 0)
  out[2] = check.wrong / equations
  out[3] = flag(check.rounded > 0)
  out[4] = check.rounded / equations
  out[5] = logOf(countOf(answer, STEPS))
}

type FinalInput = {
  readonly final: number | undefined
  readonly isNegative: boolean
  readonly check: ArithmeticCheck
  readonly known: ReadonlySet<number>
  readonly prompt: string
  readonly answer: string
}

function writeFinal(out: Float64Array, { final, isNegative, check, known, prompt, answer }: FinalInput): void {
  const isInteger = final !== undefined && Number.isInteger(final)
  out[6] = flag(announcesResult(answer))
  out[7] = flag(final !== undefined)
  out[8] = flag(isInteger)
  out[9] = final === undefined ? 0 : logOf((String(final).split('.')[1] ?? '').length)
  out[10] = flag(final !== undefined && check.results.at(-1) === final)
  out[11] = flag(final !== undefined && check.results.includes(final))
  out[12] = flag(final !== undefined && known.has(final))
  out[13] = final === undefined ? 0 : log(1 + logOf(final))
  out[14] = flag(isNegative)
  out[15] = flag(!isInteger && /how many/i.test(prompt))
}

type NumbersInput = {
  readonly given: readonly number[]
  readonly known: ReadonlySet<number>
  readonly check: ArithmeticCheck
  readonly answer: string
}

function writeNumbers(out: Float64Array, { given, known, check, answer }: NumbersInput): void {
  const used = new Set(numbersIn(answer))
  const unused = given.filter((value) => !used.has(value) && !used.has(value / 100)).length
  const derived = new Set([...known, ...check.results])
  const unknown = check.operands.filter((value) => !isAccountedFor(value, derived)).length
  const operands = new Set(check.operands)
  const results = check.results
  out[16] = logOf(given.length)
  out[17] = flag(unused > 0)
  out[18] = given.length > 0 ? unused / given.length : 0
  out[19] = check.operands.length > 0 ? unknown / check.operands.length : 0
  out[20] = flag(unknown > 0)
  out[21] = logOf(check.operands.filter((value) => !known.has(value)).length)
  out[22] = logOf(results.filter((value) => known.has(value)).length)
  out[23] = results.length > 0 ? results.filter((value) => operands.has(value)).length / results.length : 0
  out[24] = logOf(results.filter((value) => !Number.isInteger(value)).length)
  out[25] = logOf(check.equations / Math.max(1, given.length))
}

function isAccountedFor(value: number, derived: ReadonlySet<number>): boolean {
  return (
    COMMON_NUMBERS.has(value) ||
    derived.has(value) ||
    derived.has(value * 100) ||
    derived.has(value / 100) ||
    derived.has(1 - value)
  )
}

function writeForm(out: Float64Array, prompt: string, answer: string): void {
  const lines = answer
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
  out[26] = logOf(answer.length)
  out[27] = logOf(lines.length)
  out[28] = logOf(answer.length / Math.max(1, prompt.length))
  out[29] = logOf(countOf(answer, /\?/g))
  out[30] = flag(/[0-9.!)>%]$/.test(answer.trimEnd()))
  out[31] = flag(new Set(lines).size < lines.length)
  out[32] = logOf(countOf(answer, HEDGES))
  out[33] = logOf(countOf(answer, ALGEBRA))
  out[34] = flag(REFUSAL.test(answer))
  out[35] = logOf(countOf(prompt, REMAINDERS))
  out[36] = logOf(countOf(prompt, COMPARISONS))
}

/** Ways in which an answer says, in words or in a box, which of its numbers is the result. */
const ANNOUNCED = /\banswer\b[^.\n\d]{0,30}?(?:\bis\b|:|=)|\\boxed\s*\{/gi

/** Whether the result is announced, or stands on a last line of its own, without a word. */
function announcesResult(answer: string): boolean {
  const trimmed = answer.trimEnd()
  const lastLine = trimmed.slice(trimmed.lastIndexOf('\n') + 1)
  return answer.search(ANNOUNCED) >= 0 || (/\d/.test(lastLine) && !/\p{L}/u.test(lastLine))
}

type FinalNumber = { readonly value: number; readonly isNegative: boolean }

/** The first number after the last announcement, else the last number of the answer; its sign is told apart from a subtraction. */
function finalNumber(answer: string): FinalNumber | undefined {
  const mark = [...answer.matchAll(ANNOUNCED)].at(-1)?.index
  const announced = mark === undefined ? undefined : [...answer.slice(mark).matchAll(NUMBER)][0]
  const found = announced ?? [...answer.matchAll(NUMBER)].at(-1)
  if (found === undefined) return undefined
  const at = found.index + (announced === undefined ? 0 : (mark ?? 0))
  const before = answer.slice(Math.max(0, at - 8), at)
  return { value: toNumber(found[0]), isNegative: /(?:^|[^\d)\s.])\s*[-\u2212]\$?$/.test(before) }
}

function numbersIn(text: string): number[] {
  return (text.match(NUMBER) ?? []).map(toNumber)
}

function toNumber(written: string): number {
  return Number(written.replaceAll(',', ''))
}

function numberWordsIn(text: string): number[] {
  const values: number[] = []
  for (const word of text.toLowerCase().match(/[a-z]+/g) ?? []) {
    const value = Object.hasOwn(NUMBER_WORDS, word) ? NUMBER_WORDS[word] : undefined
    if (value !== undefined) values.push(value)
  }
  return values
}

function countOf(text: string, pattern: RegExp): number {
  return text.match(pattern)?.length ?? 0
}

function flag(isSet: boolean): number {
  return isSet ? 1 : 0
}

function logOf(count: number): number {
  return log(1 + Math.abs(count))
}
