import { logit } from '../../base/deterministic-math.ts'
import { ESTIMATE_START, LOG_ODDS_START } from '../../core/learning/calibrate.ts'
import type { LinearModel } from '../../core/kernels/linear-model.ts'
import type { EncodedSet } from './encode-set.ts'
import { densePenaltiesOf, fitColumn, packWeights, type ColumnFit, type GradientSetting } from './fit-column.ts'
import { cutScores, uncalibrated, type CostMethod, type Folds, type LinearMethod } from './method.ts'
import { joinNumbers, type TrainingRun } from './training-run.ts'
import type { CandidateColumns } from './training-set.ts'

export type GradientInit = {
  readonly set: EncodedSet
  readonly folds: Folds
  readonly run: TrainingRun
  readonly seed: number
  /** Epochs after which held-out rows are scored, rising. */
  readonly epochMarks: readonly number[]
  /**
   * Least squares instead of log loss: with a pair, the difference of two models is itself the least-squares model of what the strong one gains,
   * which the difference of log odds is not.
   */
  readonly isLeastSquares: boolean
}

/** From strong to weak: the less a model may move, the simpler it is. */
export const GRADIENT_SETTINGS: readonly (GradientSetting & { readonly name: string })[] = [
  { name: 'strong', sparsePrior: 5, densePenalty: 0.1 },
  { name: 'medium', sparsePrior: 1.5, densePenalty: 0.01 },
  { name: 'light', sparsePrior: 0.4, densePenalty: 0.001 },
]

/** Models over many hash buckets, trained row by row in the kernel: what remains fast when rows are many. */
export function createGradientMethod(
  { set, folds, run, seed, epochMarks, isLeastSquares }: GradientInit,
  setting: (typeof GRADIENT_SETTINGS)[number],
): LinearMethod {
  const { candidates, trainer } = set
  const name = `${isLeastSquares ? 'squared' : 'logistic'}-${setting.name}`
  const fitOf = (candidate: CandidateColumns, m: number): Omit<ColumnFit, 'rows' | 'name' | 'epochs' | 'bias'> => ({
    ...setting,
    seed: seed + m,
    loss: isLeastSquares ? 'squared' : 'logistic',
    readsPairs: true,
    targets: candidate.success,
    weights: candidate.weights,
  })
  const start = isLeastSquares ? ESTIMATE_START : LOG_ODDS_START
  const biasOf = (candidate: CandidateColumns, rows: Uint32Array): number => {
    const mean = weightedMean(candidate.success, candidate.weights, rows)
    return isLeastSquares ? mean : logit(mean)
  }
  return {
    family: 'linear',
    names: epochMarks.map((epochs) => `${name}-${epochs}`),
    start,
    loss: isLeastSquares ? 'squared' : 'logistic',
    densePenalties: densePenaltiesOf(set.denseCount, setting.densePenalty),
    stepsPerFold: candidates.length,
    async scoreFold(fold) {
      const rows = folds.rowsWithout[fold] ?? NO_ROWS
      const judged = folds.rowsOf[fold] ?? NO_ROWS
      const perCandidate: (readonly Float32Array[])[] = []
      for (const [m, candidate] of candidates.entries()) {
        const step = `${name}-fold-${fold}-model-${m}`
        const scores = await run.step(step, async () => {
          const marked: Float64Array[] = []
          const epochs = epochMarks.at(-1) ?? 1
          const fit = { ...fitOf(candidate, m), name: step, rows, epochs, bias: biasOf(candidate, rows) }
          const onEpoch = (epoch: number): void => {
            if (epochMarks.includes(epoch)) marked.push(trainer.score(judged))
          }
          await fitColumn(set, fit, { run, onEpoch })
          return joinNumbers(marked)
        })
        perCandidate.push(cutScores(scores, 1, epochMarks.length)[0] ?? [])
      }
      return epochMarks.map((_, variant) => perCandidate.map((variants) => variants[variant] ?? new Float32Array(0)))
    },
    async fitAll(variant) {
      const epochs = epochMarks[variant] ?? 1
      const rows = Uint32Array.from(set.keys.keys())
      return await fitModel(set, run, {
        name: `${name}-${epochs}-all`,
        fitOf: (m) => {
          const candidate = candidates[m]
          if (candidate === undefined) throw new RangeError(`There is no candidate ${m}`)
          return { ...fitOf(candidate, m), name: `${name}-all-${m}`, rows, epochs, bias: biasOf(candidate, rows) }
        },
      })
    },
  }
}

