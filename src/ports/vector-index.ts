/**
 * VectorIndex: the nearest stored vectors to a query, by dot product of unit vectors (cosine). It holds vectors and the ids
 * they were given, nothing else: no texts, no tenants, no expiry, no persistence. It needs no training. One caller at a time.
 *
 * Small indexes are searched exactly. Large ones compare one bit per dimension of a rotated copy first, then 8-bit codes of
 * the nearest, then the vectors themselves, so a hit's score is always exact although, now and then, the nearest is missed.
 * Clustered data (texts) are what it is made for; among uniformly random vectors there is no near one to find, and it shows.
 *
 * ```ts
 * const nearestId = (index: VectorIndex, query: Float32Array): number | undefined => index.search(query, 1)[0]?.id
 * ```
 */
export interface VectorIndex {
  /** Length of every vector, 1 to 4,096. */
  readonly dims: number
  /** Vectors held now. */
  readonly size: number
  /** Most vectors it will hold. */
  readonly capacityMax: number
  /** Bytes taken by rows, free places of the last segment included. */
  readonly memoryBytes: number
  /**
   * Stores a copy of `vector` under `id` (a safe integer), replacing the one that was there.
   *
   * @returns Whether it was stored: false when the index is full and the id is new.
   * @throws RangeError when the length is not `dims`, the id is no safe integer, or the vector is not of unit length (within 0.001).
   */
  add(id: number, vector: Float32Array): boolean
  /** Whether the id was there. */
  remove(id: number): boolean
  /**
   * The `k` (1 to 256) best by score, best first; fewer when fewer are held. Of equal scores the one in the lower slot is first.
   *
   * @throws RangeError when the length is not `dims` or `k` is out of range.
   */
  search(query: Float32Array, k: number): readonly VectorHit[]
  /** Forgets everything and gives the memory back to the kernel. The index can be used again. */
  clear(): void
}

/** A stored vector that a search found, by the id that it was added under. */
export type VectorHit = {
  readonly id: number
  /** Dot product with the query in 32-bit arithmetic: -1 to 1, but for rounding. */
  readonly score: number
}

/** Bounds of an index, fixed when it is made; `createVectorIndex` throws `RangeError` for one out of range. */
export type VectorIndexInit = {
  /** 1 to 4,096. A multiple of 128 wastes no space. */
  readonly dims: number
  /** 1 to 16,777,216. Memory grows with use, in steps of 256 rows. */
  readonly capacityMax: number
}
