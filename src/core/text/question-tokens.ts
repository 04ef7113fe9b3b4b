import { FUNCTION_WORDS } from './function-words.ts'
import { stemOf } from './stem.ts'
import { DIALECT_WORDS, NUMBER_WORDS, WORD_KINDS, type TokenKind } from './word-kinds.ts'

/** One word, number or meaningful symbol of a question. */
export type QuestionToken = {
  /** Lower case, without apostrophes; numbers without thousands separators and ordinal endings. */
  readonly word: string
  /** The word without its inflection; equal to `word` for function words, numbers and symbols. */
  readonly stem: string
  readonly stemHash: number
  readonly kind: TokenKind
  /** Written with a capital although no sentence starts here: usually a name. */
  readonly isCapitalised: boolean
}

/** Texts are compared by at most this many tokens; a longer text never passes the similarity tier. */
export const TOKENS_MAX = 128

const TOKEN_PATTERN =
  /\d+(?:[.,]\d+)*(?:st|nd|rd|th)?|[\p{L}\p{N}\p{M}]+(?:['’][\p{L}]+)*(?:\+\+|#)?|[^\s\p{L}\p{N}\p{M}]/gu
const WORD_START = /[\p{L}\p{N}\p{M}]/u
const CAPITAL = /^\p{Lu}/u

/** Punctuation that does not change what is asked. Every other symbol counts ("C" is not "C#", "=" is not "=="). */
const SILENT_MARKS: ReadonlySet<string> = new Set('.,?!;:\'"()-–—…’‘“”`*[]_/')
const SENTENCE_ENDS: ReadonlySet<string> = new Set('.?!')
const FUNCTION_WORD_SET: ReadonlySet<string> = new Set(FUNCTION_WORDS)
const CONTRACTED: ReadonlyMap<string, string> = new Map([
  ['re', 'are'],
  ['ve', 'have'],
  ['ll', 'will'],
  ['m', 'am'],
  ['d', 'would'],
])

/** Reads a question into tokens, contractions spelled out. Stops after `TOKENS_MAX` + 1 tokens, so that a caller can see that there were more. */
export function questionTokens(text: string): readonly QuestionToken[] {
  const tokens: QuestionToken[] = []
  let startsSentence = true
  for (const [piece] of text.matchAll(TOKEN_PATTERN)) {
    if (tokens.length > TOKENS_MAX) break
    if (!WORD_START.test(piece)) {
      if (SENTENCE_ENDS.has(piece)) startsSentence = true
      if (!SILENT_MARKS.has(piece)) tokens.push(symbolToken(piece))
      continue
    }
    pushWord(tokens, piece, !startsSentence && CAPITAL.test(piece))
    startsSentence = false
  }
  return tokens
}

function pushWord(tokens: QuestionToken[], piece: string, isCapitalised: boolean): void {
  const lower = piece.toLowerCase().replaceAll('’', "'")
  const at = lower.indexOf("'")
  if (at < 0) {
    tokens.push(wordToken(lower, isCapitalised))
    return
  }
  const head = lower.slice(0, at)
  const tail = lower.slice(at + 1)
  const spelledOut = CONTRACTED.get(tail)
  if (tail === 't' && head.endsWith('n')) {
    tokens.push(wordToken(uncontracted(head), false), wordToken('not', false))
  } else if (spelledOut !== undefined) {
    tokens.push(wordToken(head, isCapitalised), wordToken(spelledOut, false))
  } else if (tail === 's') {
    const token = wordToken(head, isCapitalised)
    tokens.push(token)
    if (token.kind === 'question' || token.kind === 'pronoun' || token.kind === 'article')
      tokens.push(wordToken('is', false))
  } else {
    tokens.push(wordToken(lower.replaceAll("'", ''), isCapitalised))
  }
}

function uncontracted(head: string): string {
  if (head === 'can') return head
  if (head === 'won') return 'will'
  if (head === 'shan') return 'shall'
  return head.slice(0, -1)
}

function wordToken(lower: string, isCapitalised: boolean): QuestionToken {
  const spelled = DIALECT_WORDS.get(lower) ?? lower
  const word = NUMBER_WORDS.get(spelled) ?? spelled
  const first = word.charCodeAt(0)
  if (first >= 48 && first <= 57) {
    const digits = word.replaceAll(',', '').replace(/(?:st|nd|rd|th)$/, '')
    return { word: digits, stem: digits, stemHash: hashText(digits), kind: 'number', isCapitalised: false }
  }
  const kind = WORD_KINDS.get(word) ?? (FUNCTION_WORD_SET.has(word) ? 'function' : 'content')
  const stem = kind === 'content' || kind === 'degree' ? stemOf(word) : word
  return { word, stem, stemHash: hashText(stem), kind, isCapitalised }
}

function symbolToken(mark: string): QuestionToken {
  const isAnd = mark === '&'
  const word = isAnd ? 'and' : mark
  return { word, stem: word, stemHash: hashText(word), kind: isAnd ? 'conjunction' : 'symbol', isCapitalised: false }
}

/** FNV-1a over UTF-16 code units with a final mix; unsigned 32 bits. */
export function hashText(text: string): number {
  let hash = 0x811c9dc5
  for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193)
  return mixHash(hash)
}

/** Spreads every input bit over all 32; unsigned. */
export function mixHash(value: number): number {
  let hash = value | 0
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}
