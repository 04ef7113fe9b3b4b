import { dotFloat32, dotInt8, hammingDistance } from './similarity'
import { offerCodes } from './code-scan'
import { offer, sortSlots } from './top-list'
import { quantiseInt8, widenCodes } from './quantise'
import { ROTATION_ROUNDS, rotate, rotationSigns, signBits } from './rotate'

// A row store is a table of pointers to segments of SEGMENT_ROWS rows, plus one work area per number of dimensions.
// The host (or the component) owns all memory; nothing here allocates.
//
//   segment    vectors | codes | bits | scales | distances
//   work area  query | signs | rotated | spare | wide | codes | bits | histogram | found | near | hits

export const SEGMENT_SHIFT: i32 = 8
export const SEGMENT_ROWS: i32 = 1 << SEGMENT_SHIFT
export const CANDIDATES_MAX: i32 = 32768
export const HITS_MAX: i32 = 1024

export const MODE_EXACT: i32 = 0
export const MODE_CODES: i32 = 1
export const MODE_SKETCH: i32 = 2

/**
 * Dimensions of the rotated copy whose signs are kept: short rows are padded to 256, since more signs than numbers still tell
 * angles better.
 */
/*@inline*/
export function sketchDims(dims: i32): i32 {
  return max(dims, 256)
}

/*@inline*/
function codesAt(segment: usize, dims: i32): usize {
  return segment + ((<usize>dims) << (SEGMENT_SHIFT + 2))
}
/*@inline*/
function bitsAt(segment: usize, dims: i32): usize {
  return codesAt(segment, dims) + ((<usize>dims) << SEGMENT_SHIFT)
}
/*@inline*/
function scalesAt(segment: usize, dims: i32): usize {
  return bitsAt(segment, dims) + ((<usize>sketchDims(dims)) << (SEGMENT_SHIFT - 3))
}
/*@inline*/
function distancesAt(segment: usize, dims: i32): usize {
  return scalesAt(segment, dims) + <usize>(SEGMENT_ROWS * 4)
}

/** Size of one segment in bytes. `dims` is a multiple of 128. */
export function segmentBytes(dims: i32): usize {
  return distancesAt(0, dims) + <usize>(SEGMENT_ROWS * 2)
}

/*@inline*/
function signsAt(work: usize, dims: i32): usize {
  return work + ((<usize>dims) << 2)
}
/*@inline*/
function rotatedAt(work: usize, dims: i32): usize {
  return signsAt(work, dims) + ((<usize>(sketchDims(dims) * ROTATION_ROUNDS)) << 2)
}
/*@inline*/
function spareAt(work: usize, dims: i32): usize {
  return rotatedAt(work, dims) + ((<usize>sketchDims(dims)) << 2)
}
/*@inline*/
function wideAt(work: usize, dims: i32): usize {
  return spareAt(work, dims) + ((<usize>sketchDims(dims)) << 2)
}
/*@inline*/
function queryCodesAt(work: usize, dims: i32): usize {
  return wideAt(work, dims) + ((<usize>dims) << 1)
}
/*@inline*/
function queryBitsAt(work: usize, dims: i32): usize {
  return queryCodesAt(work, dims) + <usize>dims
}
/** One counter per possible distance, and a pad that keeps what follows aligned. */
/*@inline*/
function histogramAt(work: usize, dims: i32): usize {
  return queryBitsAt(work, dims) + <usize>(sketchDims(dims) >> 3)
}
/*@inline*/
function foundAt(work: usize, dims: i32): usize {
  return histogramAt(work, dims) + ((<usize>(sketchDims(dims) + 4)) << 2)
}
/*@inline*/
function nearScoresAt(work: usize, dims: i32): usize {
  return foundAt(work, dims) + <usize>(CANDIDATES_MAX * 4)
}
/*@inline*/
function nearSlotsAt(work: usize, dims: i32): usize {
  return nearScoresAt(work, dims) + <usize>(HITS_MAX * 4)
}

