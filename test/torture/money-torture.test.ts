import { describe, expect, it } from 'vitest'
import { MONEY_TORTURE } from './money-torture.ts'

const RUN = { deadlineMs: undefined, firstSeed: 1, log: () => {} } as const

describe('the torture of money', () => {
  it('finds nothing, and meets every outcome', async () => {
    const report = await MONEY_TORTURE.run({ ...RUN, runs: 20_000, plant: '' })
    expect(report.failures).toEqual([])
    expect(report.runs).toBe(20_000)
    expect(Object.keys(report.counts)).toEqual(expect.arrayContaining(['transfer-expired', 'LEDGER_CHAIN_MIXED']))
  })

  it('goes the same way for the same seed', async () => {
    const [one, other] = [
      await MONEY_TORTURE.run({ ...RUN, runs: 1_000, plant: '' }),
      await MONEY_TORTURE.run({ ...RUN, runs: 1_000, plant: '' }),
    ]
    expect(one).toEqual(other)
  })

  it.each(Object.keys(MONEY_TORTURE.plants))('catches %s', async (plant) => {
    const report = await MONEY_TORTURE.run({ ...RUN, runs: 20_000, plant })
    expect(report.failures).not.toEqual([])
  })
})
