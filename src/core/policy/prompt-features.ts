import { log } from '../../base/deterministic-math.ts'
import { WORD_CLASSES } from './lexicon.ts'
import { COUNTER, OPTIONS_MAX, WORDS_MAX, createPromptScanner, type PromptScan } from './scan-prompt.ts'

const SHAPE_FEATURES = [
  'chars',
  'words',
  'stemChars',
  'optionCount',
  'optionCharsMean',
  'optionCharsMax',
  'optionCharsMin',
  'optionCharsSpread',
  'optionWords',
  'sentenceWords',
  'wordLength',
] as const

/** Counters that are features as they are. */
const COUNTED_FEATURES = [
  'digits',
  'upper',
  'wide',
  'symbols',
  'punctuation',
  'newlines',
  'sentences',
  'questions',
  'quotes',
  'brackets',
  'braces',
  'underscores',
  'pipes',
  'dollars',
  'percents',
  'backslashes',
  'colons',
  'commas',
  'hyphens',
  'numbers',
  'decimals',
  'largeNumbers',
  'longWords',
  'capitalWords',
  'upperWords',
  'upperNegations',
] as const satisfies readonly (keyof typeof COUNTER)[]

/** Shares between 0 and 1; all others are counts c and enter as log(1 + c). */
const SHARE_FEATURES = [
  'stemIsQuestion',
  'longWordShare',
  'contentShare',
  'typeTokenRatio',
  'stemTypeTokenRatio',
  'optionOverlap',
  'optionOverlapNew',
  'optionDistinctShare',
  'optionDigitShare',
  'optionWordsInStem',
  'stemWordsInOptions',
  'optionFirstShared',
  'optionLastShared',
  'optionNegation',
  'optionTruth',
] as const

/** Names of the prompt's dense features, in order. Part of the recipe of an artefact: an artefact made for other names is refused. */
export const PROMPT_FEATURES: readonly string[] = [
  ...SHAPE_FEATURES,
  ...COUNTED_FEATURES,
  ...SHARE_FEATURES,
  ...WORD_CLASSES.map((name) => `${name}Words`),
]

const COUNTED_PLACES = COUNTED_FEATURES.map((name) => COUNTER[name])
const COUNTED_FROM = SHAPE_FEATURES.length
const SHARES_FROM = COUNTED_FROM + COUNTED_FEATURES.length
const CLASSES_FROM = SHARES_FROM + SHARE_FEATURES.length

/** What the extractor sees in a prompt; overwritten by the next prompt. */
export type PromptFeatures = {
  /** The prompt itself. */
  readonly text: string
  /** One value per name of `PROMPT_FEATURES`. */
  readonly dense: Float64Array
  /** Hashes of the words in order and the option each stands in; `wordCount` of them. */
  readonly scan: PromptScan
}

/** Turns a prompt into numbers. Deterministic: the same prompt gives the same bits everywhere. One call at a time. */
export type FeatureExtractor = { extract(prompt: string): PromptFeatures }

export function createFeatureExtractor(): FeatureExtractor {
  const scanner = createPromptScanner()
  const logs = createLogTable()
  const table = createOverlapTable()
  const dense = new Float64Array(PROMPT_FEATURES.length)
  return {
    extract(prompt: string): PromptFeatures {
      const scan = scanner.scan(prompt)
      writeShape(scan, dense, logs)
      for (let i = 0; i < COUNTED_PLACES.length; i += 1) {
        dense[COUNTED_FROM + i] = logOfCount(logs, scan.counts[COUNTED_PLACES[i] ?? 0] ?? 0)
      }
      writeShares(scan, dense, table)
      for (let i = 0; i < WORD_CLASSES.length; i += 1)
        dense[CLASSES_FROM + i] = logOfCount(logs, scan.classCounts[i] ?? 0)
      return { text: prompt, dense, scan }
    },
  }
}

/** log(1 + c) for small whole counts, so that most features cost one read. */
function createLogTable(): Float64Array {
  const logs = new Float64Array(1024)
  for (let count = 0; count < logs.length; count += 1) logs[count] = log(1 + count)
  return logs
}

