import { compareText } from '../core/memory/memory-node.ts'
import type { SimilarNode } from '../core/memory/rank-memories.ts'
import type { VectorIndex, VectorIndexInit } from '../ports/vector-index.ts'
import type { VectorKernel } from '../ports/vector-kernel.ts'

/** Hits that a vector index gives at most. */
const HITS_MAX = 256
/** An index takes memory for 256 rows at once: up to so many vectors are kept in a list and compared one by one. */
const LISTED_MAX = 32

/**
 * The vectors of one tenant's nodes, by id. Most tenants have few, and get no index; one that had many keeps it until the
 * last is gone.
 */
export class TenantIndex {
  readonly #kernel: TenantIndexKernel
  readonly #init: VectorIndexInit
  /** Vectors, while there is no index. */
  readonly #listed = new Map<string, Float32Array>()
  /** Numbers of the vectors in the index, and back. */
  readonly #places = new Map<string, number>()
  readonly #ids = new Map<number, string>()
  /** Nodes whose text has nothing to compare: their vector is all zeros. */
  readonly #blank = new Set<string>()
  #index: VectorIndex | undefined
  #nextPlace = 0

  constructor(kernel: TenantIndexKernel, init: VectorIndexInit) {
    this.#kernel = kernel
    this.#init = init
  }

  /** Nodes that are settled: found by their vector, or known to have nothing to compare. */
  get size(): number {
    return this.#listed.size + this.#places.size + this.#blank.size
  }

  has(id: string): boolean {
    return this.#listed.has(id) || this.#places.has(id) || this.#blank.has(id)
  }

  /** Puts a vector in place of the node's earlier one. */
  set(id: string, vector: Float32Array): void {
    this.delete(id)
    if (vector.every((value) => value === 0)) this.#blank.add(id)
    else if (this.#index !== undefined) this.#place(this.#index, id, vector)
    else if (this.#listed.size < LISTED_MAX) this.#listed.set(id, vector)
    else this.#startIndex().set(id, vector)
  }

  delete(id: string): void {
    this.#listed.delete(id)
    this.#blank.delete(id)
    const place = this.#places.get(id)
    if (place === undefined) return
    this.#places.delete(id)
    this.#ids.delete(place)
    this.#index?.remove(place)
    if (this.#places.size === 0) this.#releaseIndex()
  }

  clear(): void {
    this.#releaseIndex()
    this.#listed.clear()
    this.#places.clear()
    this.#ids.clear()
    this.#blank.clear()
  }

  /** The nearest nodes whose cosine is `similarityMin` or more, best first; `count` at most, and 256. */
  nearest(query: Float32Array, count: number, similarityMin: number): readonly SimilarNode[] {
    if (query.every((value) => value === 0)) return []
    const most = Math.min(HITS_MAX, count)
    const similar = this.#index === undefined ? this.#compareAll(query) : this.#search(this.#index, query, most)
    return similar.filter(({ similarity }) => similarity >= similarityMin).slice(0, most)
  }

  #compareAll(query: Float32Array): readonly SimilarNode[] {
    return [...this.#listed]
      .map(([id, vector]): SimilarNode => ({ id, similarity: this.#kernel.dot(query, vector) }))
      .sort((one, other) => other.similarity - one.similarity || compareText(one.id, other.id))
  }

  #search(index: VectorIndex, query: Float32Array, count: number): readonly SimilarNode[] {
    return index.search(query, count).flatMap(({ id: place, score }) => {
      const id = this.#ids.get(place)
      return id === undefined ? [] : [{ id, similarity: score }]
    })
  }

  #startIndex(): this {
    const index = this.#kernel.createVectorIndex(this.#init)
    this.#index = index
    for (const [id, vector] of this.#listed) this.#place(index, id, vector)
    this.#listed.clear()
    return this
  }

  #place(index: VectorIndex, id: string, vector: Float32Array): void {
    if (!index.add(this.#nextPlace, vector)) return
    this.#places.set(id, this.#nextPlace)
    this.#ids.set(this.#nextPlace, id)
    this.#nextPlace += 1
  }

  #releaseIndex(): void {
    this.#index?.clear()
    this.#index = undefined
  }
}

export type TenantIndexKernel = Pick<VectorKernel, 'createVectorIndex' | 'dot'>
