import { parseTenantId } from '../../../src/base/identifiers.ts'
import { createRandomStream, type RandomStream } from '../../../src/base/random-stream.ts'
import { SECOND_MS, timestampFromMs } from '../../../src/base/time.ts'
import { createCacheHashRecipe } from '../../../src/core/cache/cache-hash-recipe.ts'
import { bucketMapSet, emptyBucketMap } from '../../../src/core/budget/bucket-map.ts'
import { DEFAULT_EMBEDDING_DIMS } from '../../../src/core/kernels/hash-recipe.ts'
import { emptyHashTrie, hashTrieSet } from '../../../src/core/collections/hash-trie.ts'
import { MEMORY_MACHINE } from '../../../src/core/memory/memory-machine.ts'
import { MEMORY_SETTINGS_DEFAULT, type MemoryState } from '../../../src/core/memory/memory-state.ts'
import { rankMemories, type SimilarNode } from '../../../src/core/memory/rank-memories.ts'
import { createMemoryGraph, type MemoryGraph } from '../../../src/memory/index.ts'
import { createSystemClock } from '../../../src/node/system-clock.ts'
import { createSystemRandom } from '../../../src/node/system-random.ts'
import { createSystemTimers } from '../../../src/node/system-timers.ts'
import type { Clock } from '../../../src/ports/clock.ts'
import type { EventLog } from '../../../src/ports/event-log.ts'
import type { VectorKernel } from '../../../src/ports/vector-kernel.ts'
import { createMemoryEventLog } from '../../../src/storage/memory/memory-event-log.ts'
import { loadWasmKernel } from '../../../src/wasm/node-load.ts'
import { createTypeScriptKernel } from '../../../src/wasm/typescript-kernel.ts'
import { type BenchOptions, type BenchReport, type BenchRow, median, percentile, roundFigure } from '../bench.ts'
import { readRealTexts } from '../cache/real-texts.ts'

const NODES = 10_000
const LINKS_PER_NODE = 3
const ROUNDS = 5
const ASKED_PER_ROUND = 200
const LIMIT = 10
const SIMILAR_ASKED = 40
const RECALL_US_MAX = 1_000

/**
 * What a memory of 10,000 nodes costs in CPU time: a recall as a user makes it, its three parts apart, and the changes. The journal is in
 * memory, so that no figure is one of the disk. `similarity` reads vectors, `rank` the graph; both kernels give the same items.
 */
export async function bench(options: BenchOptions): Promise<BenchReport> {
  const nodes = options.isQuick ? 500 : NODES
  const rounds = options.isQuick ? 1 : ROUNDS
  const { texts, queries, note } = textsFor(nodes)
  const wasm = await loadWasmKernel()
  const plain = createTypeScriptKernel()
  options.log(`${nodes} nodes, ${LINKS_PER_NODE} links each; ${note}`)
  const log = createMemoryEventLog()
  const ours = await fill(wasm, texts, log)
  const peer = await fill(plain, texts, createMemoryEventLog())
  await checkSame(ours, peer, queries.slice(0, 20))
  const rows = [
    ...(await measureRecall({ ours, peer, queries, rounds, nodes, note })),
    ...measureParts({ kernel: wasm, texts, queries, rounds }),
    ...(await measureChanges(ours, { queries, rounds, nodes })),
    measureMap(nodes, rounds),
    ...(await measureJournal(ours, { kernel: wasm, log, rounds, nodes })),
  ]
  await ours.stop()
  await peer.stop()
  return { rows, skipped: [] }
}

type Texts = { readonly texts: readonly string[]; readonly queries: readonly string[]; readonly note: string }

