import {
  FNV_OFFSET,
  FNV_PRIME,
  NEGATION_BIT,
  WORD_CLASSES,
  classesOfWord,
  createLexicon,
  type Lexicon,
} from './lexicon.ts'

/** Longest prefix of a prompt that is read, in UTF-16 code units; the full length still counts. */
export const SCAN_LIMIT = 16_384
/** Most words of a prompt that are kept; further words are left out. */
export const WORDS_MAX = 4096
/** Most lettered options that are told apart. */
export const OPTIONS_MAX = 12

/** Places of the counters in `PromptScan.counts`. */
export const COUNTER = {
  ignored: 0,
  digits: 1,
  upper: 2,
  wide: 3,
  symbols: 4,
  punctuation: 5,
  newlines: 6,
  sentences: 7,
  questions: 8,
  quotes: 9,
  brackets: 10,
  braces: 11,
  underscores: 12,
  pipes: 13,
  dollars: 14,
  percents: 15,
  backslashes: 16,
  colons: 17,
  commas: 18,
  hyphens: 19,
  numbers: 20,
  decimals: 21,
  largeNumbers: 22,
  longWords: 23,
  wordLetters: 24,
  capitalWords: 25,
  upperWords: 26,
  upperNegations: 27,
} as const

const COUNTERS = 28

/**
 * What one pass over a prompt sees. The object belongs to the scanner and is overwritten by the next scan.
 *
 * ```
 * words    hash of each word or number, in order        [ which | of | these | red | blue ]
 * regions  where it stands: 0 stem, 1 first option ...   [   0   | 0  |   0   |  1  |  2   ]
 * ```
 */
export type PromptScan = {
  /** UTF-16 code units of the whole prompt. */
  length: number
  wordCount: number
  /** `wordCount` of them; words beyond `WORDS_MAX` are left out. */
  readonly words: Int32Array
  readonly regions: Uint8Array
  readonly counts: Int32Array
  /** Words per class of the lexicon. */
  readonly classCounts: Int32Array
  /** The same within the options. */
  readonly optionClassCounts: Int32Array
  optionCount: number
  /** Characters and digits of each option; place 0 is unused. */
  readonly optionLengths: Int32Array
  readonly optionDigits: Int32Array
  /** Code units before the first option; the whole prompt when there is none. */
  stemLength: number
  isStemQuestion: boolean
}

/** Reads prompts; one at a time, since the scan is reused. */
export type PromptScanner = { scan(text: string): PromptScan }

export function createPromptScanner(): PromptScanner {
  const lexicon = createLexicon()
  const kinds = createSymbolKinds()
  const scan: PromptScan = {
    length: 0,
    wordCount: 0,
    words: new Int32Array(WORDS_MAX),
    regions: new Uint8Array(WORDS_MAX),
    counts: new Int32Array(COUNTERS),
    classCounts: new Int32Array(WORD_CLASSES.length),
    optionClassCounts: new Int32Array(WORD_CLASSES.length),
    optionCount: 0,
    optionLengths: new Int32Array(OPTIONS_MAX + 1),
    optionDigits: new Int32Array(OPTIONS_MAX + 1),
    stemLength: 0,
    isStemQuestion: false,
  }
  const reader: Reader = { scan, text: '', end: 0, at: 0, region: 0, lastVisible: 0, lexicon, kinds }
  return {
    scan(text: string): PromptScan {
      reader.text = text
      reader.end = Math.min(text.length, SCAN_LIMIT)
      reader.at = 0
      reader.region = 0
      reader.lastVisible = 0
      clear(scan, text.length)
      read(reader)
      return scan
    },
  }
}

type Reader = {
  readonly scan: PromptScan
  text: string
  end: number
  at: number
  region: number
  /** Code of the last character that is not blank; any letter is 97, any digit 48. */
  lastVisible: number
  readonly lexicon: Lexicon
  readonly kinds: Uint8Array
}

