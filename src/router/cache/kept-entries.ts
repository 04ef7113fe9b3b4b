import type { Timestamp } from '../../base/time.ts'
import { encodeEntry, sizeOfEntry, type CacheEntry, type DecodedEntry } from './cache-entry.ts'
import { createEntryTable, type EntryTable } from './entry-table.ts'
import { createEntryWriter, type EntryWriter } from './entry-writer.ts'
import { followStore } from './follow-store.ts'
import type { SemanticCacheComponents, SemanticCacheInit } from './cache-components.ts'
import { readStoredEntries } from './read-stored-entries.ts'

/** What became of entries since the start, counts. */
export type EntryCounters = {
  evicted: number
  expired: number
  /** Could not be read. */
  corrupted: number
}

/** What an entry is made of before it has its place. */
export type EntryContent = Omit<CacheEntry, 'place' | 'sizeBytes' | 'comparable'>

/** Entries of the cache: those in memory, which are served, and their copies in the store, which are written behind. */
export class KeptEntries {
  readonly counters: EntryCounters = { evicted: 0, expired: 0, corrupted: 0 }
  readonly #components: SemanticCacheComponents
  readonly #ttlMs: number
  /** Whether prompts are compared, for which entries have vectors. */
  readonly #isComparing: boolean
  readonly #table: EntryTable
  readonly #writer: EntryWriter
  #nextPlace = 0
  #unfollow: () => void = () => {}

  constructor(components: SemanticCacheComponents, init: SemanticCacheInit) {
    this.#components = components
    this.#ttlMs = init.ttlMs
    this.#isComparing = init.calibration !== undefined
    this.#table = createEntryTable(components, {
      entriesMax: init.entriesMax,
      bytesMax: init.bytesMax,
      dims: components.embedder.dimensions,
    })
    this.#writer = createEntryWriter({
      actors: components.actors,
      store: components.store,
      timers: components.timers,
      onError: components.onError ?? ((): void => {}),
    })
  }

  get count(): number {
    return this.#table.size
  }

  get sizeBytes(): number {
    return this.#table.sizeBytes
  }

  /** Those in memory, expired ones included. */
  all(): Iterable<CacheEntry> {
    return this.#table.entries()
  }

  /** An entry that may still be served; an expired one is dropped on the way. */
  fresh(entryId: string): CacheEntry | undefined {
    const entry = this.#table.get(entryId)
    if (entry === undefined || !this.#isExpired(entry.cached.storedAt)) return entry
    this.counters.expired += 1
    this.drop(entry)
    return undefined
  }

  /** Fresh entries of a partition whose vectors have at least this cosine with the one given, -1 to 1, the nearest first, at most `count`. */
  *nearest(
    partition: string,
    vector: Float32Array,
    { count, cosineMin }: { readonly count: number; readonly cosineMin: number },
  ): Generator<{ readonly entry: CacheEntry; readonly cosine: number }, void, undefined> {
    for (const { id, score: cosine } of this.#table.nearest(partition, vector, count)) {
      if (cosine < cosineMin) return
      const candidate = this.#table.atPlace(id)
      const entry = candidate === undefined ? undefined : this.fresh(candidate.cached.entryId)
      if (entry !== undefined) yield { entry, cosine }
    }
  }

  /** It was served: it leaves later than others. */
  touch(entry: CacheEntry): void {
    this.#table.touch(entry)
  }

  /** Gives an entry its place and size; it is not in the cache by that. */
  place(content: EntryContent): CacheEntry {
    const place = this.#nextPlace
    this.#nextPlace += 1
    const vector = content.vector?.some((value) => value !== 0) === true ? content.vector : undefined
    return { ...content, vector, place, sizeBytes: sizeOfEntry({ ...content, vector }), comparable: undefined }
  }

  /** Serves an entry from now on, and writes it behind. */
  add(entry: CacheEntry): void {
    this.#hold(entry)
    const { embedder } = this.#components
    const isVectorKept = embedder.embedNow === undefined
    this.#writer.put(entry.cached.entryId, () => encodeEntry(entry, { id: embedder.id, isVectorKept }))
  }

  drop(entry: CacheEntry): void {
    this.#table.delete(entry)
    this.#writer.put(entry.cached.entryId, undefined)
  }

  async flush(): Promise<void> {
    await this.#writer.flush()
  }

  async close(): Promise<void> {
    this.#unfollow()
    await this.#writer.close()
  }

  /** Fills the memory from the store, the oldest first, so that the limits push out the oldest. */
  async load(signal?: AbortSignal): Promise<void> {
    const { store, watch, onError = (): void => {} } = this.#components
    // Before reading, so that nothing is missed that comes meanwhile.
    if (watch !== undefined)
      this.#unfollow = followStore({
        store,
        watch,
        onError,
        idsHere: () => Array.from(this.#table.entries(), ({ cached }) => cached.entryId),
        take: (decoded) => this.#take(decoded),
        drop: (entryId) => this.#forget(entryId),
      })
    const { entries, damagedKeys, failure } = await readStoredEntries(store, signal)
    this.counters.corrupted += damagedKeys.length
    for (const key of damagedKeys) this.#writer.put(key, undefined)
    if (failure !== undefined) {
      this.counters.corrupted += 1
      onError(failure)
    }
    for (const decoded of entries) {
      if (this.#isExpired(decoded.cached.storedAt)) {
        this.counters.expired += 1
        this.#writer.put(decoded.cached.entryId, undefined)
      } else this.#hold(this.#restored(decoded))
    }
  }

  /** What somebody else stored takes the place of an older answer. */
  #take(decoded: DecodedEntry): void {
    const { entryId, storedAt } = decoded.cached
    const known = this.#table.get(entryId)
    if (this.#isExpired(storedAt) || (known !== undefined && known.cached.storedAt >= storedAt)) return
    this.#hold(this.#restored(decoded))
  }

  /** The store has it no more. */
  #forget(entryId: string): void {
    const entry = this.#table.get(entryId)
    if (entry !== undefined) this.#table.delete(entry)
  }

  #restored({ embedderId, ...entry }: DecodedEntry): CacheEntry {
    const { embedder } = this.#components
    const kept = embedderId === embedder.id && entry.vector?.length === embedder.dimensions ? entry.vector : undefined
    const isCompared = entry.isComparable && this.#isComparing
    return this.place({ ...entry, vector: isCompared ? (kept ?? embedder.embedNow?.(entry.text)) : undefined })
  }

  #hold(entry: CacheEntry): void {
    for (const pushedOut of this.#table.set(entry)) {
      this.counters.evicted += 1
      this.#writer.put(pushedOut.cached.entryId, undefined)
    }
  }

  #isExpired(storedAt: Timestamp): boolean {
    return this.#components.clock.now() - storedAt >= this.#ttlMs
  }
}
