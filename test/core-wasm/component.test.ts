import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { scoring, texts, vectors } from '../../dist/wasm/component/core.js'
import {
  CANDIDATES_MIN,
  CODES_ROWS_MAX,
  EXACT_ROWS_MAX,
  ROWS_PER_CANDIDATE,
} from '../../src/core/kernels/vector-rows.ts'
import { loadWasmKernel } from '../../src/wasm/node-load.ts'
import type { WasmKernel } from '../../src/wasm/wasm-kernel.ts'
import { randomNumbers, unitVector } from '../wasm/seeded-vectors.ts'

const SEED = { seed: 7_301 }
let raw: WasmKernel

beforeAll(async () => {
  raw = await loadWasmKernel()
})

/** The `error` case that a call fails with. */
function errorOf(call: () => unknown): unknown {
  try {
    call()
  } catch (error: unknown) {
    return Reflect.get(Object(error), 'payload')
  }
  return 'no error'
}

describe('component: vectors', () => {
  it('gives the hits of the raw module through adds, replacements and removals', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(3, 128, 256, 300),
        fc.array(fc.tuple(fc.nat(700), fc.nat(5)), { minLength: 200, maxLength: 900 }),
        (dims, steps) => {
          const plain = raw.createVectorIndex({ dims, capacityMax: 600 })
          using index = vectors.Index.create(dims, 600)
          steps.forEach(([id, kind], at) => {
            const vector = unitVector(at, dims)
            if (kind === 0) expect(index.remove(id)).toBe(plain.remove(id))
            else if (plain.add(id, vector)) index.add(id, vector)
            else expect(errorOf(() => index.add(id, vector))).toBe('full')
          })
          expect(index.size()).toBe(plain.size)
          const query = unitVector(5_000, dims)
          expect(index.search(query, 12)).toEqual(plain.search(query, 12))
          plain.clear()
        },
      ),
      { ...SEED, numRuns: 12 },
    )
  })

  it('gives the hits of the raw module at every size where the search changes its method', () => {
    const plain = raw.createVectorIndex({ dims: 128, capacityMax: 30_000 })
    using index = vectors.Index.create(128, 30_000)
    for (const size of [0, EXACT_ROWS_MAX, EXACT_ROWS_MAX + 1, CODES_ROWS_MAX, CODES_ROWS_MAX + 1, 12_000]) {
      for (let id = plain.size; id < size; id += 1) {
        const vector = unitVector(id, 128)
        plain.add(id, vector)
        index.add(id, vector)
      }
      const query = unitVector(123_456, 128)
      expect(index.search(query, 5)).toEqual(plain.search(query, 5))
    }
  })

  it('plans its searches by the limits of the raw module', () => {
    const source = readFileSync(new URL('../../core-wasm/assembly/component/vectors.ts', import.meta.url), 'utf8')
    const limits = Object.fromEntries(
      [...source.matchAll(/^const (\w+): i32 = (\d+)$/gm)].map(([, name, value]) => [name, Number(value)]),
    )
    expect(limits).toEqual({ EXACT_ROWS_MAX, CODES_ROWS_MAX, CANDIDATES_MIN, ROWS_PER_CANDIDATE })
  })

  it('answers wrong arguments with an error and stays usable', () => {
    using index = vectors.Index.create(4, 1)
    const unit = Float32Array.of(1, 0, 0, 0)
    expect(errorOf(() => vectors.Index.create(0, 10))).toBe('dims-out-of-range')
    expect(errorOf(() => vectors.Index.create(4097, 10))).toBe('dims-out-of-range')
    expect(errorOf(() => vectors.Index.create(4, 0))).toBe('capacity-out-of-range')
    expect(errorOf(() => index.add(1, Float32Array.of(1, 0)))).toBe('wrong-length')
    expect(errorOf(() => index.add(1, Float32Array.of(1, 1, 0, 0)))).toBe('not-unit-length')
    expect(errorOf(() => index.add(1, Float32Array.of(Number.NaN, 1, 0, 0)))).toBe('not-finite')
    expect(errorOf(() => index.search(unit, 0))).toBe('k-out-of-range')
    expect(errorOf(() => index.search(unit, 257))).toBe('k-out-of-range')
    expect(errorOf(() => index.search(Float32Array.of(Infinity, 0, 0, 0), 1))).toBe('not-finite')
    index.add(1, unit)
    expect(errorOf(() => index.add(2, unit))).toBe('full')
    expect(index.search(unit, 3)).toEqual([{ id: 1, score: 1 }])
  })

  it('takes up the memory of a dropped index without mixing its rows in', () => {
    for (let round = 0; round < 8; round += 1) {
      using index = vectors.Index.create(256, 1_000)
      for (let id = 0; id < 300; id += 1) index.add(id, unitVector(round * 1_000 + id, 256))
      expect(index.search(unitVector(round * 1_000 + 299, 256), 1)).toMatchObject([{ id: 299 }])
    }
    using index = vectors.Index.create(256, 10)
    index.add(7, unitVector(7, 256))
    expect(index.search(unitVector(7_299, 256), 5)).toHaveLength(1)
  })
})

