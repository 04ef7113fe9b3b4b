import { denseInputCount, type FeatureRecipe, type ResponseRecipe } from '../policy/feature-recipe.ts'
import { writeHashedWords, writePromptInput, writeResponseInput } from '../policy/encode-features.ts'
import { createFeatureExtractor } from '../policy/prompt-features.ts'
import { WORDS_MAX } from '../policy/scan-prompt.ts'
import { responseFeatures } from '../policy/response-features.ts'

/** A prompt read once: raw features, hash buckets, and the features of the answer where one is in view. */
export type PreparedRow = {
  readonly raw: Float64Array
  readonly buckets: Uint32Array
  /** Value of each bucket occurrence. */
  readonly bucketValue: number
  readonly answer: Float64Array | undefined
}

/** Reads prompts and answers into rows that any recipe can encode. */
export function prepareRows(
  inputs: readonly { readonly prompt: string; readonly answer?: string | undefined }[],
  bucketBits: number,
): PreparedRow[] {
  const extractor = createFeatureExtractor()
  const pairs = { indices: new Uint32Array(2 * WORDS_MAX), values: new Float64Array(2 * WORDS_MAX) }
  return inputs.map(({ prompt, answer }) => {
    const { dense, scan } = extractor.extract(prompt)
    const count = bucketBits > 0 ? writeHashedWords(scan, bucketBits, pairs) : 0
    return {
      raw: dense.slice(),
      buckets: pairs.indices.slice(0, count),
      bucketValue: count > 0 ? (pairs.values[0] ?? 0) : 0,
      answer: answer === undefined ? undefined : responseFeatures(prompt, answer),
    }
  })
}

/** Encoded rows: a dense matrix and, per row, hash buckets of equal value. */
export type InputMatrix = {
  readonly rowCount: number
  readonly denseCount: number
  readonly dense: Float64Array
  readonly bucketCount: number
  readonly rows: readonly PreparedRow[]
}

export function encodeRows(
  rows: readonly PreparedRow[],
  recipe: FeatureRecipe,
  response: ResponseRecipe | undefined,
): InputMatrix {
  const denseCount = denseInputCount(recipe, response !== undefined)
  const dense = new Float64Array(rows.length * denseCount)
  for (const [index, row] of rows.entries()) {
    const out = dense.subarray(index * denseCount, (index + 1) * denseCount)
    writePromptInput(recipe, row.raw, out)
    if (response !== undefined && row.answer !== undefined) writeResponseInput(response, row.answer, out)
  }
  return {
    rowCount: rows.length,
    denseCount,
    dense,
    bucketCount: recipe.bucketBits === 0 ? 0 : 1 << recipe.bucketBits,
    rows,
  }
}

/** `out[r] = bias + dense row . weights + buckets . weights`. Weights: dense first, then buckets, the bias last. */
export function multiply(matrix: InputMatrix, weights: Float64Array, out: Float64Array): void {
  const { denseCount, dense, rows, bucketCount } = matrix
  const bias = weights[denseCount + bucketCount] ?? 0
  for (const [index, row] of rows.entries()) {
    let sum = bias
    const from = index * denseCount
    for (let j = 0; j < denseCount; j += 1) sum += (dense[from + j] ?? 0) * (weights[j] ?? 0)
    let hashed = 0
    for (const bucket of row.buckets) hashed += weights[denseCount + bucket] ?? 0
    out[index] = sum + hashed * row.bucketValue
  }
}

/** The transpose: `out = sum over rows of values[r] * input row`. */
export function multiplyTransposed(matrix: InputMatrix, values: Float64Array, out: Float64Array): void {
  const { denseCount, dense, rows, bucketCount } = matrix
  out.fill(0)
  let total = 0
  for (const [index, row] of rows.entries()) {
    const value = values[index] ?? 0
    if (value === 0) continue
    total += value
    const from = index * denseCount
    for (let j = 0; j < denseCount; j += 1) out[j] = (out[j] ?? 0) + value * (dense[from + j] ?? 0)
    const hashed = value * row.bucketValue
    for (const bucket of row.buckets) out[denseCount + bucket] = (out[denseCount + bucket] ?? 0) + hashed
  }
  out[denseCount + bucketCount] = total
}

/** Sum of squares of each input column, for the preconditioner; the bias counts rows. */
export function columnSquares(matrix: InputMatrix, mask: Float64Array): Float64Array {
  const { denseCount, dense, rows, bucketCount } = matrix
  const out = new Float64Array(denseCount + bucketCount + 1)
  for (const [index, row] of rows.entries()) {
    if ((mask[index] ?? 0) === 0) continue
    const from = index * denseCount
    for (let j = 0; j < denseCount; j += 1) out[j] = (out[j] ?? 0) + (dense[from + j] ?? 0) * (dense[from + j] ?? 0)
    for (const bucket of row.buckets)
      out[denseCount + bucket] = (out[denseCount + bucket] ?? 0) + row.bucketValue * row.bucketValue
    out[denseCount + bucketCount] = (out[denseCount + bucketCount] ?? 0) + 1
  }
  return out
}
