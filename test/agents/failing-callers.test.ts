import type { ReplyTarget } from 'kernell-os/actors'
import { CodedError } from 'kernell-os/core'
import { describe, expect, it } from 'vitest'
import { findAgent } from '../../agents/packaged/registry.ts'
import { CALLER, createScriptedRouter, createWorld, type AgentWorld, type SpawnedAgent } from './agent-fixture.ts'

const broken = new Error('the caller broke')
const throwing: ReplyTarget = {
  send: () => {
    throw broken
  },
}
/** An event that no agent can read: only a program that has the agent beside it can make one. */
function unreadable(event: { readonly type: string }): { readonly type: string } {
  return Object.defineProperty({ ...event }, 'id', {
    get() {
      throw broken
    },
  })
}

function start(name: string, input: object) {
  const world = createWorld()
  const router = createScriptedRouter(() => 'hang!')
  const given = typeof input === 'function' ? (input as (world: AgentWorld) => object)(world) : input
  const definition = findAgent(name)?.definition
  if (definition === undefined) throw new Error(`There is no agent ${name}`)
  const ref = world.spawn(definition, { router, caller: CALLER, targets: [{ kind: 'auto' }], ...given })
  return { world, router, ref }
}

/** Codes of the answers to a question, as they come. */
function ask(ref: SpawnedAgent, event: object): string[] {
  const heard: string[] = []
  ref
    .ask<{ type: string; id?: string; error?: { code: string } }>(event as { type: string }, { timeoutMs: 3_600_000 })
    .then(
      ({ type, id, error }) => heard.push([type, id, error?.code].filter((word) => word !== undefined).join(' ')),
      (error: unknown) => heard.push(`rejected ${CodedError.is(error) ? error.code : String(error)}`),
    )
  return heard
}

const STAGES = { stages: [{ name: 'wait', run: async () => await new Promise(() => {}) }] }

describe('a caller whose reply target throws', () => {
  it.each<[string, object, object]>([
    ['echo', {}, { type: 'say' }],
    ['treasurer', (world: AgentWorld) => ({ clock: world.system.environment.clock }), { type: 'report' }],
    ['pipeline', STAGES, { type: 'push', item: 1 }],
    ['monitor', { probes: [{ name: 'a', check: () => ({ isWell: true, detail: '' }) }] }, { type: 'check' }],
    ['monitor', { probes: [{ name: 'a', check: () => ({ isWell: true, detail: '' }) }] }, { type: 'status' }],
    ['planner', {}, { type: 'cancel', id: 'x' }],
    ['researcher', {}, { type: 'research' }],
  ])('harms nobody else: %s', async (name, input, event) => {
    const { world, ref } = start(name, input)
    const failures: string[] = []
    world.system.onSupervision(({ type }) => void failures.push(type))
    ref.send({ ...event, replyTo: throwing } as never)
    await world.settle()
    expect([failures, world.errors]).toEqual([[], [broken]])
    const heard = ask(ref, event)
    await world.settle()
    expect([heard.length, heard[0]?.startsWith('rejected')]).toEqual([1, false])
  })

  it('leaves the requests of others under way', async () => {
    const { world, router, ref } = start('planner', { jobsMax: 1 })
    const heard = ask(ref, { type: 'execute', id: 'mine', task: 'wait' })
    ref.send({ type: 'execute', task: ' ', replyTo: throwing })
    await world.settle()
    expect([heard, router.hanging]).toEqual([[], { open: 1, aborted: 0 }])
  })

  it('takes no item from a pipeline whose sink throws', async () => {
    const items: unknown[] = []
    const { world, ref } = start('pipeline', {
      stages: [{ name: 'keep', run: (item: unknown) => Promise.resolve(items.push(item)) }],
      sink: throwing,
    })
    for (const item of [1, 2]) ref.send({ type: 'push', item })
    const heard = ask(ref, { type: 'close' })
    await world.settle()
    expect([items, heard, world.errors]).toEqual([[1, 2], ['drained'], [broken, broken]])
  })
})

describe('an agent that fails itself', () => {
  it.each<[string, object]>([
    ['cache-warmer', { type: 'warm', prompts: ['x'] }],
    ['planner', { type: 'execute', task: 'x' }],
    ['researcher', { type: 'research', question: 'x' }],
    ['summarizer', { type: 'summarize', text: 'x' }],
    ['verifier', { type: 'verify', task: 'x', answer: 'a river' }],
  ])('is restarted, and tells those whose requests it had: %s', async (name, event) => {
    const { world, router, ref } = start(name, { jobsMax: 1, waitingMax: 1, judges: 1 })
    const supervision: string[] = []
    world.system.onSupervision(({ type }) => void supervision.push(type))
    const [running, waiting] = [ask(ref, { ...event, id: 'a' }), ask(ref, { ...event, id: 'b' })]
    await world.settle()
    ref.send(unreadable({ type: 'none', ...event }))
    await world.settle()
    expect(supervision).toEqual(['actor-failed', 'actor-restarted'])
    expect([running, waiting]).toEqual([['failed a ACTOR_FAILED'], ['failed b ACTOR_FAILED']])
    expect(ref.emitted.filter(({ type }) => type === 'finished').map(({ id }) => id)).toEqual(['a', 'b'])
    expect(router.hanging).toEqual({ open: 1, aborted: 1 })
    const next = ask(ref, { ...event, id: 'a' })
    await world.settle()
    expect([next, router.hanging.open]).toEqual([[], 2])
    await world.system.stop()
  })

  it('ends where its work cannot be taken up again, and those who wait hear it at once: pipeline', async () => {
    const { world, ref } = start('pipeline', { ...STAGES, bufferMax: 1, waitingMax: 4 })
    const ends: string[] = []
    ref.watch(({ reason }) => void ends.push(reason))
    for (const item of [1, 2]) ref.send({ type: 'push', item })
    const [waiting, closing] = [ask(ref, { type: 'push', item: 3 }), ask(ref, { type: 'close' })]
    await world.settle()
    expect([waiting, closing]).toEqual([[], []])
    ref.send(unreadable({ type: 'push' }))
    await world.settle()
    expect([ends, waiting, closing]).toEqual([['failed'], ['rejected ACTOR_STOPPED'], ['rejected ACTOR_STOPPED']])
  })
})
