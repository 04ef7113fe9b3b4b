import type { FeatureBatch, LinearModel, ScoreKind, UpdateStep } from '../core/kernels/linear-model.ts'
import type { RouteBatch } from '../core/kernels/route-expectation.ts'

/**
 * PolicyKernel: scores of many candidates for many rows, online updates, and expected cost and latency of routes. Synchronous,
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
