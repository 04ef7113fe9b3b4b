/** The vector with zeros up to a multiple of 16, as the dot product kernels want it. Throws `RangeError` unless it is `length` long. */
export function padForDot(vector: Float32Array, length: number): Float32Array {
  if (vector.length !== length)
    throw new RangeError(`Vectors of ${vector.length} and ${length} entries have no dot product`)
  if (length % 16 === 0) return vector
  const padded = new Float32Array(Math.ceil(length / 16) * 16)
  padded.set(vector)
  return padded
}
