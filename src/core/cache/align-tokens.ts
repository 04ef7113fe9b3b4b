import type { QuestionToken } from '../text/question-tokens.ts'
import { isWithinEdits } from '../text/edit-distance.ts'
import { areOpposites } from '../text/opposites.ts'

/** How the words of two questions correspond. Every token is in a pair or in one of the two rests. */
export type TokenAlignment = {
  /** `partnerOf[i]` is the index in the second question of token i of the first; -1 for none. */
  readonly partnerOf: Int16Array
  readonly restFirst: readonly QuestionToken[]
  readonly restSecond: readonly QuestionToken[]
  /** Pairs whose words differ only by inflection. */
  readonly inflections: number
  /** Pairs of content words one or two letters apart, and the hashes of their stems, two by two. */
  readonly misspellings: readonly number[]
  /** Words written as one in one question and as two in the other. */
  readonly compounds: number
  /** Adjacent pairs that are adjacent in the other question too. */
  readonly runs: number
  /** How often the matched words that carry meaning change their order. */
  readonly inversions: number
}

/** Shortest word that may count as a misspelling of another, and the length from which two letters may differ. */
const MISSPELT_LENGTH_MIN = 4
const TWO_EDITS_LENGTH_MIN = 8

/** Greedy, left to right: equal words first, then equal stems, then joined words, then misspellings. Symmetric but for ties. */
export function alignTokens(first: readonly QuestionToken[], second: readonly QuestionToken[]): TokenAlignment {
  const partnerOf = new Int16Array(first.length).fill(-1)
  const isTaken = new Uint8Array(second.length)
  pairEqual(first, second, { partnerOf, isTaken, by: 'word' })
  const inflections = pairEqual(first, second, { partnerOf, isTaken, by: 'stem' })
  const misspellings = pairMisspelt(first, second, { partnerOf, isTaken })
  const compounds = pairCompounds(first, second, { partnerOf, isTaken })
  const restFirst: QuestionToken[] = []
  const restSecond: QuestionToken[] = []
  let runs = 0
  let inversions = 0
  let previous = -1
  let previousMeaning = -1
  for (let i = 0; i < first.length; i += 1) {
    const partner = partnerOf[i] ?? -1
    const token = first[i]
    if (token === undefined) break
    if (partner < 0) {
      restFirst.push(token)
      continue
    }
    if (partner === previous + 1) runs += 1
    previous = partner
    if (carriesMeaning(token)) {
      if (partner < previousMeaning) inversions += 1
      previousMeaning = partner
    }
  }
  for (let j = 0; j < second.length; j += 1) {
    const token = second[j]
    if (isTaken[j] === 0 && token !== undefined) restSecond.push(token)
  }
  return { partnerOf, restFirst, restSecond, inflections, misspellings, compounds, runs, inversions }
}

/** Content words, negations, degrees, numbers and symbols; the others only join them. */
export function carriesMeaning({ kind }: QuestionToken): boolean {
  return kind === 'content' || kind === 'negation' || kind === 'degree' || kind === 'number' || kind === 'symbol'
}

type Pairing = { readonly partnerOf: Int16Array; readonly isTaken: Uint8Array }

function pairEqual(
  first: readonly QuestionToken[],
  second: readonly QuestionToken[],
  { partnerOf, isTaken, by }: Pairing & { readonly by: 'word' | 'stem' },
): number {
  let pairs = 0
  for (let i = 0; i < first.length; i += 1) {
    const value = first[i]?.[by]
    if (partnerOf[i] !== -1) continue
    for (let j = 0; j < second.length; j += 1) {
      if (isTaken[j] === 1 || second[j]?.[by] !== value) continue
      partnerOf[i] = j
      isTaken[j] = 1
      pairs += 1
      break
    }
  }
  return pairs
}

function pairMisspelt(
  first: readonly QuestionToken[],
  second: readonly QuestionToken[],
  { partnerOf, isTaken }: Pairing,
): readonly number[] {
  const hashes: number[] = []
  for (let i = 0; i < first.length; i += 1) {
    const token = first[i]
    if (token === undefined || token.kind !== 'content' || partnerOf[i] !== -1) continue
    for (let j = 0; j < second.length; j += 1) {
      const other = second[j]
      if (other === undefined || other.kind !== 'content' || isTaken[j] === 1) continue
      if (!isMisspelling(token, other)) continue
      partnerOf[i] = j
      isTaken[j] = 1
      hashes.push(token.stemHash, other.stemHash)
      break
    }
  }
  return hashes
}

function isMisspelling(one: QuestionToken, other: QuestionToken): boolean {
  const length = Math.min(one.word.length, other.word.length)
  if (length < MISSPELT_LENGTH_MIN || areOpposites(one.stem, other.stem)) return false
  return isWithinEdits(one.word, other.word, length >= TWO_EDITS_LENGTH_MIN ? 2 : 1)
}

function pairCompounds(
  first: readonly QuestionToken[],
  second: readonly QuestionToken[],
  { partnerOf, isTaken }: Pairing,
): number {
  let compounds = 0
  for (let i = 0; i < first.length; i += 1) {
    const token = first[i]
    if (token === undefined || token.kind !== 'content' || partnerOf[i] !== -1) continue
    for (let j = 0; j + 1 < second.length; j += 1) {
      if (isTaken[j] === 1 || isTaken[j + 1] === 1 || joined(second, j) !== token.word) continue
      partnerOf[i] = j
      isTaken[j] = 1
      isTaken[j + 1] = 1
      compounds += 1
      break
    }
  }
  for (let j = 0; j < second.length; j += 1) {
    const token = second[j]
    if (token === undefined || token.kind !== 'content' || isTaken[j] === 1) continue
    for (let i = 0; i + 1 < first.length; i += 1) {
      if (partnerOf[i] !== -1 || partnerOf[i + 1] !== -1 || joined(first, i) !== token.word) continue
      partnerOf[i] = j
      partnerOf[i + 1] = j
      isTaken[j] = 1
      compounds += 1
      break
    }
  }
  return compounds
}

function joined(tokens: readonly QuestionToken[], at: number): string {
  return (tokens[at]?.word ?? '') + (tokens[at + 1]?.word ?? '')
}
