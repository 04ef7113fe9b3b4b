import { exp, sigmoid } from './deterministic-math'

// score[row][model] = bias[model] + sum of dense[model][j] * x[j] + sum of sparse(model, index) * value, in 64-bit arithmetic,
// strictly in this order, so that every implementation gives the same bits. Weights are 32-bit.
//
// model block (i32 each)                          batch block (i32 each)
//   0  models                                       0  rows
//   4  dense features                               4  dense      f64 x rows x features
//   8  sparse stride from model to model            8  offsets    i32 x (rows + 1), into indices and values
//   12 sparse stride from index to index            12 indices    u32
//   16 bias       f32 x models                      16 values     f64
//   20 dense      f32 x models x features           20 out        f64 x rows x models
//   24 sparse     f32
//   28 calibration f64 x 2 x models: slope, intercept

export const SCORE_RAW: i32 = 0
export const SCORE_SIGMOID: i32 = 1
export const SCORE_SOFTMAX: i32 = 2

/*@inline*/
function field(block: usize, at: usize): usize {
  return <usize>load<u32>(block + at)
}

/** Raw score of one row for one model. */
function score(model: usize, m: i32, dense: usize, batch: usize, row: i32): f64 {
  const features = load<i32>(model, 4)
  let sum = <f64>load<f32>(field(model, 16) + ((<usize>m) << 2))
  let weight = field(model, 20) + ((<usize>(m * features)) << 2)
  const end = weight + ((<usize>features) << 2)
  while (weight < end) {
    sum += <f64>load<f32>(weight) * load<f64>(dense)
    weight += 4
    dense += 8
  }
  const offsets = field(batch, 8) + ((<usize>row) << 2)
  const step = field(model, 12)
  const sparse = field(model, 24) + ((<usize>m * field(model, 8)) << 2)
  const first = <usize>load<u32>(offsets)
  const last = <usize>load<u32>(offsets, 4)
  const indices = field(batch, 12)
  const values = field(batch, 16)
  for (let i = first; i < last; i++) {
    const index = <usize>load<u32>(indices + (i << 2))
    sum += <f64>load<f32>(sparse + ((index * step) << 2)) * load<f64>(values + (i << 3))
  }
  return sum
}

/** Two models at a time: the same sums in the same order, side by side in one vector. */
function scorePair(model: usize, m: i32, dense: usize, batch: usize, row: i32, out: usize): void {
  const features = load<i32>(model, 4)
  const bias = field(model, 16) + ((<usize>m) << 2)
  let sums = f64x2(<f64>load<f32>(bias), <f64>load<f32>(bias, 4))
  let weight = field(model, 20) + ((<usize>(m * features)) << 2)
  const end = weight + ((<usize>features) << 2)
  const nextModel = (<usize>features) << 2
  while (weight < end) {
    const pair = f64x2(<f64>load<f32>(weight), <f64>load<f32>(weight + nextModel))
    sums = f64x2.add(sums, f64x2.mul(pair, v128.load64_splat(dense)))
    weight += 4
    dense += 8
  }
  const offsets = field(batch, 8) + ((<usize>row) << 2)
  const step = field(model, 12)
  const stride = field(model, 8)
  const sparse = field(model, 24) + ((<usize>m * stride) << 2)
  const first = <usize>load<u32>(offsets)
  const last = <usize>load<u32>(offsets, 4)
  const indices = field(batch, 12)
  const values = field(batch, 16)
  for (let i = first; i < last; i++) {
    const at = sparse + ((<usize>load<u32>(indices + (i << 2)) * step) << 2)
    const pair =
      stride == 1
        ? f64x2.promote_low_f32x4(v128.load64_zero(at))
        : f64x2(<f64>load<f32>(at), <f64>load<f32>(at + (stride << 2)))
    sums = f64x2.add(sums, f64x2.mul(pair, v128.load64_splat(values + (i << 3))))
  }
  v128.store(out, sums)
}

