import * as e from './errors'
import { RETURN_AREA, allocate, areFinite64, freeList, release } from './memory'
import { scoreBatch, updateLogistic, updateSoftmax } from '../linear-model'
import { expectRoutes } from '../route-expectation'

/*@external("[export]kernell:core/scoring@0.1.0", "[resource-new]model")*/
declare function newHandle(rep: usize): i32

// model block: the 32 bytes that the kernels read, then   32 block size   36 number of buckets   40 batch block of 24 bytes
// behind it calibration, bias, dense, sparse

const HEADER_BYTES: usize = 64
const BATCH_AT: usize = 40

// @wit kernell:core/scoring@0.1.0#[static]model.create
export function scoringModelCreate(bias: usize, models: i32, dense: usize, denseLength: i32, sparse: usize, sparseLength: i32, byIndex: i32, calibration: usize, calibrationLength: i32): usize {
  const isValid = models > 0 && denseLength % models == 0 && sparseLength % models == 0 && calibrationLength == models * 2
  let model: usize = 0
  if (isValid) {
    const size = HEADER_BYTES + ((<usize>calibrationLength) << 3) + ((<usize>(models + denseLength + sparseLength)) << 2)
    model = allocate(size)
    if (model != 0) {
      const calibrationAt = model + HEADER_BYTES
      const biasAt = calibrationAt + ((<usize>calibrationLength) << 3)
      const denseAt = biasAt + ((<usize>models) << 2)
      const sparseAt = denseAt + ((<usize>denseLength) << 2)
      const buckets = sparseLength / models
      store<i32>(model, models)
      store<i32>(model, denseLength / models, 4)
      store<i32>(model, byIndex != 0 ? 1 : buckets, 8)
      store<i32>(model, byIndex != 0 ? models : 1, 12)
      store<usize>(model, biasAt, 16)
      store<usize>(model, denseAt, 20)
      store<usize>(model, sparseAt, 24)
      store<usize>(model, calibrationAt, 28)
      store<usize>(model, size, 32)
      store<i32>(model, buckets, 36)
      memory.copy(calibrationAt, calibration, (<usize>calibrationLength) << 3)
      memory.copy(biasAt, bias, (<usize>models) << 2)
      memory.copy(denseAt, dense, (<usize>denseLength) << 2)
      memory.copy(sparseAt, sparse, (<usize>sparseLength) << 2)
    }
  }
  freeList(bias, models)
  freeList(dense, denseLength)
  freeList(sparse, sparseLength)
  freeList(calibration, calibrationLength)
  if (!isValid) return e.failed(e.WRONG_LENGTH, 4)
  return model == 0 ? e.failed(e.OUT_OF_MEMORY, 4) : e.succeededWithHandle(newHandle(model))
}

// @wit kernell:core/scoring@0.1.0#[dtor]model
export function scoringModelDrop(model: usize): void {
  release(model, load<usize>(model, 32))
}

/** Whether every index is below the model's number of buckets. */
function areIndicesValid(model: usize, indices: usize, count: i32): bool {
  const buckets = load<u32>(model, 36)
  for (let i = 0; i < count; i++) {
    if (load<u32>(indices + ((<usize>i) << 2)) >= buckets) return false
  }
  return true
}

/** Whether the offsets rise from any start to at most `end`. */
function areOffsetsValid(offsets: usize, count: i32, end: u32): bool {
  for (let i = 1; i < count; i++) {
    if (load<u32>(offsets + ((<usize>i) << 2)) < load<u32>(offsets + ((<usize>(i - 1)) << 2))) return false
  }
  return load<u32>(offsets + ((<usize>(count - 1)) << 2)) <= end
}

function fillBatch(model: usize, rows: i32, dense: usize, offsets: usize, indices: usize, values: usize, out: usize): usize {
  const batch = model + BATCH_AT
  store<i32>(batch, rows)
  store<usize>(batch, dense, 4)
  store<usize>(batch, offsets, 8)
  store<usize>(batch, indices, 12)
  store<usize>(batch, values, 16)
  store<usize>(batch, out, 20)
  return batch
}

// @wit kernell:core/scoring@0.1.0#[method]model.score
export function scoringModelScore(model: usize, dense: usize, denseLength: i32, offsets: usize, offsetCount: i32, indices: usize, indexCount: i32, values: usize, valueCount: i32, kind: i32): usize {
  const models = load<i32>(model)
  const rows = offsetCount - 1
  let error = e.NO_ERROR
  if (offsetCount < 1 || indexCount != valueCount || denseLength != rows * load<i32>(model, 4)) error = e.WRONG_LENGTH
  else if (!areOffsetsValid(offsets, offsetCount, <u32>indexCount) || !areIndicesValid(model, indices, indexCount)) error = e.INDEX_OUT_OF_RANGE
  let out: usize = 8
  if (error == e.NO_ERROR && rows > 0) {
    out = heap.alloc((<usize>(rows * models)) << 3)
    scoreBatch(model, fillBatch(model, rows, dense, offsets, indices, values, out), kind)
  }
  freeList(dense, denseLength)
  freeList(offsets, offsetCount)
  freeList(indices, indexCount)
  freeList(values, valueCount)
  return error == e.NO_ERROR ? e.succeededWithList(out, rows * models) : e.failed(error, 4)
}

