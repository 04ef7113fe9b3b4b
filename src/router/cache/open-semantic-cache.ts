import { CodedError } from '../../base/errors.ts'
import { sha256Hex as portableSha256Hex } from '../../base/sha256.ts'
import { comparablePrompt, type ComparablePrompt } from '../../core/cache/comparable-prompt.ts'
import { createPairJudge, type PairJudge } from '../../core/cache/judge-pair.ts'
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
import type { CacheEntry } from './cache-entry.ts'
import type { SemanticCacheComponents, SemanticCacheInit } from './cache-components.ts'
import { createRequestFiler, type CacheRequest, type RequestFiler } from './cache-request.ts'
import { KeptEntries } from './kept-entries.ts'
import { IssuedTicket, type TicketContent } from './issued-ticket.ts'

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

type Counters = { exactHits: number; similarHits: number; misses: number; stored: number }

class StoredSemanticCache implements SemanticCache {
  readonly #components: SemanticCacheComponents
  readonly #init: SemanticCacheInit
  readonly #entries: KeptEntries
  readonly #fileRequest: RequestFiler
  readonly #judge: PairJudge | undefined
  readonly #counters: Counters = { exactHits: 0, similarHits: 0, misses: 0, stored: 0 }

  constructor(components: SemanticCacheComponents, init: SemanticCacheInit) {
    this.#components = components
    this.#init = init
    this.#entries = new KeptEntries(components, init)
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
    const exact = isRead ? this.#entries.fresh(filed.entryId) : undefined
    if (exact !== undefined && exact.text === filed.text && !this.#isOutdated(filed, exact)) {
      this.#counters.exactHits += 1
      this.#entries.touch(exact)
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
    this.#entries.add(entry)
    this.#counters.stored += 1
    return 'stored'
  }

  async invalidate(what: CacheInvalidation): Promise<number> {
    const doomed: CacheEntry[] = []
    for (const entry of this.#entries.all()) if (isMeant(entry, what)) doomed.push(entry)
    for (const entry of doomed) this.#entries.drop(entry)
    await this.#entries.flush()
    return doomed.length
  }

  statistics(): CacheStatistics {
    return {
      entries: this.#entries.count,
      sizeBytes: this.#entries.sizeBytes,
      ...this.#counters,
      ...this.#entries.counters,
      isSimilarityOn: this.#judge !== undefined,
    }
  }

  async flush(): Promise<void> {
    await this.#entries.flush()
  }

  async close(): Promise<void> {
    await this.#entries.close()
  }

  async load(signal?: AbortSignal): Promise<void> {
    await this.#entries.load(signal)
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
    let best: { readonly entry: CacheEntry; readonly score: number } | undefined
    let comparable: ComparablePrompt | undefined
    const near = { count: calibration?.candidates ?? 1, cosineMin: calibration?.cosineMin ?? 1 }
    for (const { entry, cosine } of this.#entries.nearest(found.filed.partition, found.vector, near)) {
      comparable ??= comparablePrompt(found.filed.text)
      entry.comparable ??= comparablePrompt(entry.text)
      const judgement = judge(comparable, entry.comparable, cosine)
      if (judgement.kind === 'scored' && judgement.isAccepted && judgement.score > (best?.score ?? 0))
        best = { entry, score: judgement.score }
    }
    if (best === undefined) return this.#miss(comparable === undefined ? 'no-entry' : 'not-certain', found)
    this.#counters.similarHits += 1
    this.#entries.touch(best.entry)
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
    return this.#entries.place({
      cached: { entryId, answer, modelId, provider, confidence, storedAt: this.#components.clock.now() },
      tenant,
      modelClass,
      partition,
      text,
      isComparable,
      vector: isCompared ? (vector ?? this.#components.embedder.embedNow?.(text)) : undefined,
    })
  }

  /** What depends on the time of asking is true for minutes, however long other answers are kept. */
  #isOutdated({ exactOnly }: CacheRequest, { cached }: CacheEntry): boolean {
    if (exactOnly !== 'depends-on-time') return false
    return this.#components.clock.now() - cached.storedAt >= TIMELY_ANSWER_MS
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
