/** `length` numbers in -1..1 that depend on the seed alone (a 32-bit mixing counter). */
export function randomNumbers(seed: number, length: number): Float64Array {
  let state = (seed ^ 0x9e3779b9) | 0
  return Float64Array.from({ length }, () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2147483648 - 1
  })
}

/** A vector of length 1 in a direction that depends on the seed alone. */
export function unitVector(seed: number, dims: number): Float32Array {
  const numbers = randomNumbers(seed, dims)
  const norm = Math.sqrt(numbers.reduce((sum, x) => sum + x * x, 0))
  return Float32Array.from(numbers, (x) => x / norm)
}
