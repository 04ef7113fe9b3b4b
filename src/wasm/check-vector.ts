import { DIMS_MAX } from '../core/kernels/rotate.ts'
import type { VectorIndexInit } from '../ports/vector-index.ts'

/** Most vectors in one index, and most hits of one search. */
export const CAPACITY_MAX = 16_777_216
export const SEARCH_HITS_MAX = 256

const LENGTH_TOLERANCE = 0.001

export function checkIndexInit(init: VectorIndexInit): void {
  const { dims, capacityMax } = init
  if (!Number.isInteger(dims) || dims < 1 || dims > DIMS_MAX)
    throw new RangeError(`dims must be 1 to ${DIMS_MAX}, not ${dims}`)
  if (!Number.isInteger(capacityMax) || capacityMax < 1 || capacityMax > CAPACITY_MAX) {
    throw new RangeError(`capacityMax must be 1 to ${CAPACITY_MAX}, not ${capacityMax}`)
  }
}

export function checkHasherDims(dims: number): void {
  if (!Number.isInteger(dims) || dims < 2 || dims > DIMS_MAX)
    throw new RangeError(`dims must be 2 to ${DIMS_MAX}, not ${dims}`)
}

/** A vector to store: right length, unit norm (which also rules out NaN and infinities). */
export function checkStoredVector(id: number, vector: Float32Array, dims: number): void {
  if (!Number.isSafeInteger(id)) throw new RangeError(`An id must be a safe integer, not ${id}`)
  checkLength(vector, dims)
  let squares = 0
  for (let i = 0; i < dims; i += 1) squares += (vector[i] ?? 0) * (vector[i] ?? 0)
  if (!(Math.abs(Math.sqrt(squares) - 1) <= LENGTH_TOLERANCE))
    throw new RangeError(`A stored vector must have length 1, not ${Math.sqrt(squares)}`)
}

export function checkQuery(query: Float32Array, k: number, dims: number): void {
  checkLength(query, dims)
  if (!Number.isInteger(k) || k < 1 || k > SEARCH_HITS_MAX)
    throw new RangeError(`k must be 1 to ${SEARCH_HITS_MAX}, not ${k}`)
  for (let i = 0; i < dims; i += 1) {
    if (!Number.isFinite(query[i])) throw new RangeError(`Entry ${i} of the query is not finite`)
  }
}

function checkLength(vector: Float32Array, dims: number): void {
  if (vector.length !== dims) throw new RangeError(`The vector must have ${dims} entries, not ${vector.length}`)
}
