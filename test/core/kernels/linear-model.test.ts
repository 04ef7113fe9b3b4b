import { describe, expect, it } from 'vitest'
import {
  checkFeatureBatch,
  checkLinearModel,
  scoreBatch,
  updateLogistic,
  updateSoftmax,
} from '../../../src/core/kernels/linear-model.ts'
import type { FeatureBatch, LinearModel, ScoreKind } from '../../../src/core/kernels/linear-model.ts'
import { checkRouteBatch, expectRoutes } from '../../../src/core/kernels/route-expectation.ts'
import { randomNumbers } from '../../wasm/seeded-vectors.ts'

function makeModel(changes: Partial<LinearModel> = {}): LinearModel {
  return {
    modelCount: 2,
    denseCount: 2,
    sparseCount: 4,
    sparseLayout: 'by-model',
    bias: Float32Array.of(0.5, -1),
    dense: Float32Array.of(1, 2, 3, 4),
    sparse: Float32Array.of(0, 10, 20, 30, 0, -10, -20, -30),
    calibration: Float64Array.of(1, 0, 0.5, 1),
    ...changes,
  }
}

const batch: FeatureBatch = {
  rowCount: 1,
  dense: Float64Array.of(0.25, 0.5),
  offsets: Uint32Array.of(0, 2),
  indices: Uint32Array.of(1, 3),
  values: Float64Array.of(1, 0.1),
}

function score(model: LinearModel, kind: ScoreKind): number[] {
  const out = new Float64Array(model.modelCount * batch.rowCount)
  scoreBatch(model, batch, { kind, out })
  return [...out]
}

describe('linear model', () => {
  it('adds bias, dense and hashed parts', () => {
    expect(score(makeModel(), 'raw')).toEqual([0.5 + 0.25 + 1 + 10 + 3, -1 + 0.75 + 2 - 10 - 3])
  })

  it('scores the same from either layout', () => {
    const byIndex = Float32Array.of(0, 0, 10, -10, 20, -20, 30, -30)
    expect(score(makeModel({ sparseLayout: 'by-index', sparse: byIndex }), 'raw')).toEqual(score(makeModel(), 'raw'))
  })

  it('calibrates each candidate with its own slope and intercept', () => {
    const [first = NaN, second = NaN] = score(makeModel(), 'sigmoid')
    expect(first).toBeCloseTo(1 / (1 + Math.exp(-14.75)), 12)
    expect(second).toBeCloseTo(1 / (1 + Math.exp(-(0.5 * -11.25 + 1))), 12)
  })

  it('makes one distribution of the scores, however large', () => {
    const [first = NaN, second = NaN] = score(makeModel({ bias: Float32Array.of(5000, 5024.5) }), 'softmax')
    expect(first + second).toBeCloseTo(1, 12)
    expect(first).toBeCloseTo(0.5, 9)
  })

  it('learns a separable rule online', () => {
    const model = makeModel({ bias: new Float32Array(2), dense: new Float32Array(4), sparse: new Float32Array(8) })
    const dense = randomNumbers(3, 800)
    const rows = {
      ...batch,
      rowCount: 400,
      dense,
      offsets: new Uint32Array(401),
      indices: new Uint32Array(0),
      values: new Float64Array(0),
    }
    const label = (row: number): number => ((dense[2 * row] ?? 0) > (dense[2 * row + 1] ?? 0) ? 1 : 0)
    for (let row = 0; row < 300; row += 1)
      updateLogistic(model, rows, { row, modelIndex: 1, label: label(row), rate: 0.5, decay: 0 })
    const out = new Float64Array(800)
    scoreBatch(model, rows, { kind: 'raw', out })
    const right = Array.from({ length: 100 }, (_, i) => i + 300).filter(
      (row) => (out[2 * row + 1] ?? 0) > 0 === (label(row) === 1),
    )
    expect(right.length).toBeGreaterThan(90)
    expect([...model.dense.subarray(0, 2)]).toEqual([0, 0])
  })

  it('moves the right candidate up and the others down by softmax', () => {
    const model = makeModel({ bias: new Float32Array(2), dense: new Float32Array(4), sparse: new Float32Array(8) })
    expect([...updateSoftmax(model, batch, { row: 0, label: 1, rate: 0.1, decay: 0 })]).toEqual([0.5, 0.5])
    expect(model.bias[0]).toBeCloseTo(-0.05, 6)
    expect(model.bias[1]).toBeCloseTo(0.05, 6)
    expect(model.sparse[1]).toBeCloseTo(-0.05, 6)
    expect(model.sparse[5]).toBeCloseTo(0.05, 6)
  })

  it('refuses arrays that do not fit', () => {
    expect(() => checkLinearModel(makeModel({ bias: new Float32Array(1) }))).toThrow('bias must be 2 long')
    expect(() => checkLinearModel(makeModel({ modelCount: 0 }))).toThrow(RangeError)
    expect(() => checkFeatureBatch(makeModel(), { ...batch, indices: Uint32Array.of(1, 4) })).toThrow(
      'not below sparseCount',
    )
    expect(() => checkFeatureBatch(makeModel(), { ...batch, offsets: Uint32Array.of(2, 1) })).toThrow('must rise')
    expect(() => checkFeatureBatch(makeModel(), { ...batch, offsets: Uint32Array.of(0, 3) })).toThrow('behind')
    expect(() => checkFeatureBatch(makeModel(), { ...batch, dense: Float64Array.of(1) })).toThrow('dense')
  })
})

describe('route expectation', () => {
  it('pays for a later call only when the earlier answers were refused', () => {
    const stages = Float64Array.of(0.8, 0.7, 100, 1, 1, 0.9, 1000, 5)
    const [cost, latency, right, none] = expectRoutes({ stages, offsets: Uint32Array.of(0, 2) })
    expect(cost).toBeCloseTo(100 + 0.2 * 1000, 9)
    expect(latency).toBeCloseTo(1 + 0.2 * 5, 12)
    expect(right).toBeCloseTo(0.7 + 0.2 * 0.9, 12)
    expect(none).toBe(0)
  })

  it('refuses offsets that fall or point behind the stages', () => {
    expect(() => checkRouteBatch({ stages: new Float64Array(4), offsets: Uint32Array.of(0, 2) })).toThrow(RangeError)
    expect(() => checkRouteBatch({ stages: new Float64Array(8), offsets: Uint32Array.of(2, 1) })).toThrow(RangeError)
    expect(() => checkRouteBatch({ stages: new Float64Array(8), offsets: new Uint32Array(0) })).toThrow(RangeError)
  })
})
