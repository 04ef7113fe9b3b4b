import { describe, expect, it } from 'vitest'
import { ESCROW_TORTURE } from './escrow-torture.ts'

const RUN = { deadlineMs: undefined, firstSeed: 1, log: () => {} } as const

describe('the torture of contracts', () => {
  it(
    'finds nothing in small worlds, explores them to the end, and goes the same way twice',
    { timeout: 120_000 },
    async () => {
      const report = await ESCROW_TORTURE.run({ ...RUN, runs: 1, plant: '' })
      expect(report.failures).toEqual([])
      expect(report.counts).toMatchObject({ complete: true, edges_covered: 51, timers_covered: 10 })
      expect(await ESCROW_TORTURE.run({ ...RUN, runs: 1, plant: '' })).toEqual(report)
    },
  )

  it('has at least 15 plants', () => {
    expect(Object.keys(ESCROW_TORTURE.plants).length).toBeGreaterThanOrEqual(15)
  })

  it.each(Object.keys(ESCROW_TORTURE.plants))('catches %s', { timeout: 120_000 }, async (plant) => {
    const report = await ESCROW_TORTURE.run({ ...RUN, runs: 1, plant })
    expect(report.failures).not.toEqual([])
  })
})
