import { log, sigmoid } from '../../base/deterministic-math.ts'

export type Calibration = { readonly slope: number; readonly intercept: number }

/** Where scores are linear estimates of P, one half is near one half. */
export const ESTIMATE_START: Calibration = { slope: 4, intercept: -2 }
/** Where scores are log odds already. */
export const LOG_ODDS_START: Calibration = { slope: 1, intercept: 0 }

export type CalibrationInit = {
  /** Default: `ESTIMATE_START`. */
  readonly start?: Calibration
  /** Weight of each row, 0 or more; absent: 1. */
  readonly weights?: ArrayLike<number>
  /** Pull of the slope towards the start's, as `PULL_ROWS` is; more where the start is what others like it have. Default 1. */
  readonly slopePull?: number
}

const ITERATIONS = 50
const HALVINGS_MAX = 30
/** Steps shorter than this, in standard deviations of the scores, change nothing that is served. */
const STEP_MIN = 1e-9
/**
 * Pull of the curve towards the start, so that few or one-sided outcomes cannot drive it to infinity: its curvature, that of four to ten
 * outcomes. It does not grow with them, so that enough outcomes overrule any start.
 */
const PULL_ROWS = 1
/** Log odds per standard deviation of scores that say nothing: they keep their order. */
const FLAT = 1e-3
/** Pull that holds a slope where it is. */
const FIXED = 1e9
/** Scores that differ by less than this share of their size are one score with rounding. */
const SPREAD_MIN = 1e-9

/**
 * Platt scaling: `P(right) = sigmoid(slope * score + intercept)`, fitted by Newton's method on scores that the model gave to rows
 * it was not trained on. The fit starts from what is right for scores that need no calibration, and stays near it when rows are few.
 * Scores are standardised first, so that the start weighs the same on whatever scale they are.
 *
 * Where the scores do not rise with the outcomes, the curve rises next to nothing, at their mean.
 *
 * @see Platt (1999); Lin, Lin and Weng (2007)
 */
export function fitCalibration(
  scores: readonly number[] | Float64Array,
  outcomes: ArrayLike<number>,
  { start = ESTIMATE_START, weights, slopePull = PULL_ROWS }: CalibrationInit = {},
): Calibration {
  const { mean, spread } = momentsOf(scores, weights)
  const rows: StandardRows = {
    scores: Float64Array.from(scores, (score) => (score - mean) / spread),
    outcomes,
    weights,
    slopePull,
    start: { slope: start.slope * spread, intercept: start.intercept + start.slope * mean },
  }
  const free = minimum(rows)
  const flat = { ...rows, slopePull: FIXED, start: { slope: FLAT, intercept: rows.start.intercept } }
  const { slope, intercept } = free.slope > 0 ? free : minimum(flat)
  const fitted = { slope: slope / spread, intercept: intercept - (slope * mean) / spread }
  return fitted.slope > 0 && Number.isFinite(fitted.slope) && Number.isFinite(fitted.intercept) ? fitted : start
}

type StandardRows = {
  /** Of mean 0 and standard deviation 1. */
  readonly scores: Float64Array
  readonly outcomes: ArrayLike<number>
  readonly weights: ArrayLike<number> | undefined
  readonly slopePull: number
  readonly start: Calibration
}

/** Mean and standard deviation by weight; a deviation of 1 for scores that are all the same. */
function momentsOf(
  scores: readonly number[] | Float64Array,
  weights: ArrayLike<number> | undefined,
): { readonly mean: number; readonly spread: number } {
  let total = 0
  let mean = 0
  let squares = 0
  for (const [index, score] of scores.entries()) {
    const weight = weights?.[index] ?? 1
    if (weight <= 0) continue
    total += weight
    const step = score - mean
    mean += (step * weight) / total
    squares += weight * step * (score - mean)
  }
  const spread = Math.sqrt(squares / total)
  return { mean, spread: spread > SPREAD_MIN * Math.max(SPREAD_MIN, Math.abs(mean)) ? spread : 1 }
}

/** Newton's method; a step that leads uphill, as the first ones from far away may, is halved until it does not. */
function minimum(rows: StandardRows): Calibration {
  let here = lossAt(rows, rows.start)
  for (let iteration = 0; iteration < ITERATIONS; iteration += 1) {
    const { slopeGradient, interceptGradient, slopeCurve, mixedCurve, interceptCurve } = here
    const determinant = slopeCurve * interceptCurve - mixedCurve * mixedCurve
    let slopeStep = (slopeGradient * interceptCurve - interceptGradient * mixedCurve) / determinant
    let interceptStep = (interceptGradient * slopeCurve - slopeGradient * mixedCurve) / determinant
    let next = here
    for (let halving = 0; halving <= HALVINGS_MAX; halving += 1) {
      const { slope, intercept } = here.at
      next = lossAt(rows, { slope: slope - slopeStep, intercept: intercept - interceptStep })
      if (next.loss <= here.loss) break
      slopeStep /= 2
      interceptStep /= 2
    }
    if (!(next.loss <= here.loss)) break
    here = next
    if (Math.abs(slopeStep) + Math.abs(interceptStep) < STEP_MIN) break
  }
  return here.at
}

type Loss = {
  readonly at: Calibration
  /** Log loss of all rows and of the pull, with its derivatives. */
  readonly loss: number
  readonly slopeGradient: number
  readonly interceptGradient: number
  readonly slopeCurve: number
  readonly mixedCurve: number
  readonly interceptCurve: number
}

function lossAt({ scores, outcomes, weights, slopePull, start }: StandardRows, at: Calibration): Loss {
  const slopeAway = at.slope - start.slope
  const interceptAway = at.intercept - start.intercept
  let loss = (slopePull * slopeAway * slopeAway + PULL_ROWS * interceptAway * interceptAway) / 2
  let slopeGradient = slopePull * slopeAway
  let interceptGradient = PULL_ROWS * interceptAway
  let slopeCurve = slopePull
  let mixedCurve = 0
  let interceptCurve = PULL_ROWS
  for (let index = 0; index < scores.length; index += 1) {
    const score = scores[index] ?? 0
    const weight = weights?.[index] ?? 1
    const outcome = outcomes[index] ?? 0
    const logOdds = at.slope * score + at.intercept
    const chance = sigmoid(logOdds)
    // -log of the greater of the two chances, and the rest of the log odds where the outcome was the other one.
    loss += weight * (Math.max(0, logOdds) - outcome * logOdds - log(Math.max(chance, 1 - chance)))
    const miss = weight * (chance - outcome)
    const curve = weight * chance * (1 - chance)
    slopeGradient += miss * score
    interceptGradient += miss
    slopeCurve += curve * score * score
    mixedCurve += curve * score
    interceptCurve += curve
  }
  return { at, loss, slopeGradient, interceptGradient, slopeCurve, mixedCurve, interceptCurve }
}
