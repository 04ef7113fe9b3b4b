import type { VectorHit } from '../../ports/vector-index.ts'
import type { VectorKernel } from '../../ports/vector-kernel.ts'
import type { CacheEntry } from './cache-entry.ts'
import { createPartitionVectors, type PartitionVectors } from './partition-vectors.ts'
import { RecencyList, type RecencyNode } from './recency-list.ts'

export type EntryTableInit = {
  /** Most entries, 1 or more, and most bytes by `sizeBytes`. The least recently used go first. */
  readonly entriesMax: number
  readonly bytesMax: number
  /** Length of vectors; 0 when nothing is compared. */
  readonly dims: number
}

/**
 * The entries in memory, least recently used first, with the vectors of each partition. It knows no time and no disk: `set` returns
 * what it pushed out.
 */
export type EntryTable = {
  readonly size: number
  readonly sizeBytes: number
  get(entryId: string): CacheEntry | undefined
  atPlace(place: number): CacheEntry | undefined
  /** Marks an entry as used now. */
  touch(entry: CacheEntry): void
  /** Adds an entry, in place of the one with its id. Returns the entries pushed out by the limits, the oldest first. */
  set(entry: CacheEntry): readonly CacheEntry[]
  delete(entry: CacheEntry): void
  nearest(partition: string, query: Float32Array, count: number): readonly VectorHit[]
  entries(): Iterable<CacheEntry>
}

export function createEntryTable(components: VectorFilesComponents, init: EntryTableInit): EntryTable {
  const byId = new Map<string, RecencyNode<CacheEntry>>()
  const byPlace = new Map<number, CacheEntry>()
  const uses = new RecencyList<CacheEntry>()
  const vectors = createVectorFiles(components, init)
  let sizeBytes = 0

  const remove = (entry: CacheEntry): void => {
    const node = byId.get(entry.cached.entryId)
    if (node === undefined) return
    byId.delete(entry.cached.entryId)
    uses.remove(node)
    byPlace.delete(node.item.place)
    sizeBytes -= node.item.sizeBytes
    vectors.remove(node.item)
  }
  const isTooFull = (): boolean => byId.size > init.entriesMax || sizeBytes > init.bytesMax

  return {
    get size() {
      return byId.size
    },
    get sizeBytes() {
      return sizeBytes
    },
    get: (entryId) => byId.get(entryId)?.item,
    atPlace: (place) => byPlace.get(place),
    touch(entry) {
      const node = byId.get(entry.cached.entryId)
      if (node !== undefined) uses.touch(node)
    },
    set(entry) {
      remove(entry)
      byId.set(entry.cached.entryId, uses.add(entry))
      byPlace.set(entry.place, entry)
      sizeBytes += entry.sizeBytes
      vectors.add(entry)
      const pushedOut: CacheEntry[] = []
      for (let oldest = uses.oldest; oldest !== undefined && isTooFull(); oldest = uses.oldest) {
        remove(oldest)
        pushedOut.push(oldest)
      }
      return pushedOut
    },
    delete: remove,
    nearest: vectors.nearest,
    entries: () => uses,
  }
}

type VectorFilesComponents = { readonly kernel: Pick<VectorKernel, 'createVectorIndex' | 'dot'> }

/** The vectors of all partitions; a partition exists while it has any. */
type VectorFiles = {
  readonly nearest: EntryTable['nearest']
  add(entry: CacheEntry): void
  remove(entry: CacheEntry): void
}

function createVectorFiles({ kernel }: VectorFilesComponents, { dims, entriesMax }: EntryTableInit): VectorFiles {
  const partitions = new Map<string, PartitionVectors>()
  return {
    nearest: (partition, query, count) => partitions.get(partition)?.nearest(query, count) ?? [],
    add({ partition, place, vector }) {
      if (vector === undefined) return
      let vectors = partitions.get(partition)
      if (vectors === undefined) {
        vectors = createPartitionVectors(kernel, { dims, capacityMax: entriesMax + 1 })
        partitions.set(partition, vectors)
      }
      vectors.add(place, vector)
    },
    remove({ partition, place, vector }) {
      const vectors = partitions.get(partition)
      if (vectors === undefined || vector === undefined) return
      vectors.remove(place)
      if (vectors.size > 0) return
      vectors.clear()
      partitions.delete(partition)
    },
  }
}
