import { CACHE_EMBEDDING_DIMS, createCacheHashRecipe } from '../../../src/core/cache/cache-hash-recipe.ts'
import { planSearch } from '../../../src/core/kernels/vector-rows.ts'
import type { SearchPlan } from '../../../src/core/kernels/vector-rows.ts'
import { loadWasmKernel } from '../../../src/wasm/node-load.ts'
import type { WasmVectorIndex } from '../../../src/wasm/wasm-vector-index.ts'
import { unitVector } from '../../wasm/seeded-vectors.ts'
import { type BenchOptions, type BenchReport, type BenchRow, percentile, roundFigure } from '../bench.ts'
import { readRealTexts } from './real-texts.ts'

const TEXTS = 100_000
const QUERIES = 1_000
const P50_MS_MAX = 1
const FOUND_PERCENT_MIN = 99
const INSERT_US_MAX = 50
const EXHAUSTIVE: SearchPlan = { mode: 'exact', candidates: 0, rescored: 1 }
const ROUNDS = 5

/**
 * The similarity lookup of the cache among 100,000 texts: the index as the product uses it against reading every vector.
 * The truth is the best of all by exact score; a tie with it counts as found. Embedding is timed apart.
 */
export async function bench(options: BenchOptions): Promise<BenchReport> {
  const count = options.isQuick ? 30_000 : TEXTS
  const queryCount = options.isQuick ? 50 : QUERIES
  const dims = CACHE_EMBEDDING_DIMS
  const kernel = await loadWasmKernel()
  const rows: BenchRow[] = []
  const folder = process.env.KERNELL_DATA ?? '../shared/data'
  const skipped: { peer: string; why: string }[] = []
  try {
    const { texts, queries } = readRealTexts(folder, { texts: count, queries: queryCount })
    options.log(`${texts.length} texts, ${queries.length} queries in ${dims} dimensions`)
    const hasher = kernel.createTextHasher({ dims, recipe: createCacheHashRecipe() })
    const start = performance.now()
    const stored = texts.map((text) => hasher.embed(text))
    const embedUs = ((performance.now() - start) * 1000) / texts.length
    rows.push({
      case: 'embed a text',
      unit: 'us',
      better: 'lower',
      ours: roundFigure(embedUs),
      peers: {},
      limit: null,
      note: `mean over the ${texts.length} texts`,
    })
    const asked = queries.map((query) => hasher.embed(query))
    rows.push(
      ...measure(`${texts.length} real texts`, kernel.createVectorIndex({ dims, capacityMax: count }), {
        stored,
        asked,
        isJudged: true,
        isQuick: options.isQuick,
      }),
    )
  } catch (error: unknown) {
    if (Reflect.get(Object(error), 'code') !== 'ENOENT') throw error
    skipped.push({ peer: 'real texts', why: `no evaluation data at ${folder}; set KERNELL_DATA` })
  }
  options.log('uniform random vectors, the worst case')
  const stored = Array.from({ length: count }, (_, at) => unitVector(at, dims))
  const asked = Array.from({ length: Math.min(queryCount, 200) }, (_, at) => unitVector(1_000_000 + at, dims))
  rows.push(
    ...measure(`${count} random vectors`, kernel.createVectorIndex({ dims, capacityMax: count }), {
      stored,
      asked,
      isJudged: false,
      isQuick: options.isQuick,
    }),
  )
  return { rows, skipped }
}

type Case = {
  readonly stored: readonly Float32Array[]
  readonly asked: readonly Float32Array[]
  readonly isJudged: boolean
  readonly isQuick: boolean
}

function measure(name: string, index: WasmVectorIndex, { stored, asked, isJudged, isQuick }: Case): BenchRow[] {
  const inserts = Float64Array.from(stored, (vector, id) => timed(() => index.add(id, vector)) * 1000).sort()
  const truth = asked.map((query) => index.searchWith(query, 1, EXHAUSTIVE)[0]?.score ?? Number.NaN)
  const own = planSearch(index.size, 1)
  const codes: SearchPlan = { ...own, mode: 'codes' }
  const rounds = isQuick ? 1 : ROUNDS
  const ours = new Float64Array(asked.length * rounds)
  const exhaustive = new Float64Array(Math.min(asked.length, 40) * rounds)
  const byCodes = new Float64Array(exhaustive.length)
  let found = 0
  for (let round = 0; round < rounds; round += 1) {
    asked.forEach((query, at) => {
      const begin = performance.now()
      const hit = index.search(query, 1)[0]
      ours[round * asked.length + at] = performance.now() - begin
      if (round === 0 && hit?.score === truth[at]) found += 1
    })
    const share = exhaustive.length / rounds
    for (let at = 0; at < share; at += 1) {
      const query = asked[at]
      if (query === undefined) break
      exhaustive[round * share + at] = timed(() => index.searchWith(query, 1, EXHAUSTIVE))
      byCodes[round * share + at] = timed(() => index.searchWith(query, 1, codes))
    }
  }
  ours.sort()
  exhaustive.sort()
  byCodes.sort()
  const foundPercent = (found / asked.length) * 100
  const at = (values: Float64Array, rank: number): number => roundFigure(percentile(values, rank))
  return [
    {
      case: `nearest of ${name}, p50`,
      unit: 'ms',
      better: 'lower',
      ours: at(ours, 0.5),
      peers: { 'every vector': at(exhaustive, 0.5), 'every 8-bit code': at(byCodes, 0.5) },
      limit: isJudged ? P50_MS_MAX : null,
      note: `p99 ${at(ours, 0.99)} ms; ${own.candidates} candidates`,
    },
    {
      case: `exhaustive nearest of ${name} found`,
      unit: '%',
      better: 'higher',
      ours: roundFigure(foundPercent),
      peers: {},
      limit: isJudged ? FOUND_PERCENT_MIN : null,
      note: `${found} of ${asked.length} queries`,
    },
    {
      case: `insert one of ${name}`,
      unit: 'us',
      better: 'lower',
      ours: at(inserts, 0.5),
      peers: {},
      limit: isJudged ? INSERT_US_MAX : null,
      note: `median; p99 ${at(inserts, 0.99)} us; ${(index.memoryBytes / index.size / 1024).toFixed(2)} KiB a row`,
    },
  ]
}

function timed(call: () => unknown): number {
  const begin = performance.now()
  call()
  return performance.now() - begin
}
