/** Inclusive ranges of UTF-16 code units: `[from, to, from, to, ...]`, in no particular order. */
export type CodeRanges = readonly number[]

/** Syntax tree of the supported subset. Groups leave no node: nothing is captured. */
export type RegexNode =
  | { readonly kind: 'empty' }
  | { readonly kind: 'set'; readonly ranges: CodeRanges; readonly isNegated: boolean }
  | { readonly kind: 'assertion'; readonly what: 'start' | 'end' | 'word-boundary' | 'no-word-boundary' }
  | { readonly kind: 'sequence'; readonly items: readonly RegexNode[] }
  | { readonly kind: 'choice'; readonly options: readonly RegexNode[] }
  | {
      readonly kind: 'repeat'
      readonly item: RegexNode
      readonly min: number
      readonly max: number
      readonly isGreedy: boolean
    }

const DIGIT: CodeRanges = [0x30, 0x39]
const WORD: CodeRanges = [0x30, 0x39, 0x41, 0x5a, 0x5f, 0x5f, 0x61, 0x7a]
const SPACE: CodeRanges = [
  0x09, 0x0d, 0x20, 0x20, 0xa0, 0xa0, 0x1680, 0x1680, 0x2000, 0x200a, 0x2028, 0x2029, 0x202f, 0x202f, 0x205f, 0x205f,
  0x3000, 0x3000, 0xfeff, 0xfeff,
]
const LINE_END: CodeRanges = [0x0a, 0x0a, 0x0d, 0x0d, 0x2028, 0x2029]

const REPEAT_MAX = 1000

/** Thrown and caught in this file only: the pattern is outside the subset. */
class Unsupported extends Error {}

type Cursor = { readonly source: string; at: number; depth: number }

/**
 * Parses the part of JavaScript's regular expressions that a linear-time matcher can run: literals, escapes, classes, `.`,
 * groups (captures are ignored), `|`, `* + ? {m,n}` with lazy forms, `^ $ \b \B`. Back references, look-around, named
 * groups, modifiers and repetition of something that can be empty are refused: `undefined`.
 */
export function parseRegex(source: string): RegexNode | undefined {
  const cursor: Cursor = { source, at: 0, depth: 0 }
  try {
    const node = parseChoice(cursor)
    return cursor.at === source.length ? node : undefined
  } catch (refusal: unknown) {
    if (refusal instanceof Unsupported) return undefined
    throw refusal
  }
}

function parseChoice(cursor: Cursor): RegexNode {
  const options = [parseSequence(cursor)]
  while (cursor.source[cursor.at] === '|') {
    cursor.at += 1
    options.push(parseSequence(cursor))
  }
  const [only] = options
  return options.length === 1 && only !== undefined ? only : { kind: 'choice', options }
}

function parseSequence(cursor: Cursor): RegexNode {
  const items: RegexNode[] = []
  for (;;) {
    const next = cursor.source[cursor.at]
    if (next === undefined || next === '|' || next === ')') break
    items.push(parseRepeat(cursor))
  }
  return items.length === 0 ? { kind: 'empty' } : { kind: 'sequence', items }
}

function parseRepeat(cursor: Cursor): RegexNode {
  const item = parseAtom(cursor)
  const bounds = parseBounds(cursor)
  if (bounds === undefined) return item
  if (isNullable(item)) throw new Unsupported('repetition of something that can be empty')
  const isGreedy = cursor.source[cursor.at] !== '?'
  if (!isGreedy) cursor.at += 1
  return { kind: 'repeat', item, min: bounds[0], max: bounds[1], isGreedy }
}

function parseBounds(cursor: Cursor): readonly [number, number] | undefined {
  const sign = cursor.source[cursor.at]
  if (sign === '*' || sign === '+' || sign === '?') {
    cursor.at += 1
    return [sign === '+' ? 1 : 0, sign === '?' ? 1 : Number.POSITIVE_INFINITY]
  }
  if (sign !== '{') return undefined
  const written = /^\{(\d{1,4})(?:(,)(\d{1,4})?)?\}/.exec(cursor.source.slice(cursor.at, cursor.at + 12))
  if (written === null) throw new Unsupported('a brace that is no quantifier')
  cursor.at += written[0].length
  const min = Number(written[1])
  const max = written[2] === undefined ? min : Number(written[3] ?? Number.POSITIVE_INFINITY)
  if (max < min || min > REPEAT_MAX || (Number.isFinite(max) && max > REPEAT_MAX))
    throw new Unsupported('quantifier bounds')
  return [min, max]
}

function isNullable(node: RegexNode): boolean {
  switch (node.kind) {
    case 'empty':
    case 'assertion':
      return true
    case 'set':
      return false
    case 'sequence':
      return node.items.every(isNullable)
    case 'choice':
      return node.options.some(isNullable)
    case 'repeat':
      return node.min === 0 || isNullable(node.item)
  }
}

