import { describe, expect, it } from 'vitest'
import { CodedError } from '../../../src/base/errors.ts'
import { composePlanOutput } from '../../../src/core/planning/compose-plan-output.ts'
import { planMachine } from '../../../src/core/planning/plan-machine.ts'
import { statusOf } from '../../../src/core/planning/plan-state.ts'
import { startTaskGraph } from '../../../src/router/graph/start-task-graph.ts'
import type { StepOutcome } from '../../../src/router/graph/step-turn.ts'
import {
  begin,
  collect,
  createTimedSystem,
  fail,
  kindsOf,
  liveActors,
  namesOf,
  quiet,
  step,
  succeed,
  untilAborted,
} from './graph-fixture.ts'

const DIAMOND = [step('a'), step('b'), step('c', 'a', 'b'), step('d', 'a')]

describe('a graph', () => {
  it('runs steps when what they depend on is there, side by side where they can', async () => {
    const both = Promise.withResolvers<void>()
    let begun = 0
    const { graph, turns, system } = begin({ subTasks: DIAMOND }, async ({ subTask: { id }, dependencyOutputs }) => {
      begun += 1
      if (begun === 2) both.resolve()
      // Neither of the first two ends before both have begun.
      await both.promise
      return succeed(`${id}(${dependencyOutputs.map(({ output }) => output).join()})`)
    })
    const state = await graph.ended
    expect(composePlanOutput(state).output).toBe('c(a(),b())\n\nd(a())')
    expect(namesOf(turns).slice(0, 2)).toEqual(['a/1', 'b/1'])
    expect([liveActors(system).length, system.deadLetters.count]).toEqual([0, 0])
  })

  it('shows what happens, in order, partial text between', async () => {
    const { graph } = begin(
      { subTasks: [step('a'), step('b', 'a'), step('c', 'b')], policies: { a: { attemptsMax: 2 } } },
      async ({ subTask: { id }, attempt }) => {
        if (id === 'a' && attempt === 1) throw new CodedError('MODEL_UNREACHABLE', { message: 'x' })
        return id === 'b' ? fail('wrong') : succeed('A')
      },
    )
    expect(await collect(graph.events())).toEqual([
      'a started 1',
      'a attempt failed MODEL_UNREACHABLE',
      'a started 2',
      'a succeeded A',
      'b started 1',
      'b failed wrong',
      'c stopped by b',
    ])
  })

  it('of a thousand steps ends, with as many at once as allowed', async () => {
    const subTasks = Array.from({ length: 1_000 }, (_, index) =>
      step(`s${index}`, ...(index >= 10 ? [`s${index - 10}`, `s${index - 7}`] : [])),
    )
    let running = 0
    let runningMax = 0
    const { graph, turns, system } = begin({ subTasks, parallelMax: 8 }, async ({ subTask: { id } }) => {
      running += 1
      runningMax = Math.max(runningMax, running)
      await new Promise((resolve) => setImmediate(resolve))
      running -= 1
      return succeed(id)
    })
    const state = await graph.ended
    expect([state.statuses.every(({ kind }) => kind === 'succeeded'), turns.length, runningMax]).toEqual([
      true,
      1_000,
      8,
    ])
    expect(liveActors(system).length).toBe(0)
  })

  it('of a thousand steps in a row does not grow the stack', async () => {
    const subTasks = Array.from({ length: 1_000 }, (_, index) =>
      step(`s${index}`, ...(index === 0 ? [] : [`s${index - 1}`])),
    )
    const { graph, turns } = begin({ subTasks }, async ({ subTask: { id } }) => succeed(id))
    expect(kindsOf(await graph.ended).at(-1)).toBe('s999 succeeded')
    expect(turns.length).toBe(1_000)
  })

  it('is refused when it is no graph, or nobody waits for it any more', () => {
    const { system } = createTimedSystem()
    const gone = AbortSignal.abort(new Error('left'))
    const state = planMachine.initial({ subTasks: [step('a')] })
    expect(() => startTaskGraph(system, { state }, { execute: async () => succeed(''), signal: gone })).toThrow('left')
    expect(liveActors(system).length).toBe(0)
  })
})

