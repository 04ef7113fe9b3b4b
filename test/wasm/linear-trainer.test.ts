import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { createRandomStream } from '../../src/base/random-stream.ts'
import type { TrainingPlan } from '../../src/core/kernels/train-linear.ts'
import { CHUNK_BYTES, type TrainingShape } from '../../src/core/kernels/training-rows.ts'
import type { LinearTrainer } from '../../src/ports/policy-kernel.ts'
import { loadWasmKernel } from '../../src/wasm/node-load.ts'
import { createTypeScriptKernel } from '../../src/wasm/typescript-kernel.ts'
import type { WasmKernel } from '../../src/wasm/wasm-kernel.ts'

const SEED = { seed: 20_260_901 }
const twin = createTypeScriptKernel()
const ONES = new Float32Array(16).fill(1)
let wasm: WasmKernel

beforeAll(async () => {
  wasm = await loadWasmKernel()
})

const shapes = fc.record({
  denseCount: fc.nat(13),
  sparseCount: fc.constantFrom(1, 7, 64, 4096),
})

const settings = fc.record({
  loss: fc.constantFrom('logistic' as const, 'squared' as const, 'quantile' as const),
  isWeighted: fc.boolean(),
  readsPairs: fc.boolean(),
  rate: fc.constantFrom(0.05, 0.3, 2),
  penalty: fc.constantFrom(0, 1e-5, 0.1),
  quantile: fc.constantFrom(0.1, 0.5, 0.9),
})

type Settings = typeof settings extends fc.Arbitrary<infer Value> ? Value : never

function planOf(shape: TrainingShape, init: Settings): TrainingPlan {
  const { loss, readsPairs, rate, penalty, quantile } = init
  return {
    loss,
    quantile,
    rate,
    denseRate: rate / 2,
    start: 1e-3,
    densePenalties: Float32Array.from({ length: shape.denseCount }, (_, place) => penalty * place),
    sparsePenalty: penalty,
    readsPairs,
    bias: 0.25,
  }
}

/** Rows with repeated indices, rows without pairs, unknown targets, weights of 0. */
function fill({ rows }: LinearTrainer, count: number, seed: number): Columns {
  const random = createRandomStream(seed)
  const { denseCount, sparseCount } = rows.shape
  const number = (): number => random.nextUnit() * 4 - 2
  for (let row = 0; row < count; row += 1) {
    rows.append({
      dense: Float64Array.from({ length: denseCount }, number),
      indices: Uint32Array.from({ length: 40 }, () => random.nextBelow(sparseCount)),
      values: Float64Array.from({ length: 40 }, number),
      pairCount: random.nextBelow(40),
    })
  }
  return {
    targets: Float32Array.from({ length: count }, () => (random.nextUnit() < 0.1 ? Number.NaN : random.nextBelow(2))),
    weights: Float32Array.from({ length: count }, () => (random.nextUnit() < 0.1 ? 0 : random.nextUnit() * 3)),
  }
}

type Columns = { readonly targets: Float32Array; readonly weights: Float32Array }

function orderOf(count: number, steps: number, seed: number): Uint32Array {
  const random = createRandomStream(seed)
  return Uint32Array.from({ length: steps }, () => random.nextBelow(count))
}

describe('training in WebAssembly and in TypeScript', () => {
  it('gives the same weights and scores to the last bit, whatever the rows, the plan and the order', () => {
    fc.assert(
      fc.property(shapes, settings, fc.nat(1000), (shape, init, seed) => {
        const [ours, theirs] = [wasm, twin].map((kernel) => {
          const trainer = kernel.createTrainer(shape)
          const { targets, weights } = fill(trainer, 30, seed)
          const columns = init.isWeighted ? { targets, weights } : { targets }
          trainer.begin(planOf(shape, init))
          const used = [300, 7].map((steps) => trainer.train({ order: orderOf(30, steps, seed + steps), ...columns }))
          const result = { used, weights: trainer.read(), scores: trainer.score(orderOf(30, 30, seed + 2)) }
          // Reading applies what the penalty owes, and training may go on from there.
          trainer.train({ order: orderOf(30, 90, seed + 3), ...columns })
          const after = trainer.read()
          trainer.release()
          return { ...result, after }
        })
        expect(ours).toEqual(theirs)
        expect(ours?.weights.dense.every((weight) => Number.isFinite(weight))).toBe(true)
      }),
      { ...SEED, numRuns: 200 },
    )
  })

  it('gives the same bits over many rows', () => {
    const shape = { denseCount: 2, sparseCount: 512 }
    const init = {
      loss: 'logistic',
      isWeighted: true,
      readsPairs: true,
      rate: 0.3,
      penalty: 1e-5,
      quantile: 0.5,
    } as const
    const [ours, theirs] = [wasm, twin].map((kernel) => {
      const trainer = kernel.createTrainer(shape)
      const columns = fill(trainer, 30, 5)
      trainer.begin(planOf(shape, init))
      trainer.train({ order: orderOf(30, 200_000, 6), ...columns })
      return trainer.read()
    })
    expect(ours).toEqual(theirs)
  })

  it('starts a second model from nothing, and reuses memory that was given back', () => {
    const shape = { denseCount: 3, sparseCount: 64 }
    const plan = planOf(shape, {
      loss: 'logistic',
      isWeighted: false,
      readsPairs: true,
      rate: 0.3,
      penalty: 1e-5,
      quantile: 0.5,
    })
    const once = (): unknown => {
      const trainer = wasm.createTrainer(shape)
      const columns = fill(trainer, 30, 3)
      trainer.begin(plan)
      trainer.train({ order: orderOf(30, 200, 4), ...columns })
      trainer.begin(plan)
      trainer.train({ order: orderOf(30, 50, 5), ...columns })
      const weights = trainer.read()
      trainer.release()
      return weights
    }
    const trainer = twin.createTrainer(shape)
    const columns = fill(trainer, 30, 3)
    trainer.begin(plan)
    trainer.train({ order: orderOf(30, 50, 5), ...columns })
    expect(once()).toEqual(trainer.read())
    expect(once()).toEqual(once())
  })
})

