import * as e from './errors'
import { RETURN_AREA, allocate, areFinite32, freeList, release } from './memory'
import { createIdTable, findSlot, forgetId, idAt, placeSlot, releaseIdTable, reserveSlot } from './id-table'
import {
  CANDIDATES_MAX,
  HITS_MAX,
  MODE_CODES,
  MODE_EXACT,
  MODE_SKETCH,
  SEGMENT_ROWS,
  hitScores,
  hitSlots,
  moveRow,
  prepareWork,
  searchRows,
  segmentBytes,
  workBytes,
  writeRow,
} from '../vector-rows'

/*@external("[export]kernell:core/vectors@0.1.0", "[resource-new]index")*/
declare function newHandle(rep: usize): i32

// index block (u32 each)   0 dims   4 stride   8 capacity   12 size   16 segments   20 segment table   24 work   28 ids

const BLOCK_BYTES: usize = 32
const DIMS_MAX: u32 = 4096
const CAPACITY_MAX: u32 = 16777216
const K_MAX: u32 = 256
const EXACT_ROWS_MAX: i32 = 2048
const CODES_ROWS_MAX: i32 = 6144
const CANDIDATES_MIN: i32 = 512
const ROWS_PER_CANDIDATE: i32 = 48

// @wit kernell:core/vectors@0.1.0#[static]index.create
export function vectorsIndexCreate(dims: u32, capacity: u32): usize {
  if (dims < 1 || dims > DIMS_MAX) return e.failed(e.DIMS_OUT_OF_RANGE, 4)
  if (capacity < 1 || capacity > CAPACITY_MAX) return e.failed(e.CAPACITY_OUT_OF_RANGE, 4)
  const stride = <i32>((dims + 127) & ~127)
  const tableBytes = tableBytesFor(capacity)
  const index = allocate(BLOCK_BYTES)
  const table = allocate(tableBytes)
  const work = allocate(workBytes(stride))
  const ids = createIdTable(64)
  if (index == 0 || table == 0 || work == 0 || ids == 0) {
    if (index != 0) release(index, BLOCK_BYTES)
    if (table != 0) release(table, tableBytes)
    if (work != 0) release(work, workBytes(stride))
    if (ids != 0) releaseIdTable(ids)
    return e.failed(e.OUT_OF_MEMORY, 4)
  }
  prepareWork(work, stride)
  store<u32>(index, dims)
  store<i32>(index, stride, 4)
  store<u32>(index, capacity, 8)
  store<i32>(index, 0, 12)
  store<i32>(index, 0, 16)
  store<u32>(index, <u32>table, 20)
  store<u32>(index, <u32>work, 24)
  store<u32>(index, <u32>ids, 28)
  return e.succeededWithHandle(newHandle(index))
}

// @wit kernell:core/vectors@0.1.0#[dtor]index
export function vectorsIndexDrop(index: usize): void {
  const stride = load<i32>(index, 4)
  const table = <usize>load<u32>(index, 20)
  for (let i = 0; i < load<i32>(index, 16); i++) release(<usize>load<u32>(table + ((<usize>i) << 2)), segmentBytes(stride))
  release(table, tableBytesFor(load<u32>(index, 8)))
  release(<usize>load<u32>(index, 24), workBytes(stride))
  releaseIdTable(<usize>load<u32>(index, 28))
  release(index, BLOCK_BYTES)
}

function tableBytesFor(capacity: u32): usize {
  return (<usize>((capacity + <u32>(SEGMENT_ROWS - 1)) / <u32>SEGMENT_ROWS)) << 2
}

// @wit kernell:core/vectors@0.1.0#[method]index.add
export function vectorsIndexAdd(index: usize, id: u32, vector: usize, length: i32): usize {
  const error = addVector(index, id, vector, length)
  freeList(vector, length)
  if (error != e.NO_ERROR) return e.failed(error, 1)
  store<u8>(RETURN_AREA, 0)
  return RETURN_AREA
}

