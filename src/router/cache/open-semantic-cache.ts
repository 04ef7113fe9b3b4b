import type { ActorSystem } from '../../actors/system/actor-system.ts'
import type { DurationMs, Timestamp } from '../../base/time.ts'
import { CodedError } from '../../base/errors.ts'
import { sha256Hex as portableSha256Hex, type Sha256Hex } from '../../base/sha256.ts'
import type { CacheCalibration } from '../../core/cache/cache-calibration.ts'
import { comparablePrompt, type ComparablePrompt } from '../../core/cache/comparable-prompt.ts'
import { createPairJudge, type PairJudge } from '../../core/cache/judge-pair.ts'
import type { Clock } from '../../ports/clock.ts'
import type { EmbeddingModel } from '../../ports/embedding-model.ts'
import type { KeyValueStore } from '../../ports/key-value-store.ts'
import type { StoreListener } from '../../ports/store-changes.ts'
import type { Timers } from '../../ports/timers.ts'
import type { VectorKernel } from '../../ports/vector-kernel.ts'
import type {
  CacheAdmission,
  AdmissionOutcome,
  CacheInvalidation,
  CacheOutcome,
  CacheQuery,
  CacheStatistics,
  SemanticCache,
} from '../semantic-cache.ts'
import { admissionRefusal, MIN_CONFIDENCE_DEFAULT } from './admission.ts'
import { encodeEntry, sizeOfEntry, type CacheEntry, type DecodedEntry } from './cache-entry.ts'
import { createRequestFiler, type CacheRequest, type RequestFiler } from './cache-request.ts'
import { createEntryTable, type EntryTable } from './entry-table.ts'
import { followStore } from './follow-store.ts'
import { readStoredEntries } from './read-stored-entries.ts'
import { createEntryWriter, type EntryWriter } from './entry-writer.ts'
import { IssuedTicket, type TicketContent } from './issued-ticket.ts'

export type SemanticCacheComponents = {
  /** What is stored is written by the actor `answer-cache` of this system. */
  readonly actors: ActorSystem
  /** Keys of the cache alone: a sublevel. */
  readonly store: KeyValueStore
  readonly clock: Clock
  readonly timers: Timers
  readonly kernel: Pick<VectorKernel, 'createVectorIndex' | 'dot'>
  readonly embedder: EmbeddingModel
  /** A faster SHA-256 of the host, equal to the portable one. Absent: the portable one. */
  readonly sha256Hex?: Sha256Hex
  /** Where others write to the store as well: tells of the keys that they changed. */
  readonly watch?: (listener: StoreListener) => () => void
  /** Told of failed writes in the background. */
  readonly onError?: (error: unknown) => void
}

export type SemanticCacheInit = {
  /** Answers older than this are not served. */
  readonly ttlMs: DurationMs
  /** Least recently used entries leave when there are more, 1 to 16,777,215, or when they take more bytes. */
  readonly entriesMax: number
  readonly bytesMax: number
  /** Absent: the similarity tier is off. */
  readonly calibration?: CacheCalibration
  /** Verifier confidence below which an answer is not kept, 0 to 1. Default 0.7. */
  readonly confidenceMin?: number
}

/**
 * Opens the cache and reads what earlier runs stored. Entries that cannot be read are left out and counted; a store that cannot be read
 * on gives what it gave until then.
 *
 * Throws `CACHE_CALIBRATION_INVALID` when the calibration was made with another embedder, `STORE_NOT_OPEN`, and the signal's reason.
 */
export async function openSemanticCache(
  components: SemanticCacheComponents,
  init: SemanticCacheInit,
  options?: { readonly signal?: AbortSignal },
): Promise<SemanticCache> {
  const { calibration } = init
  if (calibration !== undefined && calibration.embedderId !== components.embedder.id) {
    throw new CodedError('CACHE_CALIBRATION_INVALID', {
      message: `The cache calibration was made with embedder ${calibration.embedderId}, but the cache runs ${components.embedder.id}`,
      details: { calibrated: calibration.embedderId, running: components.embedder.id },
    })
  }
  const cache = new StoredSemanticCache(components, init)
  await cache.load(options?.signal)
  return cache
}

/** How long an answer serves that depends on the time of asking (weather, news, who holds an office). */
const TIMELY_ANSWER_MS = 5 * 60_000

type Counters = {
  exactHits: number
  similarHits: number
  misses: number
  stored: number
  evicted: number
  expired: number
  corrupted: number
}

