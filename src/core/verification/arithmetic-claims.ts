import { evaluateExpression } from '../tools/evaluate-expression.ts'
import { unitsNamed } from '../tools/unit-table.ts'
import {
  compareRationals,
  formatExact,
  multiplyRationals,
  parseDecimal,
  rationalOf,
  subtractRationals,
  type Rational,
} from '../tools/rational.ts'

/** An equation of an answer that does not hold. */
export type ArithmeticMismatch = { readonly left: string; readonly right: string; readonly expected: string }

/** An equation that could be recomputed. */
export type ArithmeticClaim = {
  /** `rounded`: equal only to the decimals that were written. */
  readonly outcome: 'exact' | 'rounded' | 'wrong'
  /** Value of the right side, to the nearest double. */
  readonly result: number
  /** Numbers of the left side, in order, as written. */
  readonly operands: readonly number[]
}

export type ArithmeticReport = {
  /** In the order of the text. */
  readonly claims: readonly ArithmeticClaim[]
  readonly wrong: readonly ArithmeticMismatch[]
}

/** Most text that is searched for equations, from the start, in code units. */
const SEARCH_LENGTH_MAX = 20_000
const CLAIMS_MAX = 200

/**
 * Recomputes every equation `a op b = c` of a text exactly, units and currency signs between the numbers ignored, also in
 * chains (`3 * 4 = 12 + 1 = 13`) and in simple LaTeX. A right side that is the left one rounded to its own decimals holds.
 * What cannot be read as arithmetic (variables, code blocks) is no claim.
 */
export function checkArithmetic(text: string): ArithmeticReport {
  const wrong: ArithmeticMismatch[] = []
  const claims: ArithmeticClaim[] = []
  const prose = text.slice(0, SEARCH_LENGTH_MAX).replace(/```[\s\S]*?(?:```|$)/g, '\n')
  if (!prose.includes('=')) return { claims, wrong }
  for (const line of prose.split('\n')) {
    if (!line.includes('=')) continue
    const sides = normaliseLine(line).split('=')
    for (let index = 0; index + 1 < sides.length && claims.length < CLAIMS_MAX; index++) {
      const checked = checkPair({ left: sides[index] ?? '', right: sides[index + 1] ?? '' })
      if (checked === undefined) continue
      claims.push(checked.claim)
      if (checked.mismatch !== undefined) wrong.push(checked.mismatch)
    }
  }
  return { claims, wrong }
}

/** A break that no expression crosses. */
const BREAK = '|'

function normaliseLine(line: string): string {
  return line
    .replace(/\\(?:text|mathrm)\{([^{}]*)\}/g, ' $1 ')
    .replace(/\\[dt]?frac\{([^{}]{1,60})\}\{([^{}]{1,60})\}/g, '(($1)/($2))')
    .replace(/\\(?:times|cdot)\b/g, '*')
    .replace(/\\div\b/g, '/')
    .replace(/\\\*/g, '*')
    .replace(/\\approx\b|≈/g, '=')
    .replace(/\\(?:left|right)\b|\\[,;!()[\]%$]|[$€£*]{2,}|\\boxed/g, (found) => (found === '\\%' ? '%' : ' '))
    .replace(/[$€£]/g, '')
    .replace(/[=!<>]=+|=>|->|[<>:;|"“”]|\.(?=\s|$)|,(?=\s)/g, BREAK)
    .replace(/[×·]/g, '*')
    .replace(/÷/g, '/')
    .replace(/[−–]/g, '-')
    .replace(/(\d%?|\)) ?[xX] ?(?=[\d(])/g, '$1*')
    .replace(/% of\b/gi, '% *')
    .replace(/\b(?:times|multiplied by)\b/gi, '*')
    .replace(/\bdivided by\b/gi, '/')
    .replace(/\bplus\b/gi, '+')
    .replace(/\bminus\b/gi, '-')
    .replace(/^\s*(?:[-*+•]|\d+[.)])\s+/, BREAK)
}

type Sides = { readonly left: string; readonly right: string }

type CheckedPair = { readonly claim: ArithmeticClaim; readonly mismatch?: ArithmeticMismatch }

function checkPair({ left, right }: Sides): CheckedPair | undefined {
  const leftText = lastExpression(left)
  const rightText = firstExpression(right)
  if (leftText === undefined || rightText === undefined) return undefined
  const leftValue = evaluateSide(leftText)
  const rightValue = evaluateSide(rightText)
  if (leftValue === undefined || rightValue === undefined) return undefined
  // Without an operator on its left an equation defines or restates (`x = 2 * 11`, `the total of 14 = 10 + 4`).
  if (leftValue.operationCount === 0 || changesUnit(left, right)) return undefined
  const outcome = outcomeOf({ text: leftText, value: leftValue.value }, { text: rightText, value: rightValue.value })
  const claim: ArithmeticClaim = { outcome, result: nearestDouble(rightValue.value), operands: numbersOf(leftText) }
  return outcome === 'wrong'
    ? { claim, mismatch: { left: leftText, right: rightText, expected: formatExact(leftValue.value) } }
    : { claim }
}

type Side = { readonly text: string; readonly value: Rational }

function outcomeOf(left: Side, right: Side): ArithmeticClaim['outcome'] {
  if (compareRationals(left.value, right.value) === 0 || continues(left.value, right.text)) return 'exact'
  return agrees(left.value, right.text) || agrees(right.value, left.text) ? 'rounded' : 'wrong'
}

function numbersOf(expression: string): readonly number[] {
  return (expression.match(/\d+(?:,\d{3})*(?:\.\d+)?|\.\d+/g) ?? []).map((found) => Number(found.replaceAll(',', '')))
}

/** The quotient of two doubles is off by rounding alone; the integers of an answer are far below where doubles end. */
function nearestDouble({ numerator, denominator }: Rational): number {
  return Number(numerator) / Number(denominator)
}

/** `6 * 6 = 36 / 12 = 3` is bad style but no wrong result: the right side goes on with the value of the left one. */
function continues(value: Rational, rightText: string): boolean {
  const first = /^-?[\d,]*\.?\d+(?=\s*[-+*/])/.exec(rightText)?.[0]
  const number = first === undefined ? undefined : parseDecimal(first)
  return number !== undefined && compareRationals(number, value) === 0
}

/** `2 * 1 hour = 120 minutes` converts on the way. */
function changesUnit(left: string, right: string): boolean {
  const from = /([A-Za-z]+)\)?\s*$/.exec(left)?.[1]?.toLowerCase() ?? ''
  const to = /^[\s\d.,]+([A-Za-z]+)/.exec(right)?.[1]?.toLowerCase() ?? ''
  const [source, target] = [unitsNamed(from)[0], unitsNamed(to)[0]]
  return source !== undefined && target !== undefined && source.singular !== target.singular
}