describe('a step that fails', () => {
  it('n times is done the next time, each under a key of its own, later each time', async () => {
    const policies = { a: { attemptsMax: 4, backOff: { firstMs: 100, maxMs: 150 } } }
    const { graph, turns, time } = begin({ id: 'g', subTasks: [step('a')], policies }, async ({ attempt }) =>
      attempt < 4 ? fail('down') : succeed('at last'),
    )
    const waits: number[] = []
    for (const delayMs of [100, 150, 150]) {
      await quiet()
      const before = turns.length
      time.advance(delayMs - 1)
      await quiet()
      expect(turns.length).toBe(before)
      time.advance(2)
      waits.push(delayMs)
    }
    const state = await graph.ended
    expect(statusOf(state, 'a')).toEqual({ kind: 'succeeded', output: 'at last' })
    expect(turns.map(({ key }) => key)).toEqual(['g/a/1', 'g/a/2', 'g/a/3', 'g/a/4'])
  })

  it('for good stops what depends on it and nothing else', async () => {
    const { graph, turns } = begin({ subTasks: DIAMOND }, async ({ subTask: { id } }) =>
      id === 'b' ? { kind: 'failed', reason: 'no', isRetryable: false } : succeed(id),
    )
    expect(kindsOf(await graph.ended)).toEqual(['a succeeded', 'b failed', 'c stopped', 'd succeeded'])
    expect(namesOf(turns)).toEqual(['a/1', 'b/1', 'd/1'])
  })

  it('and is optional is done without', async () => {
    const { graph, turns } = begin(
      { subTasks: DIAMOND, policies: { b: { isOptional: true } } },
      async ({ subTask: { id } }) => (id === 'b' ? fail('no') : succeed(id)),
    )
    expect(kindsOf(await graph.ended)).toEqual(['a succeeded', 'b failed', 'c succeeded', 'd succeeded'])
    expect(turns.find(({ subTask: { id } }) => id === 'c')?.dependencyOutputs).toEqual([{ id: 'a', output: 'a' }])
  })

  it('by throwing before its first wait takes its worker with it, and no other', async () => {
    const ended: string[] = []
    const { graph, turns, system } = begin(
      { subTasks: [step('a'), step('b')], policies: { a: { attemptsMax: 2 } } },
      ({ subTask: { id }, attempt }) => {
        if (id === 'a' && attempt === 1) throw new TypeError('a defect')
        return Promise.resolve(succeed(id))
      },
    )
    system.onSupervision(({ type, id }) => void ended.push(`${type} ${id}`))
    expect(kindsOf(await graph.ended)).toEqual(['a succeeded', 'b succeeded'])
    expect([namesOf(turns), ended]).toEqual([['a/1', 'b/1', 'a/2'], [expect.stringMatching(/^actor-failed /)]])
    expect([liveActors(system).length, system.deadLetters.recent().map(({ reason }) => reason)]).toEqual([
      0,
      ['poison'],
    ])
  })

  it('because somebody ended its worker is tried again, and its signal aborts', async () => {
    const { graph, turns, system } = begin(
      { subTasks: [step('a')], policy: { attemptsMax: 2 } },
      async ({ attempt, signal }) => (attempt === 1 ? await untilAborted(signal) : succeed('A')),
    )
    await quiet()
    const [, worker] = liveActors(system)
    await worker?.stop()
    expect(kindsOf(await graph.ended)).toEqual(['a succeeded'])
    expect(turns[0]?.signal.reason).toMatchObject({ code: 'ACTOR_STOPPED' })
  })
})

describe('a step that takes too long', () => {
  it('is told to stop by its signal, and tried again', async () => {
    const { graph, turns, time } = begin(
      { subTasks: [step('a')], policy: { attemptsMax: 2, timeLimitMs: 50 } },
      async ({ attempt, signal }) => (attempt === 1 ? await untilAborted(signal) : succeed('A')),
    )
    await quiet()
    time.advance(49)
    expect(turns[0]?.signal.aborted).toBe(false)
    time.advance(3)
    expect(kindsOf(await graph.ended)).toEqual(['a succeeded'])
    expect(turns[0]?.signal.reason).toMatchObject({ name: 'TimeoutError' })
  })

  it('and does not hear is given up, and what it says later is not heard', async () => {
    const late = Promise.withResolvers<StepOutcome>()
    const { graph, turns, time, system } = begin(
      { subTasks: [step('a')], policy: { attemptsMax: 2, timeLimitMs: 50 }, stopGraceMs: 10 },
      async ({ attempt }) => (attempt === 1 ? await late.promise : succeed('second')),
    )
    const events = collect(graph.events())
    await quiet()
    time.advance(55)
    await quiet()
    time.advance(15)
    expect(statusOf(await graph.ended, 'a')).toEqual({ kind: 'succeeded', output: 'second' })
    expect(await events).toEqual([
      'a started 1',
      'a attempt failed took longer than 50 ms',
      'a started 2',
      'a succeeded second',
    ])
    late.resolve(succeed('first'))
    await quiet()
    expect([turns.length, liveActors(system).length, system.deadLetters.count]).toEqual([2, 0, 0])
  })
})

