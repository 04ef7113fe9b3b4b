import { describe, expect, it } from 'vitest'
import { createRandomStream } from '../../../src/base/random-stream.ts'
import { sigmoid } from '../../../src/base/deterministic-math.ts'
import { fitCalibration, LOG_ODDS_START, type Calibration } from '../../../src/core/learning/calibrate.ts'
import { growTemplates } from '../../../src/core/learning/grow-templates.ts'
import type { InputMatrix } from '../../../src/core/learning/input-matrix.ts'
import { chooseOperatingPoints } from '../../../src/core/learning/operating-points.ts'
import { cheapestMix } from '../../../src/core/learning/random-mix.ts'
import { parseRoutingRow } from '../../../src/core/learning/routing-rows.ts'
import { solveRidge } from '../../../src/core/learning/solve-ridge.ts'
import { expectedCalibrationError } from '../../../src/core/learning/training/training-metrics.ts'

function matrixOf(rows: readonly (readonly number[])[]): InputMatrix {
  const denseCount = rows[0]?.length ?? 0
  const empty = { raw: new Float64Array(0), buckets: new Uint32Array(0), bucketValue: 0, answer: undefined }
  return {
    rowCount: rows.length,
    denseCount,
    dense: Float64Array.from(rows.flat()),
    bucketCount: 0,
    rows: rows.map(() => empty),
  }
}

describe('ridge regression', () => {
  it('solves a case done by hand', () => {
    // Rows x = -1, 1 with targets 1, 3: without penalty w = 1, bias = 2; with penalty 1 the slope halves.
    const problem = { matrix: matrixOf([[-1], [1]]), targets: Float64Array.of(1, 3), mask: Float64Array.of(1, 1) }
    const free = solveRidge({ ...problem, penalties: Float64Array.of(0, 0) })
    expect(free[0]).toBeCloseTo(1, 6)
    expect(free[1]).toBeCloseTo(2, 6)
    const held = solveRidge({ ...problem, penalties: Float64Array.of(1, 0) })
    expect(held[0]).toBeCloseTo(0.5, 6)
    expect(held[1]).toBeCloseTo(2, 6)
  })

  it('does not look at masked rows', () => {
    const weights = solveRidge({
      matrix: matrixOf([[-1], [1], [5]]),
      targets: Float64Array.of(1, 3, 999),
      mask: Float64Array.of(1, 1, 0),
      penalties: Float64Array.of(0, 0),
    })
    expect(weights[0]).toBeCloseTo(1, 6)
  })
})

