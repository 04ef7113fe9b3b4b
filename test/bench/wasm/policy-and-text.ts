import { vectors } from '../../../dist/wasm/component/core.js'
import type { FeatureBatch, LinearModel } from '../../../src/core/kernels/linear-model.ts'
import { loadWasmKernel } from '../../../src/wasm/node-load.ts'
import { createTypeScriptKernel } from '../../../src/wasm/typescript-kernel.ts'
import { randomNumbers, unitVector } from '../../wasm/seeded-vectors.ts'
import { type BenchOptions, type BenchReport, type BenchRow, median, roundFigure } from '../bench.ts'

const MODELS = 11
const DENSE = 48
const BUCKETS = 16_384
const PAIRS_PER_ROW = 120

type Contest = {
  readonly case: string
  readonly ours: () => unknown
  readonly peers: Readonly<Record<string, () => unknown>>
  /** Work done per call, for the figure. */
  readonly per: number
  readonly unit: string
  readonly note: string
}

/** Kernels beside their TypeScript twins, which give the same bits, and the component beside the raw module. */
export async function bench(options: BenchOptions): Promise<BenchReport> {
  const wasm = await loadWasmKernel()
  const twin = createTypeScriptKernel()
  const contests: Contest[] = []
  for (const rowCount of [1, 4, 16, 256]) {
    const batch = makeBatch(rowCount)
    const model = makeModel()
    const fast = wasm.loadModel(model)
    const plain = twin.loadModel(model)
    contests.push({
      case: `policy scoring, ${rowCount} rows x ${MODELS} candidates`,
      ours: () => fast.score(batch, 'sigmoid'),
      peers: { typescript: () => plain.score(batch, 'sigmoid') },
      per: rowCount,
      unit: 'us/row',
      note: `${DENSE} dense and ${PAIRS_PER_ROW} hashed features, calibrated; copies in and out included`,
    })
  }
  const text = 'How do I move my savings from one bank to another without paying a fee for the transfer?'
  const fastHasher = wasm.createTextHasher({ dims: 256 })
  const plainHasher = twin.createTextHasher({ dims: 256 })
  contests.push({
    case: `embed a text of ${text.length} characters in 256 dimensions`,
    ours: () => fastHasher.embed(text),
    peers: { typescript: () => plainHasher.embed(text) },
    per: 1,
    unit: 'us',
    note: 'character 3- to 5-grams, word 1- to 2-grams',
  })
  contests.push({
    case: `hash a text of ${text.length} characters to sparse features`,
    ours: () => fastHasher.features(text, 14),
    peers: { typescript: () => plainHasher.features(text, 14) },
    per: 1,
    unit: 'us',
    note: '',
  })
  const routes = makeRoutes(40)
  contests.push({
    case: 'expected cost of 40 routes of 3 calls',
    ours: () => wasm.expectRoutes(routes),
    peers: { typescript: () => twin.expectRoutes(routes) },
    per: 1,
    unit: 'us',
    note: '',
  })
  const index = wasm.createVectorIndex({ dims: 256, capacityMax: 1_000 })
  const component = vectors.Index.create(256, 1_000)
  for (let id = 0; id < 1_000; id += 1) {
    index.add(id, unitVector(id, 256))
    component.add(id, unitVector(id, 256))
  }
  const query = unitVector(77_000, 256)
  contests.push({
    case: 'exact search among 1,000 vectors of 256 dimensions',
    ours: () => index.search(query, 5),
    peers: { component: () => component.search(query, 5) },
    per: 1,
    unit: 'us',
    note: 'the same kernels behind the typed border of the component',
  })
  const rows: BenchRow[] = []
  for (const contest of contests) {
    options.log(contest.case)
    rows.push(run(contest, options.isQuick))
  }
  component[Symbol.dispose]()
  return { rows, skipped: [] }
}

function run(contest: Contest, isQuick: boolean): BenchRow {
  const entries: [string, () => unknown][] = [['ours', contest.ours], ...Object.entries(contest.peers)]
  const expected = JSON.stringify(contest.ours())
  for (const [name, call] of entries) {
    if (JSON.stringify(call()) !== expected) throw new Error(`${contest.case}: ${name} gives another result`)
  }
  const times = new Map<string, number[]>(entries.map(([name]) => [name, []]))
  for (let round = 0; round < (isQuick ? 1 : 7); round += 1) {
    for (const [name, call] of entries) times.get(name)?.push(timePerCall(call, isQuick ? 1 : 40) / contest.per)
  }
  const figure = (name: string): number => roundFigure(median(times.get(name) ?? []))
  const peers = Object.fromEntries(Object.keys(contest.peers).map((name) => [name, figure(name)]))
  return {
    case: contest.case,
    unit: contest.unit,
    better: 'lower',
    ours: figure('ours'),
    peers,
    limit: null,
    note: contest.note,
  }
}

/** Microseconds per call over about `durationMs`. */
function timePerCall(call: () => unknown, durationMs: number): number {
  const start = performance.now()
  let calls = 0
  let elapsed = 0
  while (elapsed < durationMs) {
    for (let i = 0; i < 16; i += 1) call()
    calls += 16
    elapsed = performance.now() - start
  }
  return (elapsed * 1000) / calls
}

function makeModel(): LinearModel {
  return {
    modelCount: MODELS,
    denseCount: DENSE,
    sparseCount: BUCKETS,
    sparseLayout: 'by-index',
    bias: Float32Array.from(randomNumbers(1, MODELS)),
    dense: Float32Array.from(randomNumbers(2, MODELS * DENSE)),
    sparse: Float32Array.from(randomNumbers(3, MODELS * BUCKETS)),
    calibration: randomNumbers(4, MODELS * 2),
  }
}

function makeBatch(rowCount: number): FeatureBatch {
  const pairs = rowCount * PAIRS_PER_ROW
  return {
    rowCount,
    dense: randomNumbers(5, rowCount * DENSE),
    offsets: Uint32Array.from({ length: rowCount + 1 }, (_, row) => row * PAIRS_PER_ROW),
    indices: Uint32Array.from(randomNumbers(6, pairs), (x) => Math.floor(((x + 1) / 2) * BUCKETS)),
    values: randomNumbers(7, pairs),
  }
}

function makeRoutes(count: number): { readonly stages: Float64Array; readonly offsets: Uint32Array } {
  const stages = randomNumbers(8, count * 12).map(Math.abs)
  return { stages, offsets: Uint32Array.from({ length: count + 1 }, (_, route) => route * 3) }
}
