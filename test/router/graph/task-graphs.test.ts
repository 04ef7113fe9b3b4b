import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CodedError } from '../../../src/base/errors.ts'
import type { TenantId } from '../../../src/base/identifiers.ts'
import type { PlannedTask } from '../../../src/core/planning/order-by-dependencies.ts'
import { parsePlannedTask, type TaskCodec } from '../../../src/core/planning/plan-codec.ts'
import type { PlanInput, StepPolicy } from '../../../src/core/planning/plan-graph.ts'
import { isPlanFinished, statusOf } from '../../../src/core/planning/plan-state.ts'
import type { EventLog } from '../../../src/ports/event-log.ts'
import type { StepOutcome } from '../../../src/router/graph/step-turn.ts'
import { createTaskGraphs, type TaskGraphs, type TaskGraphsInit } from '../../../src/router/graph/task-graphs.ts'
import { taskGraphsOf } from '../../../src/router/graph/tenant-task-graphs.ts'
import { createMemoryEventLog } from '../../../src/storage/memory/memory-event-log.ts'
import {
  collect,
  createTimedSystem,
  fail,
  kindsOf,
  quiet,
  step,
  succeed,
  untilAborted,
  type Turn,
} from './graph-fixture.ts'

fc.configureGlobal({ seed: 2026 })

const codec: TaskCodec<PlannedTask> = { formatTask: (task) => ({ ...task }), parseTask: parsePlannedTask }

type Opened = { readonly graphs: TaskGraphs<PlannedTask> } & ReturnType<typeof createTimedSystem>

async function open(log: EventLog, init: TaskGraphsInit = {}): Promise<Opened> {
  const timed = createTimedSystem()
  const graphs = createTaskGraphs<PlannedTask>({ actors: timed.system, log, codec }, init)
  await graphs.start()
  return { graphs, ...timed }
}

type Groups = (readonly Uint8Array[])[]

/** A journal that tells of each append, which is atomic. */
function tellingLog(onAppend: (payloads: readonly Uint8Array[]) => void): EventLog {
  const log = createMemoryEventLog()
  const append = log.append.bind(log)
  log.append = async (payloads) => {
    onAppend(payloads)
    return await append(payloads)
  }
  return log
}

async function logOf(groups: Groups): Promise<EventLog> {
  const log = createMemoryEventLog()
  for (const group of groups) await log.append(group)
  return log
}

/** What a process did before it died: executed attempts, and the outputs that it showed. */
type Lived = { readonly groups: Groups; readonly executed: string[]; readonly shown: Map<number, Set<string>> }

/** Runs a graph to its end, and notes after which append each output was shown. */
async function live(
  plan: PlanInput<PlannedTask> & { readonly id: string },
  execute: (turn: Turn) => Promise<StepOutcome>,
): Promise<Lived> {
  const groups: Groups = []
  const executed: string[] = []
  const shown = new Map<number, Set<string>>()
  const { graphs, time } = await open(tellingLog((payloads) => void groups.push(payloads)))
  const graph = graphs.run(plan, {
    execute: (turn) => {
      executed.push(turn.key)
      return execute(turn)
    },
  })
  const reading = (async (): Promise<void> => {
    for await (const event of graph.events()) {
      if (event.type !== 'step-succeeded') continue
      const before = shown.get(groups.length) ?? new Set()
      shown.set(groups.length, before.add(event.id))
    }
  })()
  for (let round = 0; round < 60 && !isPlanFinished(graph.state); round += 1) {
    await quiet()
    time.advance(5)
  }
  await graph.ended
  await reading
  return { groups, executed, shown }
}

const PLAN: PlanInput<PlannedTask> & { readonly id: string } = {
  id: 'graph-1',
  subTasks: [step('a'), step('b'), step('c', 'a', 'b'), step('d', 'a'), step('e', 'c')],
  parallelMax: 2,
  policies: {
    b: { attemptsMax: 3, backOff: { firstMs: 4, maxMs: 4 } },
    d: { timeLimitMs: 3 },
    e: { isOptional: true },
  },
}

/** `b` is done the third time, `d` takes too long, `e` is wrong. */
const carryOut = async ({ subTask: { id }, attempt, signal, dependencyOutputs }: Turn): Promise<StepOutcome> => {
  if (id === 'b' && attempt < 3) return fail('down')
  if (id === 'd') return await untilAborted(signal)
  if (id === 'e') return fail('wrong')
  return succeed(`${id}(${dependencyOutputs.map(({ output }) => output).join()})`)
}

