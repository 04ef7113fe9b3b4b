import type { TenantId } from 'kernell-os/core'
import type { EventLog } from 'kernell-os/ports'
import { createTaskGraphs, SUB_TASK_CODEC, taskGraphsOf } from 'kernell-os/router'
import { createMemoryEventLog } from 'kernell-os/storage'
import { afterAll, describe, expect, it } from 'vitest'
import { planner, type Executed, type PlannerInput } from '../../agents/planner/agent.ts'
import { makeFolder, removeFolders, runBinary, startBinary } from '../cli/run-binary.ts'
import { startUpstreamServer, type UpstreamBehaviour, type UpstreamCall } from '../fixtures/upstream-server.ts'
import { ask, CALLER, createScriptedRouter, createWorld, type RouterScript } from './agent-fixture.ts'

const step = (id: string, ...depends_on: string[]) => ({ id, description: `Do ${id}.`, difficulty: 2, depends_on })
/** b after a, c after b. */
const PLAN = JSON.stringify([step('a'), step('b', 'a'), step('c', 'b')])
const isPlanning = (prompt: string): boolean => prompt.includes('JSON array only.')
const stepOf = (prompt: string): string => (isPlanning(prompt) ? 'plan' : (/Do (\w+)\.\s*$/.exec(prompt)?.[1] ?? '?'))

type Life = {
  readonly world: ReturnType<typeof createWorld>
  readonly ref: ReturnType<ReturnType<typeof createWorld>['spawn']>
  /** Steps in the order in which models were asked for them. */
  readonly asked: string[]
  end(): Promise<void>
}

/** A process that plans for a tenant, over the journal of the one before. */
async function live(log: EventLog, script: RouterScript, more: Partial<PlannerInput> & { tenant?: string } = {}) {
  const { tenant = 'acme', ...input } = more
  const world = createWorld()
  const graphs = createTaskGraphs({ actors: world.system, log, codec: SUB_TASK_CODEC })
  await graphs.start()
  const asked: string[] = []
  const router = createScriptedRouter((prompt, request, index) => {
    asked.push(stepOf(prompt))
    return isPlanning(prompt) ? PLAN : script(prompt, request, index)
  })
  const plans = taskGraphsOf(graphs, tenant as TenantId)
  const ref = world.spawn(planner, {
    router,
    caller: { ...CALLER, tenant },
    targets: [{ kind: 'auto' }],
    graphs: plans,
    ...input,
  })
  const life: Life = {
    world,
    ref,
    asked,
    async end() {
      const stopped = world.system.stop({ drainMs: 0 })
      await world.settle()
      await stopped
      await graphs.stop()
    },
  }
  return { ...life, plans, graphs }
}

const TASK = { type: 'execute', task: 'Do it all.' }
/** `a` is done, `b` never ends. */
const HANGING: RouterScript = (prompt) => (stepOf(prompt) === 'a' ? 'out-a' : 'hang!')
const DOING: RouterScript = (prompt) => `out-${stepOf(prompt)}`

/** Lives until the second step is under way, and ends there. */
async function leaveUnfinished(log: EventLog, task: object = TASK): Promise<void> {
  const life = await live(log, HANGING)
  life.ref.send({ ...TASK, ...task })
  for (let round = 0; round < 4; round += 1) await life.world.settle()
  expect(life.asked).toEqual(['plan', 'a', 'b'])
  await life.end()
}

