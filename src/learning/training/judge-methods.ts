import type { Calibration } from '../../core/learning/calibrate.ts'
import { chooseOperatingPoints, type OperatingRows } from '../../core/learning/operating-points.ts'
import { orderByScore } from '../../core/learning/routing-metrics.ts'
import type { MethodFigures } from '../../core/learning/training/choose-method.ts'
import {
  calibratedChance,
  calibrationOf,
  crossCalibrated,
  logLossOf,
  type ScoredRows,
} from '../../core/learning/training/training-metrics.ts'
import { bestTradeIndex } from '../../core/policy/best-trade.ts'
import type { OperatingPoint } from '../../core/policy/policy-artefact.ts'
import type { TrainingSet } from './training-set.ts'

/** Raw scores of held-out rows, per candidate, by row number; NaN where a row was not judged. */
export type HeldOut = readonly Float32Array[]

export type Judged = {
  readonly set: TrainingSet
  readonly folds: Uint8Array
  /** Expected dollars by models that did not see the row, per candidate; `undefined` without costs. */
  readonly usd: HeldOut | undefined
  readonly pair: { readonly strong: number; readonly weak: number } | undefined
}

/** The rows of a candidate that have an outcome that counts and a score, with their row numbers. */
export function scoredRows(
  { set, folds }: Pick<Judged, 'set' | 'folds'>,
  m: number,
  scores: Float32Array,
): ScoredRows & { readonly rows: Uint32Array } {
  const candidate = set.candidates[m]
  const rows = Uint32Array.from(scores.keys()).filter(
    (row) => (candidate?.weights[row] ?? 0) > 0 && !Number.isNaN(scores[row] ?? Number.NaN),
  )
  const take = (column: Float32Array | undefined): Float64Array => Float64Array.from(rows, (row) => column?.[row] ?? 0)
  return {
    rows,
    scores: take(scores),
    outcomes: take(candidate?.success),
    weights: take(candidate?.weights),
    folds: Uint8Array.from(rows, (row) => folds[row] ?? 0),
  }
}

/** Chances of held-out rows; NaN where a row has no score. With the calibration that is served, or, for figures, with one per fold. */
export function heldOutChances(
  judged: Judged,
  scores: HeldOut,
  by: { readonly calibration: Float64Array } | { readonly start: Calibration },
): readonly Float64Array[] {
  return scores.map((column, m) => {
    const chances = new Float64Array(column.length).fill(Number.NaN)
    if ('calibration' in by) {
      const own = { slope: by.calibration[2 * m] ?? 1, intercept: by.calibration[2 * m + 1] ?? 0 }
      return chances.map((_, row) => calibratedChance(own, column[row] ?? Number.NaN))
    }
    const known = scoredRows(judged, m, column)
    for (const [place, chance] of crossCalibrated(known, by.start).entries()) chances[known.rows[place] ?? 0] = chance
    return chances
  })
}

/** What a method's held-out scores are worth. */
export function judgeMethod(
  judged: Judged,
  { name, scores, start }: { readonly name: string; readonly scores: HeldOut; readonly start: Calibration },
): MethodFigures {
  const chances = heldOutChances(judged, scores, { start })
  const { candidates, rowCount } = judged.set
  const rowLosses = new Float64Array(rowCount).fill(Number.NaN)
  for (let row = 0; row < rowCount; row += 1) {
    let sum = 0
    let total = 0
    for (const [m, column] of chances.entries()) {
      const chance = column[row] ?? Number.NaN
      const weight = candidates[m]?.weights[row] ?? 0
      if (Number.isNaN(chance) || weight === 0) continue
      sum += weight * logLossOf(chance, candidates[m]?.success[row] ?? 0)
      total += weight
    }
    if (total > 0) rowLosses[row] = sum / total
  }
  return {
    name,
    rowLosses,
    costAtQuality: costAtQuality(judged, { scores, start }),
    rowGains: rowGainsOf(judged, scores),
  }
}

