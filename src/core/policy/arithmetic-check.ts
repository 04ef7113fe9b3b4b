/**
 * Recomputes the arithmetic that a written answer shows: every `expression = value` is evaluated again and compared.
 * It judges only what it can read with certainty: a side with a variable, or two numbers without an operator between them, is
 * not counted, so an answer without arithmetic is neither praised nor blamed.
 */
export type ArithmeticCheck = {
  /** Equations whose two sides were read, with at least one operator on the left. */
  readonly equations: number
  /** Of these: equal to about nine digits. */
  readonly exact: number
  /** Equal only after rounding to the decimals that the answer wrote. */
  readonly rounded: number
  /** Not equal. */
  readonly wrong: number
  /** Value of the right side of each equation, in order. */
  readonly results: readonly number[]
  /** Numbers on the left sides, in order. */
  readonly operands: readonly number[]
}

/** Longest answer that is read, in UTF-16 code units. */
const ANSWER_MAX = 20_000
const SIDE_CHARS_MAX = 160
const RELATIVE_TOLERANCE = 1e-9

type Tally = { equations: number; exact: number; rounded: number; wrong: number; results: number[]; operands: number[] }

export function checkArithmetic(answer: string): ArithmeticCheck {
  const tally: Tally = { equations: 0, exact: 0, rounded: 0, wrong: 0, results: [], operands: [] }
  for (const line of withoutAnnotations(answer.slice(0, ANSWER_MAX)).split('\n')) {
    if (line.includes('=')) checkLine(line, tally)
  }
  return tally
}

/** `<<2+5=7>>7` and `\*` are notations of worked answers: the annotation goes, the value after it stays. */
function withoutAnnotations(answer: string): string {
  return answer.replace(/<<[^<>]{0,200}>>/g, '').replaceAll('\\', '')
}

function checkLine(line: string, tally: Tally): void {
  const sides = line.split('=')
  for (let index = 0; index + 1 < sides.length; index += 1) {
    const left = readSuffix(tokensOf((sides[index] ?? '').slice(-SIDE_CHARS_MAX)))
    if (left === undefined || left.operators === 0) continue
    const right = readExpression(tokensOf((sides[index + 1] ?? '').slice(0, SIDE_CHARS_MAX)), 0)
    if (right === undefined || right.isCutByVariable) continue
    tally.equations += 1
    tally[compare(left.value, right)] += 1
    tally.results.push(right.value)
    tally.operands.push(...left.operands)
  }
}

function compare(left: number, right: Expression): 'exact' | 'rounded' | 'wrong' {
  // `6 * 6 = 36 / 12 = 3` continues with the result of the left side; that is a chain, not a claim about 36 / 12.
  const continued = right.operators > 0 ? right.operands[0] : undefined
  if (isNear(left, right.value) || (continued !== undefined && isNear(left, continued))) return 'exact'
  // A per cent sign on either side may be meant as a factor of 100.
  if (isNear(left * 100, right.value) || isNear(left, right.value * 100)) return 'exact'
  let unit = 1
  for (let place = 0; place < right.decimals; place += 1) unit /= 10
  const difference = Math.abs(left - right.value)
  return difference <= unit * 0.5000001 || (right.decimals > 0 && difference <= unit * 1.0000001) ? 'rounded' : 'wrong'
}

function isNear(a: number, b: number): boolean {
  return Math.abs(a - b) <= RELATIVE_TOLERANCE * Math.max(1, Math.abs(a))
}

type Token =
  | { readonly kind: 'number'; readonly value: number; readonly decimals: number }
  | { readonly kind: 'sign'; readonly sign: string }
  | { readonly kind: 'word' }
  | { readonly kind: 'variable' }

const SIGNS: Readonly<Record<string, string>> = { '×': '*', '÷': '/', '–': '-', '−': '-', x: '*', X: '*', times: '*' }