describe('component: texts', () => {
  it('gives the vectors and features of the raw module', () => {
    const text = fc.oneof(
      fc.string({ unit: 'grapheme', maxLength: 120 }),
      fc.nat(30_000).map((length) => 'naïve 東京 words '.repeat(Math.ceil(length / 15)).slice(0, length)),
    )
    const recipe = { seed: 99, charWeights: [0, 0.5, 1, 1, 2], wordWeights: [1.5, 1, 0.25] }
    using hasher = texts.Hasher.create(
      200,
      99,
      Float64Array.from(recipe.charWeights),
      Float64Array.from(recipe.wordWeights),
    )
    const plain = raw.createTextHasher({ dims: 200, recipe })
    fc.assert(
      fc.property(text, fc.integer({ min: 1, max: 24 }), (sample, bits) => {
        expect(hasher.embed(sample)).toEqual(plain.embed(sample))
        expect(hasher.features(sample, bits)).toEqual(plain.features(sample, bits))
      }),
      { ...SEED, numRuns: 80 },
    )
  })

  it('answers wrong arguments with an error', () => {
    const none = Float64Array.of()
    using hasher = texts.Hasher.create(2, 0, none, none)
    expect(hasher.embed('no kind of n-gram is on')).toEqual(Float32Array.of(0, 0))
    expect(errorOf(() => hasher.features('a', 0))).toBe('index-out-of-range')
    expect(errorOf(() => hasher.features('a', 25))).toBe('index-out-of-range')
    expect(errorOf(() => texts.Hasher.create(1, 0, none, none))).toBe('dims-out-of-range')
    expect(errorOf(() => texts.Hasher.create(8, 0, new Float64Array(9), none))).toBe('wrong-length')
    expect(errorOf(() => texts.Hasher.create(8, 0, Float64Array.of(Number.NaN), none))).toBe('not-finite')
  })
})

describe('component: scoring', () => {
  const modelCount = 3
  const parameters = {
    modelCount,
    denseCount: 6,
    sparseCount: 32,
    bias: Float32Array.from(randomNumbers(1, 3)),
    dense: Float32Array.from(randomNumbers(2, 18)),
    sparse: Float32Array.from(randomNumbers(3, 96)),
    calibration: randomNumbers(4, 6),
  }
  const batch = {
    rowCount: 2,
    dense: randomNumbers(5, 12),
    offsets: Uint32Array.of(0, 3, 5),
    indices: Uint32Array.of(1, 31, 7, 7, 0),
    values: randomNumbers(6, 5),
  }

  it.each(['by-model', 'by-index'] as const)(
    'gives the scores and learns the steps of the raw module, %s',
    (sparseLayout) => {
      const { bias, dense, sparse, calibration } = parameters
      using model = scoring.Model.create(bias, dense, sparse, sparseLayout === 'by-index', calibration)
      const plain = raw.loadModel({ ...parameters, sparseLayout })
      for (const kind of ['raw', 'sigmoid', 'softmax'] as const) {
        expect(model.score(batch.dense, batch.offsets, batch.indices, batch.values, kind)).toEqual(
          plain.score(batch, kind),
        )
      }
      const row = [batch.dense.subarray(0, 6), batch.indices.subarray(0, 3), batch.values.subarray(0, 3)] as const
      const step = { row: 0, rate: 0.2, decay: 0.001 }
      expect(model.updateLogistic(...row, 1, 1, 0.2, 0.001)).toBe(
        plain.updateLogistic(batch, { ...step, modelIndex: 1, label: 1 }),
      )
      expect(model.updateSoftmax(...row, 2, 0.2, 0.001)).toEqual(plain.updateSoftmax(batch, { ...step, label: 2 }))
      expect(model.score(batch.dense, batch.offsets, batch.indices, batch.values, 'raw')).toEqual(
        plain.score(batch, 'raw'),
      )
    },
  )

  it('gives the expectations of the raw module', () => {
    const stages = Float64Array.of(0.5, 0.4, 10, 1, 0.9, 0.9, 100, 3)
    const offsets = Uint32Array.of(0, 2, 2)
    expect(scoring.expectRoutes(stages, offsets)).toEqual(raw.expectRoutes({ stages, offsets }))
    expect(scoring.expectRoutes(stages, offsets)).toEqual(
      Float64Array.of(60, 2.5, 0.4 + 0.5 * 0.9, 0.5 * (1 - 0.9), 0, 0, 0, 1),
    )
  })

  it('answers wrong arguments with an error', () => {
    const { bias, dense, sparse, calibration } = parameters
    using model = scoring.Model.create(bias, dense, sparse, false, calibration)
    const { offsets, indices, values } = batch
    expect(errorOf(() => scoring.Model.create(bias, dense.subarray(1), sparse, false, calibration))).toBe(
      'wrong-length',
    )
    expect(errorOf(() => scoring.Model.create(Float32Array.of(), dense, sparse, false, calibration))).toBe(
      'wrong-length',
    )
    expect(errorOf(() => model.score(batch.dense.subarray(1), offsets, indices, values, 'raw'))).toBe('wrong-length')
    expect(errorOf(() => model.score(batch.dense, Uint32Array.of(0, 3, 2), indices, values, 'raw'))).toBe(
      'index-out-of-range',
    )
    expect(errorOf(() => model.score(batch.dense, Uint32Array.of(0, 3, 6), indices, values, 'raw'))).toBe(
      'index-out-of-range',
    )
    expect(
      errorOf(() =>
        model.score(
          batch.dense,
          offsets,
          indices.map((i) => i + 1),
          values,
          'raw',
        ),
      ),
    ).toBe('index-out-of-range')
    expect(errorOf(() => model.updateSoftmax(batch.dense.subarray(0, 6), indices, values, 3, 0.1, 0))).toBe(
      'index-out-of-range',
    )
    expect(
      errorOf(() => model.updateLogistic(batch.dense.subarray(0, 6), indices, values, 0, Number.NaN, 0.1, 0)),
    ).toBe('not-finite')
    expect(errorOf(() => scoring.expectRoutes(Float64Array.of(1, 1, 1), Uint32Array.of(0, 1)))).toBe(
      'index-out-of-range',
    )
  })
})