// @wit cabi_post_kernell:core/scoring@0.1.0#[method]model.score
export function scoringModelScorePost(result: usize): void {
  freeResultList(result)
}

function freeResultList(result: usize): void {
  if (load<u8>(result) == 0) freeList(<usize>load<u32>(result, 4), load<i32>(result, 8))
}

/** One row stands behind two offsets in this scratch area. */
const ROW_OFFSETS: usize = memory.data(8, 8)

function checkRow(model: usize, denseLength: i32, indices: usize, indexCount: i32, valueCount: i32, candidate: u32): i32 {
  if (denseLength != load<i32>(model, 4) || indexCount != valueCount) return e.WRONG_LENGTH
  if (candidate >= load<u32>(model) || !areIndicesValid(model, indices, indexCount)) return e.INDEX_OUT_OF_RANGE
  store<i32>(ROW_OFFSETS, 0)
  store<i32>(ROW_OFFSETS, indexCount, 4)
  return e.NO_ERROR
}

// @wit kernell:core/scoring@0.1.0#[method]model.update-logistic
export function scoringModelUpdateLogistic(model: usize, dense: usize, denseLength: i32, indices: usize, indexCount: i32, values: usize, valueCount: i32, candidate: u32, label: f64, rate: f64, decay: f64): usize {
  let error = checkRow(model, denseLength, indices, indexCount, valueCount, candidate)
  if (error == e.NO_ERROR && !(isFinite(label) && isFinite(rate) && isFinite(decay))) error = e.NOT_FINITE
  let probability: f64 = 0
  if (error == e.NO_ERROR) {
    const batch = fillBatch(model, 1, dense, ROW_OFFSETS, indices, values, 0)
    probability = updateLogistic(model, batch, 0, <i32>candidate, label, rate, decay)
  }
  freeList(dense, denseLength)
  freeList(indices, indexCount)
  freeList(values, valueCount)
  if (error != e.NO_ERROR) return e.failed(error, 8)
  store<u8>(RETURN_AREA, 0)
  store<f64>(RETURN_AREA, probability, 8)
  return RETURN_AREA
}

// @wit kernell:core/scoring@0.1.0#[method]model.update-softmax
export function scoringModelUpdateSoftmax(model: usize, dense: usize, denseLength: i32, indices: usize, indexCount: i32, values: usize, valueCount: i32, label: u32, rate: f64, decay: f64): usize {
  let error = checkRow(model, denseLength, indices, indexCount, valueCount, label)
  if (error == e.NO_ERROR && !(isFinite(rate) && isFinite(decay))) error = e.NOT_FINITE
  const models = load<i32>(model)
  let out: usize = 8
  if (error == e.NO_ERROR) {
    out = heap.alloc((<usize>models) << 3)
    updateSoftmax(model, fillBatch(model, 1, dense, ROW_OFFSETS, indices, values, out), 0, <i32>label, rate, decay)
  }
  freeList(dense, denseLength)
  freeList(indices, indexCount)
  freeList(values, valueCount)
  return error == e.NO_ERROR ? e.succeededWithList(out, models) : e.failed(error, 4)
}

// @wit cabi_post_kernell:core/scoring@0.1.0#[method]model.update-softmax
export function scoringModelUpdateSoftmaxPost(result: usize): void {
  freeResultList(result)
}

// @wit kernell:core/scoring@0.1.0#expect-routes
export function scoringExpectRoutes(stages: usize, stageLength: i32, offsets: usize, offsetCount: i32): usize {
  let error = e.NO_ERROR
  if (offsetCount < 1) error = e.WRONG_LENGTH
  else if (!areOffsetsValid(offsets, offsetCount, <u32>(stageLength / 4))) error = e.INDEX_OUT_OF_RANGE
  else if (!areFinite64(stages, stageLength)) error = e.NOT_FINITE
  let out: usize = 8
  if (error == e.NO_ERROR && offsetCount > 1) {
    out = heap.alloc((<usize>(offsetCount - 1)) << 5)
    expectRoutes(stages, offsets, offsetCount - 1, out)
  }
  freeList(stages, stageLength)
  freeList(offsets, offsetCount)
  return error == e.NO_ERROR ? e.succeededWithList(out, (offsetCount - 1) * 4) : e.failed(error, 4)
}

// @wit cabi_post_kernell:core/scoring@0.1.0#expect-routes
export function scoringExpectRoutesPost(result: usize): void {
  freeResultList(result)
}
