/** Scales a vector to length 1 in place and returns it; a vector of zeros stays as it is. */
export function normaliseVector(vector: Float32Array): Float32Array {
  let sum = 0
  for (let index = 0; index < vector.length; index++) sum += (vector[index] ?? 0) ** 2
  if (sum === 0) return vector
  const scale = 1 / Math.sqrt(sum)
  for (let index = 0; index < vector.length; index++) vector[index] = (vector[index] ?? 0) * scale
  return vector
}
