import type { FeatureBatch, LinearModel, ScoreKind, UpdateStep } from '../core/kernels/linear-model.ts'
import type { RouteBatch } from '../core/kernels/route-expectation.ts'
import type { TrainedWeights, TrainingPass, TrainingPlan } from '../core/kernels/train-linear.ts'
import type { TrainingRows, TrainingShape } from '../core/kernels/training-rows.ts'

/**
 * PolicyKernel: scores of many candidates for many rows, online updates, training, and expected cost and latency of routes. Synchronous,
 * no I/O, no knowledge of what the features mean. The WebAssembly and the TypeScript implementation give the same bits:
 * use whichever is faster for the size at hand, the decision does not depend on it.
 *
 * ```ts
 * const scoreOne = (kernel: PolicyKernel, model: LinearModel, batch: FeatureBatch): number | undefined =>
 *   kernel.loadModel(model).score(batch, 'sigmoid')[0]
 * ```
 */
export interface PolicyKernel {
  readonly implementation: 'wasm' | 'typescript'
  /** Copies the model's arrays. Throws RangeError when one has the wrong length. */
  loadModel(model: LinearModel): LinearScorer
  /** Room for rows of one shape, and models to be trained on them. Throws RangeError for a shape out of range. */
  createTrainer(shape: TrainingShape): LinearTrainer
  /** Per route four numbers: expected cost, expected latency, P(right answer), P(no answer accepted). Throws RangeError for bad offsets. */
  expectRoutes(routes: RouteBatch): Float64Array
}

/** A loaded model. Methods throw RangeError when a batch does not fit it. */
export interface LinearScorer {
  readonly modelCount: number
  /** `rowCount * modelCount` numbers, row-major. The array is the caller's. */
  score(batch: FeatureBatch, kind: ScoreKind): Float64Array
  /** One step for one candidate; returns the uncalibrated probability before the step. */
  updateLogistic(
    batch: FeatureBatch,
    step: UpdateStep & { readonly modelIndex: number; readonly label: number },
  ): number
  /** One step for all candidates; returns their distribution before the step. */
  updateSoftmax(batch: FeatureBatch, step: UpdateStep & { readonly label: number }): Float64Array
  /** A copy of the model as it is now. */
  read(): LinearModel
  /** Gives the memory back. The scorer must not be used afterwards. */
  release(): void
}

/**
 * Trains linear models, one at a time, on rows that it keeps: written once, read in any order, with no call per row. Equal rows, plan and orders
 * give equal weights to the last bit. A row may be trained on alone and as it arrives: that is an online update with the same step.
 */
export interface LinearTrainer {
  readonly rows: TrainingRows
  /** Starts a model from nothing. Throws RangeError when the plan does not fit the rows. */
  begin(plan: TrainingPlan): void
  /** One step per row number, in order; returns how many had a target. Throws RangeError for a row that is not there, TypeError before `begin`. */
  train(pass: TrainingPass): number
  /** Raw scores of rows by the model as it is now. Throws as `train` does. */
  score(order: Uint32Array): Float64Array
  /** The weights as they are now, with all penalties applied. Training may go on. Throws TypeError before `begin`. */
  read(): TrainedWeights
  /** Gives the memory back. The trainer must not be used afterwards. */
  release(): void
}