/** Scores every row of the batch for every model; `kind` is one of the SCORE constants. */
export function scoreBatch(model: usize, batch: usize, kind: i32): void {
  const models = load<i32>(model)
  const rows = load<i32>(batch)
  const features = load<i32>(model, 4)
  let dense = field(batch, 4)
  let out = field(batch, 20)
  for (let row = 0; row < rows; row++) {
    let m = 0
    for (; m + 1 < models; m += 2) scorePair(model, m, dense, batch, row, out + ((<usize>m) << 3))
    if (m < models) store<f64>(out + ((<usize>m) << 3), score(model, m, dense, batch, row))
    if (kind == SCORE_SIGMOID) calibrate(field(model, 28), out, models)
    else if (kind == SCORE_SOFTMAX) softmax(out, models)
    dense += (<usize>features) << 3
    out += (<usize>models) << 3
  }
}

/** probability = sigmoid(slope * score + intercept), in place. */
function calibrate(calibration: usize, out: usize, models: i32): void {
  for (let m = 0; m < models; m++) {
    store<f64>(out, sigmoid(load<f64>(calibration) * load<f64>(out) + load<f64>(calibration, 8)))
    calibration += 16
    out += 8
  }
}

/** e^(x - largest) over their sum, in place. */
export function softmax(values: usize, count: i32): void {
  const end = values + ((<usize>count) << 3)
  let largest: f64 = -Infinity
  for (let at = values; at < end; at += 8) {
    if (load<f64>(at) > largest) largest = load<f64>(at)
  }
  let sum: f64 = 0
  for (let at = values; at < end; at += 8) {
    const power = exp(load<f64>(at) - largest)
    store<f64>(at, power)
    sum += power
  }
  for (let at = values; at < end; at += 8) store<f64>(at, load<f64>(at) / sum)
}

/** One step against `gradient` (of the loss by the score) for one model and one row; decay acts on the touched weights. */
function descend(model: usize, m: i32, batch: usize, row: i32, gradient: f64, rate: f64, decay: f64): void {
  const features = load<i32>(model, 4)
  const bias = field(model, 16) + ((<usize>m) << 2)
  store<f32>(bias, <f32>(<f64>load<f32>(bias) - rate * gradient))
  let weight = field(model, 20) + ((<usize>(m * features)) << 2)
  let dense = field(batch, 4) + ((<usize>(row * features)) << 3)
  const end = weight + ((<usize>features) << 2)
  while (weight < end) {
    stepWeight(weight, gradient * load<f64>(dense), rate, decay)
    weight += 4
    dense += 8
  }
  const offsets = field(batch, 8) + ((<usize>row) << 2)
  const step = field(model, 12)
  const sparse = field(model, 24) + ((<usize>m * field(model, 8)) << 2)
  const last = <usize>load<u32>(offsets, 4)
  for (let i = <usize>load<u32>(offsets); i < last; i++) {
    const index = <usize>load<u32>(field(batch, 12) + (i << 2))
    stepWeight(sparse + ((index * step) << 2), gradient * load<f64>(field(batch, 16) + (i << 3)), rate, decay)
  }
}

/*@inline*/
function stepWeight(at: usize, slope: f64, rate: f64, decay: f64): void {
  const weight = <f64>load<f32>(at)
  store<f32>(at, <f32>(weight - rate * (slope + decay * weight)))
}

/** Logistic regression, one online step for one model: label 0..1. Returns the probability before the step. */
export function updateLogistic(model: usize, batch: usize, row: i32, m: i32, label: f64, rate: f64, decay: f64): f64 {
  const dense = field(batch, 4) + ((<usize>(row * load<i32>(model, 4))) << 3)
  const probability = sigmoid(score(model, m, dense, batch, row))
  descend(model, m, batch, row, probability - label, rate, decay)
  return probability
}

/** Softmax regression, one online step for all models: `label` is the right one. Leaves the probabilities before the step in row 0 of out. */
export function updateSoftmax(model: usize, batch: usize, row: i32, label: i32, rate: f64, decay: f64): void {
  const models = load<i32>(model)
  const out = field(batch, 20)
  const dense = field(batch, 4) + ((<usize>(row * load<i32>(model, 4))) << 3)
  for (let m = 0; m < models; m++) store<f64>(out + ((<usize>m) << 3), score(model, m, dense, batch, row))
  softmax(out, models)
  for (let m = 0; m < models; m++) {
    const target: f64 = m == label ? 1 : 0
    descend(model, m, batch, row, load<f64>(out + ((<usize>m) << 3)) - target, rate, decay)
  }
}
