import { describe, expect, it } from 'vitest'
import { ESTIMATE_START, LOG_ODDS_START } from '../../../../src/core/learning/calibrate.ts'
import type { LoggedTask, ObservedOutcome, OutcomeSource } from '../../../../src/core/learning/logged-task.ts'
import { chooseMethod, type MethodFigures } from '../../../../src/core/learning/training/choose-method.ts'
import { foldKeyOf } from '../../../../src/core/learning/training/fold-key.ts'
import {
  ESCALATED,
  WEIGHT_MAX,
  outcomeWeight,
  settleWeights,
} from '../../../../src/core/learning/training/outcome-weight.ts'
import {
  areaUnderRoc,
  calibrationOf,
  crossCalibrated,
  expectedCalibrationError,
  meanLogLoss,
  type ScoredRows,
} from '../../../../src/core/learning/training/training-metrics.ts'
import { createRandomStream } from '../../../../src/base/random-stream.ts'
import { sigmoid } from '../../../../src/base/deterministic-math.ts'

describe('the weight of an outcome', () => {
  const outcome = (source: OutcomeSource): ObservedOutcome => ({
    success: 1,
    costUsd: undefined,
    latencyMs: undefined,
    source,
  })
  const task = (propensity: number): LoggedTask => ({
    taskHash: 'h',
    timestamp: undefined,
    prompt: 'p',
    features: undefined,
    risk: 'low',
    policyVersion: undefined,
    candidates: [],
    action: 'chosen',
    propensity,
    outcome: outcome('executed'),
    observed: new Map(),
  })

  it.each([
    ['of the chosen model is one over its probability', 'chosen', 'executed', 0.25, 4],
    ['of an explored model likewise', 'chosen', 'exploration', 0.1, 10],
    ['is bounded', 'chosen', 'exploration', 0.001, WEIGHT_MAX],
    ['of a shadow run is 1', 'other', 'shadow', 0.25, 1],
    ['of a recorded outcome is 1', 'chosen', 'recorded', 0.25, 1],
    ['of a model that was escalated to is marked', 'other', 'executed', 0.25, ESCALATED],
  ] as const)('%s', (_, model, source, propensity, weight) => {
    expect(outcomeWeight(task(propensity), model, outcome(source))).toBe(weight)
  })

  it('has a mean of 1, and escalated outcomes count only for lack of others', () => {
    const many = Float32Array.from({ length: 42 }, (_, row) => [1, 3, ESCALATED][Math.floor(row / 20)] ?? 0)
    expect(settleWeights(many)).toEqual({ count: 40, effectiveCount: 32, isEscalatedOnly: false })
    expect([many[0], many[20], many[41]]).toEqual([0.5, 1.5, 0])
    const few = Float32Array.from([1, ESCALATED, Number.NaN, ESCALATED])
    expect(settleWeights(few)).toEqual({ count: 3, effectiveCount: 3, isEscalatedOnly: true })
    expect([...few]).toEqual([1, 1, 0, 1])
  })

  it('undoes the choice: the mean over a log is the mean over all tasks', () => {
    const random = createRandomStream(5)
    const weights: number[] = []
    const outcomes: number[] = []
    for (let row = 0; row < 20_000; row += 1) {
      const isEasy = random.nextUnit() < 0.5
      const propensity = isEasy ? 0.8 : 0.1
      const success = random.nextUnit() < (isEasy ? 0.9 : 0.3) ? 1 : 0
      const isSeen = random.nextUnit() < propensity
      weights.push(isSeen ? outcomeWeight(task(propensity), 'chosen', outcome('executed')) : Number.NaN)
      outcomes.push(success)
    }
    const settled = Float32Array.from(weights)
    const { count } = settleWeights(settled)
    const seen = outcomes.reduce((sum, value, row) => sum + ((settled[row] ?? 0) > 0 ? value : 0), 0) / count
    const weighted = outcomes.reduce((sum, value, row) => sum + value * (settled[row] ?? 0), 0) / count
    expect(seen).toBeGreaterThan(0.8)
    expect(Math.abs(weighted - 0.6)).toBeLessThan(0.02)
  })
})