const NO_ROWS = new Uint32Array(0)

/** One model of all candidates, each trained by itself. */
export async function fitModel(
  set: EncodedSet,
  run: TrainingRun,
  { name, fitOf }: { readonly name: string; readonly fitOf: (candidate: number) => ColumnFit },
): Promise<LinearModel> {
  const { trainer, denseCount, candidates } = set
  const count = candidates.length
  const bias = new Float32Array(count)
  const dense = new Float32Array(count * denseCount)
  let sparse = new Float32Array(0)
  for (let m = 0; m < count; m += 1) {
    const packed = await run.step(`${name}-${m}`, async () => {
      await fitColumn(set, fitOf(m), { run })
      return packWeights(trainer.read(), denseCount)
    })
    bias[m] = packed[0] ?? 0
    dense.set(packed.subarray(1, 1 + denseCount), m * denseCount)
    const own = packed.subarray(1 + denseCount)
    if (m === 0) sparse = new Float32Array(count * own.length)
    for (let index = 0; index < own.length; index += 1) sparse[index * count + m] = own[index] ?? 0
  }
  return {
    modelCount: count,
    denseCount,
    sparseCount: sparse.length / count,
    sparseLayout: 'by-index',
    bias,
    dense,
    sparse,
    calibration: uncalibrated(count),
  }
}

/** Expected dollars by least squares, in units of each candidate's mean cost. */
export function createGradientCosts({ set, folds, run, seed, epochMarks }: GradientInit): CostMethod {
  const { candidates, trainer } = set
  const all = Uint32Array.from(set.keys.keys())
  const setting = GRADIENT_SETTINGS[1] ?? { sparsePrior: 1.5, densePenalty: 0.01 }
  const units = candidates.map(({ usd }) => Math.max(weightedMean(usd, undefined, all), Number.MIN_VALUE))
  const scaled = candidates.map(({ usd }, m) => usd.map((value) => value / (units[m] ?? 1)))
  const fitOf = (m: number, rows: Uint32Array): ColumnFit => ({
    ...setting,
    name: `usd-${m}`,
    seed: seed + m,
    loss: 'squared',
    readsPairs: true,
    targets: scaled[m] ?? new Float32Array(0),
    rows,
    bias: 1,
    epochs: epochMarks[0] ?? 1,
  })
  return {
    stepsPerFold: candidates.length,
    async scoreFold(fold) {
      const scores: Float32Array[] = []
      for (const [m, unit] of units.entries()) {
        const own = await run.step(`usd-fold-${fold}-model-${m}`, async () => {
          await fitColumn(set, fitOf(m, folds.rowsWithout[fold] ?? NO_ROWS), { run })
          return Float32Array.from(trainer.score(folds.rowsOf[fold] ?? NO_ROWS))
        })
        scores.push(own.map((value) => value * unit))
      }
      return scores
    },
    async fitAll() {
      const model = await fitModel(set, run, { name: 'usd-all', fitOf: (m) => fitOf(m, all) })
      const scale = (numbers: Float32Array, modelOf: (place: number) => number): Float32Array =>
        numbers.map((value, place) => value * (units[modelOf(place)] ?? 1))
      return {
        ...model,
        bias: scale(model.bias, (m) => m),
        dense: scale(model.dense, (place) => Math.floor(place / model.denseCount)),
        sparse: scale(model.sparse, (place) => place % candidates.length),
      }
    },
  }
}

/** Mean of the known values, with half a right and half a wrong outcome added where values are outcomes, so that it is never 0 or 1. */
function weightedMean(column: Float32Array, weights: Float32Array | undefined, rows: Uint32Array): number {
  let sum = weights === undefined ? 0 : 0.5
  let total = weights === undefined ? 0 : 1
  for (const row of rows) {
    const value = column[row] ?? Number.NaN
    const weight = weights === undefined ? 1 : (weights[row] ?? 0)
    if (Number.isNaN(value) || weight === 0) continue
    sum += weight * value
    total += weight
  }
  return total > 0 ? sum / total : 0
}
