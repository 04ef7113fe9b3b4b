import { defineAgent } from 'kernell-os/actors'
import { fromPromise } from 'xstate'
import { describe, expect, it } from 'vitest'
import { monitor, type MonitorStatus } from '../../agents/monitor/agent.ts'
import { pipeline, type PipelineResult } from '../../agents/pipeline/agent.ts'
import type { DeskLimits, JobInput, JobOutput } from '../../agents/request-desk/protocol.ts'
import { createRequestDesk } from '../../agents/request-desk/request-desk.ts'
import { summarizer } from '../../agents/summarizer/agent.ts'
import { ask, CALLER, createScriptedRouter, createWorld, type AgentWorld, type SpawnedAgent } from './agent-fixture.ts'

const releases: (() => void)[] = []
const reports: JobInput<DeskLimits, unknown>['report'][] = []

const desk = defineAgent({
  name: 'worker',
  logic: createRequestDesk<DeskLimits>({
    name: 'worker',
    verb: 'work',
    read: () => ({}),
    job: fromPromise<JobOutput<{ type: string }>, JobInput<DeskLimits, unknown>>(async ({ input }) => {
      reports.push(input.report)
      await new Promise<void>((resolve) => releases.push(resolve))
      return { kind: 'done', reply: { type: 'worked' } }
    }),
  }),
})

/** A worker with one open request, `r1`, and what its caller has heard of it. */
async function open(): Promise<{ world: AgentWorld; ref: SpawnedAgent; heard: unknown[] }> {
  releases.length = 0
  reports.length = 0
  const world = createWorld()
  const ref = world.spawn(desk, { timeoutMs: 10_000 })
  const heard: unknown[] = []
  ref.send({ type: 'work', id: 'r1', replyTo: { send: (event: unknown) => void heard.push(event) } })
  await world.settle()
  return { world, ref, heard }
}

/** Ids of the children as anybody in the program may read them. */
function childrenOf(ref: { getSnapshot(): unknown }): string[] {
  return Object.keys((ref.getSnapshot() as { children: object }).children)
}

const FORGED = { kind: 'done', reply: { type: 'worked', by: 'FORGED' } }

describe('an agent that takes requests', () => {
  it.each(['done', 'error'])('does not believe an outsider about the end of a job (%s)', async (how) => {
    const { world, ref, heard } = await open()
    for (const actorId of ['r1', ...childrenOf(ref), '__proto__', 'constructor'])
      ref.send({ type: `xstate.${how}.actor.${actorId}`, actorId, output: FORGED, error: new Error('FORGED') })
    await world.settle()
    expect(heard).toEqual([])
    releases[0]?.()
    await world.settle()
    expect(heard).toEqual([{ type: 'worked', id: 'r1' }])
  })

  it('names its jobs so that nobody can guess them', async () => {
    const { world, ref } = await open()
    ref.send({ type: 'work', id: 'r2' })
    await world.settle()
    const [first = '', second = ''] = childrenOf(ref)
    expect([first, second]).toEqual([expect.stringMatching(/^job-[0-9a-f]{32}$/), expect.not.stringContaining(first)])
    expect(first.slice(0, 12)).not.toBe(second.slice(0, 12))
  })

  it('gives no request up because an outsider says that its time is over', async () => {
    const { world, ref, heard } = await open()
    for (const id of ['r1', ...childrenOf(ref)]) ref.send({ type: 'desk.expired', id, key: {} })
    await world.settle()
    expect(heard).toEqual([])
    await world.advance(10_001)
    expect(heard).toMatchObject([{ type: 'failed', id: 'r1', error: { code: 'REQUEST_ABORTED' } }])
  })

  it('is not brought down by names that cannot be read', async () => {
    const { world, ref, heard } = await open()
    const name = {
      toString: () => {
        throw new Error('unreadable')
      },
    }
    for (const type of ['cancel', 'work', 'progress', 'desk.expired', 'xstate.done.actor.x', 'xstate.error.actor.x'])
      ref.send({ type, id: name, actorId: name, key: name })
    releases[0]?.()
    await world.settle()
    expect(heard).toEqual([{ type: 'worked', id: 'r1' }])
  })

  it('passes on progress of its own jobs only', async () => {
    const { world, ref } = await open()
    for (const id of ['r1', ...childrenOf(ref)]) ref.send({ type: 'progress', id, step: 'FORGED', key: {} })
    reports[0]?.('true', { id: 'r7', type: 'else', key: 'kept' })
    await world.settle()
    expect(ref.emitted.filter(({ type }) => type === 'progress')).toEqual([
      { type: 'progress', id: 'r1', step: 'true', key: 'kept' },
    ])
  })

  it('takes no copy of an event of its own, as it would come from another thread', async () => {
    const { world, ref, heard } = await open()
    const seen: { type: string }[] = []
    const send = ref.send.bind(ref)
    // The agent sends to itself through the same reference; a spy sees what an inspector would.
    Object.assign(ref, { send: (event: { type: string }) => (seen.push(event), send(event)) })
    reports[0]?.('true')
    await world.settle()
    expect(seen).toHaveLength(1)
    for (const event of seen) {
      send(structuredClone(event))
      send({ ...structuredClone(event), type: 'desk.expired' })
    }
    await world.settle()
    expect(ref.emitted.filter(({ type }) => type === 'progress')).toHaveLength(1)
    expect(heard).toEqual([])
  })
})

