import { sigmoid } from '../../base/deterministic-math.ts'

export type Calibration = { readonly slope: number; readonly intercept: number }

const ITERATIONS = 50
/** Pull of the slope and intercept towards the start, so that few or one-sided outcomes cannot drive them to infinity. */
const PULL = 0.01

/**
 * Platt scaling: `P(right) = sigmoid(slope * score + intercept)`, fitted by Newton's method on scores that the model gave to rows
 * it was not trained on. Scores are linear estimates of P, so the fit starts from the identity near one half.
 *
 * @see Platt (1999); Lin, Lin and Weng (2007)
 */
export function fitCalibration(scores: readonly number[], outcomes: readonly number[]): Calibration {
  const start = { slope: 4, intercept: -2 }
  let { slope, intercept } = start
  const count = Math.max(1, scores.length)
  for (let iteration = 0; iteration < ITERATIONS; iteration += 1) {
    let gs = PULL * (slope - start.slope)
    let gi = PULL * (intercept - start.intercept)
    let hss = PULL
    let hsi = 0
    let hii = PULL
    for (const [index, score] of scores.entries()) {
      const p = sigmoid(slope * score + intercept)
      const miss = (p - (outcomes[index] ?? 0)) / count
      const weight = (p * (1 - p)) / count
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