function addVector(index: usize, id: u32, vector: usize, length: i32): i32 {
  if (length != load<i32>(index)) return e.WRONG_LENGTH
  if (!areFinite32(vector, length)) return e.NOT_FINITE
  let squares: f64 = 0
  for (let i = 0; i < length; i++) {
    const x = <f64>load<f32>(vector + ((<usize>i) << 2))
    squares += x * x
  }
  if (!(abs(sqrt(squares) - 1) <= 0.001)) return e.NOT_UNIT_LENGTH
  const ids = <usize>load<u32>(index, 28)
  const table = <usize>load<u32>(index, 20)
  const work = <usize>load<u32>(index, 24)
  const stride = load<i32>(index, 4)
  const size = load<i32>(index, 12)
  let slot = findSlot(ids, id)
  if (slot < 0) {
    if (size == load<i32>(index, 8)) return e.FULL
    if (!reserveSlot(ids, size) || !reserveSegment(index, size)) return e.OUT_OF_MEMORY
    slot = size
    placeSlot(ids, id, slot)
    store<i32>(index, size + 1, 12)
  }
  placeInput(work, vector, length, stride)
  writeRow(table, slot, stride, work)
  return e.NO_ERROR
}

function reserveSegment(index: usize, size: i32): bool {
  const segments = load<i32>(index, 16)
  if (size < segments * SEGMENT_ROWS) return true
  const segment = allocate(segmentBytes(load<i32>(index, 4)))
  if (segment == 0) return false
  store<u32>(<usize>load<u32>(index, 20) + ((<usize>segments) << 2), <u32>segment)
  store<i32>(index, segments + 1, 16)
  return true
}

function placeInput(work: usize, vector: usize, length: i32, stride: i32): void {
  memory.copy(work, vector, (<usize>length) << 2)
  memory.fill(work + ((<usize>length) << 2), 0, (<usize>(stride - length)) << 2)
}

// @wit kernell:core/vectors@0.1.0#[method]index.remove
export function vectorsIndexRemove(index: usize, id: u32): i32 {
  const ids = <usize>load<u32>(index, 28)
  const slot = findSlot(ids, id)
  if (slot < 0) return 0
  const last = load<i32>(index, 12) - 1
  const lastId = idAt(ids, last)
  forgetId(ids, id)
  if (slot != last) {
    moveRow(<usize>load<u32>(index, 20), last, slot, load<i32>(index, 4))
    placeSlot(ids, lastId, slot)
  }
  store<i32>(index, last, 12)
  return 1
}

// @wit kernell:core/vectors@0.1.0#[method]index.size
export function vectorsIndexSize(index: usize): i32 {
  return load<i32>(index, 12)
}

// @wit kernell:core/vectors@0.1.0#[method]index.search
export function vectorsIndexSearch(index: usize, query: usize, length: i32, k: u32): usize {
  let error = e.NO_ERROR
  if (length != load<i32>(index)) error = e.WRONG_LENGTH
  else if (k < 1 || k > K_MAX) error = e.K_OUT_OF_RANGE
  else if (!areFinite32(query, length)) error = e.NOT_FINITE
  const stride = load<i32>(index, 4)
  const work = <usize>load<u32>(index, 24)
  if (error == e.NO_ERROR) placeInput(work, query, length, stride)
  freeList(query, length)
  if (error != e.NO_ERROR) return e.failed(error, 4)
  const count = searchByPlan(index, <i32>k)
  const hits: usize = count == 0 ? 4 : heap.alloc((<usize>count) << 3)
  const scores = hitScores(work, stride)
  const slots = hitSlots(work, stride)
  for (let i: usize = 0; i < <usize>count; i++) {
    store<u32>(hits + (i << 3), idAt(<usize>load<u32>(index, 28), load<i32>(slots + (i << 2))))
    store<f32>(hits + (i << 3), load<f32>(scores + (i << 2)), 4)
  }
  return e.succeededWithList(hits, count)
}

/** The same limits as the raw module's host: exact when small, then codes, then sign sketches. */
function searchByPlan(index: usize, k: i32): i32 {
  const rows = load<i32>(index, 12)
  const rescored = min(HITS_MAX, 2 * k + 14)
  let mode = MODE_SKETCH
  let candidates: i32 = 0
  if (rows <= EXACT_ROWS_MAX) mode = MODE_EXACT
  else if (rows <= CODES_ROWS_MAX) mode = MODE_CODES
  else candidates = min(CANDIDATES_MAX, max(max(CANDIDATES_MIN, (rows + ROWS_PER_CANDIDATE - 1) / ROWS_PER_CANDIDATE), 8 * k))
  return searchRows(<usize>load<u32>(index, 20), rows, load<i32>(index, 4), <usize>load<u32>(index, 24), k, mode, candidates, rescored)
}

// @wit cabi_post_kernell:core/vectors@0.1.0#[method]index.search
export function vectorsIndexSearchPost(result: usize): void {
  if (load<u8>(result) == 0) freeList(<usize>load<u32>(result, 4), load<i32>(result, 8))
}