describe('a crash between any two records', () => {
  it('loses nothing that was shown, does nothing again that was done, and ends as it would have', async () => {
    const lived = await live(PLAN, carryOut)
    const names = ['a succeeded', 'b succeeded', 'c succeeded', 'd failed', 'e failed']
    expect([lived.groups.length, lived.executed.length]).toEqual([11, 7])
    for (let kept = 0; kept <= lived.groups.length; kept += 1) {
      const { graphs, time } = await open(await logOf(lived.groups.slice(0, kept)))
      const [left, ...others] = graphs.unfinished()
      expect(others).toEqual([])
      if (kept === 0 || kept === lived.groups.length) {
        expect(left).toBeUndefined()
        continue
      }
      const done = new Set(
        PLAN.subTasks.filter(({ id }) => left && statusOf(left, id)?.kind === 'succeeded').map(({ id }) => id),
      )
      const running = PLAN.subTasks.flatMap(({ id }) => {
        const status = left && statusOf(left, id)
        return status?.kind === 'running' ? [`graph-1/${id}/${status.attempt}`] : []
      })
      // What the reader saw before this append is in what is left.
      for (const [at, ids] of lived.shown) if (at <= kept) for (const id of ids) expect(done.has(id)).toBe(true)
      const again: string[] = []
      const graph = graphs.resume('graph-1', {
        execute: (turn) => {
          again.push(turn.key)
          return carryOut(turn)
        },
      })
      await quiet()
      expect(again.slice(0, running.length)).toEqual(running)
      expect(running.every((key) => lived.executed.includes(key))).toBe(true)
      for (let round = 0; round < 60 && !isPlanFinished(graph.state); round += 1) {
        await quiet()
        time.advance(5)
      }
      expect(kindsOf(await graph.ended)).toEqual(names)
      expect(again.some((key) => done.has(key.split('/')[1] ?? ''))).toBe(false)
      expect(new Set(again).size).toBe(again.length)
      expect(graphs.unfinished()).toEqual([])
    }
  })

  it('holds for graphs of any shape', async () => {
    const policy: fc.Arbitrary<StepPolicy> = fc.constantFrom({}, { attemptsMax: 2 }, { isOptional: true })
    const shape = fc.record({
      links: fc.array(fc.boolean(), { minLength: 6, maxLength: 6 }),
      policies: fc.array(policy, { minLength: 4, maxLength: 4 }),
      failing: fc.subarray(['a/1', 'b/1', 'c/1', 'd/1', 'a/2', 'c/2']),
      parallelMax: fc.integer({ min: 1, max: 3 }),
    })
    await fc.assert(
      fc.asyncProperty(shape, async ({ links, policies, failing, parallelMax }) => {
        const ids = ['a', 'b', 'c', 'd']
        const subTasks = ids.map((id, at) =>
          step(id, ...ids.slice(0, at).filter((_id, before) => links[(at * (at - 1)) / 2 + before])),
        )
        const execute = async ({ subTask: { id }, attempt }: Turn): Promise<StepOutcome> =>
          failing.includes(`${id}/${attempt}`) ? fail('down') : succeed(id)
        const plan = {
          id: 'g',
          subTasks,
          parallelMax,
          policies: Object.fromEntries(ids.map((id, at) => [id, policies[at] ?? {}])),
        }
        const lived = await live(plan, execute)
        const whole = await open(await logOf([]))
        const expected = kindsOf(await whole.graphs.run(plan, { execute }).ended)
        for (let kept = 1; kept < lived.groups.length; kept += 1) {
          const { graphs } = await open(await logOf(lived.groups.slice(0, kept)))
          expect(kindsOf(await graphs.resume('g', { execute }).ended)).toEqual(expected)
        }
      }),
      { numRuns: 25 },
    )
  })
})

