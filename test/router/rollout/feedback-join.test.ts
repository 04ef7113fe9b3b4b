import { describe, expect, it } from 'vitest'
import { createRandomStream } from '../../../src/base/random-stream.ts'
import { timestampFromMs } from '../../../src/base/time.ts'
import { ROLLOUT_MACHINE } from '../../../src/core/rollout/rollout-machine.ts'
import { DEFAULT_ROLLOUT_RULES } from '../../../src/core/rollout/rollout-rules.ts'
import { trialOf, type RolloutEvent, type RolloutState } from '../../../src/core/rollout/rollout-state.ts'
import type { FeedbackWatch } from '../../../src/core/rollout/watch/feedback-watch.ts'
import { isSuspicious } from '../../../src/core/rollout/watch/watch-evidence.ts'
import {
  createFeedbackJoin,
  VOTES_OF_TENANT_MAX,
  type AnsweredTask,
  type FeedbackJoin,
  type FeedbackJoinInit,
} from '../../../src/router/rollout/feedback-join.ts'

const at = timestampFromMs(1_000)
const why = { by: 'test', reason: 'because' }
const RULES = { ...DEFAULT_ROLLOUT_RULES, autoAdvance: false }

class Trial {
  state: RolloutState = ROLLOUT_MACHINE.initial({ rules: RULES, at: timestampFromMs(0) })
  readonly join: FeedbackJoin
  #asked = 0

  constructor(init: FeedbackJoinInit = {}) {
    this.join = createFeedbackJoin(
      {
        owner: Object.create(null, {
          state: { get: () => this.state },
          observe: { value: (seen: object) => this.apply({ ...seen, at } as RolloutEvent) },
        }) as Parameters<typeof createFeedbackJoin>[0]['owner'],
      },
      init,
    )
  }

  apply(event: RolloutEvent): this {
    this.state = ROLLOUT_MACHINE.transition(this.state, event).state
    return this
  }

  promote(version = 'a', percent = 50): this {
    const named = { version, incumbent: 'priors-1', baseline: 'priors-1', stage: 'canary', percent } as const
    return this.apply({ type: 'candidate-promoted', ...named, ...why, at })
  }

  /** A task that an arm answered; its id. */
  answer(arm: AnsweredTask['arm'], { tenant = 'acme', traceId }: Partial<AnsweredTask> = {}): string {
    this.#asked += 1
    const taskId = `task-${this.#asked}`
    this.join.remember({ taskId, traceId, tenant, arm })
    return taskId
  }

  say(taskId: string, value: number, tenant = 'acme'): void {
    this.join.take({ event_id: taskId, trace_id: null, tenant, value })
  }

  sayOfTrace(traceId: string, value: number, tenant = 'acme'): void {
    this.join.take({ event_id: null, trace_id: traceId, tenant, value })
  }

  get votes(): FeedbackWatch | undefined {
    return trialOf(this.state.position)?.watch.feedback
  }
}

const back: RolloutEvent = { type: 'rolled-back', baseline: 'priors-1', ...why, at }

describe('what is said of an answer', () => {
  it('counts for the arm that gave it', () => {
    const trial = new Trial().promote()
    const [own, other] = [trial.answer('candidate'), trial.answer('incumbent')]
    trial.say(own, 0.25)
    trial.say(other, 1)
    expect(trial.votes).toMatchObject({ candidate: { count: 1, bad: 0.75 }, incumbent: { count: 1, bad: 0 } })
    expect(trial.join.counts.counted).toBe(2)
  })

  it('is one vote for each task, whatever is said of it later, by whichever name', () => {
    const trial = new Trial().promote()
    const task = trial.answer('candidate', { traceId: 'trace' })
    trial.say(task, 0)
    for (let times = 0; times < 100; times += 1) trial.say(task, times % 2)
    trial.sayOfTrace('trace', 1)
    expect(trial.votes?.candidate).toEqual({ count: 1, bad: 1 })
    expect(trial.join.counts.ignored.voted).toBe(101)
  })

  it('by trace is a vote on its last task, and none where both arms answered', () => {
    const trial = new Trial().promote()
    trial.answer('candidate', { traceId: 'one' })
    trial.answer('candidate', { traceId: 'one' })
    trial.answer('candidate', { traceId: 'both' })
    trial.answer('incumbent', { traceId: 'both' })
    trial.answer('candidate', { traceId: 'both' })
    trial.sayOfTrace('one', 0)
    trial.sayOfTrace('both', 0)
    expect(trial.votes).toMatchObject({ candidate: { count: 1 }, incumbent: { count: 0 } })
    expect(trial.join.counts.ignored).toMatchObject({ mixed: 1 })
  })

  it('of another tenant’s task is of none', () => {
    const trial = new Trial().promote()
    trial.say(trial.answer('candidate', { traceId: 'trace' }), 0, 'other')
    trial.sayOfTrace('trace', 0, 'other')
    expect(trial.votes?.candidate.count).toBe(0)
    expect(trial.join.counts.ignored.unknown).toBe(2)
  })

  it('comes late and still counts for the step’s own arm, and for no other candidate, trial or stage', () => {
    const trial = new Trial().promote('a', 5)
    const early = trial.answer('candidate')
    const [control, late] = [trial.answer('incumbent'), trial.answer('candidate')]
    trial.apply({ type: 'step-taken', ...why, at })
    trial.say(early, 0)
    expect(trial.votes?.candidate).toEqual({ count: 1, bad: 1 })
    // Rolled back, and tried again: it is another trial.
    trial.apply(back)
    trial.say(late, 0)
    trial.promote('a', 5)
    trial.say(late, 0)
    expect(trial.votes?.candidate.count).toBe(0)
    const again = trial.answer('candidate')
    trial.apply(back).promote('b', 5)
    trial.say(again, 0)
    trial.say(control, 0)
    expect(trial.votes).toMatchObject({ candidate: { count: 0 }, incumbent: { count: 0 } })
    expect(trial.join.counts).toEqual({
      counted: 1,
      ignored: { unknown: 0, over: 4, voted: 0, mixed: 0, tenant: 0 },
    })
  })

  it('says nothing of the incumbent once it answers no more, and of a task that was forgotten', () => {
    const trial = new Trial({ tasksMax: 3 }).promote()
    const forgotten = trial.answer('candidate')
    const control = trial.answer('incumbent')
    const own = trial.answer('candidate')
    trial.answer('candidate')
    trial.apply({
      type: 'candidate-promoted',
      version: 'a',
      incumbent: 'priors-1',
      baseline: 'priors-1',
      stage: 'full',
      isWithoutReference: true,
      ...why,
      at,
    })
    for (const task of [forgotten, control, own]) trial.say(task, 0)
    expect(trial.votes).toMatchObject({ candidate: { count: 1 }, incumbent: { count: 0 } })
    expect(trial.join.counts.ignored).toMatchObject({ unknown: 1, over: 1 })
  })
})

