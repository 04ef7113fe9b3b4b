import { describe, expect, it } from 'vitest'
import { calibrationError } from '../../../../src/core/learning/gate/calibration-error.ts'

describe('calibrationError', () => {
  it('is the mean distance over bins of equal weight', () => {
    const predicted = Float64Array.from({ length: 1000 }, (_, at) => (at < 500 ? 0.2 : 0.8))
    const right = Float64Array.from({ length: 1000 }, (_, at) => Number(at % 10 < (at < 500 ? 3 : 8)))
    expect(calibrationError({ predicted, right, weights: new Float64Array(1000).fill(1) }).error).toBeCloseTo(0.05, 9)
  })

  it('counts rows by their weight, and those of none not at all', () => {
    const { error, bins } = calibrationError({
      predicted: Float64Array.of(0.5, 0.5, 0.9),
      right: Float64Array.of(1, 0, 0),
      weights: Float64Array.of(3, 1, 0),
    })
    expect(bins.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1, 12)
    expect(error).toBeCloseTo(0.5, 9)
  })

  it('knows nothing without rows', () => {
    const none = new Float64Array(0)
    expect(calibrationError({ predicted: none, right: none, weights: none })).toEqual({ error: undefined, bins: [] })
  })
})
