import type { LinearModel } from '../kernels/linear-model.ts'
import { denseInputCount, type FeatureRecipe, type ResponseRecipe } from '../policy/feature-recipe.ts'
import { PROMPT_FEATURES } from '../policy/prompt-features.ts'
import { DOUBT_PLACE, RESPONSE_FEATURES } from '../policy/response-features.ts'
import { fitRecipe, fitResponseRecipe } from './fit-recipe.ts'
import { encodeRows, multiply, type InputMatrix, type PreparedRow } from './input-matrix.ts'
import { solveRidge } from './solve-ridge.ts'

export const BUCKET_BITS = 12

/**
 * Penalties per squared weight, in units of the variance that standardised features have (1). Prompt features alone say little,
 * so each may move the estimate only a little; the indices of difficulty and doubt and the templates are few and may move it freely.
 */
const PENALTY = {
  prompt: 0.2 * PROMPT_FEATURES.length,
  difficulty: 0.1,
  template: 0.02,
  response: 2,
  doubt: 0.3,
  bucket: 0.05,
  bias: 0,
} as const

/** Per candidate one column with one value per row; NaN where the row does not have it. */
export type Targets = {
  readonly success: readonly Float64Array[]
  readonly usd: readonly Float64Array[]
  /** Per candidate how much a row counts for its success, 0 or more; absent: 1. */
  readonly weights?: readonly Float64Array[]
}

/** What heads read of a task beside the prompt's features. */
export type Reading = { readonly withTemplates: boolean; readonly readsAnswers: boolean }

/** Linear heads that share one recipe. */
export type Heads = {
  readonly recipe: FeatureRecipe
  readonly response: ResponseRecipe | undefined
  readonly matrix: InputMatrix
  /** One weight vector per success target, then one per cost target. */
  readonly weights: readonly Float64Array[]
}

export function fitHeads(prepared: readonly PreparedRow[], targets: Targets, reading: Reading): Heads {
  const outcomes = prepared.map((_, row) => Float64Array.from(targets.success, (column) => column[row] ?? Number.NaN))
  const { withTemplates } = reading
  const recipe = fitRecipe(prepared, { bucketBits: BUCKET_BITS, outcomes, withTemplates })
  const response = reading.readsAnswers ? fitResponseRecipe(prepared) : undefined
  const matrix = encodeRows(prepared, recipe, response)
  const penalties = penaltiesOf(recipe, reading.readsAnswers)
  const weights = [...targets.success, ...targets.usd].map((column, head) => {
    const counts = targets.weights?.[head]
    const mask = column.map((value, row) => (Number.isNaN(value) ? 0 : (counts?.[row] ?? 1)))
    return solveRidge({ matrix, targets: column.map((value) => (Number.isNaN(value) ? 0 : value)), mask, penalties })
  })
  return { recipe, response, matrix, weights }
}

/** Penalties of the dense inputs of tasks, in the order of the recipe, per row: of squared weights beside the mean squared error. */
export function densePenaltiesOf(recipe: FeatureRecipe): Float64Array {
  return penaltiesOf(recipe, false).slice(0, denseInputCount(recipe, false))
}

function penaltiesOf(recipe: FeatureRecipe, readsAnswers: boolean): Float64Array {
  return Float64Array.from([
    ...PROMPT_FEATURES.map(() => PENALTY.prompt),
    PENALTY.difficulty,
    ...Array.from({ length: recipe.templateCount }, () => PENALTY.template),
    ...(readsAnswers
      ? RESPONSE_FEATURES.map((_, place) => (place === DOUBT_PLACE ? PENALTY.doubt : PENALTY.response))
      : []),
    ...Array.from({ length: recipe.bucketBits === 0 ? 0 : 1 << recipe.bucketBits }, () => PENALTY.bucket),
    PENALTY.bias,
  ])
}

/** Rows dealt into folds: row r belongs to fold `folds[r]`, 0 to `foldCount - 1`. */
export type FoldedRows = {
  readonly prepared: readonly PreparedRow[]
  readonly folds: Uint8Array
  readonly foldCount: number
}

/** Predictions for every row by heads that did not see its fold, in the layout of the targets. */
export function predictHeldOut(rows: FoldedRows, targets: Targets, reading: Reading): Targets {
  const held = {
    success: targets.success.map((column) => column.slice()),
    usd: targets.usd.map((column) => column.slice()),
  }
  for (let fold = 0; fold < rows.foldCount; fold += 1) {
    const predicted = predictFold(rows, targets, { ...reading, fold })
    for (const [index, column] of [...held.success, ...held.usd].entries())
      for (const [place, row] of predicted.rows.entries()) column[row] = predicted.scores[index]?.[place] ?? 0
  }
  return held
}

/** Predictions for the rows of one fold, by heads fitted on the others: one column per success target, then per cost target. */
export function predictFold(
  { prepared, folds }: FoldedRows,
  targets: Targets,
  { fold, ...reading }: Reading & { readonly fold: number },
): { readonly rows: readonly number[]; readonly scores: readonly Float64Array[] } {
  const train = indicesOf(folds, (value) => value !== fold)
  const test = indicesOf(folds, (value) => value === fold)
  const take = (column: Float64Array): Float64Array => Float64Array.from(train, (row) => column[row] ?? Number.NaN)
  const heads = fitHeads(
    pick(prepared, train),
    {
      success: targets.success.map(take),
      usd: targets.usd.map(take),
      ...(targets.weights !== undefined && { weights: targets.weights.map(take) }),
    },
    reading,
  )
  const matrix = encodeRows(pick(prepared, test), heads.recipe, heads.response)
  const scores = heads.weights.map((weights) => {
    const out = new Float64Array(test.length)
    multiply(matrix, weights, out)
    return out
  })
  return { rows: test, scores }
}

/** Weights as the kernels take them: 32-bit, the buckets of one index side by side. */
export function linearModelOf(
  weights: readonly Float64Array[],
  { denseCount, bucketCount }: InputMatrix,
  calibration: Float64Array,
): LinearModel {
  const modelCount = weights.length
  const bias = new Float32Array(modelCount)
  const dense = new Float32Array(modelCount * denseCount)
  const sparse = new Float32Array(modelCount * bucketCount)
  for (const [m, vector] of weights.entries()) {
    bias[m] = vector[denseCount + bucketCount] ?? 0
    dense.set(vector.subarray(0, denseCount), m * denseCount)
    for (let index = 0; index < bucketCount; index += 1)
      sparse[index * modelCount + m] = vector[denseCount + index] ?? 0
  }
  return {
    modelCount,
    denseCount,
    sparseCount: bucketCount,
    sparseLayout: 'by-index',
    bias,
    dense,
    sparse,
    calibration,
  }
}

function pick<Item>(items: readonly Item[], indices: readonly number[]): Item[] {
  return indices.flatMap((index) => items[index] ?? [])
}

export function indicesOf(values: Float64Array | Uint8Array, isWanted: (value: number) => boolean): number[] {
  const indices: number[] = []
  for (let index = 0; index < values.length; index += 1) if (isWanted(values[index] ?? 0)) indices.push(index)
  return indices
}