describe('a plan that was not finished', () => {
  it('is gone on with: what was done is not done again, and what follows is shown it', async () => {
    const log = createMemoryEventLog()
    await leaveUnfinished(log)
    const shown: string[] = []
    const second = await live(log, (prompt) => {
      shown.push(prompt)
      return `out-${stepOf(prompt)}`
    })
    const reply = await ask<Executed>(second.world, second.ref, TASK)
    expect(second.asked).toEqual(['b', 'c'])
    expect(shown[0]).toContain('out-a')
    expect(reply).toMatchObject({ output: 'out-c', isComplete: true, resumed: 1, spentNanos: 2_000n })
    expect(reply.steps.map(({ output }) => output)).toEqual(['out-a', 'out-b', 'out-c'])
    expect(second.ref.emitted.find(({ step: name }) => name === 'resumed')).toMatchObject({ done: 1 })
    // It has ended: the next time the task is planned anew.
    expect(second.plans.unfinished()).toEqual([])
    expect(await ask(second.world, second.ref, TASK)).toMatchObject({ resumed: 0 })
    expect(second.asked).toEqual(['b', 'c', 'plan', 'a', 'b', 'c'])
  })

  it('is given up when that is asked for', async () => {
    const log = createMemoryEventLog()
    await leaveUnfinished(log)
    const second = await live(log, DOING)
    expect(await ask(second.world, second.ref, { ...TASK, isResuming: false })).toMatchObject({ resumed: 0 })
    expect(second.asked).toEqual(['plan', 'a', 'b', 'c'])
    expect(second.plans.unfinished()).toEqual([])
  })

  it('is nobody else’s: not of another task, nor of another tenant, nor of who only wants a plan', async () => {
    const log = createMemoryEventLog()
    await leaveUnfinished(log)
    const second = await live(log, DOING)
    await ask(second.world, second.ref, { ...TASK, task: 'Do it otherwise.' })
    expect(await ask(second.world, second.ref, { ...TASK, isPlanOnly: true })).toMatchObject({ resumed: 0 })
    await second.end()
    const other = await live(log, DOING, { tenant: 'acm' })
    expect(await ask(other.world, other.ref, TASK)).toMatchObject({ resumed: 0 })
    await other.end()
    const third = await live(log, DOING)
    expect(await ask(third.world, third.ref, TASK)).toMatchObject({ resumed: 1 })
  })

  it('is gone on with by one of two who want to at once; the other does it anew', async () => {
    const log = createMemoryEventLog()
    await leaveUnfinished(log)
    const { world, ref, plans } = await live(log, DOING)
    const both = [ask<Executed>(world, ref, TASK), ask<Executed>(world, ref, TASK)]
    const replies = await Promise.all(both)
    expect(replies.reduce((sum, { resumed }) => sum + resumed, 0)).toBe(1)
    expect(replies.every(({ isComplete }) => isComplete)).toBe(true)
    expect(plans.unfinished()).toEqual([])
  })

  it('outlives a request that is cancelled', async () => {
    const { world, ref, asked } = await live(createMemoryEventLog(), (prompt, _request, index) =>
      stepOf(prompt) === 'b' && index < 3 ? 'hang!' : `out-${stepOf(prompt)}`,
    )
    ref.send({ ...TASK, id: 'x' })
    for (let round = 0; round < 4; round += 1) await world.settle()
    ref.send({ type: 'cancel', id: 'x' })
    await world.settle()
    expect(await ask(world, ref, TASK)).toMatchObject({ resumed: 1, isComplete: true })
    expect(asked).toEqual(['plan', 'a', 'b', 'b', 'c'])
  })

  it('goes one by one under a cap, also where it was begun without one', async () => {
    const log = createMemoryEventLog()
    const wide = JSON.stringify([step('a'), step('b'), step('c')])
    const begin: RouterScript = (prompt) => (isPlanning(prompt) ? wide : 'hang!')
    const world = createWorld()
    const graphs = createTaskGraphs({ actors: world.system, log, codec: SUB_TASK_CODEC })
    await graphs.start()
    const router = createScriptedRouter(begin)
    const plans = taskGraphsOf(graphs, CALLER.tenant)
    const ref = world.spawn(planner, { router, caller: CALLER, targets: [{ kind: 'auto' }], graphs: plans })
    ref.send({ ...TASK, id: 'x' })
    for (let round = 0; round < 4; round += 1) await world.settle()
    expect(router.runningMax).toBe(3)
    ref.send({ type: 'cancel', id: 'x' })
    await world.settle()
    const capped = createScriptedRouter(() => 'out')
    const again = world.spawn(planner, { router: capped, caller: CALLER, targets: [{ kind: 'auto' }], graphs: plans })
    const reply = await ask<Executed>(world, again, { ...TASK, maxCostNanos: 30_000n })
    expect([capped.runningMax, reply.isComplete, reply.spentNanos]).toEqual([1, true, 3_000n])
  })

  it('is forgotten after a week, and the oldest when there are many', async () => {
    const log = createMemoryEventLog()
    for (let count = 0; count < 20; count += 1) await leaveUnfinished(log, { task: `Task ${count}.` })
    const second = await live(log, DOING)
    await ask(second.world, second.ref, { ...TASK, task: 'Another.' })
    expect(second.plans.unfinished()).toHaveLength(16)
    expect(await ask(second.world, second.ref, { ...TASK, task: 'Task 3.' })).toMatchObject({ resumed: 0 })
    expect(await ask(second.world, second.ref, { ...TASK, task: 'Task 4.' })).toMatchObject({ resumed: 1 })
    await second.world.advance(7 * 24 * 3_600_000 + 1_000)
    expect(await ask(second.world, second.ref, { ...TASK, task: 'Task 5.' })).toMatchObject({ resumed: 0 })
    expect(second.plans.unfinished()).toEqual([])
  })

  it('that cannot be kept is carried out all the same', async () => {
    const log = createMemoryEventLog()
    const { world, ref, graphs } = await live(log, DOING)
    await graphs.stop()
    expect(await ask(world, ref, TASK)).toMatchObject({ isComplete: true })
    expect(ref.emitted.filter(({ step: name }) => name === 'journal-failed')).toHaveLength(1)
  })
})

