import { createRandomStream, shuffle } from '../../base/random-stream.ts'
import type { LinearModel } from '../kernels/linear-model.ts'
import type { OperatingPoint, PolicyArtefact, PolicyLineage } from '../policy/policy-artefact.ts'
import type { FeatureRecipe, ResponseRecipe } from '../policy/feature-recipe.ts'
import { PROMPT_FEATURES } from '../policy/prompt-features.ts'
import { RESPONSE_FEATURES } from '../policy/response-features.ts'
import { fitCalibration } from './calibrate.ts'
import { fitRecipe, fitResponseRecipe } from './fit-recipe.ts'
import { encodeRows, multiply, prepareRows, type InputMatrix, type PreparedRow } from './input-matrix.ts'
import { chooseOperatingPoints } from './operating-points.ts'
import type { RoutingRow } from './routing-rows.ts'
import { solveRidge } from './solve-ridge.ts'

export type TrainingInit = {
  /** Candidates to learn, in the order of the artefact. */
  readonly candidates: readonly string[]
  /** Names of the strong and the weak candidate, when a router between two is wanted. Where the weak one's answers are known, a cascade is trained too. */
  readonly pair?: { readonly strong: string; readonly weak: string }
  /** Learn expected dollars and choose operating points; needs a cost for every candidate on every row. */
  readonly withCosts: boolean
  readonly lineage: Omit<PolicyLineage, 'metrics'>
  readonly seed: number
}

const BUCKET_BITS = 12
const FOLDS = 5

/**
 * Penalties per squared weight, in units of the variance that standardised features have (1). Prompt features alone say little,
 * so each may move the estimate only a little; the difficulty index and the templates are few and may move it freely.
 */
const PENALTY = {
  prompt: 0.2 * PROMPT_FEATURES.length,
  difficulty: 0.1,
  template: 0.1,
  response: 0.7,
  bucket: 1,
  bias: 0,
} as const

/** Trains a policy on rows with known outcomes. Deterministic for a seed. Throws `RangeError` when there are fewer than ten rows. */
export function trainPolicy(rows: readonly RoutingRow[], init: TrainingInit): PolicyArtefact {
  if (rows.length < 10) throw new RangeError(`Training needs ten rows or more, not ${rows.length}`)
  const targets = targetsOf(rows, init)
  const prepared = prepareRows(
    rows.map((row) => ({
      prompt: row.prompt,
      answer: init.pair === undefined ? undefined : row.outcomes.get(init.pair.weak)?.response,
    })),
    BUCKET_BITS,
  )
  const folds = foldsOf(rows.length, init.seed)
  const fitted = fitHeads(prepared, targets, undefined)
  const held = predictHeldOut(prepared, targets, folds)
  const calibrate = (scores: readonly Float64Array[]): Float64Array => calibrationOf(scores, targets.success)
  const indexOf = (name: string): number => init.candidates.indexOf(name)
  const { pair } = init
  const cascade = pair === undefined ? undefined : trainCascade(prepared, targets, folds)
  return {
    recipe: fitted.recipe,
    candidates: init.candidates,
    success: modelOf(fitted.weights.slice(0, init.candidates.length), fitted.matrix, calibrate(held.success)),
    ...(init.withCosts && {
      usd: modelOf(fitted.weights.slice(init.candidates.length), fitted.matrix, identity(init.candidates.length)),
    }),
    ...(pair !== undefined && { pair: { strong: indexOf(pair.strong), weak: indexOf(pair.weak) } }),
    ...(pair !== undefined && cascade !== undefined && { cascade: { of: indexOf(pair.weak), ...cascade } }),
    operatingPoints: init.withCosts ? operatingPointsOf(targets, held) : [],
    lineage: { ...init.lineage, metrics: { rows: rows.length } },
  }
}

/** Per candidate one target per row; NaN where the row does not have it. */
type Targets = { readonly success: readonly Float64Array[]; readonly usd: readonly Float64Array[] }

function targetsOf(rows: readonly RoutingRow[], { candidates, withCosts }: TrainingInit): Targets {
  const column = (read: (row: RoutingRow) => number | undefined): Float64Array =>
    Float64Array.from(rows, (row) => read(row) ?? Number.NaN)
  return {
    success: candidates.map((name) => column((row) => row.outcomes.get(name)?.score)),
    usd: withCosts ? candidates.map((name) => column((row) => row.outcomes.get(name)?.costUsd)) : [],
  }
}

type Heads = {
  readonly recipe: FeatureRecipe
  readonly response: ResponseRecipe | undefined
  readonly matrix: InputMatrix
  /** One weight vector per success target, then one per cost target. */
  readonly weights: readonly Float64Array[]
}

function fitHeads(prepared: readonly PreparedRow[], targets: Targets, response: 'with-answers' | undefined): Heads {
  const outcomes = prepared.map((_, row) => Float64Array.from(targets.success, (column) => column[row] ?? Number.NaN))
  const recipe = fitRecipe(prepared, { bucketBits: BUCKET_BITS, outcomes })
  const responseRecipe = response === undefined ? undefined : fitResponseRecipe(prepared)
  const matrix = encodeRows(prepared, recipe, responseRecipe)
  const penalties = penaltiesOf(recipe, responseRecipe !== undefined)
  const weights = [...targets.success, ...targets.usd].map((column) => {
    const mask = column.map((value) => (Number.isNaN(value) ? 0 : 1))
    return solveRidge({ matrix, targets: column.map((value) => (Number.isNaN(value) ? 0 : value)), mask, penalties })
  })
  return { recipe, response: responseRecipe, matrix, weights }
}

