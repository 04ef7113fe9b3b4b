import { describe, expect, it } from 'vitest'
import { createRandomStream } from '../../../../src/base/random-stream.ts'
import { evaluateLog } from '../../../../src/core/learning/off-policy/evaluate-log.ts'
import type { Estimate } from '../../../../src/core/learning/off-policy/mean-interval.ts'
import { replayPolicies } from '../../../../src/core/learning/off-policy/replay.ts'
import { clusteredInterval, clusterTasks } from '../../../../src/core/learning/off-policy/task-clusters.ts'
import { always, rowsOf } from './log-rows.ts'

const named = (...names: readonly (readonly [hash: string, prompt?: string])[]): ReturnType<typeof clusterTasks> =>
  clusterTasks(names.map(([taskHash, prompt]) => ({ taskHash, prompt })))

describe('rows of one task', () => {
  it('are known by the hash, or by the text where hashes were salted differently', () => {
    expect([...named(['a'], ['b'], ['a'], ['c']).places]).toEqual([0, 1, 0, 2])
    expect(named(['a', 'one'], ['b', 'two'], ['c', 'one'], ['b']).places).toEqual(Int32Array.of(0, 1, 0, 1))
  })

  it('make no interval narrower, however often they are repeated', () => {
    const random = createRandomStream(5)
    const once = Float64Array.from({ length: 500 }, () => Number(random.nextUnit() < 0.3))
    const single = clusteredInterval(once, { places: Int32Array.from(once.keys()), count: 500 })
    const fourTimes = Float64Array.from({ length: 2000 }, (_, row) => once[row % 500] ?? 0)
    const repeated = clusteredInterval(fourTimes, {
      places: Int32Array.from(fourTimes, (_, row) => row % 500),
      count: 500,
    })
    expect(repeated.low).toBeCloseTo(single.low, 12)
    expect(repeated.high).toBeCloseTo(single.high, 12)
  })

  it('leave the mean of rows held in 95 % of samples, when some are repeated much more often than others', () => {
    let held = 0
    for (let run = 0; run < 1000; run += 1) {
      const random = createRandomStream(run + 1)
      const terms: number[] = []
      const places: number[] = []
      for (let task = 0; task < 300; task += 1) {
        const isHot = random.nextUnit() < 0.1
        const value = Number(random.nextUnit() < (isHot ? 0.8 : 0.4))
        for (let time = 0; time < (isHot ? 10 : 1); time += 1) {
          terms.push(value)
          places.push(task)
        }
      }
      // Hot tasks are 10 of 19 rows: 0.1 x 10 / (0.1 x 10 + 0.9).
      const truth = (0.1 * 10 * 0.8 + 0.9 * 0.4) / (0.1 * 10 + 0.9)
      const { low, high } = clusteredInterval(Float64Array.from(terms), { places: Int32Array.from(places), count: 300 })
      held += Number(low <= truth && truth <= high)
    }
    expect(held / 1000).toBeGreaterThan(0.93)
    expect(held / 1000).toBeLessThan(0.97)
  })

  const ends = (estimate: Estimate | undefined): readonly number[] =>
    [estimate?.value ?? 0, estimate?.low ?? 0, estimate?.high ?? 0].map((value) => Number(value.toFixed(9)))

  it('count once in a replay', () => {
    const tasks = rowsOf(400, (at) => ({
      propensities: [1, 0],
      action: 0,
      successes: [Number(at % 3 === 0), Number(at % 4 !== 0)],
    }))
    const on = (rows: typeof tasks): ReturnType<typeof replayPolicies> =>
      replayPolicies({ tasks: rows, candidate: always(rows, [0, 1]), incumbent: always(rows, [1, 0]) })
    const [once, often] = [on(tasks), on([...tasks, ...tasks, ...tasks, ...tasks])]
    if (once.kind === 'refused' || often.kind === 'refused') throw new Error('refused')
    expect(ends(often.metrics.success?.difference)).toEqual(ends(once.metrics.success?.difference))
    expect([often.rows, often.clusters.count]).toEqual([1600, 400])
    const few = tasks.slice(0, 60)
    expect(on([...few, ...few, ...few])).toMatchObject({ reason: 'too-few-rows', message: '60 tasks; at least 100' })
  })

  it('count once in a log, in its weight as well', () => {
    const tasks = rowsOf(800, (at) => ({
      propensities: [0.5, 0.5],
      action: at % 2,
      success: Number(at % 5 < 2 + (at % 2)),
    }))
    const on = (rows: typeof tasks): ReturnType<typeof evaluateLog> =>
      evaluateLog({ tasks: rows, candidate: always(rows, [0, 1]), incumbent: always(rows, [1, 0]) })
    const [once, often] = [on(tasks), on([...tasks, ...tasks, ...tasks])]
    if (once.kind === 'refused' || often.kind === 'refused') throw new Error('refused')
    for (const name of ['ips', 'snips', 'dr'] as const)
      expect(ends(often.metrics.success?.[name].difference)).toEqual(ends(once.metrics.success?.[name].difference))
    expect(often.weights.candidate.effectiveRows).toBeCloseTo(once.weights.candidate.effectiveRows, 9)
    expect(often.effectiveDisagreement).toBeCloseTo(once.effectiveDisagreement, 9)
  })
})
