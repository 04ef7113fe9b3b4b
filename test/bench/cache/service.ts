import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { createActorSystem } from '../../../src/actors/create-actor-system.ts'
import { DEFAULT_TENANT } from '../../../src/base/identifiers.ts'
import { DAY_MS } from '../../../src/base/time.ts'
import {
  formatCalibration,
  parseCalibration,
  type CacheCalibration,
} from '../../../src/core/cache/cache-calibration.ts'
import { openJudgedCache } from '../../../src/node/evaluation/evaluate-cache.ts'
import { trainCacheCalibration } from '../../../src/learning/evaluation/cache.ts'
import { parseQuestionPairs, type QuestionPair } from '../../../src/learning/evaluation/question-pairs.ts'
import { nativeSha256Hex } from '../../../src/node/open-answer-cache.ts'
import { createSystemClock } from '../../../src/node/system-clock.ts'
import { createSystemTimers } from '../../../src/node/system-timers.ts'
import type { VectorKernel } from '../../../src/ports/vector-kernel.ts'
import { createHashedEmbedder } from '../../../src/router/cache/hashed-embedder.ts'
import { openSemanticCache } from '../../../src/router/cache/open-semantic-cache.ts'
import type { CacheOutcome, CacheQuery, SemanticCache } from '../../../src/router/semantic-cache.ts'
import { createMemoryKeyValueStore } from '../../../src/storage/memory/memory-key-value-store.ts'
import { loadWasmKernel } from '../../../src/wasm/node-load.ts'
import { type BenchOptions, type BenchReport, type BenchRow, median, roundFigure } from '../bench.ts'

const ROUNDS = 5
const EXACT_US_MAX = 10
const SIMILAR_US_MAX = 150
const INSERT_US_MAX = 50
/** All that the cache does for a prompt that it has never seen, so that it never is what limits a gateway to 5,000 requests a second. */
const MISS_US_MAX = 60

/**
 * What the cache costs a request, on the service that a node runs (over a store in memory, the write-behind not awaited): hits of both
 * tiers, and the whole work for a prompt never seen before, with and without the similarity tier.
 */
export async function bench(options: BenchOptions): Promise<BenchReport> {
  const folder = process.env['KERNELL_DATA'] ?? '../shared/data'
  const kernel = await loadWasmKernel()
  let pairs: readonly QuestionPair[]
  try {
    pairs = parseQuestionPairs(gunzipSync(readFileSync(join(folder, 'cache', 'qqp.jsonl.gz'))).toString('utf8'), 'qqp')
  } catch (error: unknown) {
    if (Reflect.get(Object(error), 'code') !== 'ENOENT') throw error
    return {
      rows: [],
      skipped: [{ peer: 'cache service', why: `no question pairs at ${folder}/cache; set KERNELL_DATA` }],
    }
  }
  options.log('training a calibration on 8,000 pairs')
  const calibration = await calibrationOf(kernel, pairs.slice(0, options.isQuick ? 2_000 : 8_000))
  const texts = [...new Set(pairs.slice(8_000).flatMap(({ a, b }) => [a, b]))]
  const rows: BenchRow[] = []
  for (const entries of options.isQuick ? [500] : [5_000, 10_000]) {
    options.log(`${entries} entries`)
    rows.push(...(await measure({ kernel, calibration, texts, entries, rounds: options.isQuick ? 1 : ROUNDS })))
  }
  rows.push(await measureUncalibrated(kernel, texts, options.isQuick ? 1 : ROUNDS))
  return { rows, skipped: [] }
}

async function calibrationOf(kernel: VectorKernel, pairs: readonly QuestionPair[]): Promise<CacheCalibration> {
  const openCache = async (calibration: CacheCalibration, entries: number): ReturnType<typeof openJudgedCache> =>
    await openJudgedCache({ kernel, calibration, entries })
  const sha256 = createHash('sha256').update(JSON.stringify(pairs)).digest('hex')
  const trained = await trainCacheCalibration(
    { clock: createSystemClock(), kernel, embedder: createHashedEmbedder({ kernel }), openCache },
    { train: [{ name: 'bench', sha256, pairs }], maxWrong: 0.2 },
  )
  return parseCalibration(formatCalibration(trained))
}

type Case = {
  readonly kernel: VectorKernel
  readonly calibration: CacheCalibration | undefined
  readonly texts: readonly string[]
  readonly entries: number
  readonly rounds: number
}

