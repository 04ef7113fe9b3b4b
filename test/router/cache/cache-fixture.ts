import { createActorSystem } from '../../../src/actors/create-actor-system.ts'
import { DEFAULT_TENANT, parseTenantId, type TenantId } from '../../../src/base/identifiers.ts'
import type { Sha256Hex } from '../../../src/base/sha256.ts'
import { durationFromMs, timestampFromMs } from '../../../src/base/time.ts'
import { LEXICAL_BITS, RARITY_BITS, type AcceptanceModel } from '../../../src/core/cache/acceptance-model.ts'
import type { CacheCalibration } from '../../../src/core/cache/cache-calibration.ts'
import { CACHE_EMBEDDER_ID } from '../../../src/core/cache/cache-hash-recipe.ts'
import { PAIR_FEATURES } from '../../../src/core/cache/pair-features.ts'
import type { Clock } from '../../../src/ports/clock.ts'
import type { EmbeddingModel } from '../../../src/ports/embedding-model.ts'
import type { KeyValueStore } from '../../../src/ports/key-value-store.ts'
import type { ModelAnswer, ModelRequest } from '../../../src/ports/language-model.ts'
import type { Timers } from '../../../src/ports/timers.ts'
import { createHashedEmbedder } from '../../../src/router/cache/hashed-embedder.ts'
import type { SemanticCacheInit } from '../../../src/router/cache/cache-components.ts'
import { openSemanticCache } from '../../../src/router/cache/open-semantic-cache.ts'
import type { CacheAdmission, CacheOutcome, CacheQuery, SemanticCache } from '../../../src/router/semantic-cache.ts'
import { createMemoryKeyValueStore } from '../../../src/storage/memory/memory-key-value-store.ts'
import { createTypeScriptKernel } from '../../../src/wasm/typescript-kernel.ts'

/** A scorer that anyone can follow: sure when the words overlap by 60 % or more, sure of the contrary otherwise. Guards stay what they are. */
export function overlapCalibration(): CacheCalibration {
  const model: AcceptanceModel = {
    linear: { bias: 0, weights: new Float64Array(PAIR_FEATURES.length), lexical: new Int8Array(1 << LEXICAL_BITS) },
    rarity: new Uint8Array(1 << RARITY_BITS).fill(140),
    trees: {
      base: 0,
      roots: Int32Array.of(0),
      features: Int16Array.of(PAIR_FEATURES.indexOf('overlap'), -1, -1),
      values: Float64Array.of(0.6, -6, 6),
      rights: Int32Array.of(2, 0, 0),
    },
  }
  const threshold = { threshold: 0.9, hits: 1_000, wrong: 0, wrongRateBound: 0.003 }
  return {
    embedderId: CACHE_EMBEDDER_ID,
    candidates: 10,
    cosineMin: 0.3,
    maxWrong: 0.01,
    confidence: 0.9,
    thresholds: { question: threshold, statement: threshold },
    model,
    lineage: { sources: [], examples: 1_000, exactHits: 0 },
  }
}

/** Time that only the test moves. */
export type TestTime = { readonly clock: Clock; readonly timers: Timers; advance(ms: number): void }

export function createTestTime(startMs = 1_700_000_000_000): TestTime {
  let nowMs = startMs
  let scheduled: { readonly dueMs: number; readonly callback: () => void }[] = []
  return {
    clock: {
      now: () => timestampFromMs(nowMs),
      monotonicMs: () => nowMs,
      timeoutSignal: () => new AbortController().signal,
    },
    timers: {
      schedule(delayMs, callback) {
        const timer = { dueMs: nowMs + delayMs, callback }
        scheduled.push(timer)
        return {
          cancel: () => {
            scheduled = scheduled.filter((other) => other !== timer)
          },
        }
      },
    },
    advance(ms) {
      nowMs += ms
      const due = scheduled.filter(({ dueMs }) => dueMs <= nowMs)
      scheduled = scheduled.filter(({ dueMs }) => dueMs > nowMs)
      for (const { callback } of due) callback()
    },
  }
}

export type CacheFixtureInit = Partial<SemanticCacheInit> & {
  readonly store?: KeyValueStore
  readonly time?: TestTime
  readonly embedder?: EmbeddingModel
  readonly isCalibrated?: boolean
  readonly sha256Hex?: Sha256Hex
  readonly onError?: (error: unknown) => void
}

export type CacheFixture = {
  readonly cache: SemanticCache
  readonly store: KeyValueStore
  readonly time: TestTime
}

export async function openCacheFixture(init: CacheFixtureInit = {}): Promise<CacheFixture> {
  const kernel = createTypeScriptKernel()
  const time = init.time ?? createTestTime()
  const store = init.store ?? createMemoryKeyValueStore()
  const embedder = init.embedder ?? createHashedEmbedder({ kernel })
  const cache = await openSemanticCache(
    {
      actors: createActorSystem(),
      store,
      clock: time.clock,
      timers: time.timers,
      kernel,
      embedder,
      ...(init.onError && { onError: init.onError }),
      ...(init.sha256Hex && { sha256Hex: init.sha256Hex }),
    },
    {
      ttlMs: init.ttlMs ?? durationFromMs(3_600_000),
      entriesMax: init.entriesMax ?? 1_000,
      bytesMax: init.bytesMax ?? 10_000_000,
      ...(init.isCalibrated !== false && { calibration: init.calibration ?? overlapCalibration() }),
      ...(init.confidenceMin !== undefined && { confidenceMin: init.confidenceMin }),
    },
  )
  return { cache, store, time }
}

export type AskInit = Partial<Omit<CacheQuery, 'request'>> & { readonly request?: Partial<ModelRequest> }

export function queryOf(text: string, { request, ...rest }: AskInit = {}): CacheQuery {
  return {
    tenant: DEFAULT_TENANT,
    modelClass: 'kernell',
    mode: 'default',
    ...rest,
    request: { messages: [{ role: 'user', content: text }], ...request },
  }
}

export function answerTo(text: string, extra: Partial<ModelAnswer> = {}): ModelAnswer {
  return {
    text,
    toolCalls: [],
    finishReason: 'stop',
    usage: { tokensIn: 1, tokensOut: 1, cachedTokensIn: 0, isEstimated: false },
    ...extra,
  }
}

/** Asks and, on a miss, stores an accepted answer; gives the outcome of asking. */
export async function askAndStore(
  cache: SemanticCache,
  query: CacheQuery,
  admission: Partial<CacheAdmission> = {},
): Promise<CacheOutcome> {
  const outcome = await cache.lookup(query)
  if (outcome.kind === 'miss') {
    cache.admit(outcome.ticket, {
      answer: answerTo(`answer to ${JSON.stringify(query.request)}`),
      modelId: 'm',
      provider: 'p',
      isAccepted: true,
      confidence: 0.9,
      ...admission,
    })
  }
  return outcome
}

/** `exact`, `similar`, or the reason of the miss. */
export async function outcomeOf(cache: SemanticCache, query: CacheQuery): Promise<string> {
  const outcome = await cache.lookup(query)
  return outcome.kind === 'hit' ? outcome.tier : outcome.reason
}

export function tenantOf(name: string): TenantId {
  const tenant = parseTenantId(name)
  if (tenant === undefined) throw new TypeError(`Not a tenant: ${name}`)
  return tenant
}
