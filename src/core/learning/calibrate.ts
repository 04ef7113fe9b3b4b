import { sigmoid } from '../../base/deterministic-math.ts'

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
}

const ITERATIONS = 50
/** Pull of the slope and intercept towards the start, so that few or one-sided outcomes cannot drive them to infinity. */
const PULL = 0.01

/**
 * Platt scaling: `P(right) = sigmoid(slope * score + intercept)`, fitted by Newton's method on scores that the model gave to rows
 * it was not trained on. The fit starts from what is right for scores that need no calibration, and stays near it when rows are few.
 *
 * @see Platt (1999); Lin, Lin and Weng (2007)
 */
export function fitCalibration(
  scores: readonly number[] | Float64Array,
  outcomes: ArrayLike<number>,
  { start = ESTIMATE_START, weights }: CalibrationInit = {},
): Calibration {
  let { slope, intercept } = start
  const count = Math.max(1, weights === undefined ? scores.length : totalOf(weights))
  for (let iteration = 0; iteration < ITERATIONS; iteration += 1) {
    let gs = PULL * (slope - start.slope)
    let gi = PULL * (intercept - start.intercept)
    let hss = PULL
    let hsi = 0
    let hii = PULL
    for (const [index, score] of scores.entries()) {
      const p = sigmoid(slope * score + intercept)
      const counts = weights?.[index] ?? 1
      const miss = (counts * (p - (outcomes[index] ?? 0))) / count
      const weight = (counts * (p * (1 - p))) / count
      gs += miss * score
      gi += miss
      hss += weight * score * score
      hsi += weight * score
      hii += weight
    }
    const determinant = hss * hii - hsi * hsi
    if (!(determinant > 1e-18)) break
    const ds = (gs * hii - gi * hsi) / determinant
    const di = (gi * hss - gs * hsi) / determinant
    slope -= ds
    intercept -= di
    if (Math.abs(ds) + Math.abs(di) < 1e-9) break
  }
  return slope > 0 && Number.isFinite(slope) && Number.isFinite(intercept) ? { slope, intercept } : start
}

function totalOf(weights: ArrayLike<number>): number {
  let total = 0
  for (let index = 0; index < weights.length; index += 1) total += weights[index] ?? 0
  return total
}