function parseAtom(cursor: Cursor): RegexNode {
  const character = cursor.source[cursor.at] ?? ''
  cursor.at += 1
  switch (character) {
    case '(':
      return parseGroup(cursor)
    case '[':
      return parseClass(cursor)
    case '.':
      return { kind: 'set', ranges: LINE_END, isNegated: true }
    case '^':
      return { kind: 'assertion', what: 'start' }
    case '$':
      return { kind: 'assertion', what: 'end' }
    case '\\':
      return parseEscape(cursor)
    case '*':
    case '+':
    case '?':
    case '{':
    case '}':
    case ']':
      throw new Unsupported(`a bare ${character}`)
    default:
      return literal(character.charCodeAt(0))
  }
}

function literal(code: number): RegexNode {
  return { kind: 'set', ranges: [code, code], isNegated: false }
}

function parseGroup(cursor: Cursor): RegexNode {
  if (cursor.source.startsWith('?:', cursor.at)) cursor.at += 2
  else if (cursor.source[cursor.at] === '?') throw new Unsupported('look-around, named group or modifier')
  cursor.depth += 1
  if (cursor.depth > 50) throw new Unsupported('nesting')
  const inner = parseChoice(cursor)
  if (cursor.source[cursor.at] !== ')') throw new Unsupported('an open group')
  cursor.at += 1
  cursor.depth -= 1
  return inner
}

function parseEscape(cursor: Cursor): RegexNode {
  if (cursor.source[cursor.at] === 'b' || cursor.source[cursor.at] === 'B') {
    const what = cursor.source[cursor.at] === 'b' ? 'word-boundary' : 'no-word-boundary'
    cursor.at += 1
    return { kind: 'assertion', what }
  }
  const escaped = parseEscapedSet(cursor)
  return typeof escaped === 'number' ? literal(escaped) : { kind: 'set', ...escaped }
}

type EscapedSet = { readonly ranges: CodeRanges; readonly isNegated: boolean }

const CONTROL_ESCAPES: Readonly<Record<string, number>> = { t: 0x09, n: 0x0a, v: 0x0b, f: 0x0c, r: 0x0d }
const SET_ESCAPES: Readonly<Record<string, CodeRanges>> = { d: DIGIT, w: WORD, s: SPACE }

/** What follows a backslash: one code unit, or a class such as `\d`. */
function parseEscapedSet(cursor: Cursor): number | EscapedSet {
  const character = cursor.source[cursor.at] ?? ''
  cursor.at += 1
  const control = CONTROL_ESCAPES[character]
  if (control !== undefined) return control
  const ranges = SET_ESCAPES[character.toLowerCase()]
  if (ranges !== undefined) return { ranges, isNegated: character !== character.toLowerCase() }
  if (character === 'x' || character === 'u') {
    const digits = cursor.source.slice(cursor.at, cursor.at + (character === 'x' ? 2 : 4))
    if (!/^[0-9a-fA-F]+$/.test(digits) || digits.length !== (character === 'x' ? 2 : 4))
      throw new Unsupported('a bad escape')
    cursor.at += digits.length
    return Number.parseInt(digits, 16)
  }
  if (character === '' || /[A-Za-z0-9]/.test(character)) throw new Unsupported('a back reference or unknown escape')
  return character.charCodeAt(0)
}

function parseClass(cursor: Cursor): RegexNode {
  const isNegated = cursor.source[cursor.at] === '^'
  if (isNegated) cursor.at += 1
  const ranges: number[] = []
  while (cursor.source[cursor.at] !== ']') {
    const from = parseClassMember(cursor)
    const isRange = cursor.source[cursor.at] === '-' && cursor.source[cursor.at + 1] !== ']'
    if (typeof from !== 'number') {
      if (isRange) throw new Unsupported('a class as end of a range')
      ranges.push(...expandMember(from))
      continue
    }
    if (!isRange) {
      ranges.push(from, from)
      continue
    }
    cursor.at += 1
    const to = parseClassMember(cursor)
    if (typeof to !== 'number' || to < from) throw new Unsupported('a range out of order')
    ranges.push(from, to)
  }
  cursor.at += 1
  return { kind: 'set', ranges, isNegated }
}

function parseClassMember(cursor: Cursor): number | EscapedSet {
  const character = cursor.source[cursor.at]
  if (character === undefined) throw new Unsupported('an open class')
  cursor.at += 1
  if (character !== '\\') return character.charCodeAt(0)
  if (cursor.source[cursor.at] === 'b') {
    cursor.at += 1
    return 0x08
  }
  return parseEscapedSet(cursor)
}

/** The ranges of a class inside a class; a negated one is spelt out. */
function expandMember({ ranges, isNegated }: EscapedSet): readonly number[] {
  if (!isNegated) return ranges
  const expanded: number[] = []
  let next = 0
  for (let index = 0; index < ranges.length; index += 2) {
    const from = ranges[index] ?? 0
    if (from > next) expanded.push(next, from - 1)
    next = (ranges[index + 1] ?? 0) + 1
  }
  if (next <= 0xffff) expanded.push(next, 0xffff)
  return expanded
}