function logOfCount(logs: Float64Array, count: number): number {
  return count < 1024 && count === Math.floor(count) ? (logs[count] ?? 0) : log(1 + count)
}

function writeShape(scan: PromptScan, dense: Float64Array, logs: Float64Array): void {
  const { optionCount, optionLengths, counts, wordCount } = scan
  let sum = 0
  let largest = 0
  let smallest = optionCount > 0 ? Number.POSITIVE_INFINITY : 0
  for (let option = 1; option <= optionCount; option += 1) {
    const length = optionLengths[option] ?? 0
    sum += length
    if (length > largest) largest = length
    if (length < smallest) smallest = length
  }
  let optionWords = 0
  for (let i = 0; i < wordCount; i += 1) if ((scan.regions[i] ?? 0) > 0) optionWords += 1
  const words = wordCount > 0 ? wordCount : 1
  const sentences = counts[COUNTER.sentences] ?? 0
  dense[0] = logOfCount(logs, scan.length)
  dense[1] = logOfCount(logs, wordCount)
  dense[2] = logOfCount(logs, scan.stemLength)
  dense[3] = logOfCount(logs, optionCount)
  dense[4] = logOfCount(logs, optionCount > 0 ? sum / optionCount : 0)
  dense[5] = logOfCount(logs, largest)
  dense[6] = logOfCount(logs, smallest)
  dense[7] = logOfCount(logs, largest - smallest)
  dense[8] = logOfCount(logs, optionWords)
  dense[9] = logOfCount(logs, wordCount / (sentences > 0 ? sentences : 1))
  dense[10] = logOfCount(logs, (counts[COUNTER.wordLetters] ?? 0) / words)
}

function writeShares(scan: PromptScan, dense: Float64Array, table: OverlapTable): void {
  const overlap = measureOverlap(scan, table)
  const { optionCount, wordCount, optionClassCounts, classCounts, counts } = scan
  const words = wordCount > 0 ? wordCount : 1
  const options = optionCount > 0 ? optionCount : 1
  const optionWords = overlap.optionWords > 0 ? overlap.optionWords : 1
  let withDigits = 0
  for (let option = 1; option <= optionCount; option += 1) if ((scan.optionDigits[option] ?? 0) > 0) withDigits += 1
  const at = SHARES_FROM
  dense[at] = scan.isStemQuestion ? 1 : 0
  dense[at + 1] = (counts[COUNTER.longWords] ?? 0) / words
  dense[at + 2] = 1 - (classCounts[WORD_CLASSES.indexOf('function')] ?? 0) / words
  dense[at + 3] = overlap.distinct / words
  dense[at + 4] = overlap.stemWords > 0 ? overlap.stemDistinct / overlap.stemWords : 1
  dense[at + 5] = overlap.shared / optionWords
  dense[at + 6] = overlap.newWords > 0 ? overlap.newShared / overlap.newWords : 0
  dense[at + 7] = overlap.optionWords > 0 ? overlap.optionDistinct / overlap.optionWords : 1
  dense[at + 8] = withDigits / options
  dense[at + 9] = (overlap.optionWords - overlap.newWords) / optionWords
  dense[at + 10] = overlap.stemDistinct > 0 ? overlap.inBoth / overlap.stemDistinct : 0
  dense[at + 11] = shareOfEqual(overlap.first, optionCount)
  dense[at + 12] = shareOfEqual(overlap.last, optionCount)
  dense[at + 13] = Math.min(1, (optionClassCounts[WORD_CLASSES.indexOf('negation')] ?? 0) / options)
  dense[at + 14] = Math.min(1, (optionClassCounts[WORD_CLASSES.indexOf('truth')] ?? 0) / options)
}

/** Share of the options whose word (first or last) another option has too. */
function shareOfEqual(hashes: Int32Array, optionCount: number): number {
  let equal = 0
  for (let a = 1; a <= optionCount; a += 1) {
    for (let b = 1; b <= optionCount; b += 1) {
      if (a !== b && hashes[a] !== 0 && hashes[a] === hashes[b]) {
        equal += 1
        break
      }
    }
  }
  return optionCount > 0 ? equal / optionCount : 0
}

