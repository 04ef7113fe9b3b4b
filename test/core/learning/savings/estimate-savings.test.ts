import { describe, expect, it } from 'vitest'
import { createRandomStream } from '../../../../src/base/random-stream.ts'
import type { LoggedTask } from '../../../../src/core/learning/logged-task.ts'
import { baselineProbabilities, mixProbabilities } from '../../../../src/core/learning/savings/baselines.ts'
import { estimateSavings } from '../../../../src/core/learning/savings/estimate-savings.ts'
import { rowsOf } from '../off-policy/log-rows.ts'

/** Model `a` costs 1 cent, `b` (premium) 3; three quarters are begun with `a`. */
const tasks = rowsOf(2000, (at) => ({
  propensities: [0.75, 0.25],
  action: Number(at % 4 === 0),
  costUsd: at % 4 === 0 ? 0.03 : 0.01,
}))

const baseline = (
  name: 'always-cheap' | 'always-premium' | 'random-mix',
  rows: readonly LoggedTask[],
): Parameters<typeof estimateSavings>[0]['baseline'] => ({
  name,
  probabilities: baselineProbabilities(name, rows),
})

describe('estimateSavings', () => {
  it('is what the baseline would have cost, less what was spent', () => {
    const savings = estimateSavings({ tasks, baseline: baseline('always-premium', tasks) })
    if (savings.kind === 'unsupported') throw new Error(savings.message)
    expect(savings.actualUsd.value).toBeCloseTo(0.015, 9)
    expect(savings.baselineUsd.value).toBeCloseTo(0.03, 9)
    expect(savings.savedUsd.value).toBeCloseTo(0.015, 9)
    expect(savings.savedShare?.value).toBeCloseTo(0.5, 9)
    expect(savings.qualityGain?.value).toBeCloseTo(0, 9)
  })

  it('is a share whose interval holds the truth in about 95 of 100 logs', () => {
    const held = Array.from({ length: 200 }, (_, seed) => {
      const random = createRandomStream(seed)
      const log = rowsOf(800, () => {
        const action = Number(random.nextUnit() < 0.25)
        // Of 1 and 3 cents on average, and as long-tailed as costs are.
        return { propensities: [0.75, 0.25], action, costUsd: (action * 2 + 1) * 0.01 * -Math.log(random.nextUnit()) }
      })
      const savings = estimateSavings({ tasks: log, baseline: baseline('always-premium', log) })
      if (savings.kind === 'unsupported' || savings.savedShare === undefined) throw new Error('no figure')
      const { low, high } = savings.savedShare
      return low <= 0.5 && 0.5 <= high && high - low < 0.25
    }).filter(Boolean).length
    expect(held).toBeGreaterThan(182)
    expect(held).toBeLessThan(200)
  })

  it('is below nothing beside a baseline that is cheaper', () => {
    const savings = estimateSavings({ tasks, baseline: baseline('always-cheap', tasks) })
    expect(savings).toMatchObject({ savedUsd: { value: expect.closeTo(-0.005, 9) as number } })
  })

  it('says that a baseline was never tried instead of making a figure up', () => {
    const greedy = rowsOf(2000, () => ({ propensities: [1, 0], action: 0 }))
    expect(estimateSavings({ tasks: greedy, baseline: baseline('always-premium', greedy) })).toEqual({
      kind: 'unsupported',
      baseline: 'always-premium',
      message: 'The baseline always-premium does what the log never did in 100.0 % of tasks; at most 5.0 %',
    })
  })
})

describe('baselines', () => {
  it('begin with the cheapest, with the highest tier, or with either by lot', () => {
    const [row] = tasks
    if (row === undefined) throw new Error('a row is missing')
    expect([...(baselineProbabilities('always-cheap', [row])[0] ?? [])]).toEqual([1, 0])
    expect([...(baselineProbabilities('always-premium', [row])[0] ?? [])]).toEqual([0, 1])
    expect([...(mixProbabilities(0.25, [row])[0] ?? [])]).toEqual([0.75, 0.25])
  })

  it('take no candidate of unknown price for the cheapest', () => {
    const [row] = tasks
    if (row === undefined) throw new Error('a row is missing')
    const unknown = {
      ...row,
      candidates: row.candidates.map((each, at) => (at === 0 ? { ...each, expectedCostUsd: undefined } : each)),
    }
    expect([...(baselineProbabilities('always-cheap', [unknown])[0] ?? [])]).toEqual([0, 1])
  })
})