/** Rows on which every candidate has an outcome, a cost and a prediction; `undefined` when they are too few to choose anything by. */
export function operatingRows(judged: Judged, chances: readonly Float64Array[]): OperatingRows | undefined {
  const { set, usd } = judged
  if (usd === undefined || set.candidates.length < 2) return undefined
  const rows = Uint32Array.from(set.keys.keys()).filter((row) =>
    set.candidates.every(
      ({ weights, usd: costs }, m) =>
        (weights[row] ?? 0) > 0 &&
        !Number.isNaN(costs[row] ?? Number.NaN) &&
        !Number.isNaN(chances[m]?.[row] ?? Number.NaN) &&
        !Number.isNaN(usd[m]?.[row] ?? Number.NaN),
    ),
  )
  if (rows.length < COMPLETE_ROWS_MIN) return undefined
  const take = (column: Float32Array | Float64Array | undefined): Float64Array =>
    Float64Array.from(rows, (row) => column?.[row] ?? 0)
  return {
    success: set.candidates.map(({ success }) => take(success)),
    usd: set.candidates.map(({ usd: costs }) => take(costs)),
    predictedSuccess: chances.map(take),
    predictedUsd: usd.map(take),
  }
}

const COMPLETE_ROWS_MIN = 50
const JUDGED_SHARE = 0.95

function costAtQuality(
  judged: Judged,
  { scores, start }: { readonly scores: HeldOut; readonly start: Calibration },
): number | undefined {
  if (judged.usd === undefined) return undefined
  const calibration = calibrateAll(judged, scores, start)
  const rows = operatingRows(judged, heldOutChances(judged, scores, { calibration }))
  if (rows === undefined) return undefined
  const point = chooseOperatingPoints(rows).find(({ qualityShare }) => qualityShare === JUDGED_SHARE)
  // Where no trade reaches the quality, the best single model answers everything.
  return point === undefined ? 1 : costShareOf(rows, point)
}

/** Cost of the choices at a point, as a share of what the model with the most right answers costs. */
export function costShareOf(rows: OperatingRows, { successPerUsd }: OperatingPoint): number {
  const sums = rows.success.map((column) => column.reduce((total, value) => total + value, 0))
  const best = sums.indexOf(Math.max(...sums))
  const count = rows.success[0]?.length ?? 0
  let spent = 0
  let single = 0
  const values = new Float64Array(rows.success.length)
  const costs = new Float64Array(rows.success.length)
  for (let row = 0; row < count; row += 1) {
    for (let m = 0; m < values.length; m += 1) {
      values[m] = rows.predictedSuccess[m]?.[row] ?? 0
      costs[m] = Math.max(0, rows.predictedUsd[m]?.[row] ?? 0)
    }
    spent += rows.usd[bestTradeIndex(values, costs, successPerUsd)]?.[row] ?? 0
    single += rows.usd[best]?.[row] ?? 0
  }
  return single > 0 ? spent / single : 1
}

/**
 * The area under the curve of recovered quality, as a mean over rows: a row that is sent to the strong model early counts nearly all that the
 * strong model gains on it, a row that is sent late nearly nothing.
 */
function rowGainsOf({ set, pair }: Judged, scores: HeldOut): Float64Array | undefined {
  if (pair === undefined) return undefined
  const [strong, weak] = [set.candidates[pair.strong], set.candidates[pair.weak]]
  const [strongScores, weakScores] = [scores[pair.strong], scores[pair.weak]]
  if (strong === undefined || weak === undefined) return undefined
  const rows = Uint32Array.from(set.keys.keys()).filter(
    (row) =>
      (strong.weights[row] ?? 0) > 0 &&
      (weak.weights[row] ?? 0) > 0 &&
      !Number.isNaN(strongScores?.[row] ?? Number.NaN) &&
      !Number.isNaN(weakScores?.[row] ?? Number.NaN),
  )
  const gapOf = (row: number): number => (strong.success[row] ?? 0) - (weak.success[row] ?? 0)
  const order = orderByScore(Float64Array.from(rows, (row) => (strongScores?.[row] ?? 0) - (weakScores?.[row] ?? 0)))
  const gap = rows.reduce((sum, row) => sum + gapOf(row), 0) / rows.length
  const gains = new Float64Array(set.rowCount).fill(Number.NaN)
  for (const [rank, place] of order.entries()) {
    const row = rows[place] ?? 0
    gains[row] = (gapOf(row) * (1 - (rank + 0.5) / rows.length)) / gap
  }
  return gains
}

/** The calibration of each candidate by all its held-out rows: slope, intercept, slope... */
export function calibrateAll(judged: Judged, scores: HeldOut, start: Calibration): Float64Array {
  return Float64Array.from(
    scores.flatMap((column, m) => {
      const { slope, intercept } = calibrationOf(scoredRows(judged, m, column), start)
      return [slope, intercept]
    }),
  )
}
