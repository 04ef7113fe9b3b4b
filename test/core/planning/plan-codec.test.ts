import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  formatPlanEvent,
  formatPlanGraph,
  formatPlanProgress,
  parsePlanEvent,
  parsePlanGraph,
  parsePlanProgress,
  SUB_TASK_CODEC,
} from '../../../src/core/planning/plan-codec.ts'
import type { PlanEvent, PlanTimer } from '../../../src/core/planning/plan-event.ts'
import type { PlanInput, StepPolicy } from '../../../src/core/planning/plan-graph.ts'
import { planMachine } from '../../../src/core/planning/plan-machine.ts'
import type { PlanState } from '../../../src/core/planning/plan-state.ts'
import { singleSubTask, type SubTask } from '../../../src/core/planning/sub-task.ts'

fc.configureGlobal({ seed: 2026 })

const ids = ['s0', 's1', 's2', '__proto__']
const policy: fc.Arbitrary<StepPolicy> = fc.record(
  {
    attemptsMax: fc.integer({ min: 1, max: 3 }),
    timeLimitMs: fc.integer({ min: 1, max: 99 }),
    backOff: fc.constantFrom({ firstMs: 0, maxMs: 0 }, { firstMs: 3, maxMs: 7 }),
    isOptional: fc.constant(true),
  },
  { requiredKeys: [] },
)
const input: fc.Arbitrary<PlanInput<SubTask>> = fc
  .record({
    links: fc.array(fc.boolean(), { minLength: 6, maxLength: 6 }),
    policies: fc.array(fc.option(policy, { nil: undefined }), { minLength: 4, maxLength: 4 }),
    parallelMax: fc.integer({ min: 1, max: 3 }),
    context: fc.option(fc.string(), { nil: null }),
  })
  .map(({ links, policies, parallelMax, context }) => ({
    id: 'graph-1',
    parallelMax,
    policies: Object.fromEntries(ids.flatMap((id, at) => (policies[at] === undefined ? [] : [[id, policies[at]]]))),
    subTasks: ids.map((id, at) => ({
      ...singleSubTask(`do ${id}`),
      id,
      context_needed: context,
      depends_on: ids.slice(0, at).filter((_id, before) => links[(at * (at - 1)) / 2 + before] === true),
    })),
  }))

const timer: fc.Arbitrary<PlanTimer> = fc.record({
  kind: fc.constantFrom('time-limit' as const, 'back-off' as const, 'stop-grace' as const),
  id: fc.constantFrom(...ids),
  attempt: fc.integer({ min: 1, max: 3 }),
})
const event: fc.Arbitrary<PlanEvent> = fc.oneof(
  fc.constant<PlanEvent>({ type: 'plan-resumed' }),
  fc.record({ type: fc.constant('plan-cancelled' as const), reason: fc.string() }),
  fc.record({ type: fc.constant('subtask-cancelled' as const), id: fc.constantFrom(...ids), reason: fc.string() }),
  fc.record({ type: fc.constant('timer-fired' as const), timer }),
  ...Array.from({ length: 3 }, () =>
    fc.record(
      {
        type: fc.constant('subtask-succeeded' as const),
        id: fc.constantFrom(...ids),
        output: fc.string(),
        attempt: fc.nat(3),
      },
      { requiredKeys: ['type', 'id', 'output'] },
    ),
  ),
  fc.record(
    {
      type: fc.constant('subtask-failed' as const),
      id: fc.constantFrom(...ids),
      reason: fc.string(),
      attempt: fc.nat(3),
      isRetryable: fc.constant(false),
    },
    { requiredKeys: ['type', 'id', 'reason'] },
  ),
)

const overJson = (value: unknown): unknown => JSON.parse(JSON.stringify(value))

/** What comes back of a state that was written down. */
function restored(state: PlanState): PlanState | undefined {
  const graph = parsePlanGraph(overJson(formatPlanGraph(state.graph, SUB_TASK_CODEC)), SUB_TASK_CODEC)
  return graph && parsePlanProgress(overJson(formatPlanProgress(state)), graph)
}

describe('what a journal keeps of a plan', () => {
  it('comes back as it was, and goes on as it would have', () => {
    fc.assert(
      fc.property(input, fc.array(event, { maxLength: 12 }), event, (plan, events, next) => {
        let state: PlanState = planMachine.initial(plan)
        for (const each of [{ type: 'plan-started' } as const, ...events]) {
          expect(parsePlanEvent(overJson(formatPlanEvent(each)))).toEqual(each)
          state = planMachine.transition(state, each).state
        }
        const copy = restored(state)
        expect(copy?.statuses).toEqual(state.statuses)
        expect(copy && planMachine.transition(copy, next).effects).toEqual(planMachine.transition(state, next).effects)
      }),
      { numRuns: 500 },
    )
  })

  it.each([
    [undefined],
    [{ phase: 'running' }],
    [{ phase: 'running', statuses: [{ kind: 'waiting', attempt: 1 }] }],
    [
      {
        phase: 'asleep',
        statuses: [
          { kind: 'waiting', attempt: 1 },
          { kind: 'waiting', attempt: 1 },
        ],
      },
    ],
    [
      {
        phase: 'running',
        statuses: [
          { kind: 'waiting', attempt: 1 },
          { kind: 'running', attempt: 1 },
        ],
      },
    ],
    [
      {
        phase: 'running',
        statuses: [
          { kind: 'running', attempt: 2 },
          { kind: 'waiting', attempt: 1 },
        ],
      },
    ],
    [
      {
        phase: 'finished',
        statuses: [
          { kind: 'failed', reason: 'x' },
          { kind: 'waiting', attempt: 1 },
        ],
      },
    ],
  ])('is refused when no plan can have come to it: %j', (progress) => {
    const subTasks = [singleSubTask('a'), { ...singleSubTask('b'), id: 's2', depends_on: ['s1'] }]
    expect(parsePlanProgress(progress, planMachine.initial({ subTasks }).graph)).toBeUndefined()
  })

  it.each([[null], [{}], [{ id: 'p', subTasks: [], parallelMax: 1, stopGraceMs: 0, policies: {} }], ['plan']])(
    'is no plan: %j',
    (json) => {
      expect(parsePlanGraph(json, SUB_TASK_CODEC)).toBeUndefined()
    },
  )

  it.each([[null], [{ type: 'subtask-failed', id: 'a' }], [{ type: 'timer-fired' }], [{ type: 'plan-finished' }]])(
    'is no event: %j',
    (json) => {
      expect(parsePlanEvent(json)).toBeUndefined()
    },
  )
})
