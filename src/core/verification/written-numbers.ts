import {
  divideRationals,
  negateRational,
  parseDecimal,
  rationalOf,
  addRationals,
  type Rational,
} from '../tools/rational.ts'

/** One way in which a number of a text can be read. */
export type NumberReading = {
  readonly value: Rational
  /** Digits that are written after the point. */
  readonly decimals: number
}

export type WrittenNumber = {
  /** Where it ends in the text, in code units. */
  readonly end: number
  /** `1.234` may be a thousand and more, or one and a bit: every reading that somebody may have meant. */
  readonly readings: readonly NumberReading[]
}

const BLANK = ' \\u00a0\\u202f'
const NUMBER = new RegExp(
  `(?<![\\p{L}\\d])(?:\\d(?:[\\d.,'’_]*\\d)?(?:[${BLANK}]\\d{3}(?![\\d/]))*|\\.\\d+)(?:[.,]\\d+)?`,
  'gu',
)
/** A minus that belongs to the number, and not to a difference or a range. */
const NEGATIVE = /(?:^|[\s(=:*_$€£"'[{~≈])[-−–][$€£]?$/
const NUMBERS_MAX = 500

/** The numbers of a text in their order, at most 500: grouped in any way, with point or comma, as fraction or percentage. */
export function writtenNumbers(text: string): readonly WrittenNumber[] {
  const found: WrittenNumber[] = []
  for (const match of text.matchAll(NUMBER)) {
    if (found.length === NUMBERS_MAX) break
    const [token] = match
    const end = match.index + token.length
    const after = text.slice(end, end + 24)
    const plain = [...readingsOf(token), ...partsOf(token).flatMap(readingsOf)]
    const readings = [...plain, ...fractionsOf(token, after), ...percentagesOf(plain, after)]
    const isNegative = NEGATIVE.test(text.slice(Math.max(0, match.index - 3), match.index))
    found.push({ end, readings: isNegative ? readings.map(negated) : readings })
  }
  return found
}

function negated({ value, decimals }: NumberReading): NumberReading {
  return { value: negateRational(value), decimals }
}

/** With the point as the mark of decimals, and with the comma. */
function readingsOf(token: string): readonly NumberReading[] {
  const bare = token.replace(/[\s'’_]/g, '')
  const written = [bare.replaceAll(',', ''), bare.replaceAll('.', '').replace(',', '.')]
  return [...new Set(written)].flatMap((each) => {
    const value = parseDecimal(each)
    return value === undefined ? [] : [{ value, decimals: each.split('.')[1]?.length ?? 0 }]
  })
}

/** `12 144` may be two numbers beside each other, and so may `1,2`. */
function partsOf(token: string): readonly string[] {
  const parts = token.split(/[\s,]+/)
  return parts.length > 1 ? parts : []
}

/** `3/4`, and `4 3/4` as one number. */
function fractionsOf(token: string, after: string): readonly NumberReading[] {
  const mixed = /^\s+(\d{1,15})\/(\d{1,15})/.exec(after)
  if (mixed !== null) {
    const part = quotientOf(mixed[1] ?? '', mixed[2] ?? '')
    const whole = parseDecimal(token)
    return part === undefined || whole === undefined ? [] : [{ value: addRationals(whole, part), decimals: 0 }]
  }
  const denominator = /^\s*\/\s*(\d{1,15})/.exec(after)?.[1]
  const value = denominator === undefined ? undefined : quotientOf(token, denominator)
  return value === undefined ? [] : [{ value, decimals: 0 }]
}

function quotientOf(numerator: string, denominator: string): Rational | undefined {
  const above = parseDecimal(numerator)
  const below = parseDecimal(denominator)
  return above === undefined || below === undefined ? undefined : divideRationals(above, below)
}

function percentagesOf(readings: readonly NumberReading[], after: string): readonly NumberReading[] {
  if (!/^\s*(?:\\?%|per ?cent\b)/i.test(after)) return []
  return readings.flatMap(({ value, decimals }) => {
    const part = divideRationals(value, rationalOf(100n))
    return part === undefined ? [] : [{ value: part, decimals: decimals + 2 }]
  })
}
