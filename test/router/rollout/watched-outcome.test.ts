import { describe, expect, it } from 'vitest'
import { ZERO_AMOUNT } from '../../../src/base/money.ts'
import { createRolloutObserver } from '../../../src/router/rollout/rollout-observer.ts'
import type { RolloutObservation } from '../../../src/router/rollout/rollout-owner.ts'
import type { TaskEnd } from '../../../src/router/report-outcome.ts'
import type { WatchedOutcome } from '../../../src/core/rollout/watch/arm-totals.ts'
import type { TaskRun } from '../../../src/router/task-run.ts'
import { tellingOf, watchedOutcomeOf } from '../../../src/router/rollout/watched-outcome.ts'

type Stage = 'shadow' | 'canary'
type Ran = { readonly attempts?: readonly object[]; readonly hasLeft?: boolean; readonly stage?: Stage }

function runOf({ attempts = [], hasLeft = false, stage = 'canary' }: Ran): TaskRun {
  const decision = {
    policyVersion: stage === 'canary' ? 'a' : 'b',
    confidence: 0.9,
    plan: [{ modelId: 'm', tier: 'cheap_api', role: 'answer' }],
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
