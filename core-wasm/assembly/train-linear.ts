import { sigmoid } from './deterministic-math'

// Training of one linear model over rows in the order given, in 32-bit arithmetic strictly in this order, so that every
// implementation gives the same bits. Each coordinate has a step of its own (AdaGrad) and an L2 penalty taken implicitly:
//
//   g = gradient * x;  n += g * g;  d = (start + sqrt(n)) * inverseRate;  w = (d * w - g) / (d + penalty * k)
//
// with k = rows since the coordinate was last seen, in steps of 64, so that a penalty costs nothing on rows that do not have it.
//
// plan (4 bytes each)                                   row, at a multiple of 16
//   0  dense width, a multiple of 4                       0   groups of 4 pairs
//   4  dense weights      f32 x width                     16  dense features, f32 x width
//   8  dense squares n    f32 x width                     ..  per group 4 indices u32, then 4 values f32
//   12 dense penalties    f32 x width
//   16 sparse table, 8 bytes a slot                       indices of one row are distinct, but for an index of value 0 that
//   20 loss: one of the LOSS constants                    fills up the last group
//   24 1: the pairs are read, 0: only the dense part
//   28 quantile           f32
//   32 inverse rate       f32
//   36 start              f32, above 0
//   40 sparse penalty     f32
//   44 rows seen          i32
//   48 dense inverse rate f32
//   52 sparse coordinates i32
//
// slot: w f32, then one word: n without the 12 low bits of its mantissa, and in their place when the coordinate was last seen, in
// units of 64 rows modulo 4096. Half the size is fewer cache misses, which are most of the time; an n of 8,000 steps has stopped
// to grow by single steps, and the weight has settled.

export const LOSS_LOGISTIC: i32 = 0
export const LOSS_SQUARED: i32 = 1
export const LOSS_QUANTILE: i32 = 2

const DENSE_AT: usize = 16
/** log2 of rows per unit of time. */
const UNIT_BITS: i32 = 6
const UNIT_MASK: i32 = 0xfff
/** Units are told apart modulo 4096: what was not seen for half of that is brought up to date. */
const SETTLE_MASK: i32 = (2048 << UNIT_BITS) - 1

/*@inline*/
function pointer(block: usize, at: usize): usize {
  return <usize>load<u32>(block + at)
}

/** (lane 0 + lane 2) + (lane 1 + lane 3). */
/*@inline*/
function fold(sums: v128): f32 {
  return f32x4.extract_lane(sums, 0) + f32x4.extract_lane(sums, 2) + (f32x4.extract_lane(sums, 1) + f32x4.extract_lane(sums, 3))
}

/*@inline*/
function slot(table: usize, indices: usize, at: usize): usize {
  return table + ((<usize>load<u32>(indices + at)) << 3)
}

/** Dense sum, lane by lane. */
function denseSums(weights: usize, dense: usize, width: usize): v128 {
  let sums = f32x4.splat(0)
  const end = weights + (width << 2)
  while (weights < end) {
    sums = f32x4.add(sums, f32x4.mul(v128.load(weights), v128.load(dense)))
    weights += 16
    dense += 16
  }
  return sums
}

/** Continues lane sums over the pairs. */
function pairSums(table: usize, pairs: usize, groups: usize, sums: v128): v128 {
  const end = pairs + (groups << 5)
  while (pairs < end) {
    let weights = v128.load32_zero(slot(table, pairs, 0))
    weights = v128.load32_lane(slot(table, pairs, 4), weights, 1)
    weights = v128.load32_lane(slot(table, pairs, 8), weights, 2)
    weights = v128.load32_lane(slot(table, pairs, 12), weights, 3)
    sums = f32x4.add(sums, f32x4.mul(weights, v128.load(pairs, 16)))
    pairs += 32
  }
  return sums
}

/*@inline*/
function scoreRow(plan: usize, row: usize): f64 {
  const width = pointer(plan, 0)
  const dense = row + DENSE_AT
  let sums = denseSums(pointer(plan, 4), dense, width)
  if (load<i32>(plan, 24) != 0) sums = pairSums(pointer(plan, 16), dense + (width << 2), pointer(row, 0), sums)
  return <f64>fold(sums)
}

/** Rows between the one at work and the one that is fetched. */
const AHEAD: i32 = 2
const AHEAD_BYTES: usize = 8
const CACHE_LINE: usize = 64

/**
 * Reads one byte of each cache line of a row. Rows come in any order, so the processor cannot guess the next one; it waits for all lines
 * of a row together instead of for one after the other (an epoch over 100,000 rows of 100 pairs takes a seventh less).
 */
function touch(row: usize, width: usize): void {
  const end = row + DENSE_AT + (width << 2) + (<usize>load<u32>(row) << 5)
  while (row < end) {
    load<u8>(row)
    row += CACHE_LINE
  }
}

/*@inline*/
function gradientOf(loss: i32, score: f64, target: f64, quantile: f64): f64 {
  if (loss == LOSS_LOGISTIC) return sigmoid(score) - target
  if (loss == LOSS_SQUARED) return score - target
  return score < target ? -quantile : 1 - quantile
}

function stepDense(plan: usize, dense: usize, gradient: v128): void {
  const inverseRate = v128.load32_splat(plan + 48)
  const start = v128.load32_splat(plan + 36)
  let weights = pointer(plan, 4)
  let squares = pointer(plan, 8)
  let penalties = pointer(plan, 12)
  const end = weights + (pointer(plan, 0) << 2)
  while (weights < end) {
    const g = f32x4.mul(gradient, v128.load(dense))
    const n = f32x4.add(v128.load(squares), f32x4.mul(g, g))
    const d = f32x4.mul(f32x4.add(start, f32x4.sqrt(n)), inverseRate)
    v128.store(squares, n)
    const moved = f32x4.sub(f32x4.mul(d, v128.load(weights)), g)
    v128.store(weights, f32x4.div(moved, f32x4.add(d, v128.load(penalties))))
    weights += 16
    squares += 16
    penalties += 16
    dense += 16
  }
}