function textsFor(nodes: number): Texts {
  try {
    const { texts, queries } = readRealTexts(process.env['KERNELL_DATA'] ?? '../shared/data', {
      texts: nodes,
      queries: 1_000,
    })
    if (texts.length >= nodes) return { texts, queries, note: 'real questions' }
  } catch (error: unknown) {
    if (Reflect.get(Object(error), 'code') !== 'ENOENT') throw error
  }
  const random = createRandomStream(7)
  const words = Array.from({ length: 4_000 }, () => wordOf(random))
  // The product of two draws makes some words common and most rare.
  const textOf = (): string =>
    Array.from({ length: 12 }, () => words[Math.floor(random.nextUnit() * random.nextUnit() * words.length)]).join(' ')
  const texts = Array.from({ length: nodes }, textOf)
  const queries = Array.from({ length: 1_000 }, (_, index) =>
    (texts[(index * 37) % nodes] ?? '').split(' ').slice(2, 9).join(' '),
  )
  return { texts, queries, note: 'made-up texts of 12 words' }
}

function wordOf(random: RandomStream): string {
  return Array.from({ length: 3 + random.nextBelow(6) }, () => String.fromCharCode(97 + random.nextBelow(26))).join('')
}

/** Where the links of node `index` lead: the same in every graph of the bench. */
function targetsOf(index: number, nodes: number): readonly number[] {
  return Array.from(
    { length: LINKS_PER_NODE },
    (_, link) => (index + 1 + ((index * 31 + link * 977) % (nodes - 1))) % nodes,
  )
}

async function fill(kernel: VectorKernel, texts: readonly string[], log: EventLog): Promise<MemoryGraph> {
  const memory = createMemoryGraph(
    { log, kernel, clock: createCountingClock(), timers: createSystemTimers(), random: createSystemRandom() },
    { compactAtBytes: 1 << 30, pendingMax: 1_000_000 },
  )
  await memory.start()
  for (const [index, text] of texts.entries()) await memory.remember({ kind: 'note', id: `n${index}`, text })
  for (const index of texts.keys()) {
    for (const target of targetsOf(index, texts.length))
      await memory.link({ from: `n${index}`, relation: 'about', to: `n${target}` })
  }
  if (memory.inspect().nodes !== texts.length) throw new Error('A node is missing')
  return memory
}

/** A second passes with every look, so that equal sequences of calls give equal memories, and nothing is fresh for free. */
function createCountingClock(): Clock {
  let looks = 0
  return {
    ...createSystemClock(),
    now() {
      looks += 1
      return timestampFromMs(looks * SECOND_MS)
    },
  }
}

async function checkSame(one: MemoryGraph, other: MemoryGraph, queries: readonly string[]): Promise<void> {
  for (const text of queries) {
    const [left, right] = [await one.recall({ text }), await other.recall({ text })]
    const ids = (items: typeof left.items): string => items.map(({ id }) => id).join(' ')
    if (ids(left.items) !== ids(right.items)) throw new Error(`The kernels disagree on ${text}`)
  }
}

type RecallCase = {
  readonly ours: MemoryGraph
  readonly peer: MemoryGraph
  readonly queries: readonly string[]
  readonly rounds: number
  readonly nodes: number
  readonly note: string
}

async function measureRecall({ ours, peer, queries, rounds, nodes, note }: RecallCase): Promise<BenchRow[]> {
  const each: number[] = []
  const means: { ours: number[]; peer: number[] } = { ours: [], peer: [] }
  const asked = queries.slice(0, ASKED_PER_ROUND)
  let found = 0
  for (let round = 0; round < rounds; round += 1) {
    for (const [name, memory] of [
      ['ours', ours],
      ['peer', peer],
    ] as const) {
      const start = cpuUs()
      for (const text of asked) {
        const begin = performance.now()
        const { items } = await memory.recall({ text, limit: LIMIT })
        if (name === 'ours') each.push((performance.now() - begin) * 1_000)
        found += items.length
      }
      means[name].push((cpuUs() - start) / asked.length)
    }
  }
  const perRecall = found / (2 * rounds * asked.length)
  if (perRecall < 1) throw new Error('Hardly anything was recalled')
  const p99 = percentile(Float64Array.from(each).sort(), 0.99)
  const row = rowOf(`recall of ${LIMIT} at ${nodes} nodes`, 'us', median(means.ours))
  return [
    {
      ...row,
      peers: { 'TypeScript kernel': roundFigure(median(means.peer)) },
      limit: RECALL_US_MAX,
      note: `p99 by the clock ${roundFigure(p99)} us; ${roundFigure(perRecall)} items a recall; ${note}`,
    },
  ]
}

