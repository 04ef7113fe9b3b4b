import { afterEach, expect, test } from 'vitest'
import type { ActorRef, Terminated } from '../../../src/actors/actor-ref.ts'
import type { ThreadsInit } from '../../../src/actors/create-actor-system.ts'
import type { ActorSystem } from '../../../src/actors/system/actor-system.ts'
import { CodedError } from '../../../src/base/errors.ts'
import { createActorSystem } from '../../../src/node/actors/create-actor-system.ts'
import { limits, spinner } from './limits-agent.ts'

const open: ActorSystem[] = []
afterEach(async () => {
  for (const system of open.splice(0)) await system.stop({ drainMs: 0 })
})

function createSystem(threads: ThreadsInit): ActorSystem {
  const system = createActorSystem({ threads, logger: () => {} })
  open.push(system)
  return system
}

function ended(ref: ActorRef): Promise<Terminated> {
  return new Promise((resolve) => void ref.watch(resolve))
}

const NONE = { restarts: 0, withinMs: 60_000 }

test('how long a worker may be silent is set, and how often an actor may make it so', { timeout: 4_000 }, async () => {
  const system = createSystem({ count: 1, stuckAfterMs: 200, actorIntensity: NONE })
  const ref = system.spawn(spinner, { id: 'spinner' })
  const end = ended(ref)
  ref.send({ type: 'spin' })
  const { reason, error } = await end
  expect([reason, CodedError.is(error, 'ACTOR_STUCK')]).toEqual(['failed', true])
})

test('how often a worker may end is set; beyond it, its actors end and it stays away', async () => {
  const system = createSystem({ count: 1, workerIntensity: NONE })
  const ref = system.spawn(spinner)
  const end = ended(ref)
  ref.send({ type: 'exit' })
  expect((await end).reason).toBe('killed')
  expect(() => system.spawn(limits)).toThrow(expect.objectContaining({ code: 'ACTOR_WORKER_LOST' }))
})

test('the memory of a worker is set', async () => {
  const system = createSystem({ count: 1, resourceLimits: { maxOldGenerationSizeMb: 77, stackSizeMb: 3 } })
  expect(await system.spawn(limits).ask({ type: 'ask' })).toMatchObject({
    isMainThread: false,
    limits: { maxOldGenerationSizeMb: 77, stackSizeMb: 3 },
  })
})

test('an object that asks for no threads makes none', async () => {
  const system = createSystem({ count: 0 })
  expect(await system.spawn(limits).ask({ type: 'ask' })).toMatchObject({ isMainThread: true })
})

test('threads are refused by a code where no memory can be shared', () => {
  const { SharedArrayBuffer: shared } = globalThis
  Reflect.deleteProperty(globalThis, 'SharedArrayBuffer')
  try {
    expect(() => createActorSystem({ threads: 1 })).toThrow(
      expect.objectContaining({ code: 'ACTOR_PLATFORM_LACKS', message: expect.stringContaining('SharedArrayBuffer') }),
    )
  } finally {
    Object.defineProperty(globalThis, 'SharedArrayBuffer', { value: shared, writable: true, configurable: true })
  }
})
