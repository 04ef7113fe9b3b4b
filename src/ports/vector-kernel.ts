import type { HashRecipe } from '../core/kernels/hash-recipe.ts'
import type { SparseFeatures } from '../core/kernels/text-hashing.ts'
import type { VectorIndex, VectorIndexInit } from './vector-index.ts'

/**
 * VectorKernel: number crunching over texts and vectors, synchronous and without I/O. There are two: WebAssembly (fast) and
 * plain TypeScript (always there). Both give the same bits, so which one runs is never a matter of results.
 *
 * ```ts
 * const similarity = (kernel: VectorKernel, a: string, b: string): number => {
 *   const hasher = kernel.createTextHasher({ dims: 256 })
 *   return kernel.dot(hasher.embed(a), hasher.embed(b))
 * }
 * ```
 */
export interface VectorKernel {
  readonly implementation: 'wasm' | 'typescript'
  /** Throws RangeError for a recipe or dimensions out of range. */
  createTextHasher(init: TextHasherInit): TextHasher
  /** Throws RangeError for dimensions or a capacity out of range. */
  createVectorIndex(init: VectorIndexInit): VectorIndex
  /** Dot product in 32-bit arithmetic, in the order of the kernels. Throws RangeError when the lengths differ. */
  dot(a: Float32Array, b: Float32Array): number
}

/** Turns texts into vectors and sparse features by hashing their n-grams; owns scratch space, one caller at a time. */
export interface TextHasher {
  readonly dims: number
  /** Unit vector of `dims` numbers; all zero for a text without a letter, digit or character beyond ASCII. Only the first 16 KiB of UTF-8 count. */
  embed(text: string): Float32Array
  /** Hashed n-gram features in 2^bits buckets, 1 <= bits <= 24, signed sums of weights, not normalised. */
  features(text: string, bits: number): SparseFeatures
}

/**
 * How texts become vectors; what is out of range, `createTextHasher` refuses with a `RangeError`. Vectors compare only where length and recipe are the
 * same.
 */
export type TextHasherInit = {
  /** Length of `embed`'s vectors, 2 to 4,096. */
  readonly dims: number
  /** Default: `DEFAULT_HASH_RECIPE`. */
  readonly recipe?: HashRecipe
}
