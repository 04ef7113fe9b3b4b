import type { LinearModel } from '../../core/kernels/linear-model.ts'
import type { QuantileModels } from '../../core/policy/quantile-models.ts'
import type { EncodedSet } from './encode-set.ts'
import { fitColumn, type ColumnFit } from './fit-column.ts'
import { fitModel } from './gradient-method.ts'
import type { Folds } from './method.ts'
import type { TrainingRun } from './training-run.ts'
import { OUTCOMES_MIN } from './training-set.ts'

/** The middle, and what nine of ten answers stay below. */
export const QUANTILES: readonly number[] = [0.5, 0.9]

export type FittedQuantiles = {
  readonly models: QuantileModels
  /** Share of held-out rows, over all candidates, that stayed at or below each quantile. */
  readonly coverage: readonly number[]
}

export type QuantileInit = {
  readonly set: EncodedSet
  readonly folds: Folds
  readonly run: TrainingRun
  readonly seed: number
  /** For the names of steps. */
  readonly name: string
  /** Per candidate, by row number; NaN: not known. */
  readonly columns: readonly Float32Array[]
}

/** Whether each candidate was seen often enough. */
export function hasEnough(columns: readonly Float32Array[]): boolean {
  return columns.every(
    (column) => column.reduce((count, value) => count + (Number.isNaN(value) ? 0 : 1), 0) >= OUTCOMES_MIN,
  )
}

/** Quantile models of the dense features: how long and how dear an answer is depends on the form of a task, hardly on single words. */
export async function fitQuantiles(init: QuantileInit): Promise<FittedQuantiles> {
  const { set, run, name, folds } = init
  const all = Uint32Array.from(set.keys.keys())
  const models: LinearModel[] = []
  const coverage: number[] = []
  for (const quantile of QUANTILES) {
    const step = `${name}-q${Math.round(quantile * 100)}`
    models.push(
      await fitModel(set, run, { name: `${step}-all`, fitOf: (m) => fitOf(init, { m, quantile, rows: all }) }),
    )
    const rows = folds.rowsWithout[0] ?? all
    const judged = folds.rowsOf[0] ?? all
    let below = 0
    let known = 0
    for (const [m, column] of init.columns.entries()) {
      const scores = await run.step(`${step}-fold-0-model-${m}`, async () => {
        await fitColumn(set, fitOf(init, { m, quantile, rows }), { run })
        return Float32Array.from(set.trainer.score(judged))
      })
      for (const [place, row] of judged.entries()) {
        const value = column[row] ?? Number.NaN
        if (Number.isNaN(value)) continue
        known += 1
        if (value <= (scores[place] ?? 0)) below += 1
      }
    }
    coverage.push(below / known)
  }
  return { models: { quantiles: QUANTILES, models }, coverage }
}

/** As if so many rows with a feature of 1 had asked for a weight of 0. */
const DENSE_PRIOR_ROWS = 30

/** Rows that each column sees in all epochs together, at least. */
const STEPS_MIN = 60_000

function fitOf(
  { columns, seed, name }: QuantileInit,
  { m, quantile, rows }: { readonly m: number; readonly quantile: number; readonly rows: Uint32Array },
): ColumnFit {
  const targets = columns[m] ?? new Float32Array(0)
  const known = Float64Array.from(rows, (row) => targets[row] ?? Number.NaN)
    .filter((value) => !Number.isNaN(value))
    .sort()
  return {
    name: `${name}-${quantile}-${m}`,
    seed,
    loss: 'quantile',
    quantile,
    readsPairs: false,
    targets,
    rows,
    sparsePrior: 0,
    densePenalty: DENSE_PRIOR_ROWS / Math.max(1, known.length),
    bias: known[Math.floor(quantile * (known.length - 1))] ?? 0,
    epochs: Math.min(40, Math.max(4, Math.ceil(STEPS_MIN / Math.max(1, known.length)))),
  }
}