type PartsCase = {
  readonly kernel: VectorKernel
  readonly texts: readonly string[]
  readonly queries: readonly string[]
  readonly rounds: number
}

/** The three parts of a recall, each by itself on the same graph. */
function measureParts({ kernel, texts, queries, rounds }: PartsCase): BenchRow[] {
  const hasher = kernel.createTextHasher({ dims: DEFAULT_EMBEDDING_DIMS, recipe: createCacheHashRecipe() })
  const index = kernel.createVectorIndex({ dims: DEFAULT_EMBEDDING_DIMS, capacityMax: texts.length })
  for (const [place, text] of texts.entries()) index.add(place, hasher.embed(text))
  const state = graphOf(texts)
  const asked = queries.slice(0, ASKED_PER_ROUND)
  const times = { embed: [] as number[], similarity: [] as number[], rank: [] as number[] }
  for (let round = 0; round < rounds; round += 1) {
    const vectors = timed(asked, (text) => hasher.embed(text))
    const hits = timed(vectors.results, (vector) => index.search(vector, SIMILAR_ASKED))
    const similar = hits.results.map((found) =>
      found.map(({ id, score }): SimilarNode => ({ id: `n${id}`, similarity: score })),
    )
    const ranked = timed(similar, (similarities) =>
      rankMemories(state, { similarities, seeds: [], limit: LIMIT, at: timestampFromMs(86_400_000) }),
    )
    if (ranked.results.every((items) => items.length === 0)) throw new Error('Nothing was ranked')
    times.embed.push(vectors.meanUs)
    times.similarity.push(hits.meanUs)
    times.rank.push(ranked.meanUs)
  }
  return [
    rowOf('  of it: embed the query', 'us', median(times.embed)),
    { ...rowOf('  of it: similarity', 'us', median(times.similarity)), note: `the ${SIMILAR_ASKED} nearest` },
    { ...rowOf('  of it: rank', 'us', median(times.rank)), note: 'spread over links, weigh, sort' },
  ]
}

function graphOf(texts: readonly string[]): MemoryState {
  const at = timestampFromMs(0)
  const settings = { ...MEMORY_SETTINGS_DEFAULT, nodesMax: texts.length }
  let state = MEMORY_MACHINE.initial({ settings })
  for (const [index, text] of texts.entries())
    state = MEMORY_MACHINE.transition(state, { type: 'node-remembered', id: `n${index}`, kind: 'note', text, at }).state
  for (const index of texts.keys()) {
    for (const target of targetsOf(index, texts.length)) {
      const link = { from: `n${index}`, relation: 'about', to: `n${target}`, weight: 1 }
      state = MEMORY_MACHINE.transition(state, { type: 'nodes-linked', ...link, at }).state
    }
  }
  return state
}

async function measureChanges(
  memory: MemoryGraph,
  { queries, rounds, nodes }: { readonly queries: readonly string[]; readonly rounds: number; readonly nodes: number },
): Promise<BenchRow[]> {
  const times = { remember: [] as number[], link: [] as number[], feedback: [] as number[] }
  let made = 0
  for (let round = 0; round < rounds; round += 1) {
    const recalls: string[] = []
    for (const text of queries.slice(0, ASKED_PER_ROUND))
      recalls.push((await memory.recall({ text, limit: LIMIT })).recallId)
    let start = cpuUs()
    for (const recallId of recalls) await memory.feedback(recallId, 'success')
    times.feedback.push((cpuUs() - start) / recalls.length)
    start = cpuUs()
    for (let link = 0; link < ASKED_PER_ROUND; link += 1)
      await memory.link({ from: `n${link}`, relation: 'part-of', to: `n${link + 1 + round}` })
    times.link.push((cpuUs() - start) / ASKED_PER_ROUND)
  }
  for (let round = 0; round < rounds; round += 1) {
    // More than one room-making, so that its cost is spread as it is in use.
    const count = Math.max(50, Math.floor(nodes / 20))
    const start = cpuUs()
    for (let node = 0; node < count; node += 1) {
      await memory.remember({ kind: 'fact', text: `${queries[made % queries.length] ?? ''} number ${made}` })
      made += 1
    }
    times.remember.push((cpuUs() - start) / count)
  }
  return [
    {
      ...rowOf(`feedback on ${LIMIT} items`, 'us', median(times.feedback)),
      note: 'nodes and links of the ways to them',
    },
    rowOf('link two nodes', 'us', median(times.link)),
    { ...rowOf('remember in a full memory', 'us', median(times.remember)), note: 'embed, index, make room' },
  ]
}

