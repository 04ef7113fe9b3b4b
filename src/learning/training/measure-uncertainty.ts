import { laplaceCovariance, type LaplaceRow } from '../../core/learning/training/laplace-posterior.ts'
import { calibratedChance } from '../../core/learning/training/training-metrics.ts'
import { FIRST_TEMPLATE_INPUT } from '../../core/policy/feature-recipe.ts'
import type { PolicyUncertainty } from '../../core/policy/policy-uncertainty.ts'
import type { EncodedSet } from './encode-set.ts'
import { scoredRows, type HeldOut } from './judge-methods.ts'
import type { LinearMethod } from './method.ts'
import type { TrainingRun } from './training-run.ts'

/** Rows of one candidate that are looked at; of more, every n-th counts n times. The curvature of so many is known to a hundredth. */
const ROWS_MAX = 20_000

/** The linear part that was trained on all rows. */
export type FittedPart = {
  readonly method: Pick<LinearMethod, 'loss' | 'densePenalties'>
  /** Dense weights of all candidates, row by row. */
  readonly dense: Float32Array
  /** By models that did not see the row: a model of many words is sure of every row that it saw. */
  readonly scores: HeldOut
  /** Slope and intercept of each candidate. */
  readonly calibration: Float64Array
}

/**
 * How sure the dense weights of each candidate are: Laplace's approximation at the calibrated chances of held-out rows. The prior is the penalty
 * that the weights were trained with: it is one of the mean loss, so its precision is the penalty times the outcomes, over the noise where the
 * loss is a squared error; where training stopped before it got there, the prior is as narrow as the weights say. Outcomes that weigh unequally say as much as the effective number of them.
 *
 * Throws the signal's reason.
 */
export async function measureUncertainty(
  { set, run }: { readonly set: EncodedSet; readonly run: TrainingRun },
  part: FittedPart,
): Promise<PolicyUncertainty> {
  const covariance: Float32Array[] = []
  const noise = new Float64Array(set.candidates.length)
  for (const m of noise.keys()) {
    await run.pause()
    const measured = measureCandidate(set, part, m)
    covariance.push(measured.covariance)
    noise[m] = measured.noise
  }
  return { covariance, noise }
}

function measureCandidate(
  set: EncodedSet,
  { method, dense, scores, calibration }: FittedPart,
  m: number,
): { readonly covariance: Float32Array; readonly noise: number } {
  const known = scoredRows({ set, folds: new Uint8Array(0) }, m, scores[m] ?? new Float32Array(0))
  const { count = 0, effectiveCount = 0 } = set.candidates[m]?.settled ?? {}
  const [slope, intercept] = [calibration[2 * m] ?? 1, calibration[2 * m + 1] ?? 0]
  const stride = Math.max(1, Math.ceil(known.rows.length / ROWS_MAX))
  const rows: LaplaceRow[] = []
  let squares = 0
  let total = 0
  for (let place = 0; place < known.rows.length; place += stride) {
    const weight = known.weights[place] ?? 0
    const chance = calibratedChance({ slope, intercept }, known.scores[place] ?? 0)
    const miss = (known.outcomes[place] ?? 0) - chance
    squares += weight * miss * miss
    total += weight
    rows.push({ input: set.trainer.rows.dense(known.rows[place] ?? 0), chance, weight })
  }
  const noise = Math.max(NOISE_MIN, squares / total)
  // Rows that were passed over count with those that were not, and together they are as many as they say.
  const scale = (count / total) * (effectiveCount / count)
  const precision = effectiveCount / (method.loss === 'squared' ? noise : 1)
  const matrix = laplaceCovariance({
    size: set.denseCount,
    levelsFrom: FIRST_TEMPLATE_INPUT,
    rows: rows.map((row) => ({ ...row, weight: row.weight * scale })),
    slope,
    priorPrecision: Float64Array.from(
      { length: set.denseCount },
      (_, j) => precision * (method.densePenalties[j] ?? 0),
    ),
    weights: dense.subarray(m * set.denseCount, (m + 1) * set.denseCount),
  })
  return { covariance: Float32Array.from(matrix), noise }
}

const NOISE_MIN = 1e-3
