import { describe, expect, it } from 'vitest'
import { replayPolicies } from '../../../../src/core/learning/off-policy/replay.ts'
import { always, rowsOf } from './log-rows.ts'

/** `a` is right on half of the rows, `b` on three quarters, both on a quarter. */
const tasks = rowsOf(400, (at) => ({
  propensities: [1, 0],
  action: 0,
  successes: [Number(at % 2 === 0), Number(at % 4 !== 0)],
}))
const [first, second] = [always(tasks, [1, 0]), always(tasks, [0, 1])]

describe('replayPolicies', () => {
  it('compares what every model did, row by row', () => {
    const replay = replayPolicies({ tasks, candidate: second, incumbent: first })
    if (replay.kind === 'refused') throw new Error(replay.message)
    expect(replay).toMatchObject({ rows: 400, missingShare: 0, disagreement: 1 })
    const { candidate, incumbent, difference } = replay.metrics.success ?? {}
    expect([candidate?.value, incumbent?.value, difference?.value]).toEqual([0.75, 0.5, 0.25])
    // Where the incumbent is right and the candidate wrong: a quarter, exactly.
    expect(replay.regressions.map((terms) => terms.reduce((sum, term) => sum + term, 0) / 400)).toEqual([0.25])
  })

  it('couples policies that draw: where they may agree they do', () => {
    const replay = replayPolicies({ tasks, candidate: always(tasks, [0.5, 0.5]), incumbent: first })
    if (replay.kind === 'refused') throw new Error(replay.message)
    expect(replay.disagreement).toBe(0.5)
    expect(replay.regressions.map((terms) => terms.reduce((sum, term) => sum + term, 0) / 400)).toEqual([0.125])
  })

  it('refuses a set in which outcomes are missing', () => {
    const log = rowsOf(400, (at) => ({ propensities: [0.5, 0.5], action: at % 2 }))
    expect(
      replayPolicies({ tasks: log, candidate: always(log, [0, 1]), incumbent: always(log, [1, 0]) }),
    ).toMatchObject({
      reason: 'outcomes-missing',
    })
  })

  it('leaves room for a few that are missing', () => {
    const some = [...tasks, ...rowsOf(4, () => ({ propensities: [1, 0], action: 0 }))]
    const replay = replayPolicies({ tasks: some, candidate: always(some, [0, 1]), incumbent: always(some, [1, 0]) })
    const whole = replayPolicies({ tasks, candidate: second, incumbent: first })
    if (replay.kind === 'refused' || whole.kind === 'refused') throw new Error('refused')
    expect(replay.missingShare).toBeCloseTo(4 / 404, 12)
    expect(replay.metrics.success?.difference.low).toBeCloseTo(
      (whole.metrics.success?.difference.low ?? 0) - 4 / 404,
      9,
    )
  })

  it('says nothing of costs that were not measured', () => {
    const free = rowsOf(400, () => ({ propensities: [1, 0], action: 0, successes: [1, 1], costUsd: undefined }))
    const replay = replayPolicies({ tasks: free, candidate: always(free, [0, 1]), incumbent: always(free, [1, 0]) })
    expect(replay).toMatchObject({ kind: 'evaluated', metrics: { cost: undefined } })
  })
})