describe('acknowledged', () => {
  it('means synced: nothing follows from an event before it is durable', async () => {
    const gates: PromiseWithResolvers<void>[] = []
    const log = createMemoryEventLog()
    const append = log.append.bind(log)
    log.append = async (payloads) => {
      const index = await append(payloads)
      const gate = Promise.withResolvers<void>()
      gates.push(gate)
      await gate.promise
      return index
    }
    const { graphs } = await open(log)
    const executed: string[] = []
    const graph = graphs.run(
      { id: 'g', subTasks: [step('a'), step('b', 'a')] },
      { execute: async ({ subTask: { id } }) => (executed.push(id), succeed(id)) },
    )
    const events: string[] = []
    const reading = (async (): Promise<void> => {
      for await (const event of graph.events()) events.push(event.type)
    })()
    await quiet()
    expect([executed, events]).toEqual([[], []])
    gates[0]?.resolve()
    await quiet()
    expect([executed, events, gates.length]).toEqual([['a'], ['step-started'], 2])
    gates[1]?.resolve()
    await quiet()
    expect([executed, events]).toEqual([
      ['a', 'b'],
      ['step-started', 'step-succeeded', 'step-started'],
    ])
    let isEnded = false
    const ended = graph.ended.then(() => {
      isEnded = true
    })
    await quiet()
    expect(isEnded).toBe(false)
    gates[2]?.resolve()
    await ended
    await reading
  })

  it('comes in the order of the journal, whatever the disk says first', async () => {
    const gates: PromiseWithResolvers<void>[] = []
    const log = createMemoryEventLog()
    const append = log.append.bind(log)
    log.append = async (payloads) => {
      const index = await append(payloads)
      const gate = Promise.withResolvers<void>()
      gates.push(gate)
      await gate.promise
      return index
    }
    const { graphs } = await open(log)
    const graph = graphs.run({ id: 'g', subTasks: [step('a'), step('b')] }, { execute: async () => succeed('') })
    const events = collect(graph.events())
    await quiet()
    gates[0]?.resolve()
    await quiet()
    // The last one first.
    gates[2]?.resolve()
    await quiet()
    gates[1]?.resolve()
    expect(await events).toEqual(['a started 1', 'b started 1', 'a succeeded ', 'b succeeded '])
  })

  it('is nothing any more after a failed append: the graph fails, and its steps are stopped', async () => {
    let appends = 0
    const log = tellingLog(() => {
      appends += 1
      if (appends === 2) throw new CodedError('STORE_WRITE_FAILED', { message: 'disk full' })
    })
    const { graphs } = await open(log)
    const signals: AbortSignal[] = []
    const graph = graphs.run(
      { id: 'g', subTasks: [step('a'), step('b')] },
      {
        execute: async ({ subTask: { id }, signal }) => {
          signals.push(signal)
          return id === 'a' ? succeed('A') : await untilAborted(signal)
        },
      },
    )
    await expect(graph.ended).rejects.toMatchObject({ code: 'STORE_WRITE_FAILED' })
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, true])
    expect(() => graphs.run({ id: 'h', subTasks: [step('a')] }, { execute: async () => succeed('') })).toThrow(
      'disk full',
    )
  })
})