describe('calibration', () => {
  /** Scores around one half, with outcomes drawn by the curve. */
  function draw(curve: Calibration, init: { readonly rows: number; readonly spread: number }): Drawn {
    const random = createRandomStream(11)
    const scores = Float64Array.from({ length: init.rows }, () => {
      const sum = random.nextUnit() + random.nextUnit() + random.nextUnit() + random.nextUnit() - 2
      return 0.5 + init.spread * sum * Math.sqrt(3)
    })
    const outcomes = scores.map((score) => (random.nextUnit() < sigmoid(curve.slope * score + curve.intercept) ? 1 : 0))
    return { scores, outcomes, weights: new Float64Array(init.rows).fill(1), folds: new Uint8Array(init.rows) }
  }
  type Drawn = Parameters<typeof expectedCalibrationError>[1]

  it.each(
    [1, 2, 5, 10, 20].flatMap((slope) => [0.05, 0.2].map((spread) => ({ slope, spread, intercept: 1 - slope / 2 }))),
  )('finds the curve that drew many outcomes: slope $slope, scores that differ by $spread', ({ spread, ...curve }) => {
    const rows = draw(curve, { rows: 100_000, spread })
    const fitted = fitCalibration(rows.scores, rows.outcomes)
    const chances = rows.scores.map((score) => sigmoid(fitted.slope * score + fitted.intercept))
    expect(expectedCalibrationError(chances, rows)).toBeLessThan(0.01)
    expect(Math.abs(fitted.slope - curve.slope) * spread).toBeLessThan(0.05)
  })

  it('finds log odds that are too sure', () => {
    const { scores, outcomes } = draw({ slope: 0.5, intercept: 0.2 }, { rows: 100_000, spread: 2 })
    const { slope, intercept } = fitCalibration(scores, outcomes, { start: LOG_ODDS_START })
    expect(slope).toBeCloseTo(0.5, 1)
    expect(intercept).toBeCloseTo(0.2, 1)
  })

  it('stays near the start when outcomes are few, on whatever scale the scores are', () => {
    const scores = [0.4, 0.5, 0.6, 0.7]
    const outcomes = [0, 0, 1, 1]
    const { slope, intercept } = fitCalibration(scores, outcomes)
    const wide = fitCalibration(
      scores.map((score) => 100 * score),
      outcomes,
      { start: { slope: 0.04, intercept: -2 } },
    )
    expect(slope).toBeGreaterThan(4)
    expect(slope).toBeLessThan(20)
    expect(wide.slope).toBeCloseTo(slope / 100, 6)
    expect(wide.intercept).toBeCloseTo(intercept, 4)
  })

  it('says the mean where scores say nothing, or the contrary', () => {
    const scores = Float64Array.from({ length: 400 }, (_, row) => 0.5 + (row % 20) / 100)
    const { slope, intercept } = fitCalibration(
      scores,
      scores.map((_, row) => (row % 20 < 18 ? 1 : 0)),
    )
    const chances = scores.map((score) => sigmoid(slope * score + intercept))
    expect(slope).toBeGreaterThan(0)
    for (const chance of chances) expect(chance).toBeCloseTo(0.9, 2)
  })

  it('stays finite and rising for one-sided, few and contrary outcomes', () => {
    for (const [scores, outcomes] of [
      [[], []],
      [
        [0.2, 0.4],
        [1, 1],
      ],
      [
        [0.9, 0.1, 0.8, 0.2],
        [0, 1, 0, 1],
      ],
    ] as const) {
      const { slope, intercept } = fitCalibration(scores, outcomes)
      expect(slope).toBeGreaterThan(0)
      expect(Number.isFinite(intercept)).toBe(true)
    }
  })
})

describe('templates', () => {
  const features = Array.from({ length: 100 }, (_, row) => Float64Array.of(row % 3, row < 50 ? 0 : 1))
  const outcomes = features.map((feature) => Float64Array.of(feature[1] ?? 0, 1 - (feature[1] ?? 0)))

  it('ask the question on which the candidates differ', () => {
    const tree = growTemplates({ features, outcomes }, { depthMax: 2, rowsMin: 10, gainMin: 0.01 })
    expect(tree).toEqual({ templates: [{ feature: 1, threshold: 0.5, below: -1, above: -2 }], templateCount: 2 })
  })

  it('are one when nothing differs or nothing may be asked', () => {
    const flat = features.map(() => Float64Array.of(1, 0))
    const one = { templates: [], templateCount: 1 }
    expect(growTemplates({ features, outcomes: flat }, { depthMax: 2, rowsMin: 10, gainMin: 0.01 })).toEqual(one)
    expect(growTemplates({ features, outcomes }, { depthMax: 0, rowsMin: 10, gainMin: 0.01 })).toEqual(one)
    expect(growTemplates({ features, outcomes }, { depthMax: 2, rowsMin: 60, gainMin: 0.01 })).toEqual(one)
  })
})

