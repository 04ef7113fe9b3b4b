import { describe, expect, test } from 'vitest'
import { DEFAULT_TENANT, parseTaskId } from '../../src/base/identifiers.ts'
import type { DecisionCandidate, DecisionRecord } from '../../src/core/routing/decision-record.ts'
import { decisionDocument } from '../../src/node/decision-document.ts'
import { TaskFeed } from '../../src/node/activity/task-feed.ts'
import { RecentDecisions } from '../../src/node/recent-decisions.ts'
import type { Router, RouteResult } from '../../src/ports/router.ts'
import { DECISION } from '../gateway/scripted-node.ts'

const LOW = { data: { riskMax: 'low' } } as const
const MEDIUM = { data: { riskMax: 'medium' } } as const

function offer(name: string, excludedBecause?: string): DecisionCandidate {
  return {
    modelId: `peer/${name}`,
    tier: 'peer',
    predictedSuccess: 0.7,
    expectedCostNanos: undefined,
    expectedLatencyS: 1,
    ...(excludedBecause !== undefined && { excludedBecause }),
  }
}

function because(decision: Partial<DecisionRecord>, peers: Parameters<typeof decisionDocument>[1]): string | undefined {
  return decisionDocument({ ...DECISION, ...decision }, peers).no_peer_because
}

describe('a decision says why no peer is asked', () => {
  test('for its risk first of all, whoever offers what', () => {
    const candidates = [...DECISION.candidates, offer('a', 'it is full')]
    expect(because({ risk: 'high', candidates }, MEDIUM)).toBe('tasks of high risk do not leave')
    expect(because({ risk: 'medium', candidates: [] }, LOW)).toBe('tasks of medium risk do not leave')
    expect(because({ risk: 'medium', candidates }, MEDIUM)).toBe('it is full')
  })

  test('for what speaks against each offer, told once', () => {
    const reasons = ['it is full', 'too dear', 'it is full', 'too slow', 'too large']
    const candidates = [...DECISION.candidates, ...reasons.map((reason, at) => offer(String(at), reason))]
    expect(because({ candidates }, LOW)).toBe('it is full; too dear; too slow; 1 more reasons')
  })

  test('for lack of offers', () => {
    expect(because({}, LOW)).toContain('no offer')
  })

  test('and nothing where one is, where nothing was decided and where nobody configured peers', () => {
    const plan = [{ modelId: 'peer/a', tier: 'peer', role: 'answer' }] as const
    expect(because({ candidates: [...DECISION.candidates, offer('a')], plan }, LOW)).toBeUndefined()
    expect(because({ candidates: [], plan: [] }, LOW)).toBeUndefined()
    expect(because({}, undefined)).toBeUndefined()
  })
})

describe('recent decisions', () => {
  const decided = (name: string): RouteResult =>
    // What is remembered is the decision alone.
    ({ taskId: parseTaskId(name), decision: { ...DECISION, reasons: [name] } }) as unknown as RouteResult
  const router: Router = {
    route: async ({ taskId }) => await Promise.resolve(decided(taskId ?? '')),
    routeStream: async ({ taskId }) =>
      await Promise.resolve({ ...decided(taskId ?? ''), result: Promise.resolve(decided(taskId ?? '')) } as never),
    estimate: async () => await Promise.reject(new Error('not asked')),
  }
  const task = (at: number): string => `task-${String(at).padStart(8, '0')}`
  const request = (at: number): Parameters<Router['route']>[0] =>
    ({ taskId: parseTaskId(task(at)), caller: { tenant: DEFAULT_TENANT } }) as never

  test('are those of routed and streamed tasks, and the oldest make room', async () => {
    const decisions = new RecentDecisions(LOW, new TaskFeed())
    const watched = decisions.watch(router)
    await watched.route(request(0))
    await watched.routeStream(request(1))
    expect([0, 1].map((at) => decisions.of(task(at))?.reasons)).toEqual([[task(0)], [task(1)]])
    expect(decisions.of('another')).toBeUndefined()
    for (let at = 2; at <= 1_024; at += 1) await watched.route(request(at))
    expect([0, 1, 1_024].map((at) => decisions.of(task(at)) !== undefined)).toEqual([false, true, true])
  })
})
