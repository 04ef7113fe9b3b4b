import { sigmoid } from '../../base/deterministic-math.ts'
import { scoreTrees, type BoostedTrees } from './boosted-trees.ts'
import { PAIR_FEATURES, type MeasuredPair, type RarityOf } from './pair-features.ts'

/** Buckets of the two hashed tables. Rarity and lexical weights share hashes but not tables. */
export const LEXICAL_BITS = 15
export const RARITY_BITS = 16

/** Steps of the stored bytes: a rarity byte is 1/28 (0 to 9.1), a lexical byte 1/32 (-4 to 4). */
export const RARITY_STEP: number = 1 / 28
export const LEXICAL_STEP: number = 1 / 32

/** What the trees see after the pair features: lexical sum, least, most, and the log odds of the linear model. */
export const LEXICAL_FEATURES: readonly string[] = Object.freeze([
  'lexical-sum',
  'lexical-least',
  'lexical-most',
  'linear',
])
export const ROW_LENGTH: number = PAIR_FEATURES.length + LEXICAL_FEATURES.length

/** A linear model of a pair: one weight per feature, one per hashed difference. */
export type LinearPart = {
  readonly bias: number
  readonly weights: Float64Array
  /** Weights of hashed differences in steps of `LEXICAL_STEP`; 2^`LEXICAL_BITS` entries. */
  readonly lexical: Int8Array
}

/**
 * Judges whether the answer to a stored question also answers a query: boosted trees over what is measured of the pair and over a linear
 * model that knows which words make a difference.
 */
export type AcceptanceModel = {
  readonly linear: LinearPart
  /** Rarity of stems in steps of `RARITY_STEP`; 2^`RARITY_BITS` entries. */
  readonly rarity: Uint8Array
  readonly trees: BoostedTrees
}

/** Rarity by stem hash. Stems that share a bucket share the lower rarity of the two. */
export function rarityLookup(rarity: Uint8Array): RarityOf {
  return (stemHash) => (rarity[stemHash >>> (32 - RARITY_BITS)] ?? 0) * RARITY_STEP
}

/** Chance, 0 to 1, that the stored answer is right for the query, by the model's own reckoning (a threshold is calibrated on top). */
export function acceptanceScore(model: AcceptanceModel, measures: MeasuredPair): number {
  return sigmoid(scoreTrees(model.trees, acceptanceRow(model.linear, measures)))
}

/** The row that the trees judge: `ROW_LENGTH` numbers. */
export function acceptanceRow(linear: LinearPart, { values, differences }: MeasuredPair): Float64Array {
  const row = new Float64Array(ROW_LENGTH)
  row.set(values, 0)
  let sum = 0
  let least = 0
  let most = 0
  for (const hash of differences) {
    const weight = (linear.lexical[hash >>> (32 - LEXICAL_BITS)] ?? 0) * LEXICAL_STEP
    sum += weight
    if (weight < least) least = weight
    if (weight > most) most = weight
  }
  let logOdds = linear.bias
  for (let feature = 0; feature < values.length; feature += 1)
    logOdds += (linear.weights[feature] ?? 0) * (values[feature] ?? 0)
  const scaled = differences.length === 0 ? 0 : sum / Math.sqrt(differences.length)
  row[values.length] = scaled
  row[values.length + 1] = least
  row[values.length + 2] = most
  row[values.length + 3] = logOdds + scaled
  return row
}
