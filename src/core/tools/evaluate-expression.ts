import {
  addRationals,
  divideRationals,
  exactRoot,
  isInteger,
  multiplyRationals,
  negateRational,
  parseDecimal,
  raiseRational,
  rationalOf,
  subtractRationals,
  type Rational,
} from './rational.ts'
import { replaceNumberWords } from './number-words.ts'

type Operator = '+' | '-' | '*' | '/' | '^' | 'mod'

type Token =
  | { readonly kind: 'number'; readonly value: Rational }
  | { readonly kind: 'operator'; readonly operator: Operator }
  | { readonly kind: 'root'; readonly degree: 2n | 3n }
  | { readonly kind: 'factorial' }
  | { readonly kind: 'open' }
  | { readonly kind: 'close' }

export type EvaluatedExpression = {
  readonly value: Rational
  /** Operators, roots and factorials that were applied; 0 for a bare number. */
  readonly operationCount: number
}

const EXPRESSION_LENGTH_MAX = 400
const DEPTH_MAX = 40
const FACTORIAL_MAX = 300n

/**
 * Evaluates an arithmetic expression exactly: decimal numbers (thousands in groups of three), number words up to
 * trillions, `+ - * / ^`, `mod`, parentheses, exact square and cube roots, factorials, the operators in words, and LaTeX's
 * `\times \cdot \div \frac \sqrt`. `undefined` for anything it cannot read in exactly one way: implicit multiplication,
 * `-2^2`, `2^3^2`, `10 % 3`, a root or power that is not rational, a division by zero.
 */
export function evaluateExpression(source: string): EvaluatedExpression | undefined {
  if (source.length > EXPRESSION_LENGTH_MAX || source.includes('%')) return undefined
  const tokens = tokenise(rewriteNotation(source))
  if (tokens === undefined || tokens.length === 0) return undefined
  const cursor: Cursor = { tokens, at: 0, depth: 0, operationCount: 0 }
  const value = readSum(cursor)
  return value === undefined || cursor.at !== tokens.length
    ? undefined
    : { value, operationCount: cursor.operationCount }
}

const FRACTION = /\\[dt]?frac\{([^{}]{1,60})\}\{([^{}]{1,60})\}/g

/** Words and LaTeX to symbols. What is left over stops the tokeniser. */
function rewriteNotation(source: string): string {
  let text = source
    .trim()
    .replace(/^\$+([^$]*)\$+$/, '$1')
    .toLowerCase()
  if (text.includes('\\')) text = rewriteLatex(text)
  if (/[a-z]/.test(text)) text = rewriteWords(text)
  return text
}

function rewriteLatex(source: string): string {
  const plain = source
    .replace(/\\left|\\right/g, '')
    .replace(/\\[,;! ]/g, ' ')
    .replace(/\{,\}/g, ',')
  const fractions = plain.replace(FRACTION, '(($1)/($2))').replace(FRACTION, '(($1)/($2))')
  return fractions
    .replace(/\\sqrt\{([^{}]{1,60})\}/g, '√($1)')
    .replace(/\\times|\\cdot/g, '*')
    .replace(/\\div/g, '/')
    .replace(/\^\{([^{}]{1,60})\}/g, '^($1)')
}

