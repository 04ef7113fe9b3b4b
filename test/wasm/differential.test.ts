import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { EXACT_ROWS_MAX } from '../../src/core/kernels/vector-rows.ts'
import type { SearchPlan } from '../../src/core/kernels/vector-rows.ts'
import type { FeatureBatch, LinearModel, ScoreKind } from '../../src/core/kernels/linear-model.ts'
import { quantiseInt8 } from '../../src/core/kernels/quantise.ts'
import { topKFloat32, topKInt8 } from '../../src/core/kernels/flat-scan.ts'
import { exp } from '../../src/base/deterministic-math.ts'
import { loadWasmKernel, readCoreBytes } from '../../src/wasm/node-load.ts'
import { TypeScriptVectorIndex } from '../../src/wasm/typescript-vector-index.ts'
import { createTypeScriptKernel } from '../../src/wasm/typescript-kernel.ts'
import { WasmCore } from '../../src/wasm/wasm-core.ts'
import { compileCore } from '../../src/wasm/wasm-kernel.ts'
import type { WasmKernel } from '../../src/wasm/wasm-kernel.ts'
import { randomNumbers, unitVector } from './seeded-vectors.ts'

const SEED = { seed: 20_260_825 }
/** Long sequences of steps take minutes to shrink and say little when they have. */
const UNSHRUNK = { ...SEED, endOnFailure: true }
const twin = createTypeScriptKernel()
let wasm: WasmKernel

async function createCore(): Promise<WasmCore> {
  return new WasmCore(await compileCore(await readCoreBytes('core.wasm')))
}

beforeAll(async () => {
  wasm = await loadWasmKernel()
})

const recipes = fc.record({
  seed: fc.nat(0xffffffff),
  charWeights: fc.array(fc.constantFrom(0, 0.5, 1, 2.25), { maxLength: 8 }),
  wordWeights: fc.array(fc.constantFrom(0, 1, 1.5), { maxLength: 3 }),
})
const texts = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 200 }),
  fc
    .array(fc.constantFrom('How', 'do', 'I', 'reset', 'my', 'pass-word?', 'Über', '東京都', 'été', '3.14', '\n'), {
      maxLength: 40,
    })
    .map((w) => w.join(' ')),
  fc.nat(40_000).map((length) => 'abcdefg hij'.repeat(Math.ceil(length / 11)).slice(0, length)),
  fc.nat(2_000).map((length) => '字'.repeat(length)),
)

describe('text hashing', () => {
  it('embeds to the same bits', () => {
    fc.assert(
      fc.property(texts, recipes, fc.integer({ min: 2, max: 512 }), (text, recipe, dims) => {
        const a = wasm.createTextHasher({ dims, recipe }).embed(text)
        expect(a).toEqual(twin.createTextHasher({ dims, recipe }).embed(text))
      }),
      { ...SEED, numRuns: 150 },
    )
  })

  it('yields the same sparse features, weighted by hash or not', () => {
    const gramWeights = Float32Array.from(randomNumbers(7, 1024))
    fc.assert(
      fc.property(texts, recipes, fc.integer({ min: 1, max: 24 }), fc.boolean(), (text, recipe, bits, isWeighted) => {
        const init = { dims: 16, recipe: isWeighted ? { ...recipe, gramWeights } : recipe }
        expect(wasm.createTextHasher(init).features(text, bits)).toEqual(
          twin.createTextHasher(init).features(text, bits),
        )
      }),
      { ...SEED, numRuns: 150 },
    )
  })
})

