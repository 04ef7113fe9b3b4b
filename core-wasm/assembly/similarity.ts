// Dot products and Hamming distance. Not exported to the host: values of type v128 cannot cross it.

/*@inline*/
function sumLanes(v: v128): f32 {
  const folded = f32x4.add(v, v128.shuffle<f32>(v, v, 2, 3, 0, 1))
  return f32x4.extract_lane(folded, 0) + f32x4.extract_lane(folded, 1)
}

/** Four running sums hide the latency of the addition; more bring nothing. `dims` is a multiple of 16. */
/*@inline*/
export function dotFloat32(a: usize, b: usize, dims: i32): f32 {
  let s0 = f32x4.splat(0)
  let s1 = f32x4.splat(0)
  let s2 = f32x4.splat(0)
  let s3 = f32x4.splat(0)
  const end = a + ((<usize>dims) << 2)
  while (a < end) {
    s0 = f32x4.add(s0, f32x4.mul(v128.load(a), v128.load(b)))
    s1 = f32x4.add(s1, f32x4.mul(v128.load(a, 16), v128.load(b, 16)))
    s2 = f32x4.add(s2, f32x4.mul(v128.load(a, 32), v128.load(b, 32)))
    s3 = f32x4.add(s3, f32x4.mul(v128.load(a, 48), v128.load(b, 48)))
    a += 64
    b += 64
  }
  return sumLanes(f32x4.add(f32x4.add(s0, s1), f32x4.add(s2, s3)))
}

/**
 * `wide` holds the query's codes as 16-bit integers, `row` 8-bit codes: widening the query once saves half of the
 * conversions. `dims` is a multiple of 32.
 */
/*@inline*/
export function dotInt8(wide: usize, row: usize, dims: i32): i32 {
  let s0 = i32x4.splat(0)
  let s1 = i32x4.splat(0)
  let s2 = i32x4.splat(0)
  let s3 = i32x4.splat(0)
  const end = row + <usize>dims
  while (row < end) {
    s0 = i32x4.add(s0, i32x4.dot_i16x8_s(v128.load(wide), v128.load_ext<i8>(row)))
    s1 = i32x4.add(s1, i32x4.dot_i16x8_s(v128.load(wide, 16), v128.load_ext<i8>(row, 8)))
    s2 = i32x4.add(s2, i32x4.dot_i16x8_s(v128.load(wide, 32), v128.load_ext<i8>(row, 16)))
    s3 = i32x4.add(s3, i32x4.dot_i16x8_s(v128.load(wide, 48), v128.load_ext<i8>(row, 24)))
    wide += 64
    row += 32
  }
  const sum = i32x4.add(i32x4.add(s0, s1), i32x4.add(s2, s3))
  const folded = i32x4.add(sum, v128.shuffle<i32>(sum, sum, 2, 3, 0, 1))
  return i32x4.extract_lane(folded, 0) + i32x4.extract_lane(folded, 1)
}

/**
 * Four rows at once, `gap` bytes apart, one product per lane: the query is loaded once for all of them and one transposition
 * adds up the lanes of four rows. `dims` is a multiple of 16.
 */
/*@inline*/
export function dotInt8Quad(wide: usize, row: usize, gap: usize, dims: i32): v128 {
  let s0 = i32x4.splat(0)
  let s1 = i32x4.splat(0)
  let s2 = i32x4.splat(0)
  let s3 = i32x4.splat(0)
  const end = row + <usize>dims
  let row1 = row + gap
  let row2 = row1 + gap
  let row3 = row2 + gap
  while (row < end) {
    let part = v128.load(wide)
    s0 = i32x4.add(s0, i32x4.dot_i16x8_s(part, v128.load_ext<i8>(row)))
    s1 = i32x4.add(s1, i32x4.dot_i16x8_s(part, v128.load_ext<i8>(row1)))
    s2 = i32x4.add(s2, i32x4.dot_i16x8_s(part, v128.load_ext<i8>(row2)))
    s3 = i32x4.add(s3, i32x4.dot_i16x8_s(part, v128.load_ext<i8>(row3)))
    part = v128.load(wide, 16)
    s0 = i32x4.add(s0, i32x4.dot_i16x8_s(part, v128.load_ext<i8>(row, 8)))
    s1 = i32x4.add(s1, i32x4.dot_i16x8_s(part, v128.load_ext<i8>(row1, 8)))
    s2 = i32x4.add(s2, i32x4.dot_i16x8_s(part, v128.load_ext<i8>(row2, 8)))
    s3 = i32x4.add(s3, i32x4.dot_i16x8_s(part, v128.load_ext<i8>(row3, 8)))
    wide += 32
    row += 16
    row1 += 16
    row2 += 16
    row3 += 16
  }
  const low = i32x4.add(v128.shuffle<i32>(s0, s1, 0, 4, 1, 5), v128.shuffle<i32>(s0, s1, 2, 6, 3, 7))
  const high = i32x4.add(v128.shuffle<i32>(s2, s3, 0, 4, 1, 5), v128.shuffle<i32>(s2, s3, 2, 6, 3, 7))
  return i32x4.add(v128.shuffle<i32>(low, high, 0, 1, 4, 5), v128.shuffle<i32>(low, high, 2, 3, 6, 7))
}

/** `bytes` is a multiple of 16. */
/*@inline*/
export function hammingDistance(a: usize, b: usize, bytes: i32): i32 {
  let sum: i64 = 0
  const end = a + <usize>bytes
  while (a < end) {
    sum += popcnt<i64>(load<i64>(a) ^ load<i64>(b)) + popcnt<i64>(load<i64>(a, 8) ^ load<i64>(b, 8))
    a += 16
    b += 16
  }
  return <i32>sum
}