/** Four coordinates at a time: their slots are loaded, transposed, stepped and stored. */
function stepPairs(plan: usize, pairs: usize, groups: usize, gradient: v128): void {
  const inverseRate = v128.load32_splat(plan + 32)
  const start = v128.load32_splat(plan + 36)
  const penalty = f32x4.splat(load<f32>(plan, 40) * <f32>(1 << UNIT_BITS))
  const now = i32x4.splat((load<i32>(plan, 44) >> UNIT_BITS) & UNIT_MASK)
  const units = i32x4.splat(UNIT_MASK)
  const half = i32x4.splat((UNIT_MASK + 1) >> 1)
  const table = pointer(plan, 16)
  const end = pairs + (groups << 5)
  while (pairs < end) {
    const at0 = slot(table, pairs, 0)
    const at1 = slot(table, pairs, 4)
    const at2 = slot(table, pairs, 8)
    const at3 = slot(table, pairs, 12)
    const slots01 = v128.load64_lane(at1, v128.load64_zero(at0), 1)
    const slots23 = v128.load64_lane(at3, v128.load64_zero(at2), 1)
    const w = v128.shuffle<f32>(slots01, slots23, 0, 2, 4, 6)
    const packed = v128.shuffle<f32>(slots01, slots23, 1, 3, 5, 7)
    const g = f32x4.mul(gradient, v128.load(pairs, 16))
    const n = f32x4.add(v128.andnot(packed, units), f32x4.mul(g, g))
    const d = f32x4.mul(f32x4.add(start, f32x4.sqrt(n)), inverseRate)
    const pull = f32x4.mul(penalty, f32x4.convert_i32x4_s(v128.and(i32x4.sub(now, packed), units)))
    const next = f32x4.div(f32x4.sub(f32x4.mul(d, w), g), f32x4.add(d, pull))
    const seen = v128.or(v128.andnot(i32x4.add(n, half), units), now)
    const next01 = v128.shuffle<f32>(next, seen, 0, 4, 1, 5)
    const next23 = v128.shuffle<f32>(next, seen, 2, 6, 3, 7)
    v128.store64_lane(at0, next01, 0)
    v128.store64_lane(at1, next01, 1)
    v128.store64_lane(at2, next23, 0)
    v128.store64_lane(at3, next23, 1)
    pairs += 32
  }
}

/**
 * One step per row: `rows` holds the addresses of `count` rows, `targets` and `weights` a number (f32) for each. A row without a target
 * (NaN) or of weight 0 is passed over. Returns how many were not.
 */
export function trainRows(plan: usize, rows: usize, targets: usize, weights: usize, count: i32): i32 {
  const width = pointer(plan, 0)
  const loss = load<i32>(plan, 20)
  const readsPairs = load<i32>(plan, 24) != 0
  const quantile = <f64>load<f32>(plan, 28)
  let used = 0
  for (let i = 0; i < count; i++) {
    const at = (<usize>i) << 2
    const row = pointer(rows, at)
    if (i + AHEAD < count) touch(pointer(rows, at + AHEAD_BYTES), width)
    const target = <f64>load<f32>(targets + at)
    const weight = <f64>load<f32>(weights + at)
    if (target != target || weight == 0) continue
    const gradient = f32x4.splat(<f32>(gradientOf(loss, scoreRow(plan, row), target, quantile) * weight))
    const now = load<i32>(plan, 44) + 1
    store<i32>(plan, now, 44)
    const dense = row + DENSE_AT
    stepDense(plan, dense, gradient)
    if (readsPairs) {
      stepPairs(plan, dense + (width << 2), pointer(row, 0), gradient)
      if ((now & SETTLE_MASK) == 0) settleWeights(plan)
    }
    used++
  }
  return used
}

/** Raw scores of rows, f64 each, in the order given. */
export function scoreRows(plan: usize, rows: usize, count: i32, out: usize): void {
  const width = pointer(plan, 0)
  for (let i = 0; i < count; i++) {
    const at = (<usize>i) << 2
    if (i + AHEAD < count) touch(pointer(rows, at + AHEAD_BYTES), width)
    store<f64>(out + ((<usize>i) << 3), scoreRow(plan, pointer(rows, at)))
  }
}

/** Applies what the penalty still owes to sparse coordinates that were not seen of late. */
export function settleWeights(plan: usize): void {
  const inverseRate = load<f32>(plan, 32)
  const start = load<f32>(plan, 36)
  const penalty = load<f32>(plan, 40) * <f32>(1 << UNIT_BITS)
  const now = (load<i32>(plan, 44) >> UNIT_BITS) & UNIT_MASK
  let at = pointer(plan, 16)
  const end = at + (pointer(plan, 52) << 3)
  while (at < end) {
    const w = load<f32>(at)
    const packed = load<i32>(at, 4)
    if (w != 0) {
      const d = (start + sqrt<f32>(reinterpret<f32>(packed & ~UNIT_MASK))) * inverseRate
      store<f32>(at, (d * w) / (d + penalty * <f32>((now - packed) & UNIT_MASK)))
    }
    store<i32>(at, (packed & ~UNIT_MASK) | now, 4)
    at += 8
  }
}
