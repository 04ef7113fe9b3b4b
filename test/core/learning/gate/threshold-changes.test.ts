import { describe, expect, it } from 'vitest'
import { GATE_DEFAULTS } from '../../../../src/core/learning/gate/gate-thresholds.ts'
import {
  changedThresholds,
  thresholdsAbove,
  thresholdsBelow,
} from '../../../../src/core/learning/gate/threshold-changes.ts'

const changed = (change: Partial<typeof GATE_DEFAULTS>): readonly string[] =>
  changedThresholds({ ...GATE_DEFAULTS, ...change }).map(
    ({ name, value, usual, isRelaxed }) => `${name} ${value} for ${usual}${isRelaxed ? ', relaxed' : ''}`,
  )

describe('thresholds of a gate that are not the default', () => {
  it('are named, and which of them let more through', () => {
    expect(changed({})).toEqual([])
    expect(changed({ qualityMargin: -1, rowsMin: 10, calibrationErrorMax: 0.5 })).toEqual([
      'qualityMargin -1 for 0.01, relaxed',
      'calibrationErrorMax 0.5 for 0.1, relaxed',
      'rowsMin 10 for 1000, relaxed',
    ])
    expect(changed({ costTolerance: null })).toEqual(['costTolerance null for 0.05, relaxed'])
    expect(changed({ qualityMargin: 0.05, rowsMin: 9000, costTarget: 0.2 })).toEqual([
      'qualityMargin 0.05 for 0.01',
      'costTarget 0.2 for null',
      'rowsMin 9000 for 1000',
    ])
    // What must be cheaper need not also keep the tolerance.
    expect(changed({ costTolerance: null, costTarget: 0.2 })).not.toContain('costTolerance null for 0.05, relaxed')
  })

  it('are too loose below a floor, and a floor above the default takes its place', () => {
    const floors = { qualityMargin: 0.02, costTolerance: 0.5, rowsMin: 500 }
    expect(thresholdsAbove(floors)).toEqual({ qualityMargin: 0.02 })
    expect(thresholdsBelow({ ...GATE_DEFAULTS, ...thresholdsAbove(floors) }, floors)).toEqual([])
    expect(thresholdsBelow({ ...GATE_DEFAULTS, costTolerance: null, rowsMin: 499 }, floors)).toEqual([
      'qualityMargin',
      'costTolerance',
      'rowsMin',
    ])
  })
})
