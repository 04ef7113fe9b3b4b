import { dotFloat32, dotInt8 } from './similarity'
import { offer } from './top-list'

/** Dot product of two f32 vectors; `dims` a multiple of 16. */
export function dotFloat32At(a: usize, b: usize, dims: i32): f32 {
  return dotFloat32(a, b, dims)
}

// Top-k over plain row-major matrices, for callers that hold their own rows.

/** Best `k` of `rowCount` rows of f32 by dot product; `dims` a multiple of 16. Returns how many were found. */
export function topKFloat32(query: usize, rows: usize, rowCount: i32, dims: i32, k: i32, scores: usize, slots: usize): i32 {
  let count: i32 = 0
  let worst: f32 = -Infinity
  for (let slot = 0; slot < rowCount; slot++) {
    const score = dotFloat32(query, rows, dims)
    if (score > worst) {
      count = offer(scores, slots, count, k, score, slot)
      if (count == k) worst = load<f32>(scores + ((<usize>(k - 1)) << 2))
    }
    rows += (<usize>dims) << 2
  }
  return count
}

/** The same over 8-bit codes: score = dot product of the codes times the row's scale. `wide` as for `dotInt8`; `dims` a multiple of 32. */
export function topKInt8(wide: usize, rows: usize, scales: usize, rowCount: i32, dims: i32, k: i32, scores: usize, slots: usize): i32 {
  let count: i32 = 0
  let worst: f32 = -Infinity
  for (let slot = 0; slot < rowCount; slot++) {
    const score = <f32>dotInt8(wide, rows, dims) * load<f32>(scales)
    if (score > worst) {
      count = offer(scores, slots, count, k, score, slot)
      if (count == k) worst = load<f32>(scores + ((<usize>(k - 1)) << 2))
    }
    rows += <usize>dims
    scales += 4
  }
  return count
}
