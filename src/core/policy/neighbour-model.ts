import { sigmoid } from '../../base/deterministic-math.ts'
import { CACHE_EMBEDDER_ID, CACHE_EMBEDDING_DIMS, createCacheHashRecipe } from '../cache/cache-hash-recipe.ts'
import { topKInt8 } from '../kernels/flat-scan.ts'
import { HASHED_BYTES_MAX } from '../kernels/hash-recipe.ts'
import { quantiseInt8 } from '../kernels/quantise.ts'
import { createGramHasher } from '../kernels/text-hashing.ts'
import { encodeUtf8 } from '../text/encode-utf8.ts'

/** The built-in hashed embedder, the cache's: no weights, no waiting. */
export const NEIGHBOUR_EMBEDDER: string = CACHE_EMBEDDER_ID
export const NEIGHBOUR_DIMS: number = CACHE_EMBEDDING_DIMS

/** Most tasks that are kept: a decision looks at all of them. */
export const NEIGHBOURS_MAX = 16_384

/** In `NeighbourModel.outcomes`: the candidate was not seen on that task. */
export const OUTCOME_UNKNOWN = 255
/** Code of an outcome of 1. */
export const OUTCOME_ONE = 254

/**
 * Tasks with known outcomes. The estimate for a task is the mean outcome of the most similar ones, weighed by the cosine, pulled towards the
 * candidate's mean over all tasks:
 *
 * ```
 * raw[m] = (priorWeight * prior[m] + sum of cosine * outcome[m]) / (priorWeight + sum of cosine)     over neighbours that have an outcome of m
 * success[m] = sigmoid(calibration[2m] * raw[m] + calibration[2m + 1])
 * ```
 */
export type NeighbourModel = {
  readonly count: number
  /** How many of the most similar tasks are asked. */
  readonly neighbourCount: number
  /** Weight of the prior, in neighbours of cosine 1; 0 or more. */
  readonly priorWeight: number
  readonly prior: Float64Array
  /** Row-major embeddings, `count * NEIGHBOUR_DIMS`; a component is about its code times the scale of its row. */
  readonly codes: Int8Array
  readonly scales: Float32Array
  /** Row-major [task][candidate]: outcome times `OUTCOME_ONE`, or `OUTCOME_UNKNOWN`. */
  readonly outcomes: Uint8Array
  /** Slope and intercept per candidate. */
  readonly calibration: Float64Array
}

/** Embeds tasks into 8-bit codes. One call at a time. */
export type NeighbourEmbedder = {
  /** Writes `NEIGHBOUR_DIMS` codes from place `from` and returns their scale; 0 for a text without words. */
  embed(text: string, codes: Int8Array, from: number): number
}

export function createNeighbourEmbedder(): NeighbourEmbedder {
  const hasher = createGramHasher(createCacheHashRecipe())
  const bytes = new Uint8Array(HASHED_BYTES_MAX)
  const vector = new Float32Array(NEIGHBOUR_DIMS)
  return {
    embed(text, codes, from) {
      hasher.embed(bytes.subarray(0, encodeUtf8(text, bytes)), vector)
      return quantiseInt8(vector, codes, from)
    },
  }
}

/** Estimates from similar tasks, in TypeScript; deterministic to the last bit. */
export type NeighbourScorer = {
  /** Raw estimate per candidate. The array is the caller's. */
  estimate(text: string): Float64Array
  /** Chances from raw estimates. */
  calibrate(raw: Float64Array): Float64Array
}

export function createNeighbourScorer(
  model: NeighbourModel,
  embedder: NeighbourEmbedder = createNeighbourEmbedder(),
): NeighbourScorer {
  const query = new Int8Array(NEIGHBOUR_DIMS)
  const matrix = { rows: model.codes, scales: model.scales }
  return {
    estimate(text) {
      const scale = embedder.embed(text, query, 0)
      const { scores, slots, count } = topKInt8(query, matrix, Math.min(model.neighbourCount, model.count))
      const found: Found = { count, slots, cosines: scores.map((score) => score * scale) }
      return pooledOutcomes(model, found)
    },
    calibrate(raw) {
      const { calibration } = model
      return raw.map((score, m) => sigmoid((calibration[2 * m] ?? 0) * score + (calibration[2 * m + 1] ?? 0)))
    },
  }
}

type Found = { readonly count: number; readonly slots: Int32Array; readonly cosines: Float32Array }

/** The weighted mean above. With nothing known of a candidate, not even a prior, its estimate is one half. */
export function pooledOutcomes(
  model: Pick<NeighbourModel, 'prior' | 'priorWeight' | 'outcomes'>,
  found: Found,
): Float64Array {
  const { prior, priorWeight, outcomes } = model
  const modelCount = prior.length
  return Float64Array.from(prior, (mean, m) => {
    let weight = priorWeight
    let sum = priorWeight * mean
    for (let place = 0; place < found.count; place += 1) {
      const code = outcomes[(found.slots[place] ?? 0) * modelCount + m] ?? OUTCOME_UNKNOWN
      const cosine = found.cosines[place] ?? 0
      if (code === OUTCOME_UNKNOWN || !(cosine > 0)) continue
      weight += cosine
      sum += (cosine * code) / OUTCOME_ONE
    }
    return weight > 0 ? sum / weight : 0.5
  })
}