function penaltiesOf(recipe: FeatureRecipe, readsResponse: boolean): Float64Array {
  return Float64Array.from([
    ...PROMPT_FEATURES.map(() => PENALTY.prompt),
    PENALTY.difficulty,
    ...Array.from({ length: recipe.templateCount }, () => PENALTY.template),
    ...(readsResponse ? RESPONSE_FEATURES.map(() => PENALTY.response) : []),
    ...Array.from({ length: recipe.bucketBits === 0 ? 0 : 2 ** recipe.bucketBits }, () => PENALTY.bucket),
    PENALTY.bias,
  ])
}

function foldsOf(rowCount: number, seed: number): Uint8Array {
  const order = shuffle(
    Array.from({ length: rowCount }, (_, index) => index),
    createRandomStream(seed),
  )
  const folds = new Uint8Array(rowCount)
  for (const [place, row] of order.entries()) folds[row] = place % FOLDS
  return folds
}

/** Predictions for rows by heads that did not see them, in the layout of the targets. */
function predictHeldOut(
  prepared: readonly PreparedRow[],
  targets: Targets,
  folds: Uint8Array,
  response?: 'with-answers',
): Targets {
  const held = {
    success: targets.success.map((column) => column.slice()),
    usd: targets.usd.map((column) => column.slice()),
  }
  for (let fold = 0; fold < FOLDS; fold += 1) {
    const train = indicesOf(folds, (value) => value !== fold)
    const test = indicesOf(folds, (value) => value === fold)
    const take = (column: Float64Array): Float64Array => Float64Array.from(train, (row) => column[row] ?? Number.NaN)
    const heads = fitHeads(
      pick(prepared, train),
      { success: targets.success.map(take), usd: targets.usd.map(take) },
      response,
    )
    const matrix = encodeRows(pick(prepared, test), heads.recipe, heads.response)
    const out = new Float64Array(test.length)
    for (const [index, column] of [...held.success, ...held.usd].entries()) {
      multiply(matrix, heads.weights[index] ?? new Float64Array(0), out)
      for (const [place, row] of test.entries()) column[row] = out[place] ?? 0
    }
  }
  return held
}

function trainCascade(
  prepared: readonly PreparedRow[],
  targets: Targets,
  folds: Uint8Array,
): { readonly response: ResponseRecipe; readonly success: LinearModel } | undefined {
  if (prepared.some(({ answer }) => answer === undefined)) return undefined
  const success = { success: targets.success, usd: [] }
  const fitted = fitHeads(prepared, success, 'with-answers')
  if (fitted.response === undefined) return undefined
  const held = predictHeldOut(prepared, success, folds, 'with-answers')
  return {
    response: fitted.response,
    success: modelOf(fitted.weights, fitted.matrix, calibrationOf(held.success, targets.success)),
  }
}

function calibrationOf(scores: readonly Float64Array[], outcomes: readonly Float64Array[]): Float64Array {
  const calibration = new Float64Array(2 * scores.length)
  for (const [index, column] of scores.entries()) {
    const known = indicesOf(outcomes[index] ?? new Float64Array(0), (value) => !Number.isNaN(value))
    const fit = fitCalibration(
      known.map((row) => column[row] ?? 0),
      known.map((row) => outcomes[index]?.[row] ?? 0),
    )
    calibration[2 * index] = fit.slope
    calibration[2 * index + 1] = fit.intercept
  }
  return calibration
}

function identity(count: number): Float64Array {
  return Float64Array.from({ length: 2 * count }, (_, index) => (index % 2 === 0 ? 1 : 0))
}

/** Weights as the kernels take them: 32-bit, the buckets of one index side by side. */
function modelOf(
  weights: readonly Float64Array[],
  { denseCount, bucketCount }: InputMatrix,
  calibration: Float64Array,
): LinearModel {
  const modelCount = weights.length
  const model = {
    modelCount,
    denseCount,
    sparseCount: bucketCount,
    sparseLayout: 'by-index' as const,
    bias: new Float32Array(modelCount),
    dense: new Float32Array(modelCount * denseCount),
    sparse: new Float32Array(modelCount * bucketCount),
    calibration,
  }
  for (const [m, vector] of weights.entries()) {
    model.bias[m] = vector[denseCount + bucketCount] ?? 0
    model.dense.set(vector.subarray(0, denseCount), m * denseCount)
    for (let index = 0; index < bucketCount; index += 1)
      model.sparse[index * modelCount + m] = vector[denseCount + index] ?? 0
  }
  return model
}

function operatingPointsOf(targets: Targets, held: Targets): readonly OperatingPoint[] {
  return chooseOperatingPoints({
    success: targets.success,
    usd: targets.usd,
    predictedSuccess: held.success,
    predictedUsd: held.usd,
  })
}

function pick<Item>(items: readonly Item[], indices: readonly number[]): Item[] {
  return indices.flatMap((index) => items[index] ?? [])
}

function indicesOf(values: ArrayLike<number> & Iterable<number>, isWanted: (value: number) => boolean): number[] {
  const indices: number[] = []
  for (let index = 0; index < values.length; index += 1) if (isWanted(values[index] ?? 0)) indices.push(index)
  return indices
}
