import {
  checkTrainingPlan,
  createTrainingState,
  gatherColumn,
  scoreRows,
  settleWeights,
  trainRows,
  type TrainedWeights,
  type TrainingPass,
  type TrainingPlan,
  type TrainingState,
} from '../core/kernels/train-linear.ts'
import { TrainingRows, createRowMemory, type TrainingShape } from '../core/kernels/training-rows.ts'
import type { LinearTrainer } from '../ports/policy-kernel.ts'

const NONE = new Float32Array(0)

/** Training in plain TypeScript. */
export class TypeScriptLinearTrainer implements LinearTrainer {
  readonly rows: TrainingRows
  readonly #memory = createRowMemory()
  #state: TrainingState | undefined

  constructor(shape: TrainingShape) {
    this.rows = new TrainingRows(shape, this.#memory)
  }

  begin(plan: TrainingPlan): void {
    checkTrainingPlan(this.rows.shape, plan)
    this.#state = createTrainingState(this.rows.shape, this.rows.layout, plan)
  }

  train({ order, targets, weights }: TrainingPass): number {
    const state = this.#begun()
    const placed = { order, rowCount: this.rows.count }
    const columns = [targets, weights].map((column) => {
      const out = new Float32Array(order.length)
      gatherColumn(column, placed, out)
      return out
    })
    const [orderedTargets = NONE, orderedWeights = NONE] = columns
    return trainRows(state, this.#memory.chunks, {
      addresses: this.rows.addressesOf(order),
      targets: orderedTargets,
      weights: orderedWeights,
    })
  }

  score(order: Uint32Array): Float64Array {
    const state = this.#begun()
    return scoreRows(state, this.#memory.chunks, this.rows.addressesOf(order))
  }

  read(): TrainedWeights {
    const state = this.#begun()
    const { denseCount, sparseCount } = this.rows.shape
    if (state.plan.readsPairs) settleWeights(state)
    return {
      bias: state.dense[denseCount] ?? 0,
      dense: state.dense.slice(0, denseCount),
      sparse: Float32Array.from(
        { length: state.plan.readsPairs ? sparseCount : 0 },
        (_, index) => state.table[2 * index] ?? 0,
      ),
    }
  }

  release(): void {
    this.rows.release()
    this.#state = undefined
  }

  #begun(): TrainingState {
    if (this.#state === undefined) throw new TypeError('No model was begun')
    return this.#state
  }
}
