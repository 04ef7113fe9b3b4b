/** Longest character n-gram and longest word n-gram that a recipe can ask for. */
export const CHAR_GRAM_MAX = 8
export const WORD_GRAM_MAX = 3

/** Longest prefix of a text that is hashed, in UTF-8 bytes, and the most n-grams taken from it. */
export const HASHED_BYTES_MAX = 16_384
export const GRAMS_MAX = 65_536

/** Words longer than this are cut into pieces of this many bytes (long tokens, scripts without blanks). */
export const WORD_BYTES_MAX = 254

/** Places in `weightsOf`: character n-grams of 1..8 characters, then word n-grams of 1..3 words. */
export const GRAM_KINDS = CHAR_GRAM_MAX + WORD_GRAM_MAX

/**
 * How a text becomes numbers: which n-grams count, how much, and the hash family. Two recipes with equal fields give equal
 * bits on every machine; texts hashed under different recipes cannot be compared.
 */
export type HashRecipe = {
  /** Any unsigned 32-bit integer; another seed gives another, equally good hash family. */
  readonly seed: number
  /** `charWeights[n - 1]` weighs character n-grams (of a word with a blank on either side); at most 8 entries, 0 or absent = not used. */
  readonly charWeights: readonly number[]
  /** `wordWeights[n - 1]` weighs n-grams of whole words; at most 3 entries, 0 or absent = not used. */
  readonly wordWeights: readonly number[]
  /**
   * Optional weight of each n-gram by the top bits of its hash (inverse document frequency, say).
   * Length a power of two from 2 to 2^20; absent = 1 for all.
   */
  readonly gramWeights?: Float32Array
}

/** Character 3- to 5-grams and word 1- to 2-grams, all alike: the recipe of the built-in embedder. */
export const DEFAULT_HASH_RECIPE: HashRecipe = Object.freeze({
  seed: 0x6b65726e,
  charWeights: Object.freeze([0, 0, 1, 1, 1]),
  wordWeights: Object.freeze([1, 1]),
})

/** Dimensions of the built-in embedder. On question pairs 256 ranks as well as 1,024 (AUC 0.733 against 0.736). */
export const DEFAULT_EMBEDDING_DIMS = 256

/** The recipe's weights by kind of n-gram, `GRAM_KINDS` long. Throws `RangeError` for a recipe out of range. */
export function weightsOf(recipe: HashRecipe): Float64Array {
  if (recipe.charWeights.length > CHAR_GRAM_MAX || recipe.wordWeights.length > WORD_GRAM_MAX) {
    throw new RangeError(`A recipe has at most ${CHAR_GRAM_MAX} character weights and ${WORD_GRAM_MAX} word weights`)
  }
  if (!Number.isInteger(recipe.seed) || recipe.seed < 0 || recipe.seed > 0xffffffff) {
    throw new RangeError(`The seed must be an unsigned 32-bit integer, not ${recipe.seed}`)
  }
  const weights = new Float64Array(GRAM_KINDS)
  weights.set(recipe.charWeights, 0)
  weights.set(recipe.wordWeights, CHAR_GRAM_MAX)
  if (!weights.every((weight) => Number.isFinite(weight)))
    throw new RangeError('The weights of a recipe must be finite')
  return weights
}

/** log2 of the length of `gramWeights`, 0 when there are none. Throws `RangeError` for any other length. */
export function gramWeightBits(recipe: HashRecipe): number {
  const length = recipe.gramWeights?.length ?? 0
  if (length === 0) return 0
  const bits = 31 - Math.clz32(length)
  if (1 << bits !== length || bits < 1 || bits > 20)
    throw new RangeError(`gramWeights must hold 2 to 2^20 entries, a power of two, not ${length}`)
  return bits
}
