import type { SimilarNode } from '../core/memory/rank-memories.ts'
import type { VectorIndex, VectorIndexInit } from '../ports/vector-index.ts'
import type { VectorKernel } from '../ports/vector-kernel.ts'

/** Hits that a vector index gives at most. */
const HITS_MAX = 256

/**
 * The vectors of one tenant's nodes, by id. An index numbers its vectors, and its memory comes in steps of 256 rows, so it is
 * made with the first vector and given back with the last.
 */
export class TenantIndex {
  readonly #kernel: Pick<VectorKernel, 'createVectorIndex'>
  readonly #init: VectorIndexInit
  readonly #places = new Map<string, number>()
  readonly #ids = new Map<number, string>()
  /** Nodes whose text has nothing to compare: their vector is all zeros. */
  readonly #blank = new Set<string>()
  #index: VectorIndex | undefined
  #nextPlace = 0

  constructor(kernel: Pick<VectorKernel, 'createVectorIndex'>, init: VectorIndexInit) {
    this.#kernel = kernel
    this.#init = init
  }

  /** Nodes that are settled: found by their vector, or known to have nothing to compare. */
  get size(): number {
    return this.#places.size + this.#blank.size
  }

  has(id: string): boolean {
    return this.#places.has(id) || this.#blank.has(id)
  }

  /** Puts a vector in place of the node's earlier one. */
  set(id: string, vector: Float32Array): void {
    this.delete(id)
    if (vector.every((value) => value === 0)) {
      this.#blank.add(id)
      return
    }
    this.#index ??= this.#kernel.createVectorIndex(this.#init)
    const place = this.#nextPlace
    if (!this.#index.add(place, vector)) return
    this.#nextPlace += 1
    this.#places.set(id, place)
    this.#ids.set(place, id)
  }

  delete(id: string): void {
    this.#blank.delete(id)
    const place = this.#places.get(id)
    if (place === undefined) return
    this.#places.delete(id)
    this.#ids.delete(place)
    this.#index?.remove(place)
    if (this.#places.size === 0) this.#release()
  }

  clear(): void {
    this.#release()
    this.#places.clear()
    this.#ids.clear()
    this.#blank.clear()
  }

  #release(): void {
    this.#index?.clear()
    this.#index = undefined
  }

  /** The nearest nodes whose cosine is `similarityMin` or more, best first; `count` at most, and 256. */
  nearest(query: Float32Array, count: number, similarityMin: number): readonly SimilarNode[] {
    if (this.#index === undefined || query.every((value) => value === 0)) return []
    const similar: SimilarNode[] = []
    for (const { id: place, score } of this.#index.search(query, Math.min(HITS_MAX, count))) {
      if (score < similarityMin) break
      const id = this.#ids.get(place)
      if (id !== undefined) similar.push({ id, similarity: score })
    }
    return similar
  }
}