function tokensOf(text: string): Token[] {
  const tokens: Token[] = []
  const pattern = /(\d+(?:,\d{3})*(?:\.\d+)?|\.\d+)([A-Za-z]?)|([-+*/()%×÷–−])|([A-Za-z]+)|([.;:,?!])/g
  for (let match = pattern.exec(text); match !== null; match = pattern.exec(text)) {
    const [, number, glued, sign, word] = match
    if (number !== undefined) {
      const plain = number.replaceAll(',', '')
      const dot = plain.indexOf('.')
      tokens.push({ kind: 'number', value: Number(plain), decimals: dot < 0 ? 0 : plain.length - dot - 1 })
      if (glued === 'x' || glued === 'X') tokens.push({ kind: 'sign', sign: '*' })
      else if (glued !== undefined && glued !== '') tokens.push({ kind: 'variable' })
    } else if (sign !== undefined) tokens.push({ kind: 'sign', sign: SIGNS[sign] ?? sign })
    else if (word === undefined) tokens.push({ kind: 'sign', sign: ';' })
    else if (Object.hasOwn(SIGNS, word)) tokens.push({ kind: 'sign', sign: '*' })
    else tokens.push({ kind: word.length === 1 ? 'variable' : 'word' })
  }
  return tokens
}

type Expression = {
  value: number
  /** Decimals of the last number read. */
  decimals: number
  operators: number
  operands: number[]
  /** Place after the last token that was used. */
  end: number
  isCutByVariable: boolean
}

/** The longest end of the tokens that is one whole expression. */
function readSuffix(tokens: readonly Token[]): Expression | undefined {
  let from = tokens.length
  while (from > 0 && signAt(tokens, from - 1) !== ';' && tokens[from - 1]?.kind !== 'variable') from -= 1
  if (tokens[from - 1]?.kind === 'variable') return undefined
  for (let start = from; start < tokens.length; start += 1) {
    const expression = readExpression(tokens, start)
    if (expression !== undefined && expression.end === tokens.length) return expression
  }
  return undefined
}

function readExpression(tokens: readonly Token[], start: number): Expression | undefined {
  const reading: Expression = { value: 0, decimals: 0, operators: 0, operands: [], end: start, isCutByVariable: false }
  const value = readSum(tokens, reading)
  if (value === undefined || !Number.isFinite(value)) return undefined
  reading.value = value
  reading.isCutByVariable = tokens[reading.end]?.kind === 'variable'
  return reading
}

function signAt(tokens: readonly Token[], at: number): string {
  const token = tokens[at]
  return token?.kind === 'sign' ? token.sign : ''
}

/** Units such as `5 pairs * 2` are stepped over when an operator or the end follows. */
function skipUnits(tokens: readonly Token[], reading: Expression): void {
  let at = reading.end
  while (tokens[at]?.kind === 'word') at += 1
  if (at === tokens.length || ['+', '-', '*', '/', ')'].includes(signAt(tokens, at))) reading.end = at
}

function readSum(tokens: readonly Token[], reading: Expression): number | undefined {
  let total = readProduct(tokens, reading)
  while (total !== undefined) {
    const sign = signAt(tokens, reading.end)
    if (sign !== '+' && sign !== '-') return total
    const mark = reading.end
    reading.end += 1
    const next = readProduct(tokens, reading)
    if (next === undefined) {
      reading.end = mark
      return total
    }
    reading.operators += 1
    total = sign === '+' ? total + next : total - next
  }
  return undefined
}

function readProduct(tokens: readonly Token[], reading: Expression): number | undefined {
  let product = readFactor(tokens, reading)
  while (product !== undefined) {
    const sign = signAt(tokens, reading.end)
    if (sign !== '*' && sign !== '/') return product
    const mark = reading.end
    reading.end += 1
    const next = readFactor(tokens, reading)
    if (next === undefined) {
      reading.end = mark
      return product
    }
    reading.operators += 1
    product = sign === '*' ? product * next : product / next
  }
  return undefined
}

function readFactor(tokens: readonly Token[], reading: Expression): number | undefined {
  const token = tokens[reading.end]
  if (token?.kind === 'number') {
    reading.end += 1
    reading.operands.push(token.value)
    reading.decimals = token.decimals
    const isPercent = signAt(tokens, reading.end) === '%'
    if (isPercent) reading.end += 1
    skipUnits(tokens, reading)
    return isPercent ? token.value / 100 : token.value
  }
  if (signAt(tokens, reading.end) !== '(') return undefined
  reading.end += 1
  const inner = readSum(tokens, reading)
  if (inner === undefined || signAt(tokens, reading.end) !== ')') return undefined
  reading.end += 1
  skipUnits(tokens, reading)
  return inner
}