describe('cancelling', () => {
  const waiting = async (turn: { readonly signal: AbortSignal }): Promise<never> => await untilAborted(turn.signal)

  it('by the caller reaches every step, starts no other, and ends when they have', async () => {
    const controller = new AbortController()
    let ended = 0
    const { graph, turns } = begin(
      { subTasks: DIAMOND },
      async (turn) => {
        try {
          return await waiting(turn)
        } finally {
          await new Promise((resolve) => setImmediate(resolve))
          ended += 1
        }
      },
      { signal: controller.signal },
    )
    await quiet()
    const reason = new Error('left')
    controller.abort(reason)
    expect(kindsOf(await graph.ended)).toEqual(['a cancelled', 'b cancelled', 'c cancelled', 'd cancelled'])
    expect([namesOf(turns), ended]).toEqual([['a/1', 'b/1'], 2])
    expect(turns.map(({ signal }) => signal.reason as unknown)).toEqual([reason, reason])
  })

  it('one step stops what depends on it; the rest goes on', async () => {
    const { graph, turns } = begin({ subTasks: DIAMOND }, async (turn) =>
      turn.subTask.id === 'b' ? await waiting(turn) : succeed(turn.subTask.id),
    )
    await quiet()
    graph.cancelStep('b', 'unwanted')
    const state = await graph.ended
    expect(kindsOf(state)).toEqual(['a succeeded', 'b cancelled', 'c stopped', 'd succeeded'])
    expect(namesOf(turns)).toEqual(['a/1', 'b/1', 'd/1'])
  })

  it('tells the end of each step once, whatever had ended before', async () => {
    const { graph, time } = begin(
      { subTasks: [step('a'), step('b'), step('c'), step('d', 'a')], policies: { b: { timeLimitMs: 20 } } },
      async (turn) => (turn.subTask.id === 'a' ? fail('wrong') : await waiting(turn)),
    )
    const events = collect(graph.events())
    await quiet()
    time.advance(25)
    await quiet()
    graph.cancel('enough')
    expect((await events).slice(3)).toEqual([
      'a failed wrong',
      'd stopped by a',
      'b failed took longer than 20 ms',
      'c cancelled enough',
    ])
  })

  it('at every moment of a graph ends it, and leaves no actor behind', async () => {
    const policies = { a: { attemptsMax: 2, backOff: { firstMs: 5, maxMs: 5 } }, b: { timeLimitMs: 20 } }
    for (let moment = 0; moment < 14; moment += 1) {
      const { graph, system, time } = begin({ subTasks: DIAMOND, policies, stopGraceMs: 3 }, async (turn) => {
        if (turn.subTask.id === 'a' && turn.attempt === 1) return fail('down')
        if (turn.subTask.id === 'b') return await waiting(turn)
        return succeed(turn.subTask.id)
      })
      for (let passed = 0; passed < moment; passed += 1) {
        await quiet()
        time.advance(2)
      }
      graph.cancel('enough')
      graph.cancel('enough, I said')
      await quiet()
      const state = await graph.ended
      expect(state.phase).toBe('finished')
      await quiet()
      expect([liveActors(system).length, system.deadLetters.count]).toEqual([0, 0])
    }
  })

  it('is not waited for by a step that does not hear, beyond the grace', async () => {
    const { graph, time } = begin({ subTasks: [step('a')], stopGraceMs: 10 }, () => new Promise(() => {}))
    await quiet()
    graph.cancel('left')
    await quiet()
    time.advance(12)
    expect(kindsOf(await graph.ended)).toEqual(['a cancelled'])
  })
})

describe('the end of the actors', () => {
  it('rejects the graph and aborts its steps', async () => {
    const { graph, turns, system } = begin({ subTasks: DIAMOND }, async ({ signal }) => await untilAborted(signal))
    const events = collect(graph.events())
    await quiet()
    await system.stop({ drainMs: 0 })
    await expect(graph.ended).rejects.toMatchObject({ code: 'ACTOR_STOPPED' })
    await expect(events).rejects.toMatchObject({ code: 'ACTOR_STOPPED' })
    expect(turns.map(({ signal }) => signal.aborted)).toEqual([true, true])
  })

  it('by a defect of the machine rejects the graph with it', async () => {
    const { system } = createTimedSystem()
    const state = planMachine.initial({ subTasks: [step('a')] })
    // A state that no plan can have: the machine asserts against it.
    const broken = {
      ...state,
      phase: 'running' as const,
      statuses: [{ kind: 'waiting', attempt: 1 } as const],
      firstWaiting: 1,
    }
    const graph = startTaskGraph(system, { state: broken }, { execute: async () => succeed('') })
    await expect(graph.ended).rejects.toThrow('Broken invariant')
    expect(liveActors(system).length).toBe(0)
  })
})
