import { sigmoid } from '../../base/deterministic-math.ts'
import { createRandomStream, shuffle } from '../../base/random-stream.ts'
import type { PolicyArtefact, PolicyLineage } from '../policy/policy-artefact.ts'
import { ESTIMATE_START } from './calibrate.ts'
import {
  BUCKET_BITS,
  fitHeads,
  indicesOf,
  linearModelOf,
  predictHeldOut,
  type FoldedRows,
  type Reading,
  type Targets,
} from './fit-heads.ts'
import { prepareRows } from './input-matrix.ts'
import { chooseOperatingPoints } from './operating-points.ts'
import type { RoutingRow } from './routing-rows.ts'
import { calibrationOf, type ScoredRows } from './training/training-metrics.ts'

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

const FOLDS = 10
const ROWS_MIN = 20
const READS_ANSWERS: Reading = { withTemplates: false, readsAnswers: true }

/**
 * Trains a policy on rows with known outcomes: one linear head per candidate and, where asked for, per cost; calibration and operating
 * points come from predictions for rows that the heads did not see. Deterministic for a seed.
 *
 * Throws `RangeError` when there are too few rows, or when the pair is not among the candidates.
 */
export function trainPolicy(rows: readonly RoutingRow[], init: TrainingInit): PolicyArtefact {
  const { pair, candidates } = init
  if (rows.length < ROWS_MIN) throw new RangeError(`Training needs ${ROWS_MIN} rows or more, not ${rows.length}`)
  const targets = targetsOf(rows, init)
  const weakAnswerOf = (row: RoutingRow): string | undefined =>
    pair === undefined ? undefined : row.outcomes.get(pair.weak)?.response
  const prepared = prepareRows(
    rows.map((row) => ({ prompt: row.prompt, answer: weakAnswerOf(row) })),
    BUCKET_BITS,
  )
  const folded: FoldedRows = { prepared, folds: foldsOf(rows.length, init.seed), foldCount: FOLDS }
  const reading: Reading = { withTemplates: pair === undefined, readsAnswers: false }
  const fitted = fitHeads(prepared, targets, reading)
  const held = predictHeldOut(folded, targets, reading)
  const calibration = calibrateHeads(folded, held.success, targets.success)
  const count = candidates.length
  const cascade = pair === undefined ? undefined : trainCascade(folded, targets)
  return {
    family: 'linear',
    recipe: fitted.recipe,
    candidates,
    success: linearModelOf(fitted.weights.slice(0, count), fitted.matrix, calibration),
    ...(init.withCosts && { usd: linearModelOf(fitted.weights.slice(count), fitted.matrix, uncalibrated(count)) }),
    ...(pair !== undefined && {
      pair: { strong: placeOf(candidates, pair.strong), weak: placeOf(candidates, pair.weak) },
    }),
    ...(pair !== undefined && cascade !== undefined && { cascade: { of: placeOf(candidates, pair.weak), ...cascade } }),
    operatingPoints: init.withCosts
      ? chooseOperatingPoints({
          success: targets.success,
          usd: targets.usd,
          predictedSuccess: calibrated(held.success, calibration),
          predictedUsd: held.usd,
        })
      : [],
    lineage: { ...init.lineage, metrics: { rows: rows.length } },
  }
}

function placeOf(candidates: readonly string[], name: string): number {
  const place = candidates.indexOf(name)
  if (place < 0) throw new RangeError(`${name} is not among the candidates`)
  return place
}

function targetsOf(rows: readonly RoutingRow[], { candidates, withCosts }: TrainingInit): Targets {
  const column = (read: (row: RoutingRow) => number | undefined): Float64Array =>
    Float64Array.from(rows, (row) => read(row) ?? Number.NaN)
  return {
    success: candidates.map((name) => column((row) => row.outcomes.get(name)?.score)),
    usd: withCosts ? candidates.map((name) => column((row) => row.outcomes.get(name)?.costUsd)) : [],
  }
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

function trainCascade(
  folded: FoldedRows,
  targets: Targets,
): Omit<NonNullable<PolicyArtefact['cascade']>, 'of'> | undefined {
  if (folded.prepared.some(({ answer }) => answer === undefined)) return undefined
  const success: Targets = { success: targets.success, usd: [] }
  const fitted = fitHeads(folded.prepared, success, READS_ANSWERS)
  if (fitted.response === undefined) return undefined
  const held = predictHeldOut(folded, success, READS_ANSWERS)
  const calibration = calibrateHeads(folded, held.success, targets.success)
  return { response: fitted.response, success: linearModelOf(fitted.weights, fitted.matrix, calibration) }
}

/**
 * Slopes of models differ by about a tenth of the log odds that a standard deviation of their scores is worth; that is this curvature. What a slope
 * of its own is estimated with, beyond that, makes a dozen models look unlike each other that are not, and a router chooses between them.
 */
const SLOPE_PULL = 100

/** Slope and intercept per candidate: one calibration of all of them first, from which each then departs as far as its own rows say. */
function calibrateHeads(
  { folds }: FoldedRows,
  scores: readonly Float64Array[],
  outcomes: readonly Float64Array[],
): Float64Array {
  const rowsOf = (index: number): ScoredRows => {
    const known = indicesOf(outcomes[index] ?? new Float64Array(0), (value) => !Number.isNaN(value))
    return {
      scores: Float64Array.from(known, (row) => scores[index]?.[row] ?? 0),
      outcomes: Float64Array.from(known, (row) => outcomes[index]?.[row] ?? 0),
      weights: new Float64Array(known.length).fill(1),
      folds: Uint8Array.from(known, (row) => folds[row] ?? 0),
    }
  }
  const own = Array.from(scores.keys(), rowsOf)
  const common = calibrationOf(joined(own), ESTIMATE_START)
  return Float64Array.from(
    own.flatMap((rows) => {
      const { slope, intercept } = calibrationOf(rows, common, SLOPE_PULL)
      return [slope, intercept]
    }),
  )
}

function joined(parts: readonly ScoredRows[]): ScoredRows {
  const join = (read: (part: ScoredRows) => ArrayLike<number>): number[] =>
    parts.flatMap((part) => Array.from(read(part)))
  return {
    scores: Float64Array.from(join((part) => part.scores)),
    outcomes: Float64Array.from(join((part) => part.outcomes)),
    weights: Float64Array.from(join((part) => part.weights)),
    folds: Uint8Array.from(join((part) => part.folds)),
  }
}

function calibrated(scores: readonly Float64Array[], calibration: Float64Array): readonly Float64Array[] {
  return scores.map((column, index) =>
    column.map((score) => sigmoid((calibration[2 * index] ?? 0) * score + (calibration[2 * index + 1] ?? 0))),
  )
}

function uncalibrated(count: number): Float64Array {
  return Float64Array.from({ length: 2 * count }, (_, index) => (index % 2 === 0 ? 1 : 0))
}
