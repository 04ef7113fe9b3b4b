import type { DeterministicAnswer, Recogniser } from './deterministic-answer.ts'
import { evaluateExpression } from './evaluate-expression.ts'
import { answerNumberTheory } from './answer-number-theory.ts'
import { answerPercentage } from './answer-percentage.ts'
import {
  addRationals,
  divideRationals,
  compareRationals,
  formatExact,
  formatFiniteDecimal,
  formatFraction,
  formatRounded,
  multiplyRationals,
  parseDecimal,
  raiseRational,
  rationalOf,
  subtractRationals,
  ZERO,
  type Rational,
} from './rational.ts'

/** How the result is to be written. */
type ResultForm =
  | { readonly kind: 'exact' }
  | { readonly kind: 'fraction' }
  | { readonly kind: 'decimal' }
  | { readonly kind: 'rounded'; readonly decimals: number }

const LEAD_STRONG =
  /^(?:calculate|compute|evaluate|work out|solve|simplify|what does|what do|how much does|find|(?:(?:what is|what's) |(?:calculate|compute|find|determine) )?the (?:exact )?(?:value|result) of|result of|value of) (?:the (?:following )?expression |the following )?/
const LEAD_WEAK = /^(?:what is|what's|whats|how much is|what are) /
const TAIL_EQUALS = / ?(?:=|equals?|equal to|is equal to|make)(?: (?:what|how much))?$/
/** Three numbers that are a year, month and day in some order. */
const DATE_LIKE = /^(?:\d{4}[-/−]\d{1,2}[-/−]\d{1,2}|\d{1,2}[-/−]\d{1,2}[-/−]\d{4})$/

/** How an expression begins: a digit, sign, bracket or root, a LaTeX command, or a word for one of these. */
const EXPRESSION_START =
  /^(?:[-+−(.$\\√\d]|sqrt|cbrt|(?:the )?(?:square|cube) root|negative|minus|zero|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|nineteen|twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety)/
const ROUNDING =
  /,? (?:and )?(?:rounded |round (?:it |the (?:result|answer) )?|correct |to )?(?:to )?(?:the )?(?:(\d|one|two|three|four|five) (?:decimal places?|decimals|d\.?p\.?)|nearest (integer|whole number|tenth|hundredth|thousandth))$/
const DECIMALS: Readonly<Record<string, number>> = { one: 1, two: 2, three: 3, four: 4, five: 5 }
const NEAREST: Readonly<Record<string, number>> = {
  integer: 0,
  'whole number': 0,
  tenth: 1,
  hundredth: 2,
  thousandth: 3,
}

/** Cheap gate: without one of these nothing below can match. */
const NUMBER_SIGNS = ['plus', 'minus', 'times', 'divided', 'squared', 'cubed', 'root', 'power', ' mod ']

/** Arithmetic with exact decimals: expressions, percentages, aggregates, and properties of whole numbers. */
export const answerArithmetic: Recogniser = (task) => {
  if (task.quotes.length > 0) return undefined
  const instruction = joinPayload(task.instruction, task.payload?.text)
  if (instruction === undefined || !mentionsNumbers(instruction)) return undefined
  return (
    answerExpression(instruction) ??
    answerPercentage(instruction) ??
    answerAggregate(instruction) ??
    answerComparison(instruction) ??
    answerNumberTheory(instruction)
  )
}

function mentionsNumbers(instruction: string): boolean {
  for (let at = 0; at < instruction.length; at++) {
    const code = instruction.charCodeAt(at)
    if (code >= 0x30 && code <= 0x39) return true
  }
  return NUMBER_SIGNS.some((sign) => instruction.includes(sign))
}

/** `Calculate: 2 + 2` and `Compute\n2 + 2` carry the expression as payload; one line, short. */
function joinPayload(instruction: string, payload: string | undefined): string | undefined {
  if (payload === undefined) return instruction
  if (payload.length > 300 || payload.includes('\n')) return undefined
  return `${instruction} ${payload
    .toLowerCase()
    .replace(/\s+/g, ' ')
    .replace(/[ .?]+$/, '')}`
}

function answerExpression(instruction: string): DeterministicAnswer | undefined {
  const { text, form } = takeForm(instruction)
  const tail = TAIL_EQUALS.test(text)
  const withoutTail = text.replace(TAIL_EQUALS, '')
  const strong = LEAD_STRONG.exec(withoutTail)
  const weak = strong === null ? LEAD_WEAK.exec(withoutTail) : null
  const source = withoutTail.slice((strong ?? weak)?.[0].length ?? 0).replace(/^the expression /, '')
  const isPlain = strong === null && !tail && form.kind === 'exact'
  if (!EXPRESSION_START.test(source) || (isPlain && isIdiom(source))) return undefined
  const evaluated = evaluateExpression(source)
  if (evaluated === undefined) return undefined
  // A bare number asks for nothing, unless the question is to rewrite it.
  const isRewrite = form.kind !== 'exact' && evaluated.operationCount === 0
  if (evaluated.operationCount === 0 && !(isRewrite && /\d/.test(source))) return undefined
  const isSimplify = strong?.[0].startsWith('simplify') === true
  return answerValue(evaluated.value, isSimplify && form.kind === 'exact' ? { kind: 'fraction' } : form)
}

/**
 * Without a verb or an equals sign, `3/4`, `24/7`, `9-11`, `4x4` and `5!` are as often a date, an idiom, a range or
 * emphasis; they are read as arithmetic only when spaced or bracketed.
 */
function isIdiom(source: string): boolean {
  if (source.endsWith('!')) return true
  const quotient = /^(\d+)\/(\d+)$/.exec(source.trim())
  // 144/12 is no date, score, ratio out of a hundred or blood pressure.
  if (quotient !== null && Number(quotient[1]) >= 130 && Number(quotient[2]) <= 31) return false
  if (DATE_LIKE.test(source.replaceAll(' ', ''))) return true
  return /^[\d.,]+(?:[-/−][\d.,]+)+$/.test(source.trim())
}

type Formed = { readonly text: string; readonly form: ResultForm }

function takeForm(instruction: string): Formed {
  const fraction =
    / (?:as|into|to|in) (?:a |an )?(?:(?:common|simplified|reduced|improper) )?fraction(?: in (?:lowest|simplest) (?:terms|form))?$| (?:in|to) (?:its )?(?:lowest terms|simplest form)$/
  if (fraction.test(instruction))
    return { text: stripRewriteLead(instruction.replace(fraction, '')), form: { kind: 'fraction' } }
  const decimal = / (?:as|into|to|in) (?:a )?decimal(?: number| form)?$/
  if (decimal.test(instruction))
    return { text: stripRewriteLead(instruction.replace(decimal, '')), form: { kind: 'decimal' } }
  const rounding = ROUNDING.exec(instruction)
  if (rounding === null) return { text: instruction, form: { kind: 'exact' } }
  const decimals =
    rounding[1] === undefined ? (NEAREST[rounding[2] ?? ''] ?? 0) : (DECIMALS[rounding[1]] ?? Number(rounding[1]))
  return {
    text: instruction.slice(0, rounding.index).replace(/^round /, 'calculate '),
    form: { kind: 'rounded', decimals },
  }
}

function stripRewriteLead(text: string): string {
  return text.replace(
    /^(?:convert|express|write|reduce|simplify|change|turn)(?: the (?:fraction|decimal|number))? /,
    'calculate ',
  )
}

function answerValue(value: Rational, form: ResultForm): DeterministicAnswer | undefined {
  const answer = formatAs(value, form)
  if (answer === undefined) return undefined
  return {
    tool: 'arithmetic',
    answer,
    confidence: 1,
    explanation: `Evaluated exactly as a fraction: ${formatFraction(value).slice(0, 200)}.`,
  }
}

function formatAs(value: Rational, form: ResultForm): string | undefined {
  switch (form.kind) {
    case 'exact':
      return formatExact(value)
    case 'fraction':
      return formatFraction(value)
    case 'decimal':
      return formatFiniteDecimal(value)
    case 'rounded':
      return formatRounded(value, form.decimals)
  }
}

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

function answerAggregate(instruction: string): DeterministicAnswer | undefined {
  const { text, form } = takeForm(instruction)
  const value = readAggregate(text) ?? readCommand(text) ?? readShare(text) ?? readPowerOrRemainder(text)
  return value === undefined ? undefined : answerValue(value, form)
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
export function readNumberList(text: string): readonly Rational[] | undefined {
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
