import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { parseCivilDate, type CivilDate } from '../../../src/core/models/civil-date.ts'
import type { ModelEntry, ModelPrice, ModelTier } from '../../../src/core/models/model-entry.ts'
import type { FeatureBatch } from '../../../src/core/kernels/linear-model.ts'
import { trainPolicy } from '../../../src/core/learning/train-policy.ts'
import type { PolicyArtefact } from '../../../src/core/policy/policy-artefact.ts'
import type { PolicyInput } from '../../../src/ports/policy.ts'
import type { PolicyKernel } from '../../../src/ports/policy-kernel.ts'
import { createPolicyService } from '../../../src/router/policy-service.ts'
import { loadWasmKernel } from '../../../src/wasm/node-load.ts'
import { createTypeScriptKernel } from '../../../src/wasm/typescript-kernel.ts'
import { syntheticRows } from '../../core/learning/synthetic-rows.ts'
import { type BenchOptions, type BenchReport, type BenchRow, median, roundFigure } from '../bench.ts'

const DECISION_LIMIT_US = 50
const SCORING_LIMIT_US = 5
const BATCH_ROWS = 1000

/** Time of a routing decision by part: reading the prompt, scoring one row or many by either implementation, and the whole decision with its record. */
export async function bench({ isQuick, log }: BenchOptions): Promise<BenchReport> {
  const rounds = isQuick ? 1 : 9
  const texts = prompts(isQuick ? 50 : BATCH_ROWS)
  const artefact = trainPolicy(syntheticRows(isQuick ? 100 : 400, 1), {
    candidates: ['strong', 'weak', 'coder'],
    pair: { strong: 'strong', weak: 'weak' },
    withCosts: false,
    lineage: { dataCardHash: 'bench', codeVersion: 'bench' },
    seed: 1,
  })
  const characters = Math.round(texts.reduce((sum, text) => sum + text.length, 0) / texts.length)
  const note = `${texts.length} prompts of ${characters} characters on average, ${artefact.candidates.length} candidates`
  log(note)
  const typescript = createTypeScriptKernel()
  const wasm = await loadWasmKernel()
  const service = createPolicyService(
    { artefact, quality: 0.7, explorationRate: 0 },
    { hashBytes: nativeSha256HexOfBytes },
  )
  const { scorer } = service
  if (scorer === undefined) throw new Error('The artefact opens a scorer')
  const encoded = texts.map((text) => copyOf(scorer.encode(text)))
  const single = interleave(rounds, texts.length, {
    typescript: scoreSingly(typescript, artefact, encoded),
    wasm: scoreSingly(wasm, artefact, encoded),
  })
  const batch = joinRows(encoded, artefact)
  const batched = interleave(rounds, texts.length, {
    typescript: scoreTogether(typescript, artefact, batch),
    wasm: scoreTogether(wasm, artefact, batch),
  })
  const parts = interleave(rounds, texts.length, {
    features: () => sumOf(texts, (text) => scorer.encode(text).dense[0] ?? 0),
    score: () => sumOf(texts, (text) => scorer.scoreGain(text)),
    decision: () => sumOf(texts, (text) => service.decide(inputOf(text)).confidence),
  })
  const lower = { unit: 'us', better: 'lower' } as const
  const rows: BenchRow[] = [
    { ...lower, case: 'features of a prompt', ours: parts.features, peers: {}, limit: null, note },
    {
      ...lower,
      case: 'score of a prompt, features included',
      ours: parts.score,
      peers: {},
      limit: DECISION_LIMIT_US,
      note: 'what the evaluation ranks by',
    },
    {
      ...lower,
      case: 'whole decision with plan and record',
      ours: parts.decision,
      peers: {},
      limit: DECISION_LIMIT_US,
      note: 'risk, difficulty, costs and the hash of the features included',
    },
    {
      ...lower,
      case: 'scoring alone, one row per call',
      ours: single.typescript,
      peers: { wasm: single.wasm },
      limit: SCORING_LIMIT_US,
      note: 'single requests run in TypeScript',
    },
    {
      ...lower,
      case: `scoring, ${texts.length} rows per call, per row`,
      ours: batched.wasm,
      peers: { typescript: batched.typescript },
      limit: null,
      note: 'batches run in WebAssembly; same bits',
    },
  ]
  return { rows: rows.map((row) => ({ ...row, ours: roundFigure(row.ours) })), skipped: [] }
}

