import { dotInt8, dotInt8Quad } from './similarity'
import { offer } from './top-list'

/**
 * Offers `rowCount` consecutive rows of 8-bit codes, slots counted from `slot`, to a list that holds `count` of `limit`
 * entries; score = dot product of the codes times the row's scale. Returns the new count. `wide` as for `dotInt8`.
 */
export function offerCodes(wide: usize, rows: usize, scales: usize, rowCount: i32, dims: i32, slot: i32, scores: usize, slots: usize, count: i32, limit: i32): i32 {
  const last = (<usize>(limit - 1)) << 2
  const end = slot + rowCount
  let worst = f32x4.splat(count == limit ? load<f32>(scores + last) : <f32>-Infinity)
  for (; slot + 3 < end; slot += 4) {
    const four = f32x4.mul(f32x4.convert_i32x4_s(dotInt8Quad(wide, rows, dims)), v128.load(scales))
    if (v128.any_true(f32x4.gt(four, worst))) {
      count = offer(scores, slots, count, limit, f32x4.extract_lane(four, 0), slot)
      count = offer(scores, slots, count, limit, f32x4.extract_lane(four, 1), slot + 1)
      count = offer(scores, slots, count, limit, f32x4.extract_lane(four, 2), slot + 2)
      count = offer(scores, slots, count, limit, f32x4.extract_lane(four, 3), slot + 3)
      if (count == limit) worst = f32x4.splat(load<f32>(scores + last))
    }
    rows += (<usize>dims) << 2
    scales += 16
  }
  for (; slot < end; slot++) {
    count = offer(scores, slots, count, limit, <f32>dotInt8(wide, rows, dims) * load<f32>(scales), slot)
    rows += <usize>dims
    scales += 4
  }
  return count
}