describe('a journal of graphs', () => {
  const endless = { execute: async ({ signal }: Turn) => await untilAborted(signal) }

  it('holds what changed and no more: a record is as long as its own output, whatever was put out before', async () => {
    const sizes: number[] = []
    const { graphs } = await open(
      tellingLog((payloads) => void sizes.push(payloads.reduce((sum, { length }) => sum + length, 0))),
    )
    const subTasks = Array.from({ length: 40 }, (_, index) =>
      step(`s${index}`, ...(index === 0 ? [] : [`s${index - 1}`])),
    )
    await graphs.run({ id: 'g', subTasks }, { execute: async () => succeed('x'.repeat(1_000)) }).ended
    expect(sizes.length).toBe(41)
    expect(Math.max(...sizes.slice(1))).toBeLessThan(1_150)
  })

  it('is rewritten without what has ended, and read again as it was', async () => {
    const log = createMemoryEventLog()
    const first = await open(log, { compactAtBytes: 2_000 })
    const execute = async ({ subTask: { id }, signal }: Turn): Promise<StepOutcome> =>
      id === 'b' ? await untilAborted(signal) : succeed('x'.repeat(300))
    const left = first.graphs.run({ id: 'left', subTasks: [step('a'), step('b', 'a')] }, { execute })
    for (let count = 0; count < 20; count += 1)
      await first.graphs.run({ id: `g${count}`, subTasks: [step('a')] }, { execute }).ended
    await quiet()
    expect(log.sizeBytes).toBeLessThan(4_000)
    await first.graphs.stop()
    await expect(left.ended).rejects.toMatchObject({ code: 'ACTOR_STOPPED' })
    const second = await open(log)
    expect(second.graphs.unfinished().map((state) => [state.graph.id, kindsOf(state)])).toEqual([
      ['left', ['a succeeded', 'b running']],
    ])
    const events = collect(second.graphs.resume('left', { execute: async () => succeed('B') }).events())
    expect(await events).toEqual(['b started 1', 'b succeeded B'])
  })

  it('takes an id once, as many graphs as allowed, and only those that there are', async () => {
    const { graphs } = await open(createMemoryEventLog(), { graphsMax: 2 })
    const subTasks = [step('a')]
    graphs.run({ id: 'g', subTasks }, endless)
    const refusal = (call: () => unknown): unknown => {
      try {
        call()
      } catch (error: unknown) {
        return CodedError.is(error) ? error.code : error
      }
      return undefined
    }
    expect(refusal(() => graphs.run({ id: 'g', subTasks }, endless))).toBe('GRAPH_ID_TAKEN')
    expect(refusal(() => graphs.resume('g', endless))).toBe('GRAPH_UNKNOWN')
    expect(refusal(() => graphs.resume('h', endless))).toBe('GRAPH_UNKNOWN')
    graphs.run({ id: 'h', subTasks }, endless)
    expect(refusal(() => graphs.run({ id: 'i', subTasks }, endless))).toBe('GRAPH_OVERLOADED')
    await graphs.stop()
    expect(refusal(() => graphs.run({ id: 'j', subTasks }, endless))).toBe('STORE_NOT_OPEN')
  })

  it('forgets a graph that nobody goes on with, for good', async () => {
    const log = createMemoryEventLog()
    const first = await open(log)
    first.graphs.run({ id: 'g', subTasks: [step('a')] }, endless)
    await quiet()
    await first.graphs.stop()
    const second = await open(log)
    await second.graphs.forget('g')
    await expect(second.graphs.forget('g')).rejects.toMatchObject({ code: 'GRAPH_UNKNOWN' })
    await second.graphs.stop()
    expect((await open(log)).graphs.unfinished()).toEqual([])
  })

  it('is erased of what is meant and of what has ended, and keeps what runs', async () => {
    const log = createMemoryEventLog()
    const first = await open(log)
    const execute = async ({ subTask: { id }, signal }: Turn): Promise<StepOutcome> =>
      id === 'b' ? await untilAborted(signal) : succeed(`secret of ${id}`)
    const tasks = [step('a'), step('b', 'a')]
    for (const id of ['acme/g', 'other/g']) first.graphs.run({ id, subTasks: tasks }, { execute })
    await first.graphs.run({ id: 'acme/done', subTasks: [step('x')] }, { execute }).ended
    await quiet()
    await first.graphs.stop()
    const { graphs } = await open(log)
    graphs.resume('other/g', { execute })
    expect(await graphs.erase((id) => id.startsWith('acme/'))).toBe(1)
    expect(await graphs.erase(() => true)).toBe(0)
    const left = new TextDecoder().decode(log.snapshot?.payload)
    expect([left.includes('acme'), left.includes('secret of x'), left.includes('other/g')]).toEqual([
      false,
      false,
      true,
    ])
    await graphs.stop()
    expect((await open(log)).graphs.unfinished().map(({ graph: { id } }) => id)).toEqual(['other/g'])
  })

  it('shows each tenant its own graphs only', async () => {
    const log = createMemoryEventLog()
    const first = await open(log)
    const [acme, other] = ['acme', 'ac'].map((name) => taskGraphsOf(first.graphs, name as TenantId))
    for (const graphs of [acme, other]) graphs?.run({ id: 'g', subTasks: [step('a')] }, endless)
    await quiet()
    await first.graphs.stop()
    const second = await open(log)
    const mine = taskGraphsOf(second.graphs, 'acme' as TenantId)
    expect(mine.unfinished().map(({ graph: { id } }) => id)).toEqual(['acme/g'])
    expect(() => mine.resume('ac/g', endless)).toThrow(expect.objectContaining({ code: 'GRAPH_UNKNOWN' }))
    await expect(mine.forget('ac/g')).rejects.toMatchObject({ code: 'GRAPH_UNKNOWN' })
    expect(await mine.erase()).toBe(1)
    expect(second.graphs.unfinished().map(({ graph: { id } }) => id)).toEqual(['ac/g'])
  })

  it.each([
    ['no JSON', 'x', 'STORE_CORRUPTED'],
    ['no format', '{"graph":"g"}', 'STORE_CORRUPTED'],
    ['a later format', '{"format":2,"graph":"g"}', 'STORE_FORMAT_NEWER'],
    ['an unknown graph', '{"format":1,"graph":"g","event":{"type":"plan-started"}}', 'STORE_CORRUPTED'],
    ['no plan', '{"format":1,"plan":{"id":"g"}}', 'STORE_CORRUPTED'],
  ])('that holds %s is refused', async (_what, record, code) => {
    const log = createMemoryEventLog()
    await log.append([new TextEncoder().encode(record)])
    await expect(open(log)).rejects.toMatchObject({ code })
  })

  it('that does not follow from itself is refused', async () => {
    const groups: Groups = []
    const { graphs } = await open(tellingLog((payloads) => void groups.push(payloads)))
    await graphs.run({ id: 'g', subTasks: [step('a')] }, { execute: async () => succeed('') }).ended
    const [opened = [], ended = []] = groups
    await expect(open(await logOf([opened, opened.slice(1), ended]))).rejects.toMatchObject({ code: 'STORE_CORRUPTED' })
  })
})
