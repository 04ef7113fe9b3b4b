const round = Math.fround

/** Adding and subtracting 1.5 * 2^23 rounds a 32-bit float below 2^22 to the nearest whole number, halves to even. */
const ROUNDING = 12_582_912

/**
 * Writes the 8-bit codes of `vector` to `codes` from place `from` and returns the scale: `vector[i]` is about `codes[i] * scale`.
 * The largest magnitude becomes 127. A zero vector gives zero codes and scale 0.
 */
export function quantiseInt8(vector: Float32Array, codes: Int8Array, from: number): number {
  let largest = 0
  for (let i = 0; i < vector.length; i += 1) {
    const magnitude = Math.abs(vector[i] ?? 0)
    if (magnitude > largest) largest = magnitude
  }
  const factor = largest > 0 ? round(127 / largest) : 0
  for (let i = 0; i < vector.length; i += 1) {
    codes[from + i] = round(round(round((vector[i] ?? 0) * factor) + ROUNDING) - ROUNDING)
  }
  return round(largest / 127)
}
