/**
 * 8-bit codes of `dims` floats (a multiple of 16) and their scale: the largest magnitude becomes 127, halves round to even.
 */
export function quantiseInt8(vector: usize, codes: usize, dims: i32): f32 {
  let largest4 = f32x4.splat(0)
  const end = vector + ((<usize>dims) << 2)
  for (let at = vector; at < end; at += 16) largest4 = f32x4.pmax(largest4, f32x4.abs(v128.load(at)))
  let largest = f32x4.extract_lane(largest4, 0)
  if (f32x4.extract_lane(largest4, 1) > largest) largest = f32x4.extract_lane(largest4, 1)
  if (f32x4.extract_lane(largest4, 2) > largest) largest = f32x4.extract_lane(largest4, 2)
  if (f32x4.extract_lane(largest4, 3) > largest) largest = f32x4.extract_lane(largest4, 3)
  const factor = f32x4.splat(largest > 0 ? <f32>127 / largest : 0)
  while (vector < end) {
    const a = i32x4.trunc_sat_f32x4_s(f32x4.nearest(f32x4.mul(v128.load(vector), factor)))
    const b = i32x4.trunc_sat_f32x4_s(f32x4.nearest(f32x4.mul(v128.load(vector, 16), factor)))
    const c = i32x4.trunc_sat_f32x4_s(f32x4.nearest(f32x4.mul(v128.load(vector, 32), factor)))
    const d = i32x4.trunc_sat_f32x4_s(f32x4.nearest(f32x4.mul(v128.load(vector, 48), factor)))
    v128.store(codes, i8x16.narrow_i16x8_s(i16x8.narrow_i32x4_s(a, b), i16x8.narrow_i32x4_s(c, d)))
    vector += 64
    codes += 16
  }
  return largest / <f32>127
}

/** 8-bit codes to 16-bit integers, `dims` a multiple of 8. */
export function widenCodes(codes: usize, wide: usize, dims: i32): void {
  const end = codes + <usize>dims
  while (codes < end) {
    v128.store(wide, v128.load_ext<i8>(codes))
    codes += 8
    wide += 16
  }
}