function measureMap(nodes: number, rounds: number): BenchRow {
  const keys = Array.from({ length: nodes }, (_, index) => `${index}`.padStart(32, '0'))
  let trie = emptyHashTrie<number>()
  let buckets = emptyBucketMap<number>()
  for (const key of keys) {
    trie = hashTrieSet(trie, key, 0)
    buckets = bucketMapSet(buckets, key, 0)
  }
  const times = { trie: [] as number[], buckets: [] as number[] }
  const changed = keys.filter((_, index) => index % 5 === 0)
  for (let round = 0; round < rounds; round += 1) {
    times.trie.push(timed(changed, (key) => void (trie = hashTrieSet(trie, key, round))).meanUs)
    times.buckets.push(timed(changed, (key) => void (buckets = bucketMapSet(buckets, key, round))).meanUs)
  }
  return {
    ...rowOf(`change one of ${nodes} entries of the map`, 'us', median(times.trie)),
    peers: { 'bucket map': roundFigure(median(times.buckets)) },
  }
}

async function measureJournal(
  memory: MemoryGraph,
  {
    kernel,
    log,
    rounds,
    nodes,
  }: { readonly kernel: VectorKernel; readonly log: EventLog; readonly rounds: number; readonly nodes: number },
): Promise<BenchRow[]> {
  const times = { compact: [] as number[], start: [] as number[] }
  const nobody = parseTenantId('nobody')
  if (nobody === undefined) throw new Error('nobody is a tenant')
  for (let round = 0; round < rounds; round += 1) {
    let begin = cpuUs()
    await memory.eraseTenant(nobody)
    times.compact.push((cpuUs() - begin) / 1_000)
    const other = createMemoryGraph({
      log,
      kernel,
      clock: createSystemClock(),
      timers: createSystemTimers(),
      random: createSystemRandom(),
    })
    begin = cpuUs()
    await other.start()
    times.start.push((cpuUs() - begin) / 1_000)
    if (other.inspect().nodes !== memory.inspect().nodes) throw new Error('A restart lost a node')
    await other.stop()
  }
  const sizeMiB = (log.snapshot?.payload.byteLength ?? 0) / 1_048_576
  return [
    {
      ...rowOf(`rewrite the journal of ${nodes} nodes`, 'ms', median(times.compact)),
      note: `${roundFigure(sizeMiB)} MiB`,
    },
    { ...rowOf(`start from it`, 'ms', median(times.start)), note: 'read, check, embed and index all texts' },
  ]
}

/** CPU time of the process in microseconds, collection of garbage included: what others do on the machine plays no part. */
function cpuUs(): number {
  const { user, system } = process.cpuUsage()
  return user + system
}

function rowOf(name: string, unit: string, value: number): BenchRow {
  return { case: name, unit, better: 'lower', ours: roundFigure(value), peers: {}, limit: null, note: '' }
}

function timed<Item, Result>(
  items: readonly Item[],
  call: (item: Item) => Result,
): { readonly meanUs: number; readonly results: readonly Result[] } {
  const results: Result[] = []
  const start = cpuUs()
  for (const item of items) results.push(call(item))
  return { meanUs: (cpuUs() - start) / Math.max(1, items.length), results }
}
