import { describe, expect, it } from 'vitest'
import { DrawnOutcomes } from '../../../../src/simulation/models/drawn-outcomes.ts'
import { FITTED_MODELS } from '../../../../src/simulation/models/fitted-profiles.ts'
import { bestValueOf } from '../../../../src/simulation/scenarios/flywheel/best-choice.ts'
import { flywheelSeries } from '../../../../src/simulation/scenarios/flywheel/flywheel-series.ts'
import { type LedgerTask, TaskLedger } from '../../../../src/simulation/scenarios/flywheel/task-ledger.ts'
import { createRandomStream } from '../../../../src/base/random-stream.ts'
import { makeTask } from '../../../../src/simulation/models/simulated-task.ts'

function task(at: number, changes: Partial<LedgerTask> = {}): LedgerTask {
  const told = { phase: 0, taskId: `t${at}`, model: 'm', score: 1, usd: 0.001, premiumUsd: 0.004, premiumScore: 1 }
  return { ...told, atMs: at * 500, regretUsd: 0, ...changes }
}

describe('regret', () => {
  it('is measured by a policy that knows chances and no luck: one that does as it does has none on average', () => {
    const outcomes = new DrawnOutcomes({ seed: 4, profiles: FITTED_MODELS })
    const random = createRandomStream(9)
    const rightUsd = 0.05
    let regret = 0
    const count = 4_000
    for (let at = 0; at < count; at += 1) {
      const one = makeTask(random, at % 2 === 0 ? 'choice' : 'code')
      const truths = FITTED_MODELS.map(({ id }, place) => ({
        id,
        score: Number(outcomes.isRight(id, one)),
        usd: 0.001 * place,
      }))
      const value = ({ id, usd }: (typeof truths)[number]): number => rightUsd * outcomes.chanceOn(id, one) - usd
      const best = truths.reduce((most, truth) => (value(truth) > value(most) ? truth : most))
      regret += (bestValueOf({ outcomes, rightUsd }, one, truths) - (rightUsd * best.score - best.usd)) / count
    }
    // The standard error is 0.05 times half over the root of 4,000 at most.
    expect(Math.abs(regret)).toBeLessThan(4 * 0.0004)
  })

  it('is told before the world changes, behind it, and at the end', () => {
    const ledger = new TaskLedger()
    const levels = [3, 1, 6, 9, 2] as const
    for (let at = 0; at < 1_000; at += 1)
      ledger.add(task(at, { phase: Number(at >= 400), regretUsd: levels[Math.floor(at / 200)] ?? 0 }))
    expect(ledger.regret()).toEqual({ start_usd: 3, before_usd: 1, after_usd: 6, peak_usd: 9, end_usd: 2 })
    expect(ledger.byPhase()[1]).toMatchObject({
      tasks: 600,
      saved_share: 0.75,
      regret_first_usd: 6,
      regret_last_usd: 2,
    })
  })
})

describe('series of the flywheel', () => {
  it('show who answered, and which policy served when', () => {
    const tasks = Array.from({ length: 300 }, (_, at) => task(at, { model: at < 150 ? 'dear' : 'cheap' }))
    const series = flywheelSeries(tasks, [
      { atMs: 1_000, serving: 'priors', trial: 'a' },
      { atMs: 2_000, serving: 'a', trial: undefined },
    ])
    const of = (name: string): readonly (readonly [number, number])[] =>
      series.find((one) => one.name === name)?.points ?? []
    expect(of('dear').at(0)?.[1]).toBe(1)
    expect(of('dear').at(-1)?.[1]).toBe(0)
    expect(of('cheap').at(-1)).toEqual([149_500, 1])
    expect(of('serving')).toEqual([
      [1_000, 0],
      [1_000, 0],
      [2_000, 0],
      [2_000, 1],
    ])
    expect(of('on trial').map(([, value]) => value)).toEqual([0, 1, 1, 0])
  })
})
