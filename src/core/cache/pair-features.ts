import { mixHash, type QuestionToken } from '../text/question-tokens.ts'
import { TOKEN_KINDS, type TokenKind } from '../text/word-kinds.ts'
import { pairForm, type ComparablePrompt } from './comparable-prompt.ts'
import { alignTokens, carriesMeaning, type TokenAlignment } from './align-tokens.ts'

/** What is measured of a pair of questions, in this order; `least` and `most` are over the two questions. */
export const PAIR_FEATURES: readonly string[] = Object.freeze([
  'cosine',
  'same-words',
  'overlap',
  'length-least',
  'length-most',
  'length-ratio',
  'misspellings',
  'compounds',
  'inversions',
  'inflections',
  'first-equal',
  'last-equal',
  'names-unmatched',
  'rarity-unmatched-least',
  'rarity-unmatched-most',
  'rarity-unmatched-sum',
  'rarity-unmatched-top',
  'rarity-unmatched-share',
  'meaning-unmatched-least',
  'meaning-unmatched-most',
  'joining-unmatched-least',
  'joining-unmatched-most',
  'runs',
  'one-for-one',
  'first-unmatched',
  'rarity-matched-sum',
  'rarity-matched-top',
  'rarity-matched-second',
  'rarity-matched-bottom',
  'meaning-matched',
  'statement',
  ...TOKEN_KINDS.flatMap((kind) => [`${kind}-least`, `${kind}-most`]),
])

/** How rare a stem is: natural logarithm of the inverse document frequency, 0 to 9. */
export type RarityOf = (stemHash: number) => number

/** A pair of questions as the scorer sees it. */
export type MeasuredPair = {
  /** One number for each of `PAIR_FEATURES`. */
  readonly values: Float64Array
  /** Hashes of the words and substitutions that make the difference, for the lexical weights; unsigned 32 bits. */
  readonly differences: readonly number[]
}

/** The same with what the guards look at. */
export type PairMeasures = MeasuredPair & { readonly alignment: TokenAlignment }

const LENGTH_CAP = 40
const COUNT_CAP = 4
/** Substitutions are listed when at most this many are possible: beyond that the pairing of words is a guess. */
const SUBSTITUTIONS_MAX = 9

/** Measures a pair. Nothing in it depends on which of the two is stored, but for ties in the alignment. */
export function measurePair(
  one: ComparablePrompt,
  other: ComparablePrompt,
  context: { readonly cosine: number; readonly rarityOf: RarityOf },
): PairMeasures {
  const [query, stored] = [one.tokens, other.tokens]
  const alignment = alignTokens(query, stored)
  const values = new Float64Array(PAIR_FEATURES.length)
  let at = writeShape(values, { query, stored, alignment, cosine: context.cosine })
  at = writeRarity(values, at, { query, stored, alignment, rarityOf: context.rarityOf })
  values[at] = pairForm(one, other) === 'statement' ? 1 : 0
  writeKinds(values, at + 1, alignment)
  return { values, differences: differencesOf(alignment), alignment }
}

type Pair = {
  readonly query: readonly QuestionToken[]
  readonly stored: readonly QuestionToken[]
  readonly alignment: TokenAlignment
}

function writeShape(
  values: Float64Array,
  { query, stored, alignment, cosine }: Pair & { readonly cosine: number },
): number {
  const { restFirst, restSecond } = alignment
  const matched = query.length - restFirst.length
  const least = Math.min(query.length, stored.length)
  const most = Math.max(query.length, stored.length)
  const unmatched = restFirst.length + restSecond.length
  values[0] = cosine
  values[1] = unmatched === 0 && alignment.inversions === 0 && alignment.misspellings.length === 0 ? 1 : 0
  values[2] = matched / Math.max(1, query.length + stored.length - matched)
  values[3] = Math.min(LENGTH_CAP, least)
  values[4] = Math.min(LENGTH_CAP, most)
  values[5] = most === 0 ? 1 : least / most
  values[6] = alignment.misspellings.length / 2
  values[7] = alignment.compounds
  values[8] = Math.min(COUNT_CAP, alignment.inversions)
  values[9] = Math.min(COUNT_CAP, alignment.inflections)
  values[10] = query[0]?.word === stored[0]?.word ? 1 : 0
  values[11] = query.at(-1)?.stem === stored.at(-1)?.stem ? 1 : 0
  return 12
}

