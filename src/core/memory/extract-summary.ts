import { FUNCTION_WORDS } from '../text/function-words.ts'
import { stemOf } from '../text/stem.ts'
import { truncateToTokens } from './truncate-to-tokens.ts'

export type ExtractInit = {
  /** Whether a candidate is small enough; must hold for `''`. */
  readonly fits: (text: string) => boolean
}

/** Sentences that are looked at; older ones are left out. */
const SENTENCES_MAX = 512
/** Words of a sentence that count; a longer one is a list or a table. */
const WORDS_MAX = 64
/** A word that the summary has already counts so much less. */
const COVERED_SHARE = 0.1

const FUNCTION_WORD_SET: ReadonlySet<string> = new Set(FUNCTION_WORDS)

type Sentence = { readonly text: string; readonly place: number; readonly words: readonly string[] }

/**
 * A summary without a model: the sentences of `texts`, oldest first, that say most of what is said more than once or
 * measured, in their own words and order. Each next sentence is the one that adds most per word to what the summary has;
 * of equal ones the newest. Where no sentence fits, the best one is cut.
 *
 * @returns At most what `fits` allows; `''` when nothing does.
 */
export function extractSummary(texts: readonly string[], { fits }: ExtractInit): string {
  const sentences = texts
    .flatMap(sentencesOf)
    .slice(-SENTENCES_MAX)
    .map((text, place): Sentence => ({ text, place, words: wordsOf(text) }))
  const weights = weighWords(sentences)
  const chosen: Sentence[] = []
  let first: Sentence | undefined
  const rest = new Set(sentences)
  for (;;) {
    const best = bestOf(rest, weights)
    if (best === undefined) break
    rest.delete(best)
    first ??= best
    if (!fits(joined([...chosen, best]))) continue
    chosen.push(best)
    for (const word of best.words) weights.set(word, (weights.get(word) ?? 0) * COVERED_SHARE)
  }
  return chosen.length > 0 || first === undefined ? joined(chosen) : truncateToTokens(first.text, { fits })
}

function joined(sentences: readonly Sentence[]): string {
  return sentences
    .toSorted((one, other) => one.place - other.place)
    .map(({ text }) => text)
    .join(' ')
}

function sentencesOf(text: string): readonly string[] {
  return text
    .split(/\n+|(?<=[.!?])\s+/)
    .map((sentence) => sentence.trim())
    .filter((sentence) => sentence !== '')
}

/** Different words that say something, without their inflections. */
function wordsOf(sentence: string): readonly string[] {
  const words = new Set<string>()
  for (const [piece] of sentence.matchAll(/[\p{L}\p{N}]+(?:[.,]\p{N}+)*/gu)) {
    if (words.size >= WORDS_MAX) break
    const word = piece.toLowerCase()
    if (!FUNCTION_WORD_SET.has(word)) words.add(stemOf(word))
  }
  return [...words]
}

/** A word weighs as many sentences as it is in; a number at least two, since results are numbers and are said once. */
function weighWords(sentences: readonly Sentence[]): Map<string, number> {
  const weights = new Map<string, number>()
  for (const { words } of sentences) {
    for (const word of words) weights.set(word, (weights.get(word) ?? 0) + 1)
  }
  for (const [word, weight] of weights) if (weight < 2 && /^\p{N}/u.test(word)) weights.set(word, 2)
  return weights
}

function bestOf(sentences: Iterable<Sentence>, weights: ReadonlyMap<string, number>): Sentence | undefined {
  let best: { readonly sentence: Sentence; readonly gain: number } | undefined
  for (const sentence of sentences) {
    let gain = 0
    for (const word of sentence.words) gain += weights.get(word) ?? 0
    gain /= Math.sqrt(sentence.words.length + 4)
    if (best === undefined || gain >= best.gain) best = { sentence, gain }
  }
  return best?.sentence
}