/** Where the scores (f32) of a finished search stand. */
export function hitScores(work: usize, dims: i32): usize {
  return nearSlotsAt(work, dims) + <usize>(HITS_MAX * 4)
}

/** Where the slots (i32) of a finished search stand. */
export function hitSlots(work: usize, dims: i32): usize {
  return hitScores(work, dims) + <usize>(HITS_MAX * 4)
}

/** Size of a work area in bytes. Its first `dims` floats are the input of `writeRow` and `searchRows`. */
export function workBytes(dims: i32): usize {
  return hitSlots(0, dims) + <usize>(HITS_MAX * 4)
}

/** Once, before the first use of a work area. */
export function prepareWork(work: usize, dims: i32): void {
  rotationSigns(signsAt(work, dims), sketchDims(dims))
}

/*@inline*/
function segmentOf(table: usize, slot: i32): usize {
  return <usize>load<u32>(table + ((<usize>(slot >> SEGMENT_SHIFT)) << 2))
}

/** Stores the work area's input as row `slot`. */
export function writeRow(table: usize, slot: i32, dims: i32, work: usize): void {
  const segment = segmentOf(table, slot)
  const row = <usize>(slot & (SEGMENT_ROWS - 1))
  const size = <usize>dims
  memory.copy(segment + ((row * size) << 2), work, size << 2)
  store<f32>(scalesAt(segment, dims) + (row << 2), quantiseInt8(work, codesAt(segment, dims) + row * size, dims))
  sketchInput(work, dims, bitsAt(segment, dims) + row * <usize>(sketchDims(dims) >> 3))
}

/** Sign bits of the rotated input. */
function sketchInput(work: usize, dims: i32, bits: usize): void {
  const rotated = rotatedAt(work, dims)
  const all = sketchDims(dims)
  memory.copy(rotated, work, (<usize>dims) << 2)
  memory.fill(rotated + ((<usize>dims) << 2), 0, (<usize>(all - dims)) << 2)
  rotate(rotated, signsAt(work, dims), spareAt(work, dims), all)
  signBits(rotated, bits, all)
}

/** Copies row `from` over row `to`. */
export function moveRow(table: usize, from: i32, to: i32, dims: i32): void {
  const source = segmentOf(table, from)
  const target = segmentOf(table, to)
  const at = <usize>(from & (SEGMENT_ROWS - 1))
  const row = <usize>(to & (SEGMENT_ROWS - 1))
  const size = <usize>dims
  memory.copy(target + ((row * size) << 2), source + ((at * size) << 2), size << 2)
  memory.copy(codesAt(target, dims) + row * size, codesAt(source, dims) + at * size, size)
  const bitsSize = <usize>(sketchDims(dims) >> 3)
  memory.copy(bitsAt(target, dims) + row * bitsSize, bitsAt(source, dims) + at * bitsSize, bitsSize)
  store<f32>(scalesAt(target, dims) + (row << 2), load<f32>(scalesAt(source, dims) + (at << 2)))
}

/**
 * Best `k` of the rows 0 .. rowCount - 1 by dot product with the work area's input; returns how many were found and leaves
 * scores and slots at `hitScores` and `hitSlots`. `rescored` >= k rows get an exact score, both at most HITS_MAX;
 * `candidates` is at most CANDIDATES_MAX.
 */
export function searchRows(table: usize, rowCount: i32, dims: i32, work: usize, k: i32, mode: i32, candidates: i32, rescored: i32): i32 {
  if (mode == MODE_EXACT) return exactScan(table, rowCount, dims, work, k)
  quantiseInt8(work, queryCodesAt(work, dims), dims)
  widenCodes(queryCodesAt(work, dims), wideAt(work, dims), dims)
  let near: i32 = 0
  if (mode == MODE_CODES) {
    near = codesScan(table, rowCount, dims, work, rescored)
  } else {
    const found = sketchScan(table, rowCount, dims, work, candidates)
    near = codesOfFound(table, found, dims, work, rescored)
  }
  return exactOfNear(table, near, dims, work, k)
}