describe.each(['wasm', 'typescript'] as const)('a trainer in %s', (implementation) => {
  const open = (shape: TrainingShape): LinearTrainer => (implementation === 'wasm' ? wasm : twin).createTrainer(shape)
  const basic = { denseCount: 0, sparseCount: 8 }
  const plan = {
    loss: 'logistic',
    rate: 0.5,
    denseRate: 0.5,
    start: 1e-3,
    densePenalties: new Float32Array(0),
  } as const
  const free = { ...plan, sparsePenalty: 0, readsPairs: true, bias: 0 }

  function append({ rows }: LinearTrainer, pairs: readonly (readonly [number, number])[]): void {
    rows.append({
      dense: new Float64Array(rows.shape.denseCount),
      indices: Uint32Array.from(pairs, ([index]) => index),
      values: Float64Array.from(pairs, ([, value]) => value),
      pairCount: pairs.length,
    })
  }

  it('takes the step of the formula', () => {
    const trainer = open(basic)
    append(trainer, [[3, 2]])
    trainer.begin(free)
    trainer.train({ order: Uint32Array.of(0), targets: ONES })
    // Gradient of the score -0.5, of the weight -1: n = 1, d = (0.001 + 1) / 0.5.
    expect(trainer.read().sparse[3]).toBeCloseTo(1 / ((0.001 + 1) / 0.5), 6)
    expect(trainer.read().bias).toBeCloseTo(0.5 / ((0.001 + 0.5) / 0.5), 6)
  })

  it('pulls a weight towards zero for every row, also those without its feature', () => {
    const trainer = open(basic)
    append(trainer, [[3, 2]])
    append(trainer, [])
    trainer.begin({ ...free, sparsePenalty: 0.01 })
    trainer.train({ order: Uint32Array.from({ length: 193 }, (_, step) => Math.min(step, 1)), targets: ONES })
    const d = (0.001 + 1) / 0.5
    // Rows are counted in steps of 64.
    expect(trainer.read().sparse[3]).toBeCloseTo((d * (1 / d)) / (d + 192 * 0.01), 6)
  })

  it('forgets no penalty however long a feature is not seen', () => {
    const trainer = open(basic)
    append(trainer, [[3, 2]])
    append(trainer, [])
    trainer.begin({ ...free, sparsePenalty: 1e-5 })
    const rows = 4096 * 64
    trainer.train({ order: Uint32Array.from({ length: rows + 1 }, (_, step) => Math.min(step, 1)), targets: ONES })
    const d = (0.001 + 1) / 0.5
    const half = d / (d + (rows / 2) * 1e-5)
    expect(trainer.read().sparse[3]).toBeCloseTo((1 / d) * half * half, 5)
  })

  it('learns a median and a higher quantile', () => {
    const trainer = open(basic)
    const targets = Float32Array.from({ length: 101 }, (_, value) => value)
    for (let row = 0; row < targets.length; row += 1) append(trainer, [])
    const order = orderOf(101, 20_000, 9)
    const learn = (quantile: number): number => {
      trainer.begin({ ...free, loss: 'quantile', quantile, denseRate: 20, bias: 50 })
      trainer.train({ order, targets })
      return trainer.read().bias
    }
    expect(Math.abs(learn(0.5) - 50)).toBeLessThan(3)
    expect(Math.abs(learn(0.9) - 90)).toBeLessThan(3)
  })

  it('adds up values of equal indices, so a row does not depend on how they are listed', () => {
    const trainer = open(basic)
    append(trainer, [
      [1, 1],
      [2, 1],
      [1, 2],
    ])
    append(trainer, [
      [1, 3],
      [2, 1],
    ])
    trainer.begin(free)
    trainer.train({ order: Uint32Array.of(0), targets: ONES })
    const first = trainer.read()
    trainer.begin(free)
    trainer.train({ order: Uint32Array.of(1), targets: ONES })
    expect(trainer.read()).toEqual(first)
  })

  it('holds rows over many pieces of memory', () => {
    const trainer = open({ denseCount: 1000, sparseCount: 8 })
    for (let row = 0; row < 600; row += 1) append(trainer, [[row % 8, 1]])
    expect(trainer.rows.bytes).toBeGreaterThan(2 * CHUNK_BYTES)
    expect(trainer.rows.dense(599)).toEqual(new Float32Array(1000))
    trainer.release()
    expect(trainer.rows.bytes).toBe(0)
  })

  it('refuses rows and plans that do not fit', () => {
    const trainer = open(basic)
    expect(() => trainer.train({ order: Uint32Array.of(), targets: ONES })).toThrow(TypeError)
    expect(() => append(trainer, [[8, 1]])).toThrow(RangeError)
    append(trainer, [[7, 1]])
    expect(() => trainer.begin({ ...free, start: 0 })).toThrow(RangeError)
    expect(() => trainer.begin({ ...free, loss: 'quantile', quantile: 1 })).toThrow(RangeError)
    expect(() => trainer.begin({ ...free, densePenalties: Float32Array.of(1) })).toThrow(RangeError)
    trainer.begin(free)
    expect(() => trainer.train({ order: Uint32Array.of(1), targets: ONES })).toThrow(RangeError)
    expect(() => trainer.train({ order: Uint32Array.of(0), targets: new Float32Array(0) })).toThrow(RangeError)
    expect(() => open({ ...basic, sparseCount: -1 })).toThrow(RangeError)
  })
})
