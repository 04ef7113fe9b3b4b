import { log, sigmoid } from '../../../base/deterministic-math.ts'
import { fitCalibration, type Calibration, type CalibrationInit } from '../calibrate.ts'

/** Rows of one candidate with a known outcome: parallel columns. */
export type ScoredRows = {
  /** Raw scores by models that did not see the row. */
  readonly scores: Float64Array
  /** 0 to 1. */
  readonly outcomes: Float64Array
  readonly weights: Float64Array
  /** Which part of the rows a row belongs to. */
  readonly folds: Uint8Array
}

/** Chances nearer to 0 and 1 than this are taken as this, so that one sure mistake costs 7 and not infinity. */
const CHANCE_MIN = 1e-3

/** -outcome log p - (1 - outcome) log(1 - p), in nats; for outcomes between 0 and 1 as for a share of right answers. */
export function logLossOf(chance: number, outcome: number): number {
  const p = Math.min(1 - CHANCE_MIN, Math.max(CHANCE_MIN, chance))
  return -(outcome * log(p) + (1 - outcome) * log(1 - p))
}

export function calibratedChance({ slope, intercept }: Calibration, score: number): number {
  return sigmoid(slope * score + intercept)
}

/**
 * Chances of rows by calibrations that were fitted on the other folds, so that figures made of them are not flattered; by the start where
 * those are worse than it.
 */
export function crossCalibrated(rows: ScoredRows, start: Calibration, slopePull?: number): Float64Array {
  const crossed = new Float64Array(rows.scores.length)
  const parts = partsOf(rows)
  for (const part of new Set(parts)) {
    const calibration = fitOf(rows, initOf(start, slopePull), (row) => parts[row] !== part)
    for (let row = 0; row < crossed.length; row += 1)
      if (parts[row] === part) crossed[row] = calibratedChance(calibration, rows.scores[row] ?? 0)
  }
  const started = rows.scores.map((score) => calibratedChance(start, score))
  return isWorse(crossed, started, rows) ? started : crossed
}

const PARTS = 5

/** The folds; where only one of them was scored, its rows in turn: two numbers that are fitted remember no row. */
function partsOf({ folds }: ScoredRows): Uint8Array {
  return folds.every((fold) => fold === folds[0]) ? folds.map((_, row) => row % PARTS) : folds
}

/** The calibration of all rows; the start where a calibration, judged on folds that it was not fitted on, is worse than that. */
export function calibrationOf(rows: ScoredRows, start: Calibration, slopePull?: number): Calibration {
  const started = rows.scores.map((score) => calibratedChance(start, score))
  // What is worse gives its place to the start, to the number.
  const isStart = crossCalibrated(rows, start, slopePull).every((chance, row) => chance === started[row])
  return isStart && started.length > 0 ? start : fitOf(rows, initOf(start, slopePull), () => true)
}

/** Whether log losses are larger by more than one standard error of their difference: less is chance, by which a calibration would come and go. */
function isWorse(chances: Float64Array, others: Float64Array, { outcomes, weights }: ScoredRows): boolean {
  let [sum, squares, total] = [0, 0, 0]
  for (const [row, chance] of chances.entries()) {
    const outcome = outcomes[row] ?? 0
    const difference = (weights[row] ?? 0) * (logLossOf(chance, outcome) - logLossOf(others[row] ?? 0, outcome))
    sum += difference
    squares += difference * difference
    total += 1
  }
  return sum > Math.sqrt(Math.max(0, squares - (sum * sum) / Math.max(1, total)))
}

function initOf(start: Calibration, slopePull: number | undefined): CalibrationInit {
  return { start, ...(slopePull !== undefined && { slopePull }) }
}

function fitOf(
  { scores, outcomes, weights }: ScoredRows,
  init: CalibrationInit,
  isWanted: (row: number) => boolean,
): Calibration {
  const places = Array.from(scores.keys()).filter(isWanted)
  const take = (column: Float64Array): Float64Array => Float64Array.from(places, (row) => column[row] ?? 0)
  return fitCalibration(take(scores), take(outcomes), { ...init, weights: take(weights) })
}

/** Weighted mean of -log likelihood; NaN for no rows. */
export function meanLogLoss(chances: Float64Array, { outcomes, weights }: ScoredRows): number {
  let sum = 0
  let total = 0
  for (let row = 0; row < chances.length; row += 1) {
    sum += (weights[row] ?? 0) * logLossOf(chances[row] ?? 0, outcomes[row] ?? 0)
    total += weights[row] ?? 0
  }
  return sum / total
}

const BINS = 15

/**
 * Expected calibration error: rows are put into 15 bins of equally many by their chance; the mean over bins, by weight, of
 * |mean chance - mean outcome|. 0 to 1; NaN for no rows.
 *
 * @see Naeini, Cooper and Hauskrecht (2015); Nguyen and O'Connor (2015) on bins of equal counts
 */
export function expectedCalibrationError(chances: Float64Array, { outcomes, weights }: ScoredRows): number {
  const order = Array.from(chances.keys()).sort((a, b) => (chances[a] ?? 0) - (chances[b] ?? 0) || a - b)
  let gaps = 0
  let total = 0
  for (let bin = 0; bin < BINS; bin += 1) {
    const members = order.slice(Math.floor((bin * order.length) / BINS), Math.floor(((bin + 1) * order.length) / BINS))
    let gap = 0
    for (const row of members) {
      gap += (weights[row] ?? 0) * ((chances[row] ?? 0) - (outcomes[row] ?? 0))
      total += weights[row] ?? 0
    }
    gaps += Math.abs(gap)
  }
  return gaps / total
}

/** Probability that a row with a right answer (0.5 or more) has the higher score; ties count half. NaN when there is only one kind. */
export function areaUnderRoc({ scores, outcomes, weights }: ScoredRows): number {
  const order = Array.from(scores.keys()).sort((a, b) => (scores[a] ?? 0) - (scores[b] ?? 0) || a - b)
  let below = 0
  let wins = 0
  let rights = 0
  for (let from = 0; from < order.length;) {
    let to = from
    let right = 0
    let wrong = 0
    for (; to < order.length && scores[order[to] ?? 0] === scores[order[from] ?? 0]; to += 1) {
      const row = order[to] ?? 0
      if ((outcomes[row] ?? 0) >= 0.5) right += weights[row] ?? 0
      else wrong += weights[row] ?? 0
    }
    wins += right * (below + wrong / 2)
    below += wrong
    rights += right
    from = to
  }
  return wins / (rights * below)
}
