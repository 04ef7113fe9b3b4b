import type { VectorHit, VectorIndex } from '../../ports/vector-index.ts'
import type { VectorKernel } from '../../ports/vector-kernel.ts'

/**
 * The vectors of one partition. Most partitions stay small (every system prompt and every conversation makes one), so a handful of
 * vectors is kept in a list and compared one by one; an index, which takes memory in large steps, is made only for more.
 */
export type PartitionVectors = {
  readonly size: number
  add(place: number, vector: Float32Array): void
  remove(place: number): void
  /** The nearest first, at most `count` (1 to 256). */
  nearest(query: Float32Array, count: number): readonly VectorHit[]
  clear(): void
}

/** Comparing this many vectors one by one takes about as long as calling the index. */
const LISTED_MAX = 32

export function createPartitionVectors(
  kernel: Pick<VectorKernel, 'createVectorIndex' | 'dot'>,
  init: { readonly dims: number; readonly capacityMax: number },
): PartitionVectors {
  const listed = new Map<number, Float32Array>()
  let index: VectorIndex | undefined
  return {
    get size() {
      return index?.size ?? listed.size
    },
    add(place, vector) {
      if (index === undefined && listed.size < LISTED_MAX) {
        listed.set(place, vector)
        return
      }
      if (index === undefined) {
        index = kernel.createVectorIndex(init)
        for (const [known, stored] of listed) index.add(known, stored)
        listed.clear()
      }
      index.add(place, vector)
    },
    remove(place) {
      if (index === undefined) listed.delete(place)
      else index.remove(place)
    },
    nearest(query, count) {
      if (index !== undefined) return index.search(query, count)
      const hits: VectorHit[] = []
      for (const [id, vector] of listed) hits.push({ id, score: kernel.dot(query, vector) })
      return hits.sort((one, other) => other.score - one.score || one.id - other.id).slice(0, count)
    },
    clear() {
      listed.clear()
      index?.clear()
    },
  }
}
