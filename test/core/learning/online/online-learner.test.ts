import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createRandomStream, type RandomStream } from '../../../../src/base/random-stream.ts'
import {
  createOnlineLearner,
  pooledPriorOf,
  type ExecutedOutcome,
  type OnlineLearner,
} from '../../../../src/core/learning/online/online-learner.ts'
import { addOutcome, createOutcomeSums } from '../../../../src/core/learning/online/outcome-statistics.ts'
import { invertPositiveDefinite } from '../../../../src/core/learning/online/positive-definite.ts'
import { solvePooled, type PooledPrior } from '../../../../src/core/learning/online/pooled-posterior.ts'
import { formatPolicyArtefact, parsePolicyArtefact } from '../../../../src/core/policy/policy-artefact.ts'
import { createPolicyScorer } from '../../../../src/core/policy/policy-scorer.ts'
import type { FeatureRecipe } from '../../../../src/core/policy/feature-recipe.ts'
import { PROMPT_FEATURES } from '../../../../src/core/policy/prompt-features.ts'

const LINEAGE = { dataCardHash: 'card', codeVersion: 'test', metrics: {} }

/** Solves a x = b by Gaussian elimination with pivots: nothing of the code under test. */
function eliminate(matrix: readonly (readonly number[])[], right: readonly number[]): readonly number[] {
  const size = right.length
  const rows = matrix.map((row, index) => [...row, right[index] ?? 0])
  for (let column = 0; column < size; column += 1) {
    let pivot = column
    for (let row = column; row < size; row += 1)
      if (Math.abs(rows[row]?.[column] ?? 0) > Math.abs(rows[pivot]?.[column] ?? 0)) pivot = row
    const [a, b] = [rows[column] ?? [], rows[pivot] ?? []]
    rows[column] = b
    rows[pivot] = a
    for (let row = 0; row < size; row += 1) {
      const factor = (rows[row]?.[column] ?? 0) / (b[column] ?? 1)
      if (row !== column && factor !== 0)
        rows[row] = (rows[row] ?? []).map((value, at) => value - factor * (b[at] ?? 0))
    }
  }
  return rows.map((row, index) => (row[size] ?? 0) / (row[index] ?? 1))
}

type Outcome = {
  readonly candidate: number
  readonly input: Float64Array
  readonly success: number
  readonly weight: number
}

/** Posterior mean of (b, d_1 .. d_K) from all outcomes at once, as one system of equations. */
function batchMeans(outcomes: readonly Outcome[], prior: PooledPrior, count: number): readonly (readonly number[])[] {
  const size = prior.common.length
  const whole = size * (1 + count)
  const matrix = Array.from({ length: whole }, (_, row) =>
    Array.from({ length: whole }, (_entry, column) => {
      if (row !== column) return 0
      return 1 / ((row < size ? prior.common[row] : prior.own[row % size]) ?? 1)
    }),
  )
  const right = Array.from({ length: whole }, () => 0)
  for (const { candidate, input, success, weight } of outcomes) {
    const design = Array.from({ length: whole }, () => 0)
    for (const [j, value] of input.entries()) {
      design[j] = value
      design[size * (1 + candidate) + j] = value
    }
    for (const [row, value] of design.entries()) {
      right[row] = (right[row] ?? 0) + (weight * value * success) / prior.noise
      const line = matrix[row]
      if (line !== undefined)
        for (const [column, other] of design.entries())
          line[column] = (line[column] ?? 0) + (weight * value * other) / prior.noise
    }
  }
  const joint = eliminate(matrix, right)
  return Array.from({ length: count }, (_, k) =>
    Array.from({ length: size }, (_entry, j) => (joint[j] ?? 0) + (joint[size * (1 + k) + j] ?? 0)),
  )
}

