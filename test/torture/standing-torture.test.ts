import { describe, expect, it } from 'vitest'
import { STANDING_TORTURE } from './standing-torture.ts'

const INIT = { deadlineMs: undefined, firstSeed: 1, log: () => {} }

describe('the standing torture', () => {
  it('finds nothing in 40 rounds, and the same again', async () => {
    const report = await STANDING_TORTURE.run({ ...INIT, runs: 40, plant: '' })
    expect(report.failures).toEqual([])
    expect(report.counts['disputes_ended']).toBe(40)
    expect(await STANDING_TORTURE.run({ ...INIT, runs: 40, plant: '' })).toEqual(report)
  })

  it.each(Object.keys(STANDING_TORTURE.plants))('finds %s', async (plant) => {
    const { failures } = await STANDING_TORTURE.run({ ...INIT, runs: 40, plant })
    expect(failures.length).toBeGreaterThan(0)
  })
})
