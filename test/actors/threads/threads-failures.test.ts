import { afterEach, describe, expect, test } from 'vitest'
import { CodedError } from '../../../src/base/errors.ts'
import { defineAgent } from '../../../src/actors/define-agent.ts'
import type { ActorRef, Terminated } from '../../../src/actors/actor-ref.ts'
import type { SupervisionEvent } from '../../../src/actors/supervision/supervision-event.ts'
import type { ThreadExtensionInit } from '../../../src/actors/threads/thread-extension.ts'
import * as agents from './thread-agents.ts'
import { createThreadSystem } from './thread-system.ts'
import type { ThreadSystem } from './thread-system.ts'

const open: ThreadSystem[] = []
function create(init?: Partial<ThreadExtensionInit>): ThreadSystem & { told: SupervisionEvent[] } {
  const created = createThreadSystem({ threads: 1, ...init })
  open.push(created)
  const told: SupervisionEvent[] = []
  created.system.onSupervision((event) => void told.push(event))
  return { ...created, told }
}
afterEach(async () => {
  for (const { system, errors } of open.splice(0)) {
    await system.stop()
    expect(errors).toEqual([])
  }
})

function ended(ref: ActorRef): Promise<Terminated> {
  return new Promise((resolve) => void ref.watch(resolve))
}

function toldOf({ system }: ThreadSystem, isMeant: (event: SupervisionEvent) => boolean): Promise<SupervisionEvent> {
  return new Promise((resolve) => void system.onSupervision((event) => isMeant(event) && resolve(event)))
}

async function errorOf(promise: Promise<unknown>): Promise<Error> {
  try {
    await promise
  } catch (error: unknown) {
    if (error instanceof Error) return error
  }
  throw new TypeError('it was to fail')
}

function causeOf(error: unknown): unknown {
  return error instanceof Error ? error.cause : undefined
}

/** Not of this module, so that no worker finds it. */
const missing = defineAgent({
  name: 'missing',
  logic: agents.recorder.logic,
  module: { url: new URL('no-such-module.ts', import.meta.url).href, exportName: 'missing' },
})

describe('an actor that cannot start on a worker', () => {
  test.each([
    ['its context throws', agents.stillborn, 'ACTOR_START_FAILED', /stillborn.*bad input: none/],
    ['its module is not there', missing, 'ACTOR_MODULE_INVALID', /no-such-module/],
  ] as const)('%s: the failure is told, and that nobody waited for it', async (_name, agent, code, text) => {
    const created = create()
    const lost = toldOf(created, ({ type }) => type === 'actor-lost')
    const ref = created.system.spawn(agent, { id: 'a', input: { why: 'none' } })
    const event = await lost
    expect(created.told.map(({ type, id, address }) => [type, id, address])).toEqual([
      ['actor-failed', 'a', ref.address],
      ['actor-lost', 'a', ref.address],
    ])
    for (const { error } of created.told as readonly (SupervisionEvent & { error: unknown })[]) {
      expect(CodedError.is(error) && error.code).toBe(code)
      expect((error as Error).message).toMatch(text)
      expect(causeOf(error)).toBeInstanceOf(Error)
    }
    expect(event.id).toBe('a')
  })

  test('whoever asked it hears at once why, and it is not lost then', async () => {
    const { system, told } = create()
    const ref = system.spawn(agents.stillborn, { id: 'a', input: { why: 'none' } })
    const error = await errorOf(ref.ask({ type: 'recall' }, { timeoutMs: 60_000 }))
    expect([CodedError.is(error) && error.code, error.message]).toEqual([
      'ACTOR_START_FAILED',
      expect.stringContaining('bad input: none'),
    ])
    expect(causeOf(error)).toBeInstanceOf(RangeError)
    // Later ones too.
    expect(await errorOf(ref.ask({ type: 'recall' }))).toBe(error)
    expect(told.map(({ type }) => type)).toEqual(['actor-failed'])
  })

  test('what it throws may be what cannot be copied', async () => {
    const { system } = create()
    const { error } = await ended(system.spawn(agents.stillborn, { id: 'a', input: { why: 'odd' } }))
    expect([CodedError.is(error) && error.code, (error as Error).message]).toEqual([
      'ACTOR_START_FAILED',
      expect.stringContaining('bad input: odd'),
    ])
  })
})

describe('an actor that fails on a worker', () => {
  test('is lost where nobody heard of it', async () => {
    const created = create()
    const ref = created.system.spawn(agents.brittle, { id: 'b' })
    const lost = toldOf(created, ({ type }) => type === 'actor-lost')
    ref.send({ type: 'boom' })
    expect(await lost).toMatchObject({ id: 'b', address: ref.address, error: { message: 'boom' } })
    expect(created.told.map(({ type }) => type)).toEqual(['actor-failed', 'actor-lost'])
  })

  test('is not where somebody did', async () => {
    const { system, told } = create()
    const ref = system.spawn(agents.brittle, { id: 'b' })
    const end = ended(ref)
    ref.send({ type: 'boom' })
    expect(await end).toMatchObject({ reason: 'failed', error: { message: 'boom' } })
    expect(told.map(({ type }) => type)).toEqual(['actor-failed'])
  })

  test('over a question says so to who asked', async () => {
    const { system } = create({ threads: 2 })
    const ref = system.spawn(agents.recorder, { id: 'r', placement: { worker: 1 } })
    const error = await errorOf(ref.ask({ type: 'boom' }, { timeoutMs: 60_000 }))
    expect([CodedError.is(error) && error.code, error.message]).toEqual([
      'ACTOR_FAILED',
      expect.stringContaining('boom'),
    ])
    expect(causeOf(error)).toMatchObject({ message: 'boom' })
    // Where another actor hands the question on, too.
    const middleman = system.spawn(agents.relay, { placement: { worker: 2 } })
    const handedOn = await errorOf(middleman.ask({ type: 'boom', to: ref }, { timeoutMs: 60_000 }))
    expect(CodedError.is(handedOn) && handedOn.code).toBe('ACTOR_FAILED')
  })
})

describe('an error that ends a worker', () => {
  test('is named with its code wherever the loss is told', async () => {
    const created = create()
    const { system, told } = created
    const said: string[] = []
    Object.defineProperty(system, '_logger', { value: (...parts: unknown[]) => void said.push(parts.join(' ')) })
    const vandal = system.spawn(agents.vandal, { id: 'vandal' })
    const temporary = system.spawn(agents.temporary, { id: 't' })
    const recorder = system.spawn(agents.recorder, { id: 'r' })
    await recorder.ask({ type: 'recall' })
    const unanswered = errorOf(recorder.ask({ type: 'note' }))
    await recorder.ask({ type: 'recall' })
    const end = ended(temporary)
    const restarted = toldOf(created, ({ type, id }) => type === 'actor-restarted' && id === 'r')
    vandal.send({ type: 'throw' })
    const text = /thrown from nowhere.*E_NOWHERE|E_NOWHERE.*thrown from nowhere/
    const errors = [(await end).error, await unanswered, ((await restarted) as { error?: unknown }).error]
    for (const error of errors) {
      expect(CodedError.is(error, 'ACTOR_WORKER_LOST') && error.message).toMatch(text)
      expect(causeOf(error)).toMatchObject({ message: 'thrown from nowhere', code: 'E_NOWHERE' })
    }
    expect(said).toEqual([expect.stringMatching(text)])
    expect(told.filter(({ type }) => type === 'actor-failed')).toEqual([])
  })
})
