import { exp, sigmoid } from '../../base/deterministic-math.ts'

/**
 * Linear models that share their features, one per candidate. For a row x of dense features and (index, value) pairs:
 *
 * ```
 * score[m]       = bias[m] + sum over j of dense[m][j] * x[j] + sum over pairs of sparse[m][index] * value
 * probability[m] = sigmoid(calibration[2m] * score[m] + calibration[2m + 1])
 * ```
 *
 * Weights are 32-bit, sums are 64-bit and run strictly in the order written, so every implementation gives the same bits.
 */
export type LinearModel = {
  readonly modelCount: number
  readonly denseCount: number
  /** Number of hash buckets; 0 = no sparse features. */
  readonly sparseCount: number
  /**
   * `by-model`: sparse[m * sparseCount + index]. `by-index`: sparse[index * modelCount + m], which touches one cache line per
   * feature instead of one per feature and model. Same scores either way.
   */
  readonly sparseLayout: 'by-model' | 'by-index'
  /** `modelCount` long. */
  readonly bias: Float32Array
  /** Row-major [model][feature], `modelCount * denseCount` long. */
  readonly dense: Float32Array
  /** `modelCount * sparseCount` long. */
  readonly sparse: Float32Array
  /** Slope and intercept per model, `2 * modelCount` long; 1, 0 = not calibrated. */
  readonly calibration: Float64Array
}

/** Rows to score. Row r has dense[r * denseCount ..] and the pairs offsets[r] .. offsets[r + 1] - 1 of indices and values. */
export type FeatureBatch = {
  readonly rowCount: number
  readonly dense: Float64Array
  /** `rowCount + 1` long, rising. */
  readonly offsets: Uint32Array
  /** Each below `sparseCount`. */
  readonly indices: Uint32Array
  readonly values: Float64Array
}

/** `raw`: scores. `sigmoid`: a calibrated probability per model. `softmax`: one distribution over the models of a row. */
export type ScoreKind = 'raw' | 'sigmoid' | 'softmax'

/** One observed outcome: row `row` of a batch, the step size, and the pull of touched weights towards zero. */
export type UpdateStep = {
  readonly row: number
  readonly rate: number
  readonly decay: number
}

/** Throws `RangeError` when an array of the model has the wrong length. */
export function checkLinearModel(model: LinearModel): void {
  const { modelCount, denseCount, sparseCount } = model
  for (const count of [modelCount, denseCount, sparseCount]) {
    if (!Number.isInteger(count) || count < 0)
      throw new RangeError(`Counts of a model must be whole numbers, not ${count}`)
  }
  if (modelCount === 0) throw new RangeError('A linear model needs at least one candidate')
  expectLength('bias', model.bias, modelCount)
  expectLength('dense', model.dense, modelCount * denseCount)
  expectLength('sparse', model.sparse, modelCount * sparseCount)
  expectLength('calibration', model.calibration, 2 * modelCount)
}

/** Throws `RangeError` when the batch does not fit the model: kernels do not look again. */
export function checkFeatureBatch(model: LinearModel, batch: FeatureBatch): void {
  const { rowCount, offsets, indices, values } = batch
  if (!Number.isInteger(rowCount) || rowCount < 0)
    throw new RangeError(`rowCount must be a whole number, not ${rowCount}`)
  if (batch.dense.length < rowCount * model.denseCount)
    throw new RangeError(`dense must hold ${rowCount} rows of ${model.denseCount} features`)
  if (offsets.length < rowCount + 1) throw new RangeError(`offsets must be ${rowCount + 1} long`)
  let before = offsets[0] ?? 0
  for (let row = 1; row <= rowCount; row += 1) {
    const next = offsets[row] ?? 0
    if (next < before) throw new RangeError(`offsets must rise; entry ${row} does not`)
    before = next
  }
  if (before > indices.length || before > values.length)
    throw new RangeError('offsets point behind the indices or values')
  for (let i = offsets[0] ?? 0; i < before; i += 1) {
    if ((indices[i] ?? 0) >= model.sparseCount)
      throw new RangeError(`Index ${indices[i]} is not below sparseCount ${model.sparseCount}`)
  }
}

/** Throws `RangeError` when the row, the candidate or the label of a step is out of range. */
export function checkUpdateStep(
  model: LinearModel,
  batch: FeatureBatch,
  step: UpdateStep & { readonly modelIndex: number; readonly label: number },
): void {
  const { row, modelIndex, label, rate, decay } = step
  if (!Number.isInteger(row) || row < 0 || row >= batch.rowCount)
    throw new RangeError(`row must be below ${batch.rowCount}, not ${row}`)
  if (!Number.isInteger(modelIndex) || modelIndex < 0 || modelIndex >= model.modelCount) {
    throw new RangeError(`The candidate must be below ${model.modelCount}, not ${modelIndex}`)
  }
  if (!Number.isFinite(label) || !Number.isFinite(rate) || !Number.isFinite(decay))
    throw new RangeError('label, rate and decay must be finite')
}