class StoredSemanticCache implements SemanticCache {
  readonly #components: SemanticCacheComponents
  readonly #init: SemanticCacheInit
  readonly #table: EntryTable
  readonly #writer: EntryWriter
  readonly #fileRequest: RequestFiler
  readonly #judge: PairJudge | undefined
  readonly #counters: Counters = {
    exactHits: 0,
    similarHits: 0,
    misses: 0,
    stored: 0,
    evicted: 0,
    expired: 0,
    corrupted: 0,
  }
  #nextPlace = 0
  #unfollow: () => void = () => {}

  constructor(components: SemanticCacheComponents, init: SemanticCacheInit) {
    this.#components = components
    this.#init = init
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
    this.#fileRequest = createRequestFiler(components.sha256Hex ?? portableSha256Hex)
    this.#judge = init.calibration === undefined ? undefined : createPairJudge(init.calibration)
  }

  lookup(
    query: CacheQuery,
    options?: { readonly signal?: AbortSignal | undefined },
  ): CacheOutcome | Promise<CacheOutcome> {
    const filed = this.#fileRequest(query)
    if (query.mode === 'off') return this.#miss('not-read', undefined)
    const isRead = isReading(query)
    const exact = isRead ? this.#freshEntry(filed.entryId) : undefined
    if (exact !== undefined && exact.text === filed.text && !this.#isOutdated(filed, exact)) {
      this.#counters.exactHits += 1
      this.#table.touch(exact)
      return {
        kind: 'hit',
        tier: 'exact',
        entry: exact.cached,
        ticket: this.#ticket({ query, filed, vector: exact.vector }),
      }
    }
    if (filed.exactOnly !== undefined)
      return this.#miss(isRead ? 'exact-only' : 'not-read', { query, filed, vector: undefined }, filed.exactOnly)
    if (this.#judge === undefined)
      return this.#miss(isRead ? 'exact-only' : 'not-read', { query, filed, vector: undefined }, 'not-calibrated')
    const { embedder } = this.#components
    if (embedder.embedNow !== undefined)
      return this.#lookupSimilar({ query, filed, vector: embedder.embedNow(filed.text) }, this.#judge)
    if (query.isConfined === true && embedder.leavesNode === true)
      return this.#miss(isRead ? 'exact-only' : 'not-read', { query, filed, vector: undefined }, 'confined')
    return this.#embedAndLookup({ query, filed, judge: this.#judge }, options)
  }

  admit(ticket: Parameters<SemanticCache['admit']>[0], admission: CacheAdmission): AdmissionOutcome {
    const known = IssuedTicket.read(ticket, this)
    if (known === undefined || known.query.mode === 'no-store') return 'not-storable'
    const refusal = admissionRefusal(admission, this.#init.confidenceMin ?? MIN_CONFIDENCE_DEFAULT)
    if (refusal !== undefined) return refusal
    const entry = this.#entryOf(known, admission)
    if (entry.sizeBytes > this.#init.bytesMax) return 'too-large'
    this.#store(entry)
    this.#counters.stored += 1
    this.#write(entry)
    return 'stored'
  }

  async invalidate(what: CacheInvalidation): Promise<number> {
    const doomed: CacheEntry[] = []
    for (const entry of this.#table.entries()) if (isMeant(entry, what)) doomed.push(entry)
    for (const entry of doomed) this.#drop(entry)
    await this.#writer.flush()
    return doomed.length
  }

  statistics(): CacheStatistics {
    return {
      entries: this.#table.size,
      sizeBytes: this.#table.sizeBytes,
      ...this.#counters,
      isSimilarityOn: this.#judge !== undefined,
    }
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
    const { entries, damagedKeys, failure } = await readStoredEntries(this.#components.store, signal)
    this.#counters.corrupted += damagedKeys.length
    for (const key of damagedKeys) this.#writer.put(key, undefined)
    if (failure !== undefined) {
      this.#counters.corrupted += 1
      this.#components.onError?.(failure)
    }
    for (const decoded of entries) {
      if (this.#isExpired(decoded.cached.storedAt)) {
        this.#counters.expired += 1
        this.#writer.put(decoded.cached.entryId, undefined)
      } else this.#store(this.#restored(decoded))
    }
  }

  /** What somebody else stored takes the place of an older answer. */
  #take(decoded: DecodedEntry): void {
    const { entryId, storedAt } = decoded.cached
    const known = this.#table.get(entryId)
    if (this.#isExpired(storedAt) || (known !== undefined && known.cached.storedAt >= storedAt)) return
    this.#store(this.#restored(decoded))
  }

  /** The store has it no more. */
  #forget(entryId: string): void {
    const entry = this.#table.get(entryId)
    if (entry !== undefined) this.#table.delete(entry)
  }

  async #embedAndLookup(
    { query, filed, judge }: { readonly query: CacheQuery; readonly filed: CacheRequest; readonly judge: PairJudge },
    options?: { readonly signal?: AbortSignal | undefined },
  ): Promise<CacheOutcome> {
    let vector: Float32Array | undefined
    try {
      vector = (await this.#components.embedder.embed([filed.text], options)).vectors[0]
    } catch (error: unknown) {
      options?.signal?.throwIfAborted()
      this.#components.onError?.(error)
    }
    if (vector === undefined) return this.#miss('exact-only', { query, filed, vector: undefined }, 'not-embedded')
    return this.#lookupSimilar({ query, filed, vector }, judge)
  }

  #lookupSimilar(
    found: { readonly query: CacheQuery; readonly filed: CacheRequest; readonly vector: Float32Array },
    judge: PairJudge,
  ): CacheOutcome {
    if (!isReading(found.query)) return this.#miss('not-read', found)
    const { calibration } = this.#init
    const candidates = this.#table.nearest(found.filed.partition, found.vector, calibration?.candidates ?? 1)
    let best: { readonly entry: CacheEntry; readonly score: number } | undefined
    let comparable: ComparablePrompt | undefined
    for (const { id, score: cosine } of candidates) {
      if (cosine < (calibration?.cosineMin ?? 1)) break
      const candidate = this.#table.atPlace(id)
      const entry = candidate === undefined ? undefined : this.#freshEntry(candidate.cached.entryId)
      if (entry === undefined) continue
      comparable ??= comparablePrompt(found.filed.text)
      entry.comparable ??= comparablePrompt(entry.text)
      const judgement = judge(comparable, entry.comparable, cosine)
      if (judgement.kind === 'scored' && judgement.isAccepted && judgement.score > (best?.score ?? 0))
        best = { entry, score: judgement.score }
    }
    if (best === undefined) return this.#miss(comparable === undefined ? 'no-entry' : 'not-certain', found)
    this.#counters.similarHits += 1
    this.#table.touch(best.entry)
    return { kind: 'hit', tier: 'similar', entry: best.entry.cached, score: best.score, ticket: this.#ticket(found) }
  }

  #miss(
    reason: 'no-entry' | 'not-read' | 'exact-only' | 'not-certain',
    found: TicketContent | undefined,
    detail?: string,
  ): CacheOutcome {
    this.#counters.misses += 1
    return { kind: 'miss', reason, ...(detail !== undefined && { detail }), ticket: found && this.#ticket(found) }
  }

  #ticket(found: TicketContent): IssuedTicket {
    return new IssuedTicket(this, found)
  }

  #entryOf(
    { query, filed, vector }: TicketContent,
    { answer, modelId, provider, confidence }: CacheAdmission,
  ): CacheEntry {
    const { entryId, partition, text, exactOnly } = filed
    const { tenant, modelClass } = query
    const isComparable = exactOnly === undefined
    const isCompared = isComparable && this.#judge !== undefined
    return this.#placed({
      cached: { entryId, answer, modelId, provider, confidence, storedAt: this.#components.clock.now() },
      tenant,
      modelClass,
      partition,
      text,
      isComparable,
      vector: isCompared ? (vector ?? this.#components.embedder.embedNow?.(text)) : undefined,
    })
  }

  #placed(entry: Omit<CacheEntry, 'place' | 'sizeBytes' | 'comparable'>): CacheEntry {
    const place = this.#nextPlace
    this.#nextPlace += 1
    const vector = entry.vector?.some((value) => value !== 0) === true ? entry.vector : undefined
    return { ...entry, vector, place, sizeBytes: sizeOfEntry({ ...entry, vector }), comparable: undefined }
  }

  #restored({ embedderId, ...entry }: DecodedEntry): CacheEntry {
    const { embedder } = this.#components
    const kept = embedderId === embedder.id && entry.vector?.length === embedder.dimensions ? entry.vector : undefined
    const isCompared = entry.isComparable && this.#judge !== undefined
    return this.#placed({ ...entry, vector: isCompared ? (kept ?? embedder.embedNow?.(entry.text)) : undefined })
  }

  /** An entry that may still be served; an expired one is dropped on the way. */
  #freshEntry(entryId: string): CacheEntry | undefined {
    const entry = this.#table.get(entryId)
    if (entry === undefined || !this.#isExpired(entry.cached.storedAt)) return entry
    this.#counters.expired += 1
    this.#drop(entry)
    return undefined
  }

  #isExpired(storedAt: Timestamp): boolean {
    return this.#components.clock.now() - storedAt >= this.#init.ttlMs
  }

  /** What depends on the time of asking is true for minutes, however long other answers are kept. */
  #isOutdated({ exactOnly }: CacheRequest, { cached }: CacheEntry): boolean {
    if (exactOnly !== 'depends-on-time') return false
    return this.#components.clock.now() - cached.storedAt >= TIMELY_ANSWER_MS
  }

  #store(entry: CacheEntry): void {
    for (const pushedOut of this.#table.set(entry)) {
      this.#counters.evicted += 1
      this.#writer.put(pushedOut.cached.entryId, undefined)
    }
  }

  #write(entry: CacheEntry): void {
    const { embedder } = this.#components
    const isVectorKept = embedder.embedNow === undefined
    this.#writer.put(entry.cached.entryId, () => encodeEntry(entry, { id: embedder.id, isVectorKept }))
  }

  #drop(entry: CacheEntry): void {
    this.#table.delete(entry)
    this.#writer.put(entry.cached.entryId, undefined)
  }
}

function isReading({ mode }: CacheQuery): boolean {
  return mode === 'default' || mode === 'no-store'
}

function isMeant(entry: CacheEntry, what: CacheInvalidation): boolean {
  switch (what.kind) {
    case 'all':
      return true
    case 'tenant':
      return entry.tenant === what.tenant
    case 'entry':
      return entry.cached.entryId === what.entryId
    case 'model-class':
      return entry.tenant === what.tenant && entry.modelClass === what.modelClass
  }
}
