import { describe, expect, it } from 'vitest'
import { simulateCanary, type CanarySimulation } from '../../../../src/node/learning/evaluation/simulate-canary.ts'

const SIMULATION: CanarySimulation = {
  seeds: 12,
  seed: 1,
  percent: 10,
  baseBad: 0.05,
  bad: 0.3,
  within: 100,
  cleanRequests: 300,
}

describe('a simulated canary', () => {
  it(
    'takes a bad candidate back in time and leaves a sound one alone, the same for the same seeds',
    { timeout: 60_000 },
    async () => {
      const figures = await simulateCanary(SIMULATION)
      expect(figures).toMatchObject({ rolledBack: 12, lateSeeds: [], falseAlarms: 0, bySlo: { quality: 12 } })
      expect(figures.requestsMax).toBeLessThanOrEqual(100)
      expect(await simulateCanary(SIMULATION)).toEqual(figures)
    },
  )

  it(
    'names the seeds in which a candidate that is as good as the incumbent was, rightly, left alone',
    { timeout: 60_000 },
    async () => {
      const figures = await simulateCanary({ ...SIMULATION, seeds: 3, bad: 0.05, cleanRequests: 1 })
      expect(figures).toMatchObject({ rolledBack: 0, lateSeeds: [1, 2, 3], requestsMedian: null })
    },
  )

  it('stops when it is told to', async () => {
    const controller = new AbortController()
    const stopping = simulateCanary(SIMULATION, {
      signal: controller.signal,
      onProgress: () => controller.abort(new Error('enough')),
    })
    await expect(stopping).rejects.toThrow('enough')
  })
})