describe('vector index', () => {
  const plans: readonly SearchPlan[] = [
    { mode: 'exact', candidates: 0, rescored: 8 },
    { mode: 'codes', candidates: 0, rescored: 40 },
    { mode: 'sketch', candidates: 60, rescored: 24 },
    { mode: 'sketch', candidates: 30_000, rescored: 1 },
  ]

  it.each([1, 5, 100, 128, 256, 300, 384, 640])(
    'finds the same hits after adds, replacements and removals at %i dimensions',
    (dims) => {
      const fast = wasm.createVectorIndex({ dims, capacityMax: 700 })
      const plain = new TypeScriptVectorIndex({ dims, capacityMax: 700 })
      fc.assert(
        fc.property(
          fc.array(fc.tuple(fc.nat(900), fc.nat(9)), { minLength: 300, maxLength: 900 }),
          fc.nat(),
          (steps, seed) => {
            fast.clear()
            plain.clear()
            steps.forEach(([id, kind], at) => {
              const vector = unitVector(seed + (at % 400), dims)
              if (kind === 0) expect(fast.remove(id)).toBe(plain.remove(id))
              else expect(fast.add(id, vector)).toBe(plain.add(id, vector))
            })
            expect(fast.size).toBe(plain.size)
            for (const plan of plans) {
              const query = unitVector(seed + 10_000, dims)
              expect(fast.searchWith(query, 7, plan)).toEqual(plain.searchWith(query, 7, plan))
            }
          },
        ),
        { ...UNSHRUNK, numRuns: 4 },
      )
    },
  )

  it('puts the lower slot first among equal scores, whatever their codes say', () => {
    // Both have 0.6 in common with the query; the second one's codes are the more exact.
    const first = Float32Array.of(0.6, 0.8, 0)
    const second = Float32Array.of(0.6, Math.sqrt(0.32), Math.sqrt(0.32))
    for (const index of [
      wasm.createVectorIndex({ dims: 3, capacityMax: 2 }),
      new TypeScriptVectorIndex({ dims: 3, capacityMax: 2 }),
    ]) {
      index.add(1, first)
      index.add(2, second)
      const hits = index.searchWith(Float32Array.of(1, 0, 0), 2, { mode: 'codes', candidates: 0, rescored: 2 })
      expect(hits).toEqual([
        { id: 1, score: Math.fround(0.6) },
        { id: 2, score: Math.fround(0.6) },
      ])
    }
  })

  it('finds the same hits above the size where searches stop being exact', () => {
    const fast = wasm.createVectorIndex({ dims: 64, capacityMax: 6000 })
    const plain = new TypeScriptVectorIndex({ dims: 64, capacityMax: 6000 })
    for (let id = 0; id < EXACT_ROWS_MAX + 500; id += 1) {
      const vector = unitVector(id, 64)
      fast.add(id, vector)
      plain.add(id, vector)
    }
    for (let at = 0; at < 20; at += 1)
      expect(fast.search(unitVector(90_000 + at, 64), 5)).toEqual(plain.search(unitVector(90_000 + at, 64), 5))
  })
})