/**
 * Drops units: up to four words between a number and the operator or end that follows it. A glued letter is a variable, and a
 * word with a bracket a function.
 */
function dropUnits(side: string): string {
  return side
    .replace(/\\?[A-Za-z]+\([^()]*\)/g, BREAK)
    .replace(/(?<=[\d)])[A-Za-z](?![A-Za-z])/g, BREAK)
    .replace(/(\d%?|\))((?:[ -][A-Za-z'’]+){1,4}|[ /]*[A-Za-z'’]+(?:\/[A-Za-z]+)?)(?=\s*(?:[-+*/^)]|$))/g, '$1')
    .replace(/[A-Za-z_\\][A-Za-z0-9_\\{}]*|[{}&#@~`'’?!]+/g, BREAK)
    .replace(/(\d%?)\s+(?=[\d(])/g, `$1${BREAK}`)
}

function lastExpression(side: string): string | undefined {
  const pieces = dropUnits(side).split(BREAK)
  const piece = (pieces.at(-1) ?? '').trim()
  // An operator on either side of the break belongs to something that was not understood.
  const isCut = pieces.length > 1 && (/^[-+*/^)]/.test(piece) || /[-+*/^(]\s*$/.test(pieces.at(-2) ?? ''))
  return piece === '' || isCut ? undefined : piece
}

function firstExpression(side: string): string | undefined {
  const pieces = dropUnits(side).split(BREAK)
  const piece = (pieces[0] ?? '').trim().replace(/\s*[-+*/^(]+$/, '')
  return piece === '' ? undefined : piece
}

function evaluateSide(text: string): ReturnType<typeof evaluateExpression> {
  const withoutPercent = text.replace(/(\d[\d,]*(?:\.\d+)?|\.\d+)\s*%/g, '($1/100)')
  if (/[^\d\s.,()+\-*/^]/.test(withoutPercent)) return undefined
  const evaluated = evaluateExpression(withoutPercent)
  // The division that a percent sign stands for is notation, not a computation.
  const percentCount = text.split('%').length - 1
  return evaluated === undefined
    ? undefined
    : { ...evaluated, operationCount: Math.max(0, evaluated.operationCount - percentCount) }
}

const HALF = rationalOf(1n, 2n)

/** Whether the number in `text` is a rounding (or cut) of `exact` to the decimals shown. */
function agrees(exact: Rational, text: string): boolean {
  const written = /^-?[\d,]*\.?\d+\s*(%?)$/.exec(text)
  if (written === null) return false
  const number = parseDecimal(text.replace(/[\s%]/g, ''))
  if (number === undefined) return false
  // `0.25 = 25%`, but also `(1/4) * 100 = 25%`.
  const readings = written[1] === '%' ? [exact, multiplyRationals(exact, rationalOf(100n))] : [exact]
  const decimals = /\.(\d+)/.exec(text)?.[1]?.length ?? 0
  const unit = rationalOf(1n, 10n ** BigInt(decimals))
  // A whole number shown for a fraction is a rounding only if it is the nearest one; decimals may also be cut.
  const tolerance = decimals === 0 ? multiplyRationals(unit, HALF) : unit
  return readings.some((reading) => compareRationals(distanceBetween(reading, number), tolerance) <= 0)
}

function distanceBetween(a: Rational, b: Rational): Rational {
  const difference = subtractRationals(a, b)
  return difference.numerator < 0n ? subtractRationals(b, a) : difference
}