it('the summarizer answers with what a model said, and with nothing that an outsider says', async () => {
  const world = createWorld()
  const router = createScriptedRouter(() => 'hang!')
  const ref = world.spawn(summarizer, { router, caller: CALLER })
  const heard: unknown[] = []
  ref.send({ type: 'summarize', id: 'r1', text: 'x', replyTo: { send: (event: unknown) => void heard.push(event) } })
  await world.settle()
  ref.send({ type: 'xstate.done.actor.r1', actorId: 'r1', output: { kind: 'done', reply: { type: 'summarized' } } })
  ref.send({ type: 'desk.expired', id: 'r1' })
  await world.settle()
  expect([heard, router.hanging]).toEqual([[], { open: 1, aborted: 0 }])
})

it('the monitor believes its probes only', async () => {
  const world = createWorld()
  let release = (): void => {}
  const check = async (): Promise<{ isWell: boolean; detail: string }> => {
    await new Promise<void>((resolve) => (release = resolve))
    return { isWell: false, detail: 'down' }
  }
  const ref = world.spawn(monitor, { probes: [{ name: 'service', check }], failuresToAlarm: 1 })
  await world.settle()
  for (const actorId of ['probe-0', ...childrenOf(ref)])
    ref.send({ type: `xstate.done.actor.${actorId}`, actorId, output: { isWell: true, detail: 'FORGED' } })
  await world.settle()
  expect(await ask<MonitorStatus>(world, ref, { type: 'status' })).toMatchObject({ rounds: 0 })
  release()
  await world.settle()
  expect(await ask<MonitorStatus>(world, ref, { type: 'status' })).toMatchObject({ rounds: 1, alarms: ['service'] })
})

it('the pipeline takes the work of its workers only', async () => {
  const world = createWorld()
  const results: PipelineResult[] = []
  let release = (): void => {}
  const run = async (value: unknown): Promise<unknown> => {
    await new Promise<void>((resolve) => (release = resolve))
    return value
  }
  const ref = world.spawn(pipeline, {
    stages: [{ name: 'one', run }],
    sink: { send: (event: PipelineResult) => void results.push(event) },
  })
  ref.send({ type: 'push', id: 'a', item: 1 })
  await world.settle()
  for (const actorId of ['0:a', ...childrenOf(ref)]) {
    ref.send({ type: `xstate.done.actor.${actorId}`, actorId, output: { kind: 'done', values: ['FORGED'] } })
    ref.send({ type: `xstate.error.actor.${actorId}`, actorId, error: new Error('FORGED') })
  }
  await world.settle()
  expect(results).toEqual([])
  release()
  await world.settle()
  expect(results).toEqual([{ type: 'item-done', id: 'a', value: 1 }])
})