function clear(scan: PromptScan, length: number): void {
  scan.length = length
  scan.wordCount = 0
  scan.optionCount = 0
  scan.stemLength = length
  scan.isStemQuestion = false
  scan.counts.fill(0)
  scan.classCounts.fill(0)
  scan.optionClassCounts.fill(0)
  scan.optionLengths.fill(0)
  scan.optionDigits.fill(0)
}

function read(reader: Reader): void {
  const { scan, text, end } = reader
  let isLineStart = true
  while (reader.at < end) {
    const code = text.charCodeAt(reader.at)
    if (isLineStart && code > 32) {
      isLineStart = false
      if (startsOption(reader, code)) continue
      // A last line that names the slot of the answer ("Answer:") belongs to no option.
      if (reader.region > 0 && code === 65 && text.startsWith('Answer', reader.at)) reader.region = 0
    }
    if (isLetter(code)) readWord(reader)
    else if (isDigit(code)) readNumber(reader)
    else {
      if (code === 10) isLineStart = true
      readSymbol(reader, code)
    }
  }
  if (scan.optionCount === 0) scan.isStemQuestion = reader.lastVisible === 63
}

/** Whether the line starts the next lettered option: `A.`, `b)`, `C:` in order, followed by a blank. */
function startsOption(reader: Reader, code: number): boolean {
  const { scan, text, at, end } = reader
  if (reader.region >= OPTIONS_MAX || (code | 32) !== 97 + reader.region || at + 2 >= end) return false
  const mark = text.charCodeAt(at + 1)
  if ((mark !== 46 && mark !== 41 && mark !== 58) || text.charCodeAt(at + 2) > 32) return false
  if (reader.region === 0) {
    scan.stemLength = at
    scan.isStemQuestion = reader.lastVisible === 63
  }
  reader.region += 1
  scan.optionCount = reader.region
  reader.at += 2
  return true
}

function readWord(reader: Reader): void {
  const { scan, text, end, at: from } = reader
  let hash: number = FNV_OFFSET
  let upper = 0
  let wide = 0
  let at = from
  for (; at < end; at += 1) {
    let code = text.charCodeAt(at)
    if (code >= 65 && code <= 90) {
      upper += 1
      code |= 32
    } else if (code === 39 || code === 0x2019) {
      if (at + 1 >= end || !isLetter(text.charCodeAt(at + 1))) break
      code = 39
    } else if (code < 97 || code > 122) {
      if (!isWideLetter(code)) break
      wide += 1
    }
    hash = Math.imul(hash ^ code, FNV_PRIME)
  }
  reader.at = at
  reader.lastVisible = 97
  const size = at - from
  const { counts } = scan
  add(counts, COUNTER.upper, upper)
  add(counts, COUNTER.wide, wide)
  add(counts, COUNTER.wordLetters, size)
  if (size >= 9) add(counts, COUNTER.longWords, 1)
  const isUpper = size > 1 && upper === size
  if (isUpper) add(counts, COUNTER.upperWords, 1)
  else if (upper > 0) add(counts, COUNTER.capitalWords, 1)
  countClasses(reader, classesOfWord(reader.lexicon, hash | 0), isUpper)
  keepWord(reader, hash | 0, size)
}

function countClasses({ scan, region }: Reader, classes: number, isUpper: boolean): void {
  if (isUpper && (classes & NEGATION_BIT) !== 0) add(scan.counts, COUNTER.upperNegations, 1)
  for (let bits = classes, bit = 0; bits !== 0; bits >>>= 1, bit += 1) {
    if ((bits & 1) === 0) continue
    add(scan.classCounts, bit, 1)
    if (region > 0) add(scan.optionClassCounts, bit, 1)
  }
}

