/**
 * What pages and Node both do, so that their results can be compared to the last bit. This file is also sent to pages, with its types taken
 * out, so it imports nothing but types and gets the modules under test as parameters. Every result is text: numbers are written as the
 * hexadecimal digits of their bytes.
 */

import type * as coreDoor from '../../dist/src/core/index.js'
import type { createPolicyScorer } from '../../dist/src/core/policy/policy-scorer.js'
import type { parsePolicyArtefact } from '../../dist/src/core/policy/policy-artefact.js'
import type { createTypeScriptKernel, WasmKernel } from '../../dist/src/wasm/index.js'
import type * as component from '../../dist/wasm/component/core.js'

export type Kernel = WasmKernel | ReturnType<typeof createTypeScriptKernel>

export type PolicyModules = {
  readonly createPolicyScorer: typeof createPolicyScorer
  readonly parsePolicyArtefact: typeof parsePolicyArtefact
  /** A trained policy as written to a file. */
  readonly artefact: string
}

type Vectors = {
  add(id: number, vector: Float32Array): unknown
  remove(id: number): boolean
  search(query: Float32Array, k: number): readonly { readonly id: number; readonly score: number }[]
}

const TEXTS = [
  '',
  'What is 17% of 2340?',
  'Refund $250 to the customer and delete the account permanently.',
  'Même résultat, 同じ結果, the same result \u{1F680}',
  'My chest hurts and I take warfarin. What dose of ibuprofen is safe?',
  'Which is larger?\nA. Wrong, Wrong\nB. Wrong, Not wrong\nC. Not wrong, Wrong\nD. Not wrong, Not wrong\nAnswer:',
  'Write a python function planet(list) that returns an int. assert planet([]) == 0',
  `${'a long text of many words, '.repeat(400)}end`,
]
const TASKS = [
  'What is 17% of 2340?',
  'Convert 5 miles to feet.',
  'How many days are between 2024-01-15 and 2024-03-01?',
  'How many letters "r" are in "strawberry"?',
  'What is 0.1 + 0.2?',
  'Who wrote Hamlet?',
]
const DIMS = 128
/** More rows than are searched one by one, so that the rotated copy and the codes take part. */
const ROWS = 4_200
const SPARSE_COUNT = 64

const MODEL = {
  modelCount: 3,
  denseCount: 6,
  sparseCount: SPARSE_COUNT,
  sparseLayout: 'by-model',
  bias: Float32Array.from(numbersOf(1, 3)),
  dense: Float32Array.from(numbersOf(2, 18)),
  sparse: Float32Array.from(numbersOf(3, 3 * SPARSE_COUNT)),
  calibration: numbersOf(4, 6),
} as const
const BATCH = {
  rowCount: 2,
  dense: numbersOf(5, 12),
  offsets: Uint32Array.of(0, 3, 5),
  indices: Uint32Array.of(1, 63, 7, 7, 0),
  values: numbersOf(6, 5),
}
const STAGES = Float64Array.of(0.5, 0.4, 10, 1, 0.9, 0.9, 100, 3, 0.125, 0.3, 7, 1 / 3)
const STAGE_OFFSETS = Uint32Array.of(0, 2, 2, 3)

/** The numeric kernels of `kernell-os/wasm`: hashing, search, scoring, learning, expected cost. */
export function runKernel(kernel: Kernel): unknown {
  const hasher = kernel.createTextHasher({ dims: 64 })
  const scorer = kernel.loadModel(MODEL)
  const score = (kind: 'raw' | 'sigmoid' | 'softmax'): string => bitsOf(scorer.score(BATCH, kind))
  const step = { row: 0, rate: 0.2, decay: 0.001 }
  return {
    texts: TEXTS.map((text) => textResult(hasher.embed(text), hasher.features(text, 12))),
    dot: bitsOf([kernel.dot(unitVector(1, 200), unitVector(2, 200))]),
    hits: hitsOf(kernel.createVectorIndex({ dims: DIMS, capacityMax: ROWS })),
    scores: [score('raw'), score('sigmoid'), score('softmax')],
    learned: [
      bitsOf([scorer.updateLogistic(BATCH, { ...step, modelIndex: 1, label: 1 })]),
      bitsOf(scorer.updateSoftmax(BATCH, { ...step, label: 2 })),
      score('raw'),
    ],
    routes: bitsOf(kernel.expectRoutes({ stages: STAGES, offsets: STAGE_OFFSETS })),
  }
}

