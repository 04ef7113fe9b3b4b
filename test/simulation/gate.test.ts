import { describe, expect, it } from 'vitest'
import { simulateCoverage } from './simulate-coverage.ts'
import { atLeast, atMost, isAbove, isBelow, isOutside } from './by-luck.ts'
import { simulateDoor } from './simulate-door.ts'
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

describe('the gate at the door of `kernell policy evaluate --gate`', () => {
  it.each(['replay', 'half-half'] as const)(
    'promotes three points, and neither the same artefact nor one of equal quality: %s',
    { timeout: 120_000 },
    async (data) => {
      const judge = async (gain: number | 'same', runs: number): ReturnType<typeof simulateDoor> =>
        await simulateDoor({ data, gain, runs, rows: 4000, seed: 7 })
      const simulations = [await judge('same', 1), await judge(0, 1), await judge(0.03, 1)]
      expect(simulations.map(({ promoted }) => promoted)).toEqual([0, 0, 1])
      expect(simulations.flatMap(({ faults }) => faults)).toEqual([])
    },
  )
})

describe('what luck may do', () => {
  it('is the binomial distribution', () => {
    expect(atMost(1, 3, 0.5)).toBeCloseTo(0.5, 12)
    expect(atLeast(3, 3, 0.5)).toBeCloseTo(0.125, 12)
    expect(atMost(57, 60, 0.95)).toBeCloseTo(0.5826, 4)
  })

  it('has more room in fewer runs, and none beyond the promise in as many as it names', () => {
    const coverage = { range: [0.93, 0.97], luck: 0.002 } as const
    expect([isOutside(0.9, 60, coverage), isOutside(1, 60, coverage), isOutside(0.8, 60, coverage)]).toEqual([
      false,
      false,
      true,
    ])
    expect([isOutside(0.925, 1000, coverage), isOutside(0.975, 1000, coverage)]).toEqual([true, true])
    expect([isAbove(1, 60, 0.01), isAbove(5, 60, 0.01), isAbove(11, 1000, 0.01)]).toEqual([false, true, true])
    expect([isBelow(3, 4, 0.8), isBelow(0, 4, 0.8), isBelow(159, 200, 0.8)]).toEqual([false, true, true])
  })
})
