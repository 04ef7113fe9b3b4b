import { checkFeatureBatch, checkLinearModel, checkUpdateStep } from '../core/kernels/linear-model.ts'
import type { FeatureBatch, LinearModel, ScoreKind, UpdateStep } from '../core/kernels/linear-model.ts'
import type { LinearScorer } from '../ports/policy-kernel.ts'
import type { WasmCore } from './wasm-core.ts'

const KINDS = { raw: 0, sigmoid: 1, softmax: 2 } as const
const MODEL_BLOCK = 32
const BATCH_BLOCK = 32

/** A linear model held in WebAssembly memory; batches are copied in, scores copied out. */
export class WasmLinearScorer implements LinearScorer {
  readonly modelCount: number
  private readonly core: WasmCore
  private readonly shape: LinearModel
  private readonly model: number
  private readonly modelBytes: number
  private readonly biasAt: number
  private readonly denseAt: number
  private readonly sparseAt: number

  constructor(core: WasmCore, model: LinearModel) {
    checkLinearModel(model)
    this.core = core
    this.shape = model
    this.modelCount = model.modelCount
    const calibrationBytes = model.calibration.length * 8
    this.modelBytes =
      MODEL_BLOCK + calibrationBytes + (model.bias.length + model.dense.length + model.sparse.length) * 4
    this.model = core.allocate(this.modelBytes)
    const calibrationAt = this.model + MODEL_BLOCK
    this.biasAt = calibrationAt + calibrationBytes
    this.denseAt = this.biasAt + model.bias.length * 4
    this.sparseAt = this.denseAt + model.dense.length * 4
    const isByModel = model.sparseLayout === 'by-model'
    core
      .uint32(this.model, 8)
      .set([
        model.modelCount,
        model.denseCount,
        isByModel ? model.sparseCount : 1,
        isByModel ? 1 : model.modelCount,
        this.biasAt,
        this.denseAt,
        this.sparseAt,
        calibrationAt,
      ])
    core.float64(calibrationAt, model.calibration.length).set(model.calibration)
    core.float32(this.biasAt, model.bias.length).set(model.bias)
    core.float32(this.denseAt, model.dense.length).set(model.dense)
    core.float32(this.sparseAt, model.sparse.length).set(model.sparse)
  }

  score(batch: FeatureBatch, kind: ScoreKind): Float64Array {
    const { block, out } = this.place(batch)
    this.core.exports.scoreBatch(this.model, block, KINDS[kind])
    return this.core.float64(out, batch.rowCount * this.modelCount).slice()
  }

  updateLogistic(
    batch: FeatureBatch,
    step: UpdateStep & { readonly modelIndex: number; readonly label: number },
  ): number {
    checkUpdateStep(this.shape, batch, step)
    const { block } = this.place(batch)
    return this.core.exports.updateLogistic(
      this.model,
      block,
      step.row,
      step.modelIndex,
      step.label,
      step.rate,
      step.decay,
    )
  }

  updateSoftmax(batch: FeatureBatch, step: UpdateStep & { readonly label: number }): Float64Array {
    checkUpdateStep(this.shape, batch, { ...step, modelIndex: step.label })
    const { block, out } = this.place(batch)
    this.core.exports.updateSoftmax(this.model, block, step.row, step.label, step.rate, step.decay)
    return this.core.float64(out, this.modelCount).slice()
  }

  read(): LinearModel {
    const { core, shape } = this
    return {
      ...shape,
      bias: core.float32(this.biasAt, shape.bias.length).slice(),
      dense: core.float32(this.denseAt, shape.dense.length).slice(),
      sparse: core.float32(this.sparseAt, shape.sparse.length).slice(),
      calibration: shape.calibration.slice(),
    }
  }

  release(): void {
    this.core.release(this.model, this.modelBytes)
  }

  /** Copies the batch in behind its block; returns the addresses of the block and of its output. */
  private place(batch: FeatureBatch): { readonly block: number; readonly out: number } {
    checkFeatureBatch(this.shape, batch)
    const { core } = this
    const denseLength = batch.rowCount * this.shape.denseCount
    const pairs = batch.offsets[batch.rowCount] ?? 0
    const block = core.scratch(
      BATCH_BLOCK +
        denseLength * 8 +
        (batch.rowCount + 1) * 8 +
        pairs * 16 +
        Math.max(batch.rowCount, 1) * this.modelCount * 8,
    )
    const denseAt = block + BATCH_BLOCK
    const valuesAt = denseAt + denseLength * 8
    const outAt = valuesAt + pairs * 8
    const offsetsAt = outAt + Math.max(batch.rowCount, 1) * this.modelCount * 8
    const indicesAt = offsetsAt + (batch.rowCount + 1) * 4
    core.uint32(block, 6).set([batch.rowCount, denseAt, offsetsAt, indicesAt, valuesAt, outAt])
    core.float64(denseAt, denseLength).set(batch.dense.subarray(0, denseLength))
    core.float64(valuesAt, pairs).set(batch.values.subarray(0, pairs))
    core.uint32(offsetsAt, batch.rowCount + 1).set(batch.offsets.subarray(0, batch.rowCount + 1))
    core.uint32(indicesAt, pairs).set(batch.indices.subarray(0, pairs))
    return { block, out: outAt }
  }
}