/**
 * Which words the options share among themselves and with the stem. Options that recombine the same words ("wrong, not
 * wrong", "I and II only") ask for several judgements at once, which small models often fail.
 */
type Overlap = {
  /** Distinct words of the prompt, of the stem, of the options, of both. */
  distinct: number
  stemDistinct: number
  optionDistinct: number
  inBoth: number
  stemWords: number
  optionWords: number
  /** Words of options that another option has too. */
  shared: number
  /** Words of options that the stem does not have, and those of them that another option has too. */
  newWords: number
  newShared: number
  /** Hash of the first and last word of each option; 0 when it has none. */
  readonly first: Int32Array
  readonly last: Int32Array
}

type OverlapTable = {
  readonly keys: Int32Array
  /** Bit r: the word occurs in region r. 0 marks an empty slot. */
  readonly regions: Int32Array
  /** Slot of each word of the prompt. */
  readonly slots: Int32Array
  readonly overlap: Overlap
}

const SLOTS = 2 * WORDS_MAX

function createOverlapTable(): OverlapTable {
  return {
    keys: new Int32Array(SLOTS),
    regions: new Int32Array(SLOTS),
    slots: new Int32Array(WORDS_MAX),
    overlap: {
      distinct: 0,
      stemDistinct: 0,
      optionDistinct: 0,
      inBoth: 0,
      stemWords: 0,
      optionWords: 0,
      shared: 0,
      newWords: 0,
      newShared: 0,
      first: new Int32Array(OPTIONS_MAX + 1),
      last: new Int32Array(OPTIONS_MAX + 1),
    },
  }
}

function measureOverlap(scan: PromptScan, table: OverlapTable): Overlap {
  const { keys, regions, slots, overlap } = table
  const { words, wordCount } = scan
  overlap.distinct = 0
  overlap.first.fill(0)
  overlap.last.fill(0)
  for (let i = 0; i < wordCount; i += 1) {
    const hash = words[i] ?? 0
    const region = scan.regions[i] ?? 0
    let slot = (hash ^ (hash >>> 15)) & (SLOTS - 1)
    while (regions[slot] !== 0 && keys[slot] !== hash) slot = (slot + 1) & (SLOTS - 1)
    if (regions[slot] === 0) {
      keys[slot] = hash
      overlap.distinct += 1
    }
    regions[slot] = (regions[slot] ?? 0) | (1 << region)
    slots[i] = slot
    if (overlap.first[region] === 0) overlap.first[region] = hash
    overlap.last[region] = hash
  }
  countOverlap(scan, table)
  for (let i = 0; i < wordCount; i += 1) regions[slots[i] ?? 0] = 0
  return overlap
}

function countOverlap(scan: PromptScan, { regions, slots, overlap }: OverlapTable): void {
  overlap.stemDistinct = 0
  overlap.optionDistinct = 0
  overlap.inBoth = 0
  overlap.stemWords = 0
  overlap.optionWords = 0
  overlap.shared = 0
  overlap.newWords = 0
  overlap.newShared = 0
  for (let i = 0; i < scan.wordCount; i += 1) {
    const slot = slots[i] ?? 0
    const seen = regions[slot] ?? 0
    const options = seen & ~COUNTED & ~1
    const isInStem = (seen & 1) !== 0
    const isShared = (options & (options - 1)) !== 0
    if ((seen & COUNTED) === 0) {
      regions[slot] = seen | COUNTED
      if (isInStem) overlap.stemDistinct += 1
      if (options !== 0) overlap.optionDistinct += 1
      if (isInStem && options !== 0) overlap.inBoth += 1
    }
    if ((scan.regions[i] ?? 0) === 0) {
      overlap.stemWords += 1
      continue
    }
    overlap.optionWords += 1
    if (isShared) overlap.shared += 1
    if (isInStem) continue
    overlap.newWords += 1
    if (isShared) overlap.newShared += 1
  }
}

/** Bit that marks a slot as counted; above every region's bit. */
const COUNTED = 1 << (OPTIONS_MAX + 1)