describe('scoring', () => {
  const shapes = fc.record({
    models: fc.integer({ min: 1, max: 9 }),
    dense: fc.integer({ min: 0, max: 40 }),
    sparse: fc.constantFrom(0, 16, 256),
    layout: fc.constantFrom('by-model' as const, 'by-index' as const),
    rows: fc.integer({ min: 0, max: 5 }),
    seed: fc.nat(),
    kind: fc.constantFrom<ScoreKind>('raw', 'sigmoid', 'softmax'),
  })
  type Shape = {
    models: number
    dense: number
    sparse: number
    layout: 'by-model' | 'by-index'
    rows: number
    seed: number
  }

  function makeModel(shape: Shape): LinearModel {
    const numbers = (salt: number, length: number): Float64Array => randomNumbers(shape.seed + salt, length)
    return {
      modelCount: shape.models,
      denseCount: shape.dense,
      sparseCount: shape.sparse,
      sparseLayout: shape.layout,
      bias: Float32Array.from(numbers(1, shape.models)),
      dense: Float32Array.from(numbers(2, shape.models * shape.dense)),
      sparse: Float32Array.from(numbers(3, shape.models * shape.sparse)),
      calibration: numbers(4, shape.models * 2),
    }
  }

  function makeBatch(shape: Shape): FeatureBatch {
    const perRow = shape.sparse === 0 ? 0 : 30
    const offsets = Uint32Array.from({ length: shape.rows + 1 }, (_, row) => row * perRow)
    const picks = randomNumbers(shape.seed + 5, shape.rows * perRow)
    return {
      rowCount: shape.rows,
      dense: randomNumbers(shape.seed + 6, shape.rows * shape.dense).map((x) => x * 20),
      offsets,
      indices: Uint32Array.from(picks, (pick) => Math.floor(((pick + 1) / 2) * shape.sparse)),
      values: randomNumbers(shape.seed + 7, shape.rows * perRow),
    }
  }

  it('gives the same bits for every shape and layout', () => {
    fc.assert(
      fc.property(shapes, (shape) => {
        const model = makeModel(shape)
        const batch = makeBatch(shape)
        const scorer = wasm.loadModel(model)
        expect(scorer.score(batch, shape.kind)).toEqual(twin.loadModel(model).score(batch, shape.kind))
        scorer.release()
      }),
      { ...SEED, numRuns: 200 },
    )
  })

  it('learns to the same bits', () => {
    fc.assert(
      fc.property(shapes, (shape) => {
        const model = makeModel(shape)
        const batch = makeBatch({ ...shape, rows: 3 })
        const fast = wasm.loadModel(model)
        const plain = twin.loadModel(model)
        for (let at = 0; at < 6; at += 1) {
          const step = { row: at % 3, rate: 0.1, decay: 0.01 }
          const target = at % shape.models
          expect(fast.updateLogistic(batch, { ...step, modelIndex: target, label: at % 2 })).toBe(
            plain.updateLogistic(batch, { ...step, modelIndex: target, label: at % 2 }),
          )
          expect(fast.updateSoftmax(batch, { ...step, label: target })).toEqual(
            plain.updateSoftmax(batch, { ...step, label: target }),
          )
        }
        expect(fast.read()).toEqual(plain.read())
        fast.release()
      }),
      { ...SEED, numRuns: 60 },
    )
  })

  it('computes e^x to the same bits over its whole range', async () => {
    const core = new WasmCore(await compileCore(await readCoreBytes('core.wasm')))
    const edges = [0, -0, 709.78, 709.79, -708.4, -745.13, -745.14, 710, -800, Infinity, -Infinity, NaN, 1e-300]
    for (const x of [...edges, ...randomNumbers(3, 20_000).map((y) => y * 760)])
      expect(core.exports.exp(x)).toBe(exp(x))
  })
})

describe('route expectation', () => {
  it('gives the same bits', () => {
    const stages = fc.array(
      fc.array(fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.nat(1_000_000)), { maxLength: 6 }),
      { maxLength: 12 },
    )
    fc.assert(
      fc.property(stages, (routes) => {
        const offsets = new Uint32Array(routes.length + 1)
        routes.forEach((route, at) => {
          offsets[at + 1] = (offsets[at] ?? 0) + route.length
        })
        const packed = Float64Array.from(routes.flat().flatMap(([p, cost]) => [p, p * 0.9, cost, cost / 7]))
        expect(wasm.expectRoutes({ stages: packed, offsets })).toEqual(twin.expectRoutes({ stages: packed, offsets }))
      }),
      { ...SEED, numRuns: 100 },
    )
  })
})

