import { dotInt8, dotInt8Quad } from './similarity'
import { offer } from './top-list'

/**
 * Offers `rowCount` consecutive rows of 8-bit codes, slots counted from `slot`, to a list that holds `count` of `limit`
 * entries; score = dot product of the codes times the row's scale. Returns the new count. `wide` as for `dotInt8`.
 *
 * Rows are read as four streams, one from each quarter: when one stream waits at the border of a memory page, the
 * processor's prefetching for the other three goes on.
 */
export function offerCodes(wide: usize, rows: usize, scales: usize, rowCount: i32, dims: i32, slot: i32, scores: usize, slots: usize, count: i32, limit: i32): i32 {
  const last = (<usize>(limit - 1)) << 2
  const quarter = rowCount >> 2
  const gap = <usize>quarter * <usize>dims
  const scaleGap = (<usize>quarter) << 2
  let worst = f32x4.splat(count == limit ? load<f32>(scores + last) : <f32>-Infinity)
  for (let i = 0; i < quarter; i++) {
    const products = f32x4.convert_i32x4_s(dotInt8Quad(wide, rows, gap, dims))
    const scale = scales + ((<usize>i) << 2)
    const four = f32x4.mul(products, loadFour(scale, scaleGap))
    if (v128.any_true(f32x4.ge(four, worst))) {
      const at = slot + i
      count = offer(scores, slots, count, limit, f32x4.extract_lane(four, 0), at)
      count = offer(scores, slots, count, limit, f32x4.extract_lane(four, 1), at + quarter)
      count = offer(scores, slots, count, limit, f32x4.extract_lane(four, 2), at + quarter * 2)
      count = offer(scores, slots, count, limit, f32x4.extract_lane(four, 3), at + quarter * 3)
      if (count == limit) worst = f32x4.splat(load<f32>(scores + last))
    }
    rows += <usize>dims
  }
  rows += gap * 3
  for (let i = quarter * 4; i < rowCount; i++) {
    const score = <f32>dotInt8(wide, rows, dims) * load<f32>(scales + ((<usize>i) << 2))
    count = offer(scores, slots, count, limit, score, slot + i)
    rows += <usize>dims
  }
  return count
}

/** Four floats, `gap` bytes apart. */
/*@inline*/
function loadFour(at: usize, gap: usize): v128 {
  return f32x4(load<f32>(at), load<f32>(at + gap), load<f32>(at + gap * 2), load<f32>(at + gap * 3))
}