describe('the pooled posterior', () => {
  const number = fc.double({ min: -2, max: 2, noNaN: true })
  const outcome = fc.record({
    candidate: fc.integer({ min: 0, max: 2 }),
    input: fc.array(number, { minLength: 3, maxLength: 3 }).map((values) => Float64Array.from(values)),
    success: fc.double({ min: 0, max: 1, noNaN: true }),
    weight: fc.constantFrom(1, 0.5),
  })
  const prior: PooledPrior = {
    common: Float64Array.of(0.1, 0.4, 0.2),
    own: Float64Array.of(0.05, 0.3, 0.1),
    noise: 0.2,
  }

  it('of one outcome after another is that of all at once', () => {
    fc.assert(
      fc.property(fc.array(outcome, { maxLength: 25 }), (outcomes) => {
        const sums = createOutcomeSums(3, 3)
        for (const each of outcomes) addOutcome(sums, { ...each, costUsd: undefined }, 0)
        const { weights } = solvePooled(sums, prior)
        const expected = batchMeans(outcomes, prior, 3)
        for (const [k, own] of weights.entries())
          for (const [j, value] of own.entries()) expect(value).toBeCloseTo(expected[k]?.[j] ?? Number.NaN, 8)
      }),
      { seed: 3 },
    )
  })

  it('has the variance of what is common and what is own before anything is learned, and less after', () => {
    const sums = createOutcomeSums(3, 3)
    const before = solvePooled(sums, prior).covariance[0]
    expect(before?.[0]).toBeCloseTo(0.15, 9)
    addOutcome(sums, { candidate: 1, input: Float64Array.of(1, 0, 0), success: 1, costUsd: undefined, weight: 1 }, 0)
    const [other, own] = solvePooled(sums, prior).covariance
    // What another candidate did says something of what is common.
    expect(other?.[0]).toBeLessThan(0.15)
    expect(own?.[0]).toBeLessThan(other?.[0] ?? 0)
  })

  it('is refused for a matrix that is not positive definite', () => {
    expect(() => invertPositiveDefinite(Float64Array.of(1, 2, 2, 1), 2)).toThrow(RangeError)
  })
})

const RECIPE: FeatureRecipe = {
  centre: new Float64Array(PROMPT_FEATURES.length),
  scale: Float64Array.from(PROMPT_FEATURES, (_, index) => (index < 3 ? 1 : 0)),
  difficultyCentre: 0,
  difficultyScale: 0,
  templates: [],
  templateCount: 1,
  bucketBits: 0,
}

function learnerOf(candidates: readonly string[] = ['strong', 'weak']): OnlineLearner {
  const size = pooledPriorOf(RECIPE).common.length
  const priorWeights = candidates.map(() => {
    const weights = new Float64Array(size)
    weights[size - 1] = 0.8
    return weights
  })
  return createOnlineLearner({ recipe: RECIPE, candidates, priorWeights })
}

function features(random: RandomStream): Float64Array {
  return Float64Array.from(PROMPT_FEATURES, (_, index) => (index < 3 ? 2 * random.nextUnit() - 1 : 0))
}

/** The weak model fails where the first feature is high, and the strong one costs ten times as much. */
function outcomes(count: number, seed: number): readonly ExecutedOutcome[] {
  const random = createRandomStream(seed)
  return Array.from({ length: count }, () => {
    const model = random.nextUnit() < 0.5 ? 'strong' : 'weak'
    const own = features(random)
    const chance = model === 'strong' ? 0.9 : 0.5 - 0.45 * (own[0] ?? 0)
    const scale = 1 + 0.5 * (own[1] ?? 0)
    return {
      model,
      features: own,
      success: random.nextUnit() < chance ? 1 : 0,
      costUsd: (model === 'strong' ? 0.01 : 0.001) * scale,
      weight: 1,
    }
  })
}