describe('operating points', () => {
  it('take the largest weight of a dollar that still reaches the share', () => {
    const count = 400
    const strong = new Float64Array(count).fill(1)
    const weak = Float64Array.from({ length: count }, (_, row) => (row % 10 === 0 ? 0 : 1))
    const rows = {
      success: [strong, weak],
      usd: [new Float64Array(count).fill(0.01), new Float64Array(count).fill(0.001)],
      predictedSuccess: [strong, weak.map((score) => 0.5 + score / 2)],
      predictedUsd: [new Float64Array(count).fill(0.01), new Float64Array(count).fill(0.001)],
    }
    const points = chooseOperatingPoints(rows)
    expect(points.map(({ qualityShare }) => qualityShare)).toEqual([0.9, 0.95, 0.99, 1])
    // Half a right answer is lost by the tenth row; 0.5 / 0.009 dollars is where the strong one stops paying.
    expect(points[3]?.successPerUsd).toBeLessThan(0.5 / 0.009)
    expect(points[3]?.successPerUsd).toBeGreaterThan(0.45 / 0.009)
  })

  it('leave out a share that is reached only at a higher price than the best single model', () => {
    const best = Float64Array.from({ length: 100 }, (_, row) => (row < 80 ? 1 : 0))
    const dear = Float64Array.from({ length: 100 }, (_, row) => (row >= 20 ? 0.99 : 0))
    const usd = [new Float64Array(100).fill(0.001), new Float64Array(100).fill(1)]
    const rows = {
      success: [best, dear],
      usd,
      predictedSuccess: [best, dear],
      predictedUsd: [usd[0], new Float64Array(100)],
    }
    expect(chooseOperatingPoints(rows as Parameters<typeof chooseOperatingPoints>[0])).toEqual([])
  })

  it('leave out a share that no weight reaches', () => {
    const rows = {
      success: [Float64Array.of(1, 1, 0, 1), Float64Array.of(0, 0, 0, 0)],
      usd: [new Float64Array(4), new Float64Array(4)],
      predictedSuccess: [new Float64Array(4), new Float64Array(4).fill(1)],
      predictedUsd: [new Float64Array(4), new Float64Array(4)],
    }
    expect(chooseOperatingPoints(rows)).toEqual([])
  })
})

describe('the cheapest random mix', () => {
  const models = [
    { score: 0.9, usd: 10 },
    { score: 0.6, usd: 1 },
    { score: 0.7, usd: 5 },
  ]

  it('mixes two models just enough', () => {
    expect(cheapestMix(models, 0.75)).toEqual({ first: 0, second: 1, firstShare: expect.closeTo(0.5, 12) as number })
    expect(cheapestMix(models, 0.9)).toMatchObject({ first: 0, firstShare: 1 })
    expect(cheapestMix(models, 0.91)).toBeUndefined()
  })
})

describe('rows of a routing file', () => {
  const read = (row: unknown, label: 'score' | 'score_numeric' = 'score'): ReturnType<typeof parseRoutingRow> =>
    parseRoutingRow(typeof row === 'string' ? row : JSON.stringify(row), { label, place: 'f.jsonl:3' })

  it('keep prompt, outcomes and contamination, and nothing else', () => {
    const row = read({
      id: 'x',
      prompt: 'p',
      subject: 's',
      contaminated: true,
      models: { a: { score: 1, cost_usd: 0.5, response: 'r', chars_out: 3 } },
    })
    expect(row).toEqual({
      prompt: 'p',
      isContaminated: true,
      outcomes: new Map([['a', { score: 1, costUsd: 0.5, response: 'r' }]]),
    })
  })

  it('read the label asked for, and an estimated cost where none was recorded', () => {
    const models = { a: { score: 0, score_numeric: 1, cost_usd_est: 0.1 }, b: { score: 1 } }
    const { outcomes } = read({ prompt: 'p', models }, 'score_numeric')
    expect(outcomes.get('a')).toEqual({ score: 1, costUsd: 0.1 })
    expect(outcomes.get('b')).toEqual({ score: 1 })
  })

  it.each([
    '{',
    '[]',
    '{"prompt":1,"models":{}}',
    '{"prompt":"p"}',
    '{"prompt":"p","models":{"a":{"score":2}}}',
    '{"prompt":"p","models":{"a":{}}}',
  ])('are refused with their place when broken: %s', (line) => {
    expect(() => read(line)).toThrowError(
      expect.objectContaining({
        code: 'TRAINING_DATA_INVALID',
        message: expect.stringContaining('f.jsonl:3') as string,
      }) as Error,
    )
  })
})