function rewriteWords(source: string): string {
  const text = source
    .replace(/\bmultiplied by\b|\btimes\b/g, '*')
    .replace(/\bdivided by\b/g, '/')
    .replace(/\b(?:raised )?to the power (?:of )?/g, '^')
    .replace(/\bplus\b/g, '+')
    .replace(/\b(?:minus|negative)\b/g, '-')
    .replace(/\bmod(?:ulo)?\b/g, '%')
    .replace(/\bsquared\b/g, '^2')
    .replace(/\bcubed\b/g, '^3')
    .replace(/\b(?:the )?square root of\b|\bsqrt\b/g, '√')
    .replace(/\b(?:the )?cube root of\b|\bcbrt\b/g, '∛')
    .replace(/(\d) x (?=[\d(.])/g, '$1 * ')
  return replaceNumberWords(text)
}

const TOKEN = /\s*(?:(\d[\d,]*(?:\.\d+)?|\.\d+)|(\*\*|[-+*/^()×÷·−√∛²³!%]))/y

function tokenise(source: string): readonly Token[] | undefined {
  const tokens: Token[] = []
  const end = source.trimEnd().length
  TOKEN.lastIndex = 0
  while (TOKEN.lastIndex < end) {
    const match = TOKEN.exec(source)
    if (match === null) return undefined
    const token = tokenOf(match)
    if (token === undefined) return undefined
    // Two numbers side by side, or a number before a bracket, leave it open what was meant.
    const previous = tokens.at(-1)
    const startsValue = token.kind === 'number' || token.kind === 'open' || token.kind === 'root'
    if (startsValue && (previous?.kind === 'number' || previous?.kind === 'close' || previous?.kind === 'factorial'))
      return undefined
    tokens.push(token)
    if (match[2] === '²' || match[2] === '³')
      tokens.push({ kind: 'number', value: rationalOf(match[2] === '²' ? 2n : 3n) })
  }
  return tokens
}

// `%` stands for the word `mod` here: a written `%` never gets this far.
const SYMBOLS: Readonly<Record<string, Token>> = {
  '+': { kind: 'operator', operator: '+' },
  '-': { kind: 'operator', operator: '-' },
  '−': { kind: 'operator', operator: '-' },
  '*': { kind: 'operator', operator: '*' },
  '×': { kind: 'operator', operator: '*' },
  '·': { kind: 'operator', operator: '*' },
  '/': { kind: 'operator', operator: '/' },
  '÷': { kind: 'operator', operator: '/' },
  '^': { kind: 'operator', operator: '^' },
  '**': { kind: 'operator', operator: '^' },
  '²': { kind: 'operator', operator: '^' },
  '³': { kind: 'operator', operator: '^' },
  '(': { kind: 'open' },
  ')': { kind: 'close' },
  '!': { kind: 'factorial' },
  '√': { kind: 'root', degree: 2n },
  '∛': { kind: 'root', degree: 3n },
}

function tokenOf([, digits, symbol]: RegExpExecArray): Token | undefined {
  if (digits !== undefined) {
    // `05` is part of a date or code rather than a number.
    const value = /^0\d/.test(digits) ? undefined : parseDecimal(digits)
    return value === undefined ? undefined : { kind: 'number', value }
  }
  if (symbol === '%') return { kind: 'operator', operator: 'mod' }
  return SYMBOLS[symbol ?? '']
}

type Cursor = { readonly tokens: readonly Token[]; at: number; depth: number; operationCount: number }

function takeOperator(cursor: Cursor, operators: readonly Operator[]): Operator | undefined {
  const token = cursor.tokens[cursor.at]
  if (token?.kind !== 'operator' || !operators.includes(token.operator)) return undefined
  cursor.at += 1
  return token.operator
}

function readSum(cursor: Cursor): Rational | undefined {
  let value = readProduct(cursor)
  while (value !== undefined) {
    const operator = takeOperator(cursor, ['+', '-'])
    if (operator === undefined) return value
    const right = readProduct(cursor)
    if (right === undefined) return undefined
    cursor.operationCount += 1
    value = operator === '+' ? addRationals(value, right) : subtractRationals(value, right)
  }
  return undefined
}

function readProduct(cursor: Cursor): Rational | undefined {
  let value = readSigned(cursor)
  while (value !== undefined) {
    const operator = takeOperator(cursor, ['*', '/', 'mod'])
    if (operator === undefined) return value
    const right = readSigned(cursor)
    if (right === undefined) return undefined
    cursor.operationCount += 1
    if (operator === '*') value = multiplyRationals(value, right)
    else value = operator === '/' ? divideRationals(value, right) : remainder(value, right)
  }
  return undefined
}

/** Languages disagree on remainders of negative numbers, so only non-negative whole ones are answered. */
function remainder(left: Rational, right: Rational): Rational | undefined {
  if (!isInteger(left) || !isInteger(right) || left.numerator < 0n || right.numerator <= 0n) return undefined
  return rationalOf(left.numerator % right.numerator)
}

function readSigned(cursor: Cursor): Rational | undefined {
  const sign = takeOperator(cursor, ['-', '+'])
  const start = cursor.operationCount
  const token = cursor.tokens[cursor.at]
  // A doubled sign is a typing error as often as a negation.
  if (sign !== undefined && token?.kind === 'operator') return undefined
  const value = readPower(cursor)
  if (value === undefined) return undefined
  const isPower = cursor.operationCount > start && token?.kind === 'number'
  if (sign === '-' && isPower) return undefined
  return sign === '-' ? negateRational(value) : value
}

function readPower(cursor: Cursor): Rational | undefined {
  const base = readPostfix(cursor)
  if (base === undefined || takeOperator(cursor, ['^']) === undefined) return base
  const sign = takeOperator(cursor, ['-'])
  const exponent = readPostfix(cursor)
  const next = cursor.tokens[cursor.at]
  if (exponent === undefined || (next?.kind === 'operator' && next.operator === '^')) return undefined
  cursor.operationCount += 1
  return raiseRational(base, sign === undefined ? exponent : negateRational(exponent))
}

function readPostfix(cursor: Cursor): Rational | undefined {
  const value = readAtom(cursor)
  if (value === undefined || cursor.tokens[cursor.at]?.kind !== 'factorial') return value
  cursor.at += 1
  cursor.operationCount += 1
  return cursor.tokens[cursor.at]?.kind === 'factorial' ? undefined : factorialOf(value)
}

/** n! for whole n from 0 to 300. */
export function factorialOf(value: Rational): Rational | undefined {
  if (!isInteger(value) || value.numerator < 0n || value.numerator > FACTORIAL_MAX) return undefined
  let product = 1n
  for (let factor = 2n; factor <= value.numerator; factor++) product *= factor
  return rationalOf(product)
}

function readAtom(cursor: Cursor): Rational | undefined {
  const token = cursor.tokens[cursor.at]
  cursor.at += 1
  switch (token?.kind) {
    case 'number':
      return token.value
    case 'root': {
      const radicand = readAtom(cursor)
      cursor.operationCount += 1
      return radicand === undefined ? undefined : exactRoot(radicand, token.degree)
    }
    case 'open': {
      cursor.depth += 1
      if (cursor.depth > DEPTH_MAX) return undefined
      const inner = readSum(cursor)
      if (cursor.tokens[cursor.at]?.kind !== 'close') return undefined
      cursor.at += 1
      cursor.depth -= 1
      return inner
    }
    default:
      return undefined
  }
}
