import { describe, expect, it } from 'vitest'
import { simulateCoverage } from './simulate-coverage.ts'
import { simulateGate } from './simulate-gate.ts'

/** The short form of `node test/simulation/gate.ts`, by a fixed seed; its ranges are what so few runs allow. */
describe('simulated logs', () => {
  it('are held by their 95 % intervals, by every estimator', { timeout: 60_000 }, () => {
    const { coverage, refused } = simulateCoverage({ logging: 'softmax', rows: 1500, runs: 80, seed: 3 })
    expect(refused).toBe(0)
    expect(Object.keys(coverage)).toHaveLength(36)
    expect(Object.entries(coverage).filter(([, share]) => share < 0.87)).toEqual([])
    const mean = Object.values(coverage).reduce((sum, share) => sum + share, 0) / 36
    expect(mean).toBeGreaterThan(0.93)
    expect(mean).toBeLessThan(0.975)
  })
})

describe('the gate over simulated data', () => {
  const judge = (data: 'replay' | 'half-half' | 'epsilon-10', gain: number, runs: number): number =>
    simulateGate({ data, gain, runs, rows: 4000, disagreement: 0.2, seed: 7 }).promoted

  it('promotes three points, and neither nothing nor a loss, from a fixed set', { timeout: 60_000 }, () => {
    expect(judge('replay', 0.03, 10)).toBeGreaterThanOrEqual(9)
    expect(judge('replay', 0, 20)).toBe(0)
    expect(judge('replay', -0.01, 10)).toBe(0)
  })

  it('does the same from the log of a canary', { timeout: 60_000 }, () => {
    expect(judge('half-half', 0.03, 10)).toBeGreaterThanOrEqual(8)
    expect(judge('half-half', 0, 20)).toBe(0)
    expect(judge('half-half', -0.01, 10)).toBe(0)
  })

  it('says that a log of little exploration is not enough', { timeout: 60_000 }, () => {
    const { promoted, refusedBy } = simulateGate({
      data: 'epsilon-10',
      gain: 0.03,
      runs: 5,
      rows: 4000,
      disagreement: 0.2,
      seed: 7,
    })
    expect([promoted, (refusedBy['support'] ?? 0) + (refusedBy['precision'] ?? 0)]).toEqual([0, 5])
  })
})
