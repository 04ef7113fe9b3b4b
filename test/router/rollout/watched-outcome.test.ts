import { describe, expect, it } from 'vitest'
import { ZERO_AMOUNT } from '../../../src/base/money.ts'
import { createRolloutObserver } from '../../../src/router/rollout/rollout-observer.ts'
import type { RolloutObservation } from '../../../src/router/rollout/rollout-owner.ts'
import type { TaskEnd } from '../../../src/router/report-outcome.ts'
import type { WatchedOutcome } from '../../../src/core/rollout/watch/arm-totals.ts'
import type { TaskRun } from '../../../src/router/task-run.ts'
import { tellingOf, watchedOutcomeOf } from '../../../src/router/rollout/watched-outcome.ts'

type Stage = 'shadow' | 'canary'
type Ran = {
  readonly attempts?: readonly object[]
  readonly hasLeft?: boolean
  readonly stage?: Stage
  readonly route?: 'cheap' | 'hybrid'
}

function runOf({ attempts = [], hasLeft = false, stage = 'canary', route: decided = 'cheap' }: Ran): TaskRun {
  const decision = {
    policyVersion: stage === 'canary' ? 'a' : 'b',
    route: decided,
    confidence: 0.9,
    candidates: ['m', 'n', 'o'].map((modelId) => ({ modelId, predictedSuccess: 0.6 })),
    plan: ['m', 'n', 'o'].map((modelId) => ({ modelId, tier: 'cheap_api', role: 'answer' })),
    served: { stage, arm: stage === 'canary' ? 'candidate' : 'incumbent' },
  }
  const signal = hasLeft ? AbortSignal.abort(new Error('left')) : new AbortController().signal
  const money = { spentNanos: ZERO_AMOUNT, hasUnknownCost: false, isEstimated: false }
  const route = { target: { kind: 'auto' }, caller: { tenant: 't' } }
  return { taskId: 'task', route, decision, attempts, signal, money, span: {} } as unknown as TaskRun
}

const ended = (errorCode: string): TaskEnd => ({ errorCode, latencyMs: 400 })
const ABORTED = [{ modelId: 'm', outcome: 'aborted' }]

describe('what the end of a task says of the policy that decided it', () => {
  it.each([
    ['given-up', 'REQUEST_ABORTED', { attempts: ABORTED, hasLeft: true }],
    ['given-up', 'INTERNAL_ERROR', { attempts: ABORTED, hasLeft: true }],
    ['nothing', 'REQUEST_ABORTED', { hasLeft: true }],
    ['refused', 'ROUTER_QUALITY_BOUND', {}],
    ['refused', 'ROUTER_COST_CAP', {}],
    ['nothing', 'BUDGET_EXCEEDED', {}],
    ['nothing', 'ROUTER_NO_MODEL', {}],
    ['nothing', 'MODEL_REQUEST_REFUSED', { attempts: [{ outcome: 'failed' }] }],
    ['ended', 'ROUTER_ALL_FAILED', { attempts: [{ outcome: 'failed' }] }],
  ] as const)('is %s for %s', (telling, code, ran) => {
    expect(tellingOf(runOf(ran), ended(code))).toBe(telling)
  })

  it('is a bad answer that took at least so long where the caller left, and no error of which the time says nothing', () => {
    const run = runOf({ attempts: ABORTED, hasLeft: true })
    expect(watchedOutcomeOf(run, ended('REQUEST_ABORTED'))).toEqual({
      isAccepted: false,
      isError: false,
      costUsd: 0,
      latencyMs: 400,
      predicted: null,
    })
  })

  it('is an error of the arm where its policy knew no plan', () => {
    expect(watchedOutcomeOf(runOf({}), ended('ROUTER_QUALITY_BOUND'))).toMatchObject({
      isAccepted: false,
      isError: true,
      isRefused: true,
      costUsd: null,
      predicted: null,
    })
  })

  it('goes to the watch of the canary, and is nothing to try in the shadow', () => {
    const seen: RolloutObservation[] = []
    const served: WatchedOutcome[] = []
    let considered = 0
    const observe = createRolloutObserver({
      policy: { inForce: { candidate: { version: 'a' }, incumbent: { version: 'b' } } } as never,
      owner: {
        observe: (observation) => void seen.push(observation),
        observeServed: (_version, outcome) => void served.push(outcome),
      },
      shadow: { consider: () => void (considered += 1) },
      drift: { take: () => undefined },
      feedback: { remember: () => undefined },
    })
    for (const stage of ['canary', 'shadow'] as const) {
      observe(runOf({ attempts: ABORTED, hasLeft: true, stage }), ended('REQUEST_ABORTED'))
      observe(runOf({ stage }), ended('ROUTER_QUALITY_BOUND'))
    }
    expect(served.map(({ isError }) => isError)).toEqual([false, true])
    expect(seen.map(({ type }) => type)).toEqual(['request-observed', 'request-observed'])
    expect(considered).toBe(0)
  })
})

describe('what became of a prediction', () => {
  const rejected = (modelId: string, confidence: number): object => ({ modelId, outcome: 'rejected', confidence })
  const accepted = (modelId: string): object => ({ modelId, outcome: 'accepted', confidence: 0.8 })
  const answered = (modelId: string, isAccepted = true): TaskEnd =>
    ({ result: { modelId, cache: 'off', latencyMs: 400, verification: { isAccepted, confidence: 0.6 } } }) as never

  it.each([
    ['came true where the first model answered', 'cheap', [accepted('m')], 'm', { predicted: 0.9 }],
    [
      'did not where another had to',
      'cheap',
      [rejected('m', 0), accepted('n')],
      'n',
      { predicted: 0.9, isRescued: true },
    ],
    ['is of the first two in a cascade', 'hybrid', [rejected('m', 0), accepted('n')], 'n', { predicted: 0.9 }],
    [
      'and not of the third',
      'hybrid',
      [rejected('m', 0), rejected('n', 0), accepted('o')],
      'o',
      { predicted: 0.9, isRescued: true },
    ],
    [
      'is not known where the first model could not be asked',
      'cheap',
      [{ modelId: 'm', outcome: 'failed' }, accepted('n')],
      'n',
      { predicted: null },
    ],
  ] as const)('%s', (_what, route, attempts, modelId, promise) => {
    const outcome = watchedOutcomeOf(runOf({ route, attempts }), answered(modelId))
    expect(outcome).toMatchObject({ isAccepted: true, ...promise })
    expect(outcome.isRescued).toBe('isRescued' in promise ? true : undefined)
  })

  it('is no reason to call an answer bad: a policy that knows a task to be hard is not worse than one that thinks it easy', () => {
    const kept = (confidence: number): boolean =>
      watchedOutcomeOf(runOf({ attempts: [rejected('m', confidence)] }), answered('m', false)).isAccepted
    expect(kept(0.6)).toBe(true)
    // Something was found that spoke against it.
    expect(kept(0.3)).toBe(false)
  })
})
