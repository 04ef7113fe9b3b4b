import type { Calibration } from '../../core/learning/calibrate.ts'
import type { LinearModel } from '../../core/kernels/linear-model.ts'
import type { NeighbourModel } from '../../core/policy/neighbour-model.ts'
import type { PolicyFamily } from '../../core/policy/policy-artefact.ts'

/** Scores of one fold's rows: `[variant][candidate]`, in the order of the fold's rows; NaN for a row that is not judged. */
export type FoldScores = readonly (readonly Float32Array[])[]

/** Ways of training that share most of their work and differ in a last setting: its variants. */
export type Method = {
  readonly family: PolicyFamily
  /** Of the variants. */
  readonly names: readonly string[]
  /** What its scores need before calibration. */
  readonly start: Calibration
  /** Steps that one call of `scoreFold` takes. */
  readonly stepsPerFold: number
  /** Scores of a fold's rows by a model that did not see the fold. */
  scoreFold(fold: number): Promise<FoldScores>
}

/** Parts of an artefact that a method gives when it is trained on all rows; not yet calibrated. */
export type LinearMethod = Method & {
  /** Whether scores are log odds, trained by log loss, or means, trained by half the squared error. */
  readonly loss: 'logistic' | 'squared'
  /** Per dense input: half of it times the squared weight is added to the mean loss of a row. */
  readonly densePenalties: ArrayLike<number>
  fitAll(variant: number): Promise<LinearModel>
}
export type NeighbourMethod = Method & { gatherAll(variant: number): Promise<NeighbourModel> }

/** Expected dollars of all candidates. */
export type CostMethod = {
  readonly stepsPerFold: number
  /** Per candidate, in the order of the fold's rows. */
  scoreFold(fold: number): Promise<readonly Float32Array[]>
  fitAll(): Promise<LinearModel>
}

/** Slope 1 and intercept 0 for each candidate. */
export function uncalibrated(count: number): Float64Array {
  return Float64Array.from({ length: 2 * count }, (_, place) => (place % 2 === 0 ? 1 : 0))
}

/** Rows dealt into folds. */
export type Folds = {
  readonly count: number
  /** By row number. */
  readonly of: Uint8Array
  readonly rowsOf: readonly Uint32Array[]
  readonly rowsWithout: readonly Uint32Array[]
}

export function dealFolds(keys: Uint32Array, count: number): Folds {
  const of = Uint8Array.from(keys, (key) => key % count)
  const rows = Uint32Array.from(keys.keys())
  const folds = Array.from({ length: count }, (_, fold) => fold)
  return {
    count,
    of,
    rowsOf: folds.map((fold) => rows.filter((row) => of[row] === fold)),
    rowsWithout: folds.map((fold) => rows.filter((row) => of[row] !== fold)),
  }
}

/** Cuts a step's numbers into `[variant][candidate]`. */
export function cutScores(numbers: Float32Array, variants: number, candidates: number): FoldScores {
  const length = numbers.length / (variants * candidates)
  return Array.from({ length: variants }, (_, variant) =>
    Array.from({ length: candidates }, (_candidate, m) => {
      const from = (variant * candidates + m) * length
      return numbers.subarray(from, from + length)
    }),
  )
}