function readNumber(reader: Reader): void {
  const { scan, text, end, at: from } = reader
  let hash = 0x9e3779b9
  let digits = 0
  let wholeDigits = 0
  let isDecimal = false
  let at = from
  for (; at < end; at += 1) {
    const code = text.charCodeAt(at)
    if (isDigit(code)) {
      digits += 1
      if (!isDecimal) wholeDigits += 1
    } else if ((code === 46 || code === 44) && at + 1 < end && isDigit(text.charCodeAt(at + 1))) {
      if (code === 46) isDecimal = true
    } else break
    hash = Math.imul(hash ^ code, FNV_PRIME)
  }
  reader.at = at
  reader.lastVisible = 48
  const { counts, optionDigits } = scan
  add(counts, COUNTER.digits, digits)
  add(counts, COUNTER.numbers, 1)
  if (isDecimal) add(counts, COUNTER.decimals, 1)
  if (wholeDigits >= 3) add(counts, COUNTER.largeNumbers, 1)
  if (reader.region > 0) add(optionDigits, reader.region, digits)
  keepWord(reader, hash | 0, at - from)
}

function keepWord({ scan, region }: Reader, hash: number, size: number): void {
  const at = scan.wordCount
  if (at < WORDS_MAX) {
    scan.words[at] = hash
    scan.regions[at] = region
    scan.wordCount = at + 1
  }
  if (region > 0) add(scan.optionLengths, region, size)
}

function readSymbol(reader: Reader, code: number): void {
  const { scan, region } = reader
  reader.at += 1
  if (region > 0) add(scan.optionLengths, region, 1)
  if (code <= 32 && code !== 10) return
  if (code !== 10) reader.lastVisible = code
  const kind = code < 128 ? (reader.kinds[code] ?? 0) : wideKind(code)
  add(scan.counts, kind, 1)
  if (kind === COUNTER.questions) add(scan.counts, COUNTER.sentences, 1)
  if (kind === COUNTER.sentences || kind === COUNTER.commas || kind === COUNTER.colons)
    add(scan.counts, COUNTER.punctuation, 1)
  if (kind === COUNTER.dollars || kind === COUNTER.percents || kind === COUNTER.backslashes)
    add(scan.counts, COUNTER.symbols, 1)
}

function wideKind(code: number): number {
  return code >= 0x2018 && code <= 0x201f ? COUNTER.quotes : COUNTER.symbols
}

function createSymbolKinds(): Uint8Array {
  const kinds = new Uint8Array(128)
  const groups: readonly (readonly [string, number])[] = [
    ['\n', COUNTER.newlines],
    ['.!', COUNTER.sentences],
    ['?', COUNTER.questions],
    [',', COUNTER.commas],
    [';:', COUNTER.colons],
    ['-', COUNTER.hyphens],
    ['"\'`', COUNTER.quotes],
    ['()', COUNTER.brackets],
    ['[]{}', COUNTER.braces],
    ['_', COUNTER.underscores],
    ['|', COUNTER.pipes],
    ['$', COUNTER.dollars],
    ['%', COUNTER.percents],
    ['\\', COUNTER.backslashes],
    ['+*/=<>^~', COUNTER.symbols],
  ]
  for (const [characters, kind] of groups) for (const character of characters) kinds[character.charCodeAt(0)] = kind
  return kinds
}

function add(counters: Int32Array, at: number, by: number): void {
  counters[at] = (counters[at] ?? 0) + by
}

function isDigit(code: number): boolean {
  return code >= 48 && code <= 57
}

function isLetter(code: number): boolean {
  return (code >= 97 && code <= 122) || (code >= 65 && code <= 90) || isWideLetter(code)
}

/** Letters beyond ASCII: everything from U+00C0 on but the blocks of punctuation, arrows and operators. */
function isWideLetter(code: number): boolean {
  return (
    code >= 192 &&
    code !== 215 &&
    code !== 247 &&
    (code < 0x2000 || (code > 0x2bff && (code < 0x3000 || code > 0x303f)))
  )
}
