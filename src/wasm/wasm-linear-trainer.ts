import {
  checkTrainingPlan,
  gatherColumn,
  type TrainedWeights,
  type TrainingPass,
  type TrainingPlan,
} from '../core/kernels/train-linear.ts'
import { TrainingRows, type TrainingShape } from '../core/kernels/training-rows.ts'
import type { LinearTrainer } from '../ports/policy-kernel.ts'
import type { WasmCore } from './wasm-core.ts'

const LOSSES = { logistic: 0, squared: 1, quantile: 2 } as const
const PLAN_BYTES = 64
/** Rows per call of the kernel: a call that is running is never replaced by the faster code that the engine compiles meanwhile. */
const CALL_ROWS = 1024
/** The weight, and a word of n and the time when it was last touched. */
const SLOT_BYTES = 8

/** Training in WebAssembly memory: rows, the model at work and the order of an epoch live there; only orders go in and scores come out. */
export class WasmLinearTrainer implements LinearTrainer {
  readonly rows: TrainingRows
  readonly #core: WasmCore
  readonly #planAt: number
  readonly #denseAt: number
  readonly #tableAt: number
  readonly #denseBytes: number
  readonly #tableBytes: number
  #plan: TrainingPlan | undefined

  constructor(core: WasmCore, shape: TrainingShape) {
    this.#core = core
    this.rows = new TrainingRows(shape, {
      allocate: (bytes) => core.allocate(bytes),
      release: (address, bytes) => core.release(address, bytes),
      floats: (address, length) => core.float32(address, length),
      words: (address, length) => core.uint32(address, length),
    })
    this.#denseBytes = this.rows.layout.denseWidth * 4
    this.#tableBytes = (shape.sparseCount + 1) * SLOT_BYTES
    this.#planAt = core.allocate(PLAN_BYTES)
    this.#denseAt = core.allocate(3 * this.#denseBytes)
    this.#tableAt = core.allocate(this.#tableBytes)
  }

  begin(plan: TrainingPlan): void {
    const core = this.#core
    const { shape, layout } = this.rows
    checkTrainingPlan(shape, plan)
    this.#plan = plan
    const [weightsAt, squaresAt, penaltiesAt] = [0, 1, 2].map((part) => this.#denseAt + part * this.#denseBytes)
    core.u8.fill(0, this.#denseAt, this.#denseAt + 3 * this.#denseBytes)
    if (plan.readsPairs) core.u8.fill(0, this.#tableAt, this.#tableAt + this.#tableBytes)
    core.float32(weightsAt ?? 0, layout.denseWidth)[shape.denseCount] = plan.bias
    core.float32(penaltiesAt ?? 0, shape.denseCount).set(plan.densePenalties)
    const words = core.uint32(this.#planAt, PLAN_BYTES / 4)
    words.set([layout.denseWidth, weightsAt ?? 0, squaresAt ?? 0, penaltiesAt ?? 0, this.#tableAt])
    words.set([LOSSES[plan.loss], Number(plan.readsPairs)], 5)
    const floats = core.float32(this.#planAt, PLAN_BYTES / 4)
    floats.set([plan.quantile ?? 0.5, 1 / plan.rate, plan.start, plan.sparsePenalty], 7)
    words[11] = 0
    floats[12] = 1 / plan.denseRate
    words[13] = shape.sparseCount
  }

  train({ order, targets, weights }: TrainingPass): number {
    this.#begun()
    const core = this.#core
    const { length } = order
    const at = this.#place(order, length * 8)
    const [targetsAt, weightsAt] = [at + length * 4, at + length * 8]
    const placed = { order, rowCount: this.rows.count }
    gatherColumn(targets, placed, core.float32(targetsAt, length))
    gatherColumn(weights, placed, core.float32(weightsAt, length))
    let used = 0
    for (let from = 0; from < length; from += CALL_ROWS) {
      const [rows, count] = [4 * from, Math.min(CALL_ROWS, length - from)]
      used += core.exports.trainRows(this.#planAt, at + rows, targetsAt + rows, weightsAt + rows, count)
    }
    return used
  }

  score(order: Uint32Array): Float64Array {
    this.#begun()
    const outBytes = order.length * 8
    const at = this.#place(order, outBytes + 8)
    const outAt = at + Math.ceil(order.length / 2) * 8
    this.#core.exports.scoreRows(this.#planAt, at, order.length, outAt)
    return this.#core.float64(outAt, order.length).slice()
  }

  read(): TrainedWeights {
    const { readsPairs } = this.#begun()
    const core = this.#core
    const { denseCount, sparseCount } = this.rows.shape
    const sparse = new Float32Array(readsPairs ? sparseCount : 0)
    if (readsPairs) {
      core.exports.settleWeights(this.#planAt)
      const table = core.float32(this.#tableAt, sparseCount * 2)
      for (let index = 0; index < sparseCount; index += 1) sparse[index] = table[2 * index] ?? 0
    }
    const dense = core.float32(this.#denseAt, denseCount + 1)
    return { bias: dense[denseCount] ?? 0, dense: dense.slice(0, denseCount), sparse }
  }

  release(): void {
    this.rows.release()
    this.#core.release(this.#planAt, PLAN_BYTES)
    this.#core.release(this.#denseAt, 3 * this.#denseBytes)
    this.#core.release(this.#tableAt, this.#tableBytes)
    this.#plan = undefined
  }

  /** Puts the addresses of rows into memory, with `extraBytes` behind them. */
  #place(order: Uint32Array, extraBytes: number): number {
    const addresses = this.rows.addressesOf(order)
    const at = this.#core.scratch(Math.max(16, order.length * 4 + extraBytes))
    this.#core.uint32(at, order.length).set(addresses)
    return at
  }

  #begun(): TrainingPlan {
    if (this.#plan === undefined) throw new TypeError('No model was begun')
    return this.#plan
  }
}