function expectLength(name: string, array: ArrayLike<number>, length: number): void {
  if (array.length !== length) throw new RangeError(`${name} must be ${length} long, not ${array.length}`)
}

/**
 * Plain TypeScript twin of the scoring kernel. Writes `rowCount * modelCount` numbers to `out`, row-major.
 * Model and batch must have passed their checks.
 */
export function scoreBatch(
  model: LinearModel,
  batch: FeatureBatch,
  scoring: { readonly kind: ScoreKind; readonly out: Float64Array },
): void {
  const { modelCount } = model
  const { kind, out } = scoring
  for (let row = 0; row < batch.rowCount; row += 1) {
    const at = row * modelCount
    for (let m = 0; m < modelCount; m += 1) out[at + m] = rawScore(model, batch, row, m)
    if (kind === 'sigmoid') calibrate(model.calibration, out, at)
    else if (kind === 'softmax') softmaxInPlace(out, at, modelCount)
  }
}

function rawScore(model: LinearModel, batch: FeatureBatch, row: number, m: number): number {
  const { denseCount, dense, sparse } = model
  const isByModel = model.sparseLayout === 'by-model'
  const step = isByModel ? 1 : model.modelCount
  const from = isByModel ? m * model.sparseCount : m
  let sum = model.bias[m] ?? 0
  for (let j = 0; j < denseCount; j += 1)
    sum += (dense[m * denseCount + j] ?? 0) * (batch.dense[row * denseCount + j] ?? 0)
  const { indices, values } = batch
  const end = batch.offsets[row + 1] ?? 0
  for (let i = batch.offsets[row] ?? 0; i < end; i += 1)
    sum += (sparse[from + (indices[i] ?? 0) * step] ?? 0) * (values[i] ?? 0)
  return sum
}

function calibrate(calibration: Float64Array, out: Float64Array, from: number): void {
  for (let m = 0; 2 * m < calibration.length; m += 1) {
    out[from + m] = sigmoid((calibration[2 * m] ?? 0) * (out[from + m] ?? 0) + (calibration[2 * m + 1] ?? 0))
  }
}

/** Replaces `count` scores from place `from` by e^score over their sum; the largest is subtracted first, so nothing overflows. */
export function softmaxInPlace(values: Float64Array, from: number, count: number): void {
  let largest = Number.NEGATIVE_INFINITY
  for (let i = from; i < from + count; i += 1) largest = (values[i] ?? 0) > largest ? (values[i] ?? 0) : largest
  let sum = 0
  for (let i = from; i < from + count; i += 1) {
    const power = exp((values[i] ?? 0) - largest)
    values[i] = power
    sum += power
  }
  for (let i = from; i < from + count; i += 1) values[i] = (values[i] ?? 0) / sum
}

/**
 * One online step of logistic regression for one candidate, on the uncalibrated score. `label` is 0..1.
 * Changes the model's arrays; returns the probability before the step.
 */
export function updateLogistic(
  model: LinearModel,
  batch: FeatureBatch,
  step: UpdateStep & { readonly modelIndex: number; readonly label: number },
): number {
  const probability = sigmoid(rawScore(model, batch, step.row, step.modelIndex))
  descend(model, batch, { ...step, gradient: probability - step.label })
  return probability
}

/** One online step of softmax regression over all candidates; `label` is the right one. Returns the probabilities before the step. */
export function updateSoftmax(
  model: LinearModel,
  batch: FeatureBatch,
  step: UpdateStep & { readonly label: number },
): Float64Array {
  const out = new Float64Array(model.modelCount)
  for (let m = 0; m < model.modelCount; m += 1) out[m] = rawScore(model, batch, step.row, m)
  softmaxInPlace(out, 0, model.modelCount)
  for (let m = 0; m < model.modelCount; m += 1) {
    descend(model, batch, { ...step, modelIndex: m, gradient: (out[m] ?? 0) - (m === step.label ? 1 : 0) })
  }
  return out
}

type Descent = UpdateStep & { readonly modelIndex: number; readonly gradient: number }

function descend(model: LinearModel, batch: FeatureBatch, descent: Descent): void {
  const { row, rate, decay, modelIndex, gradient } = descent
  const { denseCount, dense, sparse, bias } = model
  bias[modelIndex] = (bias[modelIndex] ?? 0) - rate * gradient
  for (let j = 0; j < denseCount; j += 1) {
    const weight = dense[modelIndex * denseCount + j] ?? 0
    dense[modelIndex * denseCount + j] =
      weight - rate * (gradient * (batch.dense[row * denseCount + j] ?? 0) + decay * weight)
  }
  const isByModel = model.sparseLayout === 'by-model'
  const end = batch.offsets[row + 1] ?? 0
  for (let i = batch.offsets[row] ?? 0; i < end; i += 1) {
    const index = batch.indices[i] ?? 0
    const at = isByModel ? modelIndex * model.sparseCount + index : index * model.modelCount + modelIndex
    const weight = sparse[at] ?? 0
    sparse[at] = weight - rate * (gradient * (batch.values[i] ?? 0) + decay * weight)
  }
}
