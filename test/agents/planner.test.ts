import { amountFromNanos } from 'kernell-os/core'
import { describe, expect, it } from 'vitest'
import { planner, type Executed, type PlannerInput } from '../../agents/planner/agent.ts'
import type { AgentMemory } from '../../agents/memory-use.ts'
import {
  answer,
  ask,
  CALLER,
  createScriptedRouter,
  createWorld,
  failure,
  type Failed,
  type RouterScript,
} from './agent-fixture.ts'

const step = (id: string, ...dependsOn: string[]) => ({
  id,
  description: `Do ${id}.`,
  difficulty: 2,
  domain: 'general',
  depends_on: dependsOn,
})
/** a and b side by side, c after both, d after a. */
const PLAN = JSON.stringify([step('a'), step('b'), step('c', 'a', 'b'), step('d', 'a')])

const isPlanning = (prompt: string): boolean => prompt.includes('JSON array only.')
const stepOf = (prompt: string): string => /Do (\w+)\.\s*$/.exec(prompt)?.[1] ?? '?'
const withPlan =
  (plan: string, script: RouterScript): RouterScript =>
  (prompt, request, index) =>
    isPlanning(prompt) ? plan : script(prompt, request, index)

function start(script: RouterScript, more: Partial<PlannerInput> = {}) {
  const world = createWorld()
  const router = createScriptedRouter(script)
  return { world, router, ref: world.spawn(planner, { router, caller: CALLER, targets: [{ kind: 'auto' }], ...more }) }
}

/** A memory that remembers one lesson, and notes what is done with it. */
function createNotingMemory() {
  const kept: unknown[][] = []
  const memory: AgentMemory = {
    recall: async ({ kinds }) => {
      kept.push(['recall', kinds])
      const items = [{ id: 'm', kind: 'outcome', text: 'DATA-0->>> step b failed', score: 1, why: {}, path: [] }]
      return await Promise.resolve({ recallId: 'r', isSimilarityUsed: true, items: items as never })
    },
    remember: async ({ kind, text, outcome }) => {
      kept.push(['remember', kind, text, outcome])
      return await Promise.resolve({ id: kind, isNew: true })
    },
    link: async ({ relation }) => {
      kept.push(['link', relation])
      await Promise.resolve()
    },
    feedback: async (...parts) => {
      kept.push(['feedback', ...parts])
      await Promise.resolve()
    },
  }
  return { kept, memory }
}

const TASK = { type: 'execute', task: 'Do it all.' }
const stepsOf = ({ emitted }: ReturnType<typeof start>['ref']): unknown[] =>
  emitted.flatMap(({ step: name, stepId }) =>
    name === undefined ? [] : [[name, stepId].filter((part) => typeof part === 'string').join(' ')],
  )