describe('a step', () => {
  const start = (script: RouterScript, more: Partial<PlannerInput> = {}) => {
    const world = createWorld()
    const router = createScriptedRouter((prompt, ...rest) => (isPlanning(prompt) ? PLAN : script(prompt, ...rest)))
    return {
      world,
      router,
      ref: world.spawn(planner, { router, caller: CALLER, targets: [{ kind: 'auto' }], ...more }),
    }
  }

  it('whose answer is empty is tried again, as often as it may', async () => {
    let tries = 0
    const script: RouterScript = (prompt) =>
      stepOf(prompt) === 'b' && (tries += 1) < 3 ? ' ' : DOING(prompt, {} as never, 0)
    const given = start(script, { stepAttemptsMax: 3 })
    expect(await ask(given.world, given.ref, TASK)).toMatchObject({ isComplete: true, spentNanos: 6_000n })
    expect(given.ref.emitted.filter(({ step: name }) => name === 'step-retried')).toHaveLength(2)
    tries = 0
    const once = start(script, { stepAttemptsMax: 1 })
    expect(await ask(once.world, once.ref, TASK)).toMatchObject({ isComplete: false, output: 'out-a' })
  })

  it('that takes too long is aborted, and tried again', async () => {
    let tries = 0
    const { world, router, ref } = start(
      (prompt) => (stepOf(prompt) === 'b' && (tries += 1) === 1 ? 'hang!' : `out-${stepOf(prompt)}`),
      { stepTimeoutMs: 30_000 },
    )
    const pending = ref.ask<Executed>(TASK, { timeoutMs: 1_000_000 })
    for (let round = 0; round < 4; round += 1) await world.settle()
    await world.advance(30_001)
    for (let round = 0; round < 4; round += 1) await world.settle()
    expect(await pending).toMatchObject({ isComplete: true, hasUnknownCost: true })
    expect([router.hanging, tries]).toEqual([{ open: 1, aborted: 1 }, 2])
  })

  it('is shown no more of the steps before it than it may be', async () => {
    const long = 'The bridge was built in 1931 by the town. '.repeat(400)
    const { world, router, ref } = start((prompt) => (stepOf(prompt) === 'a' ? long : 'out'), {
      stepContextTokensMax: 200,
    })
    await ask(world, ref, TASK)
    const shown = router.requests.map(({ request }) => request.messages[1]?.content as string)
    const toB = shown.find((text) => text.endsWith('Do b.')) ?? ''
    expect([toB.includes('1931'), toB.length < 1_500]).toEqual([true, true])
  })

  it.each<Partial<Record<keyof PlannerInput, unknown>>>([
    { stepAttemptsMax: 0 },
    { stepTimeoutMs: 0 },
    { stepContextTokensMax: 1 },
    { graphs: {} },
  ])('takes no %j', (more) => {
    expect(() => start(DOING, more as Partial<PlannerInput>)).toThrow(
      expect.objectContaining({ code: 'ACTOR_START_FAILED' }),
    )
  })
})

describe('kernell agent run planner', () => {
  afterAll(removeFolders)

  it('goes on, after it was killed, with what it had done', async () => {
    await using upstream = await startUpstreamServer({ models: ['small'] })
    const asked: string[] = []
    const promptOf = ({ body }: UpstreamCall): string => JSON.stringify(body?.['messages'])
    const nameOf = (text: string): string => (isPlanning(text) ? 'plan' : (/Do (\w+)\./.exec(text)?.[1] ?? '?'))
    const answerTo =
      (isHanging: boolean) =>
      (call: UpstreamCall): UpstreamBehaviour => {
        const name = nameOf(promptOf(call))
        asked.push(name)
        if (name === 'b' && isHanging) return { kind: 'hang' }
        return { kind: 'answer', text: name === 'plan' ? PLAN : `This is the answer to step ${name}.` }
      }
    const folder = makeFolder()
    const words = ['agent', 'run', 'planner', '--json', '--input', '{"task": "Do it all.", "model": "openai/small"}']
    const init = { folder, environment: { OPENAI_BASE_URL: upstream.baseUrl } }
    upstream.respondWith(answerTo(true))
    const { child, ended } = startBinary(words, init)
    await upstream.waitForCalls(3)
    child.kill('SIGKILL')
    await ended
    expect(asked).toEqual(['plan', 'a', 'b'])
    asked.length = 0
    upstream.respondWith(answerTo(false))
    const { code, output } = await runBinary(words, init)
    expect([code, asked]).toEqual([0, ['b', 'c']])
    expect(JSON.parse(output)).toMatchObject({ resumed: 1, isComplete: true, output: 'This is the answer to step c.' })
    const purge = await runBinary(['data', 'purge', '--all', '--memories', '--yes', '--json'], init)
    expect(JSON.parse(purge.output)).toMatchObject({ plans: 0 })
  })
})
