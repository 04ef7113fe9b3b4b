import { describe, expect, it } from 'vitest'
import { evaluateLog } from '../../../../src/core/learning/off-policy/evaluate-log.ts'
import { always, rowsOf } from './log-rows.ts'

/** 400 rows, evenly over two models; `a` is right on every second of its rows, `b` on all. */
const even = rowsOf(400, (at) => ({
  propensities: [0.5, 0.5],
  action: at % 2,
  success: at % 2 === 1 || at % 4 === 0 ? 1 : 0,
}))
const [first, second] = [always(even, [1, 0]), always(even, [0, 1])]

describe('evaluateLog', () => {
  it('weighs what was drawn: both policies and their difference, by every estimator', () => {
    const evaluated = evaluateLog({ tasks: even, candidate: second, incumbent: first })
    if (evaluated.kind === 'refused') throw new Error(evaluated.message)
    expect(evaluated).toMatchObject({ rows: 400, disagreement: 1, effectiveDisagreement: 400, unseenDifference: 0 })
    expect(evaluated.weights.candidate).toEqual({
      rows: 400,
      effectiveRows: 200,
      weightMax: 2,
      clippedShare: 0,
      unseenShare: 0,
    })
    for (const estimates of Object.values(evaluated.metrics.success ?? {})) {
      expect(estimates.candidate.value).toBeCloseTo(1, 2)
      expect(estimates.incumbent.value).toBeCloseTo(0.5, 2)
      expect(estimates.difference.value).toBeCloseTo(0.5, 2)
      expect(estimates.difference.low).toBeLessThan(estimates.difference.value)
    }
    // Nothing regresses more often than the candidate is wrong.
    expect(evaluated.regressions).toHaveLength(2)
  })

  it('finds no difference, without an interval, between a policy and itself', () => {
    const evaluated = evaluateLog({ tasks: even, candidate: first, incumbent: first })
    if (evaluated.kind === 'refused') throw new Error(evaluated.message)
    expect(evaluated.metrics.success?.dr.difference).toMatchObject({ value: 0, low: 0, high: 0 })
    expect([evaluated.disagreement, evaluated.effectiveDisagreement]).toEqual([0, Infinity])
  })

  it('refuses a policy that does what the log never did', () => {
    const greedy = rowsOf(400, () => ({ propensities: [1, 0], action: 0 }))
    expect(
      evaluateLog({ tasks: greedy, candidate: always(greedy, [0, 1]), incumbent: always(greedy, [1, 0]) }),
    ).toEqual({
      kind: 'refused',
      reason: 'no-support',
      message: 'The candidate does what the log never did in 100.0 % of tasks; at most 5.0 %',
    })
  })

  it('widens every interval by the little that was never tried', () => {
    const tasks = rowsOf(400, (at) =>
      at < 8 ? { propensities: [1, 0], action: 0 } : { propensities: [0.5, 0.5], action: at % 2 },
    )
    const evaluated = evaluateLog({ tasks, candidate: always(tasks, [0, 1]), incumbent: always(tasks, [1, 0]) })
    if (evaluated.kind === 'refused') throw new Error(evaluated.message)
    expect(evaluated.weights.candidate.unseenShare).toBeCloseTo(0.02, 12)
    expect(evaluated.unseenDifference).toBeCloseTo(0.02, 12)
    // All are right, so that only what was not seen leaves room.
    const { low, high } = evaluated.metrics.success?.dr.difference ?? { low: 0, high: 0 }
    expect(high - low).toBeGreaterThanOrEqual(0.04)
  })

  it('refuses rows of which nobody knows with what probability they came about', () => {
    const unknown = rowsOf(400, () => ({ propensities: [0, 0], action: 0 }))
    expect(
      evaluateLog({ tasks: unknown, candidate: always(unknown, [1, 0]), incumbent: always(unknown, [1, 0]) }),
    ).toMatchObject({
      reason: 'no-propensities',
    })
  })

  it('weighs no log that nobody kept: recorded outcomes have no probabilities, whatever the reader gives them', () => {
    const recorded = even.map((task) => ({ ...task, outcome: { ...task.outcome, source: 'recorded' as const } }))
    const policies = { candidate: always(recorded, [0, 1]), incumbent: always(recorded, [1, 0]) }
    expect(evaluateLog({ tasks: recorded, ...policies })).toMatchObject({
      reason: 'no-propensities',
      message: expect.stringContaining('No policy logged these rows') as unknown,
    })
  })

  it('leaves such rows out where they are some', () => {
    const tasks = [...even, ...rowsOf(50, () => ({ propensities: [0.2, 0.2], action: 0 }))]
    expect(evaluateLog({ tasks, candidate: always(tasks, [0, 1]), incumbent: always(tasks, [1, 0]) })).toMatchObject({
      kind: 'evaluated',
      rows: 400,
      rowsWithoutPropensity: 50,
    })
  })

  it('refuses when too few rows speak of the difference', () => {
    const tasks = rowsOf(1000, (at) =>
      at < 100 ? { propensities: [0.5, 0.5], action: at % 2 } : { propensities: [1, 0], action: 0 },
    )
    const candidate = tasks.map((_, at) => Float64Array.from(at < 100 ? [0, 1] : [1, 0]))
    expect(evaluateLog({ tasks, candidate, incumbent: always(tasks, [1, 0]) })).toMatchObject({
      reason: 'too-few-effective-rows',
      message: 'The log speaks of the difference with the weight of 100.0 tasks; at least 150',
    })
    expect(evaluateLog({ tasks, candidate, incumbent: always(tasks, [1, 0]), effectiveRowsMin: 100 })).toMatchObject({
      kind: 'evaluated',
    })
  })

  it('clips a weight, says so, and leaves room for what it clipped', () => {
    const tasks = rowsOf(400, (at) =>
      at === 0 ? { propensities: [0.999, 0.001], action: 1 } : { propensities: [0.5, 0.5], action: at % 2 },
    )
    const evaluated = evaluateLog({
      tasks,
      candidate: always(tasks, [0, 1]),
      incumbent: always(tasks, [1, 0]),
      effectiveRowsMin: 1,
      unseenShareMax: 10,
    })
    if (evaluated.kind === 'refused') throw new Error(evaluated.message)
    expect(evaluated.weights.candidate).toMatchObject({ weightMax: 1000, clippedShare: 1 / 400 })
    expect(evaluated.unseenDifference).toBeCloseTo(800 / 400, 12)
  })

  it('estimates no cost where it was not measured, and all else', () => {
    const tasks = even.map((task, at) =>
      at % 10 === 0 ? { ...task, outcome: { ...task.outcome, costUsd: undefined } } : task,
    )
    const evaluated = evaluateLog({ tasks, candidate: second, incumbent: first })
    if (evaluated.kind === 'refused') throw new Error(evaluated.message)
    expect([evaluated.metrics.cost, evaluated.metrics.latency === undefined]).toEqual([undefined, false])
  })

  it('takes policies only that fit the tasks', () => {
    expect(() => evaluateLog({ tasks: even, candidate: always(even, [1]), incumbent: first })).toThrow(RangeError)
    expect(() => evaluateLog({ tasks: even, candidate: always(even, [0.6, 0.6]), incumbent: first })).toThrow(
      /sum to 1.2/,
    )
  })
})
