import { createRandomStream } from '../../base/random-stream.ts'
import type { TrainedWeights, TrainingLoss } from '../../core/kernels/train-linear.ts'
import { foldKeyOf } from '../../core/learning/training/fold-key.ts'
import { PROMPT_FEATURES } from '../../core/policy/prompt-features.ts'
import type { EncodedSet } from './encode-set.ts'
import type { TrainingRun } from './training-run.ts'

/** How strongly weights are drawn to zero, and how fast they move. */
export type GradientSetting = {
  /**
   * Penalty of a hashed feature's squared weight, in rows: as if so many rows with value 1 had asked for a weight of 0. The penalty per row
   * is this over the number of rows, so a setting means the same for 1,000 rows and for 100,000.
   */
  readonly sparsePrior: number
  /** Penalty of a standardised prompt feature's squared weight, per row. */
  readonly densePenalty: number
}

export type ColumnFit = GradientSetting & {
  /** Names the draws of the row order. */
  readonly name: string
  readonly seed: number
  readonly loss: TrainingLoss
  readonly quantile?: number
  readonly readsPairs: boolean
  /** By row number; NaN: not known. */
  readonly targets: Float32Array
  /** By row number; absent: 1. */
  readonly weights?: Float32Array
  /** Rows to train on; those without a target are passed over. */
  readonly rows: Uint32Array
  readonly bias: number
  readonly epochs: number
}

/** Steps of a hashed feature at first: words are rare, and a few rows must be enough to move them. */
const RATE = 0.6
/** All dense features move at once, so each moves little. */
const DENSE_RATE = 0.02
/** Without it the first, random steps of a weight would be its largest by far. */
const START = 0.1
/** The index of difficulty is one number made of several, and may say more than each. */
const DIFFICULTY_SHARE = 0.05
/** Flags of templates belong to the exact solver; hashed words tell forms apart already. */
const OFF = 1e6
/** Rows between two looks at the signal. */
const SLICE_ROWS = 16_384

/**
 * Trains one column and leaves the model in the trainer. `onEpoch` is called after each epoch, from 1.
 * Throws the signal's reason.
 */
export async function fitColumn(
  set: EncodedSet,
  fit: ColumnFit,
  { run, onEpoch }: { readonly run: TrainingRun; readonly onEpoch?: (epoch: number) => void },
): Promise<void> {
  const { trainer } = set
  const { targets, weights, rows, seed } = fit
  const order = rows.filter((row) => !Number.isNaN(targets[row] ?? Number.NaN) && (weights?.[row] ?? 1) > 0)
  trainer.begin({
    loss: fit.loss,
    ...(fit.quantile !== undefined && { quantile: fit.quantile }),
    rate: RATE,
    denseRate: DENSE_RATE,
    start: START,
    densePenalties: densePenaltiesOf(trainer.rows.shape.denseCount, fit.densePenalty),
    sparsePenalty: fit.sparsePrior / Math.max(1, order.length),
    readsPairs: fit.readsPairs,
    bias: fit.bias,
  })
  const random = createRandomStream(foldKeyOf(fit.name, seed))
  for (let epoch = 1; epoch <= fit.epochs; epoch += 1) {
    for (let last = order.length - 1; last > 0; last -= 1) {
      const other = random.nextBelow(last + 1)
      const kept = order[last] ?? 0
      order[last] = order[other] ?? 0
      order[other] = kept
    }
    for (let from = 0; from < order.length; from += SLICE_ROWS) {
      trainer.train({
        order: order.subarray(from, from + SLICE_ROWS),
        targets,
        ...(weights !== undefined && { weights }),
      })
      await run.pause()
    }
    onEpoch?.(epoch)
  }
}

/** Per dense input, of half its squared weight beside the mean loss. */
export function densePenaltiesOf(denseCount: number, penalty: number): Float32Array {
  const penalties = new Float32Array(denseCount).fill(OFF)
  penalties.fill(penalty, 0, PROMPT_FEATURES.length)
  penalties[PROMPT_FEATURES.length] = penalty * DIFFICULTY_SHARE
  return penalties
}

/** Weights of one column as one array: bias, dense, sparse. */
export function packWeights({ bias, dense, sparse }: TrainedWeights, denseCount: number): Float32Array {
  const packed = new Float32Array(1 + denseCount + sparse.length)
  packed[0] = bias
  packed.set(dense.subarray(0, denseCount), 1)
  packed.set(sparse, 1 + denseCount)
  return packed
}