describe('the online learner', () => {
  it('starts with the priors and no costs', () => {
    const artefact = learnerOf().artefact(LINEAGE)
    const { raw } = createPolicyScorer({ artefact }).scoreFeatures(features(createRandomStream(1)))
    expect([...raw].map((value) => Math.round(1e6 * value) / 1e6)).toEqual([0.8, 0.8])
    expect(artefact.usd).toBeUndefined()
    expect(artefact.operatingPoints).toEqual([])
  })

  it('learns which model fails where, what calls cost, and how sure it is', () => {
    const learner = learnerOf()
    const doubt = (): number => {
      const scorer = createPolicyScorer({ artefact: learner.artefact(LINEAGE) })
      return scorer.uncertaintyOf(scorer.encodeRaw(new Float64Array(PROMPT_FEATURES.length)))?.[0] ?? 0
    }
    const before = doubt()
    for (const outcome of outcomes(2_000, 5)) learner.learn(outcome)
    expect(doubt()).toBeLessThan(before / 20)
    const scorer = createPolicyScorer({ artefact: learner.artefact(LINEAGE) })
    const at = (first: number, second = 0): Float64Array =>
      Float64Array.from(PROMPT_FEATURES, (_, index) => [first, second][index] ?? 0)
    expect(scorer.scoreFeatures(at(-0.8)).raw[1]).toBeGreaterThan(0.75)
    expect(scorer.scoreFeatures(at(0.8)).raw[1]).toBeLessThan(0.25)
    expect(scorer.scoreFeatures(at(0.8)).raw[0]).toBeGreaterThan(0.8)
    const [strong, weak] = scorer.expectedUsdOf(scorer.encodeRaw(at(0, 0.8))) ?? []
    expect(strong).toBeCloseTo(0.014, 3)
    expect(weak).toBeCloseTo(0.0014, 4)
  })

  it('gives the same policy whatever the order, and takes back what it is told to', () => {
    const some = outcomes(60, 7)
    const [forward, backward, corrected] = [learnerOf(), learnerOf(), learnerOf()]
    for (const outcome of some) forward.learn(outcome)
    for (const outcome of some.toReversed()) backward.learn(outcome)
    const wrong: ExecutedOutcome = {
      model: 'weak',
      features: features(createRandomStream(9)),
      success: 0,
      costUsd: 1,
      weight: 1,
    }
    corrected.learn(wrong)
    for (const outcome of some) corrected.learn(outcome)
    corrected.learn({ ...wrong, weight: -1 })
    const dense = (learner: OnlineLearner): readonly number[] =>
      [...learner.artefact(LINEAGE).success.dense].map((value) => Math.round(1e5 * value))
    expect(dense(backward)).toEqual(dense(forward))
    expect(dense(corrected)).toEqual(dense(forward))
    expect(corrected.weight).toBe(60)
  })

  it('costs a model that was never called as much as the others on average', () => {
    const learner = learnerOf(['strong', 'weak', 'never'])
    for (const outcome of outcomes(400, 11)) learner.learn(outcome)
    const scorer = createPolicyScorer({ artefact: learner.artefact(LINEAGE) })
    const [, , never] = scorer.expectedUsdOf(scorer.encodeRaw(new Float64Array(PROMPT_FEATURES.length))) ?? []
    expect(never).toBeCloseTo(0.0055, 3)
  })

  it('chooses operating points by prediction: less quality asked for, more weight of a dollar', () => {
    const learner = learnerOf()
    for (const outcome of outcomes(2_000, 13)) learner.learn(outcome)
    const points = learner.artefact(LINEAGE).operatingPoints
    expect(points.map(({ qualityShare }) => qualityShare)).toEqual([0.9, 0.95, 0.99, 1])
    const weights = points.map(({ successPerUsd }) => successPerUsd)
    expect(weights).toEqual(weights.toSorted((a, b) => b - a))
    expect(weights[0]).toBeGreaterThan(weights[3] ?? 0)
  })

  it('is read back as it was written', () => {
    const learner = learnerOf()
    for (const outcome of outcomes(50, 17)) learner.learn(outcome)
    const text = formatPolicyArtefact(learner.artefact(LINEAGE))
    expect(formatPolicyArtefact(parsePolicyArtefact(text))).toBe(text)
  })

  it('refuses a model that it was not asked to learn', () => {
    expect(() =>
      learnerOf().learn({
        model: 'other',
        features: new Float64Array(PROMPT_FEATURES.length),
        success: 1,
        costUsd: 1,
        weight: 1,
      }),
    ).toThrow(RangeError)
  })
})