describe('a flood of feedback', () => {
  it('from one tenant takes no candidate back and does not even hold it, nor does it save one', () => {
    const trial = new Trial().promote()
    for (let times = 0; times < 500; times += 1) {
      trial.say(trial.answer('incumbent', { tenant: 'flood' }), 1, 'flood')
      trial.say(trial.answer('candidate', { tenant: 'flood' }), 0, 'flood')
    }
    expect(trial.votes?.candidate.count).toBe(VOTES_OF_TENANT_MAX)
    expect(trial.state.position.stage).toBe('canary')
    expect(isSuspicious(trialOf(trial.state.position)?.watch as never, RULES.slo)).toBe(false)
    expect(trial.join.counts.ignored.tenant).toBe(1_000 - 2 * VOTES_OF_TENANT_MAX)
    // Praise for the candidate and blame for the incumbent, all from one; the others are not happy.
    const praised = new Trial().promote()
    for (let times = 0; times < 500; times += 1) {
      praised.say(praised.answer('incumbent', { tenant: 'flood' }), 0, 'flood')
      praised.say(praised.answer('candidate', { tenant: 'flood' }), 1, 'flood')
    }
    for (let tenant = 0; tenant < 20; tenant += 1) {
      praised.say(praised.answer('incumbent', { tenant: `t${tenant}` }), 1, `t${tenant}`)
      praised.say(praised.answer('candidate', { tenant: `t${tenant}` }), 0, `t${tenant}`)
    }
    expect(praised.state.transitions[0]).toMatchObject({ cause: 'slo-breach', breach: { slo: 'feedback' } })
  })

  it('from more tenants than are counted is not heard beyond them', () => {
    const trial = new Trial({ tenantsMax: 2 }).promote()
    for (const tenant of ['a', 'b', 'c', 'd']) trial.say(trial.answer('candidate', { tenant }), 0, tenant)
    expect(trial.votes?.candidate.count).toBe(2)
  })
})

describe('feedback of many', () => {
  const run = (seed: number, bad: number, votes: number): Trial => {
    const random = createRandomStream(seed)
    const trial = new Trial().promote('a', 10)
    for (let done = 0; done < votes && trial.state.position.stage === 'canary'; done += 1) {
      const arm = random.nextUnit() < 0.1 ? 'candidate' : 'incumbent'
      const tenant = `tenant-${random.nextBelow(2_000)}`
      const isBad = random.nextUnit() < (arm === 'candidate' ? bad : 0.1)
      trial.say(trial.answer(arm, { tenant }), isBad ? 0 : 1, tenant)
    }
    return trial
  }

  it('takes back a candidate that people are less happy with, for 100 seeds', () => {
    const late: number[] = []
    for (let seed = 1; seed <= 100; seed += 1) {
      const [last] = run(seed, 0.5, 20_000).state.transitions
      if (last?.breach?.slo !== 'feedback') late.push(seed)
    }
    expect(late).toEqual([])
  })

  it('takes back none of 40 that people are as happy with, after 2,000 votes on each', { timeout: 60_000 }, () => {
    const alarms: number[] = []
    for (let seed = 1; seed <= 40; seed += 1) if (run(1_000 + seed, 0.1, 20_000).state.rollbacks > 0) alarms.push(seed)
    expect(alarms).toEqual([])
  })
})