function exactScan(table: usize, rowCount: i32, dims: i32, work: usize, k: i32): i32 {
  const scores = hitScores(work, dims)
  const slots = hitSlots(work, dims)
  let count: i32 = 0
  let worst: f32 = -Infinity
  for (let first = 0; first < rowCount; first += SEGMENT_ROWS) {
    let row = segmentOf(table, first)
    const end = min(first + SEGMENT_ROWS, rowCount)
    for (let slot = first; slot < end; slot++) {
      const score = dotFloat32(work, row, dims)
      if (score > worst) {
        count = offer(scores, slots, count, k, score, slot)
        if (count == k) worst = load<f32>(scores + ((<usize>(k - 1)) << 2))
      }
      row += (<usize>dims) << 2
    }
  }
  return count
}

function codesScan(table: usize, rowCount: i32, dims: i32, work: usize, limit: i32): i32 {
  const scores = nearScoresAt(work, dims)
  const slots = nearSlotsAt(work, dims)
  const wide = wideAt(work, dims)
  let count: i32 = 0
  for (let first = 0; first < rowCount; first += SEGMENT_ROWS) {
    const segment = segmentOf(table, first)
    const rows = min(SEGMENT_ROWS, rowCount - first)
    count = offerCodes(wide, codesAt(segment, dims), scalesAt(segment, dims), rows, dims, first, scores, slots, count, limit)
  }
  return count
}

/** Slots of the nearest sign rows in rising order: all below the cut-off distance, and the first ones at it. */
function sketchScan(table: usize, rowCount: i32, dims: i32, work: usize, candidates: i32): i32 {
  const bits = queryBitsAt(work, dims)
  sketchInput(work, dims, bits)
  const histogram = histogramAt(work, dims)
  memory.fill(histogram, 0, (<usize>(sketchDims(dims) + 1)) << 2)
  for (let first = 0; first < rowCount; first += SEGMENT_ROWS) {
    const segment = segmentOf(table, first)
    const rows = min(SEGMENT_ROWS, rowCount - first)
    if (dims <= 256) distances256(bits, bitsAt(segment, dims), distancesAt(segment, dims), rows, histogram)
    else distancesAny(bits, segment, rows, dims, histogram)
  }
  const wanted = min(candidates, rowCount)
  let cutOff: i32 = 0
  let below: i32 = 0
  while (below + load<i32>(histogram + ((<usize>cutOff) << 2)) < wanted) {
    below += load<i32>(histogram + ((<usize>cutOff) << 2))
    cutOff += 1
  }
  return gatherFound(table, rowCount, dims, foundAt(work, dims), cutOff, wanted - below)
}

/** The commonest size of a sketch, with the query's 32 bytes in locals. */
function distances256(bits: usize, row: usize, distances: usize, rows: i32, histogram: usize): void {
  const a = load<i64>(bits)
  const b = load<i64>(bits, 8)
  const c = load<i64>(bits, 16)
  const d = load<i64>(bits, 24)
  const end = row + ((<usize>rows) << 5)
  while (row < end) {
    const distance = <i32>(
      (popcnt<i64>(load<i64>(row) ^ a) +
        popcnt<i64>(load<i64>(row, 8) ^ b) +
        popcnt<i64>(load<i64>(row, 16) ^ c) +
        popcnt<i64>(load<i64>(row, 24) ^ d))
    )
    store<u16>(distances, distance)
    const counter = histogram + ((<usize>distance) << 2)
    store<i32>(counter, load<i32>(counter) + 1)
    row += 32
    distances += 2
  }
}