async function openCase({ kernel, calibration, entries }: Omit<Case, 'texts' | 'rounds'>): Promise<SemanticCache> {
  return await openSemanticCache(
    {
      actors: createActorSystem(),
      store: createMemoryKeyValueStore(),
      clock: createSystemClock(),
      timers: createSystemTimers(),
      kernel,
      embedder: createHashedEmbedder({ kernel }),
      sha256Hex: nativeSha256Hex,
    },
    {
      ttlMs: DAY_MS,
      entriesMax: entries + 10_000,
      bytesMax: 1 << 30,
      ...(calibration !== undefined && { calibration }),
    },
  )
}

async function measure({ texts, entries, rounds, ...opening }: Case): Promise<BenchRow[]> {
  const times = { exact: [] as number[], unseen: [] as number[], insert: [] as number[] }
  let similar = 0
  for (let round = 0; round < rounds; round += 1) {
    const cache = await openCase({ ...opening, entries })
    const stored = texts.slice(0, entries)
    for (const text of stored) store(cache, text)
    await cache.flush()
    const asked = texts.slice(entries, entries + 1_000)
    const exact = timed(stored.slice(0, 1_000), (text) => lookupNow(cache, queryOf(text)))
    if (exact.results.some((outcome) => outcome.kind !== 'hit' || outcome.tier !== 'exact'))
      throw new Error('An equal text was missed')
    const unseen = timed(asked, (text) => lookupNow(cache, queryOf(text)))
    similar = unseen.results.filter((outcome) => outcome.kind === 'hit').length
    const misses = unseen.results.filter((outcome) => outcome.kind === 'miss')
    const insert = timed(misses, (outcome) => cache.admit(outcome.ticket, admissionOf('An answer.')))
    if (insert.results.some((outcome) => outcome !== 'stored')) throw new Error('An answer was not stored')
    times.exact.push(exact.meanUs)
    times.unseen.push(unseen.meanUs)
    times.insert.push(insert.meanUs)
    await cache.close()
  }
  const [exactUs, unseenUs, insertUs] = [median(times.exact), median(times.unseen), median(times.insert)]
  const row = (name: string, ours: number, limit: number | null, note: string): BenchRow => ({
    case: `${name}, ${entries} entries`,
    unit: 'us',
    better: 'lower',
    ours: roundFigure(ours),
    peers: {},
    limit,
    note,
  })
  return [
    row('exact hit', exactUs, EXACT_US_MAX, 'key and lookup'),
    row('similarity lookup', unseenUs, SIMILAR_US_MAX, `key, embed, search, judge; ${similar} of 1,000 hit`),
    row('insert', insertUs, INSERT_US_MAX, 'vector of the lookup used again'),
    row('unseen prompt, all of it', unseenUs + insertUs, entries <= 5_000 ? MISS_US_MAX : null, 'lookup and insert'),
  ]
}

async function measureUncalibrated(kernel: VectorKernel, texts: readonly string[], rounds: number): Promise<BenchRow> {
  const times: number[] = []
  for (let round = 0; round < rounds; round += 1) {
    const cache = await openCase({ kernel, calibration: undefined, entries: 10_000 })
    const { meanUs } = timed(texts.slice(0, 5_000), (text) => store(cache, text))
    times.push(meanUs)
    await cache.close()
  }
  return {
    case: 'unseen prompt without a calibration',
    unit: 'us',
    better: 'lower',
    ours: roundFigure(median(times)),
    peers: {},
    limit: MISS_US_MAX,
    note: 'exact tier alone: lookup and insert',
  }
}

function queryOf(text: string): CacheQuery {
  return {
    tenant: DEFAULT_TENANT,
    modelClass: 'kernell',
    request: { messages: [{ role: 'user', content: text }] },
    mode: 'default',
  }
}

function store(cache: SemanticCache, text: string): void {
  const outcome = lookupNow(cache, queryOf(text))
  cache.admit(outcome.ticket, admissionOf(text))
}

function admissionOf(text: string): Parameters<SemanticCache['admit']>[1] {
  const usage = { tokensIn: 10, tokensOut: 10, cachedTokensIn: 0, isEstimated: false }
  return {
    answer: { text, toolCalls: [], finishReason: 'stop', usage },
    modelId: 'bench',
    provider: 'bench',
    isAccepted: true,
    confidence: 1,
  }
}

function lookupNow(cache: SemanticCache, query: CacheQuery): CacheOutcome {
  const outcome = cache.lookup(query)
  if (outcome instanceof Promise) throw new TypeError('The built-in embedder answers at once')
  return outcome
}

function timed<Item, Result>(
  items: readonly Item[],
  call: (item: Item) => Result,
): { readonly meanUs: number; readonly results: readonly Result[] } {
  const results: Result[] = []
  const start = performance.now()
  for (const item of items) results.push(call(item))
  return { meanUs: ((performance.now() - start) * 1_000) / Math.max(1, items.length), results }
}
