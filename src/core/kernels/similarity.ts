const round = Math.fround

/**
 * Dot product of `a` and the row of `rows` that starts at `from`, in 32-bit arithmetic and in the order of the SIMD kernel:
 * sixteen running sums, one per place modulo 16, folded as a tree. `a.length` must be a multiple of 16.
 */
export function dotFloat32(a: Float32Array, rows: Float32Array, from: number): number {
  let s0 = 0,
    s1 = 0,
    s2 = 0,
    s3 = 0,
    s4 = 0,
    s5 = 0,
    s6 = 0,
    s7 = 0
  let t0 = 0,
    t1 = 0,
    t2 = 0,
    t3 = 0,
    t4 = 0,
    t5 = 0,
    t6 = 0,
    t7 = 0
  for (let i = 0, j = from; i < a.length; i += 16, j += 16) {
    s0 = round(s0 + round((a[i] ?? 0) * (rows[j] ?? 0)))
    s1 = round(s1 + round((a[i + 1] ?? 0) * (rows[j + 1] ?? 0)))
    s2 = round(s2 + round((a[i + 2] ?? 0) * (rows[j + 2] ?? 0)))
    s3 = round(s3 + round((a[i + 3] ?? 0) * (rows[j + 3] ?? 0)))
    s4 = round(s4 + round((a[i + 4] ?? 0) * (rows[j + 4] ?? 0)))
    s5 = round(s5 + round((a[i + 5] ?? 0) * (rows[j + 5] ?? 0)))
    s6 = round(s6 + round((a[i + 6] ?? 0) * (rows[j + 6] ?? 0)))
    s7 = round(s7 + round((a[i + 7] ?? 0) * (rows[j + 7] ?? 0)))
    t0 = round(t0 + round((a[i + 8] ?? 0) * (rows[j + 8] ?? 0)))
    t1 = round(t1 + round((a[i + 9] ?? 0) * (rows[j + 9] ?? 0)))
    t2 = round(t2 + round((a[i + 10] ?? 0) * (rows[j + 10] ?? 0)))
    t3 = round(t3 + round((a[i + 11] ?? 0) * (rows[j + 11] ?? 0)))
    t4 = round(t4 + round((a[i + 12] ?? 0) * (rows[j + 12] ?? 0)))
    t5 = round(t5 + round((a[i + 13] ?? 0) * (rows[j + 13] ?? 0)))
    t6 = round(t6 + round((a[i + 14] ?? 0) * (rows[j + 14] ?? 0)))
    t7 = round(t7 + round((a[i + 15] ?? 0) * (rows[j + 15] ?? 0)))
  }
  const lane0 = round(round(s0 + s4) + round(t0 + t4))
  const lane1 = round(round(s1 + s5) + round(t1 + t5))
  const lane2 = round(round(s2 + s6) + round(t2 + t6))
  const lane3 = round(round(s3 + s7) + round(t3 + t7))
  return round(round(lane0 + lane2) + round(lane1 + lane3))
}

/** Dot product of 8-bit codes: exact, so the order does not matter. `codes.length` is at most 2^17. */
export function dotInt8(codes: Int8Array, rows: Int8Array, from: number): number {
  let sum = 0
  for (let i = 0; i < codes.length; i += 1) sum += (codes[i] ?? 0) * (rows[from + i] ?? 0)
  return sum
}

/** Number of differing bits between `bits` and the row of `rows` that starts at word `from`. */
export function hammingDistance(bits: Uint32Array, rows: Uint32Array, from: number): number {
  let distance = 0
  for (let i = 0; i < bits.length; i += 1) distance += countOnes((bits[i] ?? 0) ^ (rows[from + i] ?? 0))
  return distance
}

function countOnes(word: number): number {
  let x = word - ((word >>> 1) & 0x55555555)
  x = (x & 0x33333333) + ((x >>> 2) & 0x33333333)
  return Math.imul((x + (x >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24
}