/** The same through the component, which takes what it needs as arrays. */
export function runComponent({ scoring, texts, vectors }: typeof component): unknown {
  const hasher = texts.Hasher.create(64, 5, Float64Array.of(0, 0, 1, 1, 0.5), Float64Array.of(1, 0.25))
  const { bias, dense, sparse, calibration } = MODEL
  const model = scoring.Model.create(bias, dense, sparse, false, calibration)
  const { offsets, indices, values } = BATCH
  const score = (kind: 'raw' | 'sigmoid' | 'softmax'): string =>
    bitsOf(model.score(BATCH.dense, offsets, indices, values, kind))
  const row = [BATCH.dense.subarray(0, 6), indices.subarray(0, 3), values.subarray(0, 3)] as const
  return {
    texts: TEXTS.map((text) => textResult(hasher.embed(text), hasher.features(text, 12))),
    hits: hitsOf(vectors.Index.create(DIMS, ROWS)),
    scores: [score('raw'), score('sigmoid'), score('softmax')],
    learned: [
      bitsOf([model.updateLogistic(...row, 1, 1, 0.2, 0.001)]),
      bitsOf(model.updateSoftmax(...row, 2, 0.2, 0.001)),
      score('raw'),
    ],
    routes: bitsOf(scoring.expectRoutes(STAGES, STAGE_OFFSETS)),
  }
}

/** The pure part: exact tools, risk, money, and the scores of a trained policy. */
export function runCore(core: typeof coreDoor, policy: PolicyModules): unknown {
  const scorer = policy.createPolicyScorer({ artefact: policy.parsePolicyArtefact(policy.artefact) })
  return {
    answers: TASKS.map((task) => core.answerDeterministically(task)?.answer ?? null),
    risks: TEXTS.map((text) => core.assessRisk(text)),
    money: core.formatAmount(core.amountFromUsd('12.345678901') ?? core.ZERO_AMOUNT),
    policy: TEXTS.map((text) => {
      const { success, raw, gain } = scorer.score(text)
      const after = scorer.scoreGainAfter(text, '20 + 1 = 21\n#### 21')
      return [bitsOf(success), bitsOf(raw), bitsOf([gain ?? Number.NaN, after])]
    }),
  }
}

function textResult(embedded: Float32Array, features: { indices: Uint32Array; values: Float64Array }): unknown {
  return {
    embedded: bitsOf(embedded),
    indices: Array.from(features.indices.subarray(0, 40)),
    values: bitsOf(features.values.slice(0, 40)),
  }
}

function hitsOf(index: Vectors): unknown {
  for (let id = 0; id < ROWS; id += 1) index.add(id, unitVector(id, DIMS))
  for (let id = 0; id < 40; id += 1) index.remove(id * 7)
  for (let id = 0; id < 20; id += 1) index.add(1_000 + id, unitVector(9_000 + id, DIMS))
  return Array.from({ length: 8 }, (_, at) =>
    index.search(unitVector(at * 500 + 3, DIMS), 6).map(({ id, score }) => `${id} ${bitsOf([score])}`),
  )
}

/** `length` numbers in -1..1 that depend on the seed alone (a 32-bit mixing counter). */
function numbersOf(seed: number, length: number): Float64Array {
  let state = (seed ^ 0x9e3779b9) | 0
  return Float64Array.from({ length }, () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2147483648 - 1
  })
}

function unitVector(seed: number, dims: number): Float32Array {
  const numbers = numbersOf(seed, dims)
  const norm = Math.sqrt(numbers.reduce((sum, x) => sum + x * x, 0))
  return Float32Array.from(numbers, (x) => x / norm)
}

function bitsOf(numbers: Float32Array | Float64Array | readonly number[]): string {
  const array = Array.isArray(numbers) ? Float64Array.from(numbers) : (numbers as Float32Array | Float64Array)
  const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength)
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}