describe('the planner', () => {
  it('does the steps in the order of the graph, side by side where it can, and shows each what it needs', async () => {
    const { world, router, ref } = start(withPlan(PLAN, (prompt) => `out-${stepOf(prompt)}`))
    const reply = await ask<Executed>(world, ref, TASK)
    expect(reply).toMatchObject({ type: 'executed', output: 'out-c\n\nout-d', isComplete: true, recalled: 0 })
    expect(reply.steps.map(({ id, state, output }) => [id, state, output])).toEqual(
      ['a', 'b', 'c', 'd'].map((id) => [id, 'succeeded', `out-${id}`]),
    )
    expect(router.runningMax).toBe(2)
    const shownToD = router.requests
      .map(({ request }) => request.messages[1]?.content as string)
      .find((text) => text.endsWith('Do d.'))
    expect(shownToD).toContain('out-a')
    expect(shownToD).not.toContain('out-b')
    expect(stepsOf(ref).slice(0, 3)).toEqual(['planned', 'step-started a', 'step-started b'])
  })

  it('tells each partial result as soon as it is there', async () => {
    const { world, ref } = start(
      withPlan(PLAN, (prompt) => (stepOf(prompt) === 'b' ? 'hang!' : `out-${stepOf(prompt)}`)),
    )
    ref.send(TASK)
    await world.settle()
    expect(ref.emitted).toContainEqual({
      type: 'progress',
      id: 'request-1',
      step: 'step-done',
      stepId: 'd',
      output: 'out-d',
    })
    expect(stepsOf(ref)).not.toContain('step-started c')
  })

  it('stops what depends on a step that failed, does the rest, and says what is missing', async () => {
    const { world, ref } = start(
      withPlan(PLAN, (prompt) => (stepOf(prompt) === 'b' ? failure('MODEL_AUTH_FAILED') : `out-${stepOf(prompt)}`)),
    )
    const reply = await ask<Executed>(world, ref, TASK)
    expect(reply).toMatchObject({ output: 'out-d', isComplete: false })
    expect(reply.steps.map(({ state, reason }) => [state, reason])).toEqual([
      ['succeeded', undefined],
      ['failed', 'MODEL_AUTH_FAILED'],
      ['stopped', 'depends on b, which failed'],
      ['succeeded', undefined],
    ])
    expect(stepsOf(ref)).toEqual(expect.arrayContaining(['step-failed b', 'step-stopped c']))
  })

  it('tries a step again that may pass', async () => {
    let tries = 0
    const { world, ref } = start(
      withPlan(PLAN, (prompt) => {
        if (stepOf(prompt) !== 'a') return 'fine'
        tries += 1
        return tries === 1 ? failure('MODEL_RATE_LIMITED', { retryAfterMs: 2_000 }) : 'fine'
      }),
    )
    const pending = ref.ask<Executed>(TASK, { timeoutMs: 100_000 })
    await world.advance(2_500)
    expect(await pending).toMatchObject({ isComplete: true })
    expect(tries).toBe(2)
  })

  it('fails with the first error when no step gave an output', async () => {
    const { world, ref } = start(withPlan(PLAN, () => failure('ROUTER_NO_MODEL')))
    expect((await ask<Failed>(world, ref, TASK)).error.code).toBe('ROUTER_NO_MODEL')
  })

  it.each([
    ['no plan at all', failure('MODEL_AUTH_FAILED'), 'unparsable'],
    ['prose', 'I would rather not', 'unparsable'],
    ['a cycle', JSON.stringify([step('a', 'b'), step('b', 'a')]), 'cyclic-dependencies'],
    ['too many steps', JSON.stringify([step('a'), step('b'), step('c'), step('d'), step('e')]), 'too-many-subtasks'],
  ])('does the task as one step when the model plans %s', async (_name, plan, planFault) => {
    const { world, router, ref } = start((prompt) => (isPlanning(prompt) ? plan : 'done at once'))
    const reply = await ask<Executed>(world, ref, { ...TASK, stepsMax: 4 })
    expect(reply).toMatchObject({ output: 'done at once', isComplete: true, planFault })
    expect(router.requests).toHaveLength(2)
  })

  it('makes a plan and does nothing of it when that is what was asked', async () => {
    const { world, router, ref } = start(withPlan(PLAN, () => 'out'))
    const reply = await ask<Executed>(world, ref, { ...TASK, isPlanOnly: true })
    expect(reply.steps.map(({ id, state, dependsOn }) => [id, state, dependsOn])).toEqual([
      ['a', 'waiting', []],
      ['b', 'waiting', []],
      ['c', 'waiting', ['a', 'b']],
      ['d', 'waiting', ['a']],
    ])
    expect([router.requests.length, reply.output]).toEqual([1, ''])
  })

  it('goes one by one under a cap, keeps within it, and counts all calls', async () => {
    const { world, router, ref } = start(withPlan(PLAN, () => 'out'))
    const reply = await ask<Executed>(world, ref, { ...TASK, maxCostNanos: amountFromNanos(41_000n) })
    expect([router.runningMax, reply.spentNanos]).toEqual([1, 5_000n])
    // After the plan 40,000 are left: for 4 steps, then 39,000 for 3, and so on.
    expect(router.requests.slice(1).map(({ controls }) => controls.maxCostNanos)).toEqual([
      10_000n,
      13_000n,
      19_000n,
      37_000n,
    ])
  })

  it('runs no more steps at once than it may', async () => {
    const plan = JSON.stringify(['a', 'b', 'c', 'd', 'e'].map((id) => step(id)))
    const { world, router, ref } = start(
      withPlan(plan, () => 'out'),
      { parallelMax: 3 },
    )
    await ask(world, ref, TASK)
    expect(router.runningMax).toBe(3)
  })

  it('aborts every step that runs when it is cancelled', async () => {
    const { world, router, ref } = start(withPlan(PLAN, () => 'hang!'))
    const pending = ask<Failed>(world, ref, { ...TASK, id: 'x' })
    await world.settle()
    ref.send({ type: 'cancel', id: 'x' })
    expect((await pending).error.code).toBe('REQUEST_ABORTED')
    expect(router.hanging).toEqual({ open: 2, aborted: 2 })
  })

  it('plans with what it remembers, and keeps how the plan went', async () => {
    const { kept, memory } = createNotingMemory()
    const { world, router, ref } = start(
      withPlan(PLAN, (prompt) => (stepOf(prompt) === 'd' ? failure('MODEL_REQUEST_REFUSED') : 'out')),
      { memory },
    )
    expect(await ask(world, ref, TASK)).toMatchObject({ recalled: 1 })
    // A lesson cannot close the fence of the task.
    const asked = router.requests[0]?.request.messages[1]?.content
    expect(asked).toMatch(/<<<(DATA-[0-9a-f]{16}-) lesson-1\nDATA-0->>> step b failed\n\1>>>/)
    expect(kept).toEqual([
      ['recall', ['fact', 'outcome', 'entity', 'note', 'summary']],
      ['feedback', 'r', 'failure', { ids: ['m'] }],
      ['remember', 'task', 'Do it all.', undefined],
      ['remember', 'outcome', expect.stringContaining('- d: Do d. (failed: MODEL_REQUEST_REFUSED)'), 'failure'],
      ['link', 'led-to'],
    ])
  })

  it('keeps as a success what was done', async () => {
    const { kept, memory } = createNotingMemory()
    const { world, ref } = start(
      withPlan(PLAN, () => 'out'),
      { memory },
    )
    await ask(world, ref, TASK)
    expect(kept.slice(1, 2)).toEqual([['feedback', 'r', 'success', { ids: ['m'] }]])
  })

  it.each([
    ['ROUTER_NO_MODEL', {}],
    ['BUDGET_EXCEEDED', {}],
    ['ROUTER_COST_CAP', {}],
    ['MODEL_AUTH_FAILED', {}],
    ['ROUTER_ALL_FAILED', { attempts: [{ outcome: 'failed', reason: 'MODEL_UNREACHABLE' }] }],
  ] as const)('learns nothing of its plan from %s', async (code, details) => {
    const { kept, memory } = createNotingMemory()
    for (const fails of ['abcd', 'd']) {
      const { world, ref } = start(
        withPlan(PLAN, (prompt) => (fails.includes(stepOf(prompt)) ? failure(code, details) : 'out')),
        { memory, attemptsMax: 1 },
      )
      await ask(world, ref, TASK)
    }
    expect(kept.filter(([name]) => name !== 'recall')).toEqual([])
  })

  it.each([
    ['a refused answer', failure('ROUTER_ALL_FAILED', { attempts: [{ outcome: 'rejected', reason: 'language' }] })],
    ['an empty one', ' '],
    ['one in doubt', answer('out', { verification: { isAccepted: false, confidence: 0.2 } })],
  ])('learns from %s', async (_what, reply) => {
    const { kept, memory } = createNotingMemory()
    const { world, ref } = start(
      withPlan(PLAN, (prompt) => (stepOf(prompt) === 'd' ? reply : 'out')),
      { memory, attemptsMax: 1 },
    )
    await ask(world, ref, TASK)
    expect(kept.slice(1, 2)).toEqual([['feedback', 'r', 'failure', { ids: ['m'] }]])
  })

  it('does without its memory when that fails', async () => {
    const broken = (): Promise<never> => Promise.reject(failure('MEMORY_OVERLOADED'))
    const memory = { recall: broken, remember: broken, link: broken, feedback: broken } as AgentMemory
    const { world, ref } = start(
      withPlan(PLAN, () => 'out'),
      { memory },
    )
    expect(await ask(world, ref, TASK)).toMatchObject({ isComplete: true, recalled: 0 })
    expect(stepsOf(ref).filter((name) => name === 'memory-failed')).toHaveLength(2)
  })

  it.each([{ task: ' ' }, { task: 'x', stepsMax: 0 }, { task: 'x', isPlanOnly: 'yes' }])(
    'refuses %j',
    async (fields) => {
      const { world, ref } = start(() => 'out')
      expect((await ask<Failed>(world, ref, { type: 'execute', ...fields })).error.code).toBe('REQUEST_INVALID')
    },
  )
})
