import { exp, log } from '../../base/deterministic-math.ts'
import { scoreBatch, type FeatureBatch, type LinearModel } from '../kernels/linear-model.ts'

/**
 * Quantiles of a positive quantity, per candidate: `models[i]` has the logarithm of quantile `quantiles[i]` as its raw score. A quantile of the
 * logarithm is the logarithm of the quantile, so nothing is lost, and a few slow or dear answers do not bend the others.
 */
export type QuantileModels = {
  /** Rising, each between 0 and 1. */
  readonly quantiles: readonly number[]
  /** As many as quantiles. A model may leave the hashed features out (`sparseCount` 0). */
  readonly models: readonly LinearModel[]
}

/** Units per dollar inside the logarithm of costs: micro-dollars. */
export const USD_UNITS = 1e6

/** What a model of `x >= 0` learns: log(1 + x * units), with 1 for milliseconds and `USD_UNITS` for dollars. */
export function quantileTarget(value: number, units: number): number {
  return log(1 + Math.max(0, value) * units)
}

/**
 * Quantiles of one encoded row: per quantile one value per candidate, never negative, and no quantile below a lower one (each was learned by
 * itself, and far from the training data they may cross).
 */
export function quantilesOf({ models }: QuantileModels, batch: FeatureBatch, units: number): readonly Float64Array[] {
  let before: Float64Array | undefined
  return models.map((model) => {
    const out = new Float64Array(model.modelCount)
    scoreBatch(model, model.sparseCount === 0 ? withoutPairs(batch) : batch, { kind: 'raw', out })
    for (let m = 0; m < out.length; m += 1) {
      const value = (exp(Math.min(out[m] ?? 0, EXPONENT_MAX)) - 1) / units
      out[m] = Math.max(0, value, before?.[m] ?? 0)
    }
    before = out
    return out
  })
}

/** Nothing that is measured takes e^40 milliseconds; the bound keeps a wild score finite. */
const EXPONENT_MAX = 40

const NO_PAIRS = new Uint32Array(2)

/** The dense part of a row. */
export function withoutPairs({ rowCount, dense, indices, values }: FeatureBatch): FeatureBatch {
  return { rowCount, dense, offsets: rowCount === 1 ? NO_PAIRS : new Uint32Array(rowCount + 1), indices, values }
}