/** As a node hashes. */
function nativeSha256HexOfBytes(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

/** Real prompts of the data folder where it is there, else generated ones. */
function prompts(count: number): readonly string[] {
  const file = `${process.env['KERNELL_DATA'] ?? '../shared/data'}/prompts/load_prompts.jsonl`
  if (!existsSync(file)) return syntheticRows(count, 3).map(({ prompt }) => prompt)
  const lines = readFileSync(file, 'utf8').split('\n').slice(0, count)
  return lines.filter((line) => line !== '').map((line) => (JSON.parse(line) as { readonly prompt: string }).prompt)
}

/** Microseconds per row of each case, the median of the rounds; cases of one group must agree on their result where they compute the same. */
function interleave<Name extends string>(
  rounds: number,
  rows: number,
  cases: Readonly<Record<Name, () => number>>,
): Record<Name, number> {
  const names = Object.keys(cases) as Name[]
  const times = new Map(names.map((name) => [name, [] as number[]]))
  for (const name of names) cases[name]()
  for (let round = 0; round < rounds; round += 1) {
    for (const name of names) {
      const startedMs = performance.now()
      const result = cases[name]()
      times.get(name)?.push(((performance.now() - startedMs) * 1000) / rows)
      if (!Number.isFinite(result)) throw new Error(`${name} gave ${result}`)
    }
  }
  return Object.fromEntries(names.map((name) => [name, roundFigure(median(times.get(name) ?? []))])) as Record<
    Name,
    number
  >
}

function sumOf(texts: readonly string[], measure: (text: string) => number): number {
  let sum = 0
  for (const text of texts) sum += measure(text)
  return sum
}

function scoreSingly(kernel: PolicyKernel, artefact: PolicyArtefact, rows: readonly FeatureBatch[]): () => number {
  const loaded = kernel.loadModel(artefact.success)
  return () => rows.reduce((sum, row) => sum + (loaded.score(row, 'sigmoid')[0] ?? 0), 0)
}

function scoreTogether(kernel: PolicyKernel, artefact: PolicyArtefact, batch: FeatureBatch): () => number {
  const loaded = kernel.loadModel(artefact.success)
  const expected = createTypeScriptKernel().loadModel(artefact.success).score(batch, 'sigmoid')
  return () => {
    const scores = loaded.score(batch, 'sigmoid')
    for (let i = 0; i < scores.length; i += 97) {
      if (scores[i] !== expected[i]) throw new Error(`${kernel.implementation} disagrees at ${i}`)
    }
    return scores[0] ?? Number.NaN
  }
}

function copyOf(batch: FeatureBatch): FeatureBatch {
  const pairs = batch.offsets[1] ?? 0
  return {
    rowCount: 1,
    dense: batch.dense.slice(),
    offsets: batch.offsets.slice(),
    indices: batch.indices.slice(0, pairs),
    values: batch.values.slice(0, pairs),
  }
}

function joinRows(rows: readonly FeatureBatch[], { success }: PolicyArtefact): FeatureBatch {
  const total = rows.reduce((sum, row) => sum + row.indices.length, 0)
  const dense = new Float64Array(rows.length * success.denseCount)
  const offsets = new Uint32Array(rows.length + 1)
  const indices = new Uint32Array(total)
  const values = new Float64Array(total)
  let at = 0
  for (const [index, row] of rows.entries()) {
    dense.set(row.dense, index * success.denseCount)
    indices.set(row.indices, at)
    values.set(row.values, at)
    at += row.indices.length
    offsets[index + 1] = at
  }
  return { rowCount: rows.length, dense, offsets, indices, values }
}

const TODAY = parseCivilDate('2026-01-01')

function inputOf(prompt: string): PolicyInput {
  if (TODAY === undefined) throw new Error('Not a date')
  return {
    prompt,
    candidates: [
      model('weak', 'cheap_api', 1_000_000_000n),
      model('strong', 'premium_api', 10_000_000_000n),
      model('coder', 'local_large', 0n),
    ],
    excluded: [],
    fixedRoute: 'auto',
    tokensIn: Math.ceil(prompt.length / 4),
    today: TODAY,
    priceVersion: 'bench',
    draw: 0.5,
    isCascadeAllowed: true,
    recentFailures: 0,
  }
}

function model(name: string, tier: ModelTier, nanosPerMillion: bigint): ModelEntry {
  const price: ModelPrice = {
    inputNanosPerMillion: nanosPerMillion,
    outputNanosPerMillion: nanosPerMillion * 3n,
    contextTiers: [],
    source: 'bench',
    checkedOn: TODAY as CivilDate,
  }
  return {
    id: `bench/${name}`,
    provider: 'bench',
    model: name,
    tier,
    difficultyMax: 5,
    specialties: [],
    prices: [price],
    capabilities: { tools: true, vision: false, jsonSchema: true, logprobs: false, streaming: true },
    aliases: [],
  }
}
