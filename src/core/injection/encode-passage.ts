import type { SparseFeatures } from '../kernels/text-hashing.ts'
import { INJECTION_FEATURES, matchRules, writeInjectionFeatures, type MatchedRules } from './injection-features.ts'
import { INJECTION_BUCKET_BITS } from './injection-model.ts'
import type { VisibleText } from './visible-text.ts'

/** Hashes n-grams under `INJECTION_HASH_RECIPE`. */
export type PassageHasher = { features(text: string, bits: number): SparseFeatures }

/** One passage as a row of numbers. The dense part is the caller's. */
export type EncodedPassage = {
  readonly dense: Float64Array
  readonly indices: Uint32Array
  readonly values: Float64Array
  readonly matched: MatchedRules
}

/** A passage of fewer n-grams than this counts less: two words prove nothing. */
const NORM_MIN = 3

/** Square roots keep a word that is repeated a hundred times from drowning the others; unit length makes short and long texts comparable. */
export function encodePassage(passage: VisibleText, hasher: PassageHasher): EncodedPassage {
  const matched = matchRules(passage.text)
  const dense = new Float64Array(INJECTION_FEATURES.length)
  writeInjectionFeatures(passage, matched, dense)
  const { indices, values } = hasher.features(passage.text, INJECTION_BUCKET_BITS)
  let squares = 0
  for (let at = 0; at < values.length; at += 1) squares += Math.abs(values[at] ?? 0)
  const scale = 1 / Math.max(NORM_MIN, Math.sqrt(squares))
  for (let at = 0; at < values.length; at += 1) {
    const value = values[at] ?? 0
    values[at] = value < 0 ? -Math.sqrt(-value) * scale : Math.sqrt(value) * scale
  }
  return { dense, indices, values, matched }
}