function writeRarity(values: Float64Array, from: number, pair: Pair & { readonly rarityOf: RarityOf }): number {
  const { query, stored, alignment, rarityOf } = pair
  const first = rarityOfRest(alignment.restFirst, rarityOf)
  const second = rarityOfRest(alignment.restSecond, rarityOf)
  const matched = rarityOfMatched(query, alignment, rarityOf)
  const all = rarityOfRest(query, rarityOf).sum + rarityOfRest(stored, rarityOf).sum
  const isOneForOne = alignment.restFirst.length === 1 && alignment.restSecond.length === 1
  const numbers = [
    Math.min(COUNT_CAP, first.names + second.names),
    Math.min(first.sum, second.sum),
    Math.max(first.sum, second.sum),
    first.sum + second.sum,
    Math.max(first.top, second.top),
    all === 0 ? 0 : (first.sum + second.sum) / all,
    Math.min(first.meaning, second.meaning),
    Math.max(first.meaning, second.meaning),
    Math.min(first.joining, second.joining),
    Math.max(first.joining, second.joining),
    query.length === 0 ? 0 : alignment.runs / query.length,
    isOneForOne ? 1 : 0,
    alignment.partnerOf[0] === 0 ? 0 : 1,
    matched.sum,
    matched.top,
    matched.second,
    matched.bottom,
    matched.count,
  ]
  values.set(numbers, from)
  return from + numbers.length
}

function rarityOfRest(
  tokens: readonly QuestionToken[],
  rarityOf: RarityOf,
): { sum: number; top: number; names: number; meaning: number; joining: number } {
  const total = { sum: 0, top: 0, names: 0, meaning: 0, joining: 0 }
  for (const token of tokens) {
    if (token.isCapitalised) total.names += 1
    if (!carriesMeaning(token)) {
      total.joining += 1
      continue
    }
    total.meaning += 1
    if (token.kind === 'negation') continue
    const rarity = rarityOf(token.stemHash)
    total.sum += rarity
    if (rarity > total.top) total.top = rarity
  }
  return total
}

function rarityOfMatched(
  query: readonly QuestionToken[],
  { partnerOf }: TokenAlignment,
  rarityOf: RarityOf,
): { sum: number; top: number; second: number; bottom: number; count: number } {
  const total = { sum: 0, top: 0, second: 0, bottom: 0, count: 0 }
  for (let i = 0; i < query.length; i += 1) {
    const token = query[i]
    if (token === undefined || partnerOf[i] === -1 || !carriesMeaning(token) || token.kind === 'negation') continue
    const rarity = rarityOf(token.stemHash)
    total.sum += rarity
    total.bottom = total.count === 0 ? rarity : Math.min(total.bottom, rarity)
    total.count += 1
    if (rarity > total.top) {
      total.second = total.top
      total.top = rarity
    } else if (rarity > total.second) total.second = rarity
  }
  return total
}

function writeKinds(values: Float64Array, from: number, { restFirst, restSecond }: TokenAlignment): void {
  for (let place = 0; place < TOKEN_KINDS.length; place += 1) {
    const kind = TOKEN_KINDS[place] ?? 'content'
    const first = countOf(restFirst, kind)
    const second = countOf(restSecond, kind)
    values[from + 2 * place] = Math.min(first, second)
    values[from + 2 * place + 1] = Math.max(first, second)
  }
}

function countOf(tokens: readonly QuestionToken[], kind: TokenKind): number {
  let count = 0
  for (const token of tokens) if (token.kind === kind) count += 1
  return count
}

const WORD_SALT = 0x51ed270b
const ONLY_SALT = 0x2f0b4c47
const SUBSTITUTION_SALT = 0x68bc21eb
const CANDIDATE_SALT = 0x02e5be93
const MISSPELLING_SALT = 0x967a889b

function differencesOf({ restFirst, restSecond, misspellings }: TokenAlignment): readonly number[] {
  const hashes: number[] = []
  for (const token of restFirst) hashes.push(mixHash(token.stemHash ^ WORD_SALT))
  for (const token of restSecond) hashes.push(mixHash(token.stemHash ^ WORD_SALT))
  const substitutions = restFirst.length * restSecond.length
  if (substitutions <= SUBSTITUTIONS_MAX) {
    const salt = substitutions === 1 ? SUBSTITUTION_SALT : CANDIDATE_SALT
    for (const one of restFirst)
      for (const other of restSecond) hashes.push(pairHash(one.stemHash, other.stemHash, salt))
  }
  if (restFirst.length + restSecond.length === 1)
    hashes.push(mixHash(((restFirst[0] ?? restSecond[0])?.stemHash ?? 0) ^ ONLY_SALT))
  for (let at = 0; at + 1 < misspellings.length; at += 2) {
    hashes.push(pairHash(misspellings[at] ?? 0, misspellings[at + 1] ?? 0, MISSPELLING_SALT))
  }
  return hashes
}

/** The same for (a, b) and (b, a). */
function pairHash(one: number, other: number, salt: number): number {
  const low = Math.min(one, other)
  const high = Math.max(one, other)
  return mixHash(Math.imul(low ^ salt, 0x9e3779b1) ^ mixHash(high + salt))
}