describe('flat scans', () => {
  const shapes = fc.record({
    rowCount: fc.integer({ min: 0, max: 70 }),
    dims: fc.constantFrom(32, 64, 96, 128),
    k: fc.integer({ min: 1, max: 12 }),
    // Few distinct rows make equal scores, whose order has to be right too.
    distinct: fc.constantFrom(1, 3, 1000),
    seed: fc.nat(),
  })

  it('of vectors find the same rows', async () => {
    const core = await createCore()
    fc.assert(
      fc.property(shapes, ({ rowCount, dims, k, distinct, seed }) => {
        const query = Float32Array.from(randomNumbers(seed, dims))
        const rows = new Float32Array(rowCount * dims)
        for (let row = 0; row < rowCount; row += 1)
          rows.set(randomNumbers(seed + 1 + (row % distinct), dims), row * dims)
        const at = core.scratch((rows.length + dims + 2 * k) * 4)
        const scores = at + (rows.length + dims) * 4
        core.float32(at, dims).set(query)
        core.float32(at + dims * 4, rows.length).set(rows)
        const count = core.exports.topKFloat32(at, at + dims * 4, rowCount, dims, k, scores, scores + k * 4)
        const expected = topKFloat32(query, rows, k)
        expect(core.int32(scores + k * 4, count)).toEqual(expected.slots.subarray(0, expected.count))
        expect(core.float32(scores, count)).toEqual(expected.scores.subarray(0, expected.count))
      }),
      SEED,
    )
  })

  it('of codes find the same rows', async () => {
    const core = await createCore()
    fc.assert(
      fc.property(shapes, ({ rowCount, dims, k, distinct, seed }) => {
        const toCodes = (numbers: Float64Array): Int8Array => Int8Array.from(numbers, (x) => Math.round(x * 127))
        const query = toCodes(randomNumbers(seed, dims))
        const rows = new Int8Array(rowCount * dims)
        for (let row = 0; row < rowCount; row += 1)
          rows.set(toCodes(randomNumbers(seed + 1 + (row % distinct), dims)), row * dims)
        const scales = Float32Array.from({ length: rowCount }, (_, row) => 0.01 + (row % distinct) / 1000)
        const at = core.scratch(dims * 3 + rows.length + (rowCount + 2 * k) * 4)
        const wide = at + dims
        const scalesAt = wide + dims * 2
        const scores = scalesAt + rowCount * 4
        const rowsAt = scores + k * 8
        core.u8.set(new Uint8Array(query.buffer), at)
        core.u8.set(new Uint8Array(rows.buffer), rowsAt)
        core.float32(scalesAt, rowCount).set(scales)
        core.exports.widenCodes(at, wide, dims)
        const count = core.exports.topKInt8(wide, rowsAt, scalesAt, rowCount, dims, k, scores, scores + k * 4)
        const expected = topKInt8(query, { rows, scales }, k)
        expect(core.int32(scores + k * 4, count)).toEqual(expected.slots.subarray(0, expected.count))
        expect(core.float32(scores, count)).toEqual(expected.scores.subarray(0, expected.count))
      }),
      SEED,
    )
  })
})

describe('8-bit codes', () => {
  it('and their scale are the same bits', async () => {
    const core = await createCore()
    const shapes = fc.record({
      blocks: fc.integer({ min: 1, max: 48 }),
      size: fc.constantFrom(1e-30, 0.01, 1, 3, 1e9),
      seed: fc.nat(),
    })
    fc.assert(
      fc.property(shapes, ({ blocks, size, seed }) => {
        const dims = blocks * 16
        const vector = Float32Array.from(randomNumbers(seed, dims), (x) => x * size)
        const at = core.scratch(dims * 5)
        core.float32(at, dims).set(vector)
        const scale = core.exports.quantiseInt8(at, at + dims * 4, dims)
        const codes = new Int8Array(dims)
        expect(Object.is(scale, quantiseInt8(vector, codes, 0))).toBe(true)
        expect(core.u8.slice(at + dims * 4, at + dims * 5)).toEqual(new Uint8Array(codes.buffer))
      }),
      { ...SEED, numRuns: 300 },
    )
  })
})

describe('dot product', () => {
  it('gives the same bits at any length', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 700 }), fc.nat(), (length, seed) => {
        const a = Float32Array.from(randomNumbers(seed, length))
        const b = Float32Array.from(randomNumbers(seed + 1, length))
        expect(wasm.dot(a, b)).toBe(twin.dot(a, b))
      }),
      SEED,
    )
  })
})
