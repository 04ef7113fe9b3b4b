import { describe, expect, it } from 'vitest'
import {
  doublyRobustTerms,
  ipsTerms,
  selfNormalisedTerms,
} from '../../../../src/core/learning/off-policy/estimators.ts'
import {
  effectiveDisagreement,
  importanceWeights,
} from '../../../../src/core/learning/off-policy/importance-weights.ts'
import { meanOf } from '../../../../src/core/learning/off-policy/mean-interval.ts'

const log = {
  logged: [Float64Array.of(0.5, 0.5), Float64Array.of(0.8, 0.2), Float64Array.of(1, 0)],
  actions: Int32Array.of(0, 1, 0),
}
const policy = [Float64Array.of(1, 0), Float64Array.of(0, 1), Float64Array.of(0.5, 0.5)]
const rewards = Float64Array.of(1, 0.5, 1)

describe('importanceWeights', () => {
  it('are what the policy does over what was logged, with what they are worth', () => {
    const { weights, diagnostics, clippedMass } = importanceWeights(log, policy)
    expect([...weights]).toEqual([2, 5, 0.5])
    expect(diagnostics.effectiveRows).toBeCloseTo((7.5 * 7.5) / (4 + 25 + 0.25), 12)
    // Half of the third row is something that was never tried.
    expect(diagnostics).toMatchObject({ rows: 3, weightMax: 5, clippedShare: 0, unseenShare: 0.5 / 3 })
    expect(clippedMass).toBe(0)
  })

  it('are cut at the clip', () => {
    const { weights, diagnostics, clippedMass } = importanceWeights(log, policy, 3)
    expect([...weights]).toEqual([2, 3, 0.5])
    expect([diagnostics.clippedShare, clippedMass]).toEqual([1 / 3, 2 / 3])
  })

  it('cancel where two policies do the same', () => {
    expect(effectiveDisagreement(Float64Array.of(1, 1, 2), Float64Array.of(1, 1, 0))).toBe(1)
    expect(effectiveDisagreement(Float64Array.of(1, 1), Float64Array.of(1, 1))).toBe(0)
  })
})

describe('estimators', () => {
  const { weights } = importanceWeights(log, policy)

  it('weigh rewards', () => {
    expect([...ipsTerms(weights, rewards)]).toEqual([2, 2.5, 0.5])
  })

  it('divide by the weights when normalised', () => {
    expect(meanOf(selfNormalisedTerms(weights, rewards))).toBeCloseTo(5 / 7.5, 12)
    expect([...selfNormalisedTerms(new Float64Array(2), Float64Array.of(1, 1))]).toEqual([0, 0])
  })

  it('correct a model of the rewards by what it missed', () => {
    const predicted = [Float64Array.of(0.9, 0.1), Float64Array.of(0.4, 0.6), Float64Array.of(0.8, 0.2)]
    const terms = doublyRobustTerms(log, { probabilities: policy, weights }, { rewards, predicted })
    for (const [at, expected] of [1.1, 0.1, 0.6].entries()) expect(terms[at]).toBeCloseTo(expected, 12)
  })

  it('is exact without weights when the model is right', () => {
    const predicted = [Float64Array.of(1, 0), Float64Array.of(0, 0.5), Float64Array.of(1, 1)]
    expect(meanOf(doublyRobustTerms(log, { probabilities: policy, weights }, { rewards, predicted }))).toBeCloseTo(
      2.5 / 3,
      12,
    )
  })
})