function distancesAny(bits: usize, segment: usize, rows: i32, dims: i32, histogram: usize): void {
  let row = bitsAt(segment, dims)
  let distances = distancesAt(segment, dims)
  const size = dims >> 3
  for (let i = 0; i < rows; i++) {
    const distance = hammingDistance(bits, row, size)
    store<u16>(distances, distance)
    const counter = histogram + ((<usize>distance) << 2)
    store<i32>(counter, load<i32>(counter) + 1)
    row += <usize>size
    distances += 2
  }
}

/** Eight distances are looked at together; most groups hold nothing near. */
function gatherFound(table: usize, rowCount: i32, dims: i32, found: usize, cutOff: i32, atCutOff: i32): i32 {
  let count: i32 = 0
  const limit = i16x8.splat(<i16>cutOff)
  for (let first = 0; first < rowCount; first += SEGMENT_ROWS) {
    const distances = distancesAt(segmentOf(table, first), dims)
    const rows = min(SEGMENT_ROWS, rowCount - first)
    for (let i = 0; i < rows; i += 8) {
      let mask = i16x8.bitmask(i16x8.le_u(v128.load(distances + ((<usize>i) << 1)), limit))
      while (mask != 0) {
        const row = i + ctz<i32>(mask)
        mask &= mask - 1
        if (row >= rows) break
        if (<i32>load<u16>(distances + ((<usize>row) << 1)) == cutOff) {
          if (atCutOff == 0) continue
          atCutOff -= 1
        }
        store<i32>(found + ((<usize>count) << 2), first + row)
        count += 1
      }
    }
  }
  return count
}

/** Candidates whose memory is asked for before the first of them is used. */
const TOUCHED_AHEAD: i32 = 16

/** Candidates lie far apart: asking for several at once lets their cache misses overlap. */
function touchCodes(table: usize, found: usize, end: usize, dims: i32): void {
  end = min(end, found + <usize>(TOUCHED_AHEAD * 4))
  for (; found < end; found += 4) {
    const slot = load<i32>(found)
    const segment = segmentOf(table, slot)
    const row = <usize>(slot & (SEGMENT_ROWS - 1))
    load<f32>(scalesAt(segment, dims) + (row << 2))
    const codes = codesAt(segment, dims) + row * <usize>dims
    for (let at = codes; at < codes + <usize>dims; at += 64) load<i64>(at)
  }
}

function codesOfFound(table: usize, found: i32, dims: i32, work: usize, limit: i32): i32 {
  const scores = nearScoresAt(work, dims)
  const slots = nearSlotsAt(work, dims)
  const wide = wideAt(work, dims)
  let at = foundAt(work, dims)
  const end = at + ((<usize>found) << 2)
  let touched = at
  let count: i32 = 0
  let worst: f32 = -Infinity
  while (at < end) {
    if (at == touched) {
      touchCodes(table, at, end, dims)
      touched += <usize>(TOUCHED_AHEAD * 4)
    }
    const slot = load<i32>(at)
    const segment = segmentOf(table, slot)
    const row = <usize>(slot & (SEGMENT_ROWS - 1))
    const codes = codesAt(segment, dims) + row * <usize>dims
    const score = <f32>dotInt8(wide, codes, dims) * load<f32>(scalesAt(segment, dims) + (row << 2))
    if (score > worst) {
      count = offer(scores, slots, count, limit, score, slot)
      if (count == limit) worst = load<f32>(scores + ((<usize>(limit - 1)) << 2))
    }
    at += 4
  }
  return count
}

function exactOfNear(table: usize, near: i32, dims: i32, work: usize, k: i32): i32 {
  const slots = nearSlotsAt(work, dims)
  sortSlots(slots, near)
  let count: i32 = 0
  for (let i = 0; i < near; i++) {
    const slot = load<i32>(slots + ((<usize>i) << 2))
    const row = segmentOf(table, slot) + (((<usize>(slot & (SEGMENT_ROWS - 1))) * <usize>dims) << 2)
    count = offer(hitScores(work, dims), hitSlots(work, dims), count, k, dotFloat32(work, row, dims), slot)
  }
  return count
}