describe('figures of scored rows', () => {
  /** Scores whose log odds are half as large as they should be. */
  function timidRows(count: number): ScoredRows {
    const random = createRandomStream(3)
    const truth = Float64Array.from({ length: count }, () => random.nextUnit() * 6 - 3)
    return {
      scores: truth.map((logOdds) => logOdds / 2),
      outcomes: truth.map((logOdds) => (random.nextUnit() < sigmoid(logOdds) ? 1 : 0)),
      weights: new Float64Array(count).fill(1),
      folds: Uint8Array.from(truth, (_, row) => row % 5),
    }
  }

  it('calibration takes the error away', () => {
    const rows = timidRows(4000)
    const before = rows.scores.map((score) => sigmoid(score))
    const after = crossCalibrated(rows, LOG_ODDS_START)
    expect(expectedCalibrationError(before, rows)).toBeGreaterThan(0.08)
    expect(expectedCalibrationError(after, rows)).toBeLessThan(0.04)
    expect(meanLogLoss(after, rows)).toBeLessThan(meanLogLoss(before, rows))
  })

  it('a row is calibrated without its own fold', () => {
    const rows = timidRows(400)
    const other = {
      ...rows,
      outcomes: rows.outcomes.map((outcome, row) => (rows.folds[row] === 2 ? 1 - outcome : outcome)),
    }
    const [first, second] = [rows, other].map((set) => crossCalibrated(set, ESTIMATE_START))
    const inFold = (chances: Float64Array | undefined): number[] =>
      [...(chances ?? [])].filter((_, row) => row % 5 === 2)
    expect(inFold(first)).toEqual(inFold(second))
    expect(first).not.toEqual(second)
  })

  it('what a fit would surely make worse stays as it starts', () => {
    const random = createRandomStream(8)
    const scores = Float64Array.from({ length: 400 }, () => random.nextUnit() * 4 - 2)
    // What is right in one half is wrong in the other, so that a fit on either is the contrary of what the other needs.
    const rows: ScoredRows = {
      scores,
      outcomes: scores.map((_, row) => row % 2),
      weights: new Float64Array(400).fill(1),
      folds: Uint8Array.from(scores, (_, row) => row % 2),
    }
    expect(crossCalibrated(rows, LOG_ODDS_START)).toEqual(scores.map((score) => sigmoid(score)))
    expect(calibrationOf(rows, LOG_ODDS_START)).toEqual(LOG_ODDS_START)
    expect(calibrationOf(timidRows(4000), LOG_ODDS_START).slope).toBeCloseTo(2, 0)
  })

  it('rows of a single fold are calibrated all the same', () => {
    const rows = { ...timidRows(4000), folds: new Uint8Array(4000).fill(3) }
    expect(expectedCalibrationError(crossCalibrated(rows, LOG_ODDS_START), rows)).toBeLessThan(0.04)
    expect(calibrationOf(rows, LOG_ODDS_START).slope).toBeCloseTo(2, 0)
  })

  it('the area under the curve counts ties by half, and weights', () => {
    const rows = (scores: number[], outcomes: number[], weights = scores.map(() => 1)): ScoredRows => ({
      scores: Float64Array.from(scores),
      outcomes: Float64Array.from(outcomes),
      weights: Float64Array.from(weights),
      folds: new Uint8Array(scores.length),
    })
    expect(areaUnderRoc(rows([1, 2, 3, 4], [0, 0, 1, 1]))).toBe(1)
    expect(areaUnderRoc(rows([1, 1, 1], [0, 1, 0]))).toBe(0.5)
    expect(areaUnderRoc(rows([3, 1, 2], [0, 0, 1], [1, 3, 1]))).toBe(0.75)
    expect(areaUnderRoc(rows([1, 2], [1, 1]))).toBeNaN()
  })
})

describe('the choice of a method', () => {
  const random = createRandomStream(1)
  const noise = Float64Array.from({ length: 400 }, () => random.nextUnit())
  const method = (name: string, losses: Float64Array, others: Partial<MethodFigures> = {}): MethodFigures => ({
    name,
    rowLosses: losses,
    costAtQuality: undefined,
    rowGains: undefined,
    ...others,
  })
  const better = noise.map((loss, row) => loss - 0.05 + (row % 2) * 0.02)
  const same = noise.map((loss, row) => loss - 0.002 + (row % 2 === 0 ? 0.3 : -0.3))

  it('leaves the first one standing where rows do not show a difference', () => {
    expect(chooseMethod([method('first', noise), method('second', same)])).toBe(0)
  })

  it('takes one that is surely better, and looks only at rows that both have', () => {
    const part = better.map((loss, row) => (row < 200 ? loss : Number.NaN))
    expect(chooseMethod([method('first', noise), method('second', part)])).toBe(1)
  })

  it('does not take a smaller loss that makes dearer choices', () => {
    const dear = method('second', better, { costAtQuality: 0.5 })
    expect(chooseMethod([method('first', noise, { costAtQuality: 0.4 }), dear])).toBe(0)
    expect(chooseMethod([method('first', noise, { costAtQuality: 0.6 }), dear])).toBe(1)
  })

  it('goes by the ranking with a pair, whatever the losses', () => {
    const first = method('first', noise, { rowGains: noise })
    expect(chooseMethod([first, method('second', better, { rowGains: noise })])).toBe(0)
    expect(
      chooseMethod([
        first,
        method('second', noise, { rowGains: noise.map((gain, row) => gain + 0.1 + (row % 3) / 50) }),
      ]),
    ).toBe(1)
  })
})

describe('folds', () => {
  it('depend on the task and the seed alone, and are of about one size', () => {
    expect(foldKeyOf('a1b2', 1)).toBe(foldKeyOf('a1b2', 1))
    expect(foldKeyOf('a1b2', 1)).not.toBe(foldKeyOf('a1b2', 2))
    const sizes = new Uint32Array(5)
    for (let row = 0; row < 10_000; row += 1) {
      const fold = foldKeyOf(`task-${row}`, 7) % 5
      sizes[fold] = (sizes[fold] ?? 0) + 1
    }
    expect(Math.min(...sizes)).toBeGreaterThan(1850)
  })
})
