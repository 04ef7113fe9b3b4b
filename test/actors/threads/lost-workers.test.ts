import { afterEach, describe, expect, test } from 'vitest'
import { CodedError } from '../../../src/base/errors.ts'
import type { ActorRef, Terminated } from '../../../src/actors/actor-ref.ts'
import type { DeadLetter } from '../../../src/actors/delivery/dead-letters.ts'
import type { SupervisionEvent } from '../../../src/actors/supervision/supervision-event.ts'
import type { ThreadExtensionInit } from '../../../src/actors/threads/thread-extension.ts'
import * as agents from './thread-agents.ts'
import { createThreadSystem } from './thread-system.ts'
import type { ThreadSystem } from './thread-system.ts'

const open: ThreadSystem[] = []
function create(
  init?: Partial<ThreadExtensionInit>,
): ThreadSystem & { told: SupervisionEvent[]; letters: DeadLetter[] } {
  const created = createThreadSystem(init)
  open.push(created)
  const told: SupervisionEvent[] = []
  const letters: DeadLetter[] = []
  created.system.onSupervision((event) => void told.push(event))
  created.system.deadLetters.subscribe((letter) => void letters.push(letter))
  return { ...created, told, letters }
}
afterEach(async () => {
  for (const { system } of open.splice(0)) await system.stop()
})

async function codeOf(promise: Promise<unknown>): Promise<unknown> {
  try {
    return await promise
  } catch (error: unknown) {
    return CodedError.is(error) ? error.code : error
  }
}

function ended(ref: ActorRef): Promise<Terminated> {
  return new Promise((resolve) => void ref.watch(resolve))
}

function toldOf({ system }: ThreadSystem, isMeant: (event: SupervisionEvent) => boolean): Promise<SupervisionEvent> {
  return new Promise((resolve) => void system.onSupervision((event) => isMeant(event) && resolve(event)))
}

type Recalled = { readonly type: string; readonly heard: readonly unknown[] }

describe('a worker that ends', () => {
  test.each([
    ['exit', {}],
    ['throw', {}],
    ['fill', { resourceLimits: { maxOldGenerationSizeMb: 32 } }],
    ['spin', { stuckAfterMs: 400 }],
  ] as const)('by %s is replaced; its actors start again and go on', { timeout: 30_000 }, async (type, init) => {
    const created = create(init)
    const { system, told } = created
    await system.ready
    const vandal = system.spawn(agents.vandal, { id: 'vandal', placement: { worker: 1 } })
    const neighbour = system.spawn(agents.recorder, { id: 'neighbour', input: ['input'], placement: { worker: 1 } })
    const far = system.spawn(agents.recorder, { id: 'far', placement: { worker: 2 } })
    const helper = system.spawn(agents.sender, { id: 'helper', placement: { worker: 2 } })
    neighbour.send({ type: 'note', value: 'before' })
    far.send({ type: 'note', value: 'before' })
    await neighbour.ask<Recalled>({ type: 'recall' })
    const restarted = toldOf(created, (event) => event.type === 'actor-restarted' && event.id === 'neighbour')
    vandal.send({ type })
    await restarted
    expect((await neighbour.ask<Recalled>({ type: 'recall' })).heard).toEqual(['input'])
    expect((await far.ask<Recalled>({ type: 'recall' })).heard).toEqual(['before'])
    expect(await vandal.ask({ type: 'count' })).toEqual({ type: 'counted', count: 1 })
    // Other workers reach it by the references they have.
    helper.send({ type: 'send', to: neighbour, event: { type: 'note', value: 'from afar' } })
    let heard: readonly unknown[] = []
    while (heard.length < 2) heard = (await neighbour.ask<Recalled>({ type: 'recall' })).heard
    expect(heard).toEqual(['input', 'from afar'])
    const failed = told.filter((event) => event.type === 'actor-failed')
    // What fails outside of any turn is nobody's.
    expect(failed.map(({ id }) => id)).toEqual(type === 'throw' ? [] : ['vandal'])
    const code = failed[0]?.type === 'actor-failed' && CodedError.is(failed[0].error) && failed[0].error.code
    expect(code).toBe({ exit: 'ACTOR_WORKER_LOST', throw: false, fill: 'ACTOR_WORKER_LOST', spin: 'ACTOR_STUCK' }[type])
  })

  test('the actor that keeps ending it is suspended, and the others live on', { timeout: 30_000 }, async () => {
    const { system, told, letters } = create({ intensity: { restarts: 2, withinMs: 60_000 } })
    const vandal = system.spawn(agents.vandal, { id: 'vandal', placement: { worker: 1 } })
    const neighbour = system.spawn(agents.recorder, { id: 'neighbour', placement: { worker: 1 } })
    const watchman = system.spawn(agents.watchman, { id: 'watchman', placement: { worker: 2 } })
    watchman.send({ type: 'watch', target: vandal })
    await watchman.ask({ type: 'seen' })
    const end = ended(vandal)
    system.onSupervision(
      ({ id, type }) => id === 'vandal' && type === 'actor-restarted' && vandal.send({ type: 'exit' }),
    )
    vandal.send({ type: 'exit' })
    const { reason, error } = await end
    expect([reason, CodedError.is(error) && error.code]).toEqual(['failed', 'ACTOR_WORKER_LOST'])
    expect((await neighbour.ask<Recalled>({ type: 'recall' })).heard).toEqual([])
    expect(told.filter(({ id }) => id === 'vandal').map(({ type }) => type)).toEqual([
      'actor-failed',
      'actor-restarted',
      'actor-failed',
      'actor-restarted',
      'actor-failed',
      'restart-intensity-exceeded',
    ])
    expect(vandal.send({ type: 'count' })).toBe(false)
    let seen: readonly string[] = []
    while (seen.length === 0)
      seen = (await watchman.ask<{ type: string; seen: readonly string[] }>({ type: 'seen' })).seen
    expect(seen).toEqual(['vandal failed'])
    // What made it end its worker is accounted for each time.
    expect(letters.map(({ target, event: { type }, reason: why }) => [target, type, why])).toEqual([
      [vandal.address, 'exit', 'thread-lost'],
      [vandal.address, 'exit', 'thread-lost'],
      [vandal.address, 'exit', 'thread-lost'],
      [vandal.address, 'count', 'stopped'],
    ])
  })

  test('what it had not read is handled by the restored actors; what it may have handled becomes dead letters', async () => {
    const { system, letters } = create({ threads: 1 })
    await system.ready
    const vandal = system.spawn(agents.vandal, { id: 'vandal' })
    const recorder = system.spawn(agents.recorder, { id: 'r' })
    await recorder.ask({ type: 'recall' })
    const COUNT = 6_000
    vandal.send({ type: 'exit' })
    for (let value = 0; value < COUNT; value += 1) recorder.send({ type: 'note', value })
    const last = recorder.ask<Recalled>({ type: 'recall' })
    const { heard } = await last
    const lost = letters.flatMap(({ target, event }) =>
      target === recorder.address && event.type === 'note' ? [event.value] : [],
    )
    expect([...lost, ...heard]).toEqual(Array.from({ length: COUNT }, (_, value) => value))
    expect(heard.length).toBeGreaterThan(COUNT / 2)
  })

  test('who waited for an answer is told; whoever asks again is served', async () => {
    const created = create({ threads: 1 })
    const { system } = created
    await system.ready
    const recorder = system.spawn(agents.recorder, { id: 'r' })
    const vandal = system.spawn(agents.vandal, { id: 'vandal' })
    await recorder.ask({ type: 'recall' })
    const unanswered = codeOf(recorder.ask({ type: 'note' }))
    await recorder.ask({ type: 'recall' })
    vandal.send({ type: 'exit' })
    expect(await unanswered).toBe('ACTOR_WORKER_LOST')
    expect((await recorder.ask<Recalled>({ type: 'recall' })).heard).toEqual([])
  })

  test('its actors go on from a snapshot where there is one', async () => {
    const { system } = create({
      threads: 1,
      snapshotOf: ({ id }) =>
        id === 'kept' ? { status: 'active', output: undefined, error: undefined, context: ['stored'] } : undefined,
    })
    const kept = system.spawn(agents.recorder, { id: 'kept', input: ['input'] })
    const other = system.spawn(agents.recorder, { id: 'other', input: ['input'] })
    expect((await kept.ask<Recalled>({ type: 'recall' })).heard).toEqual(['input'])
    const restarted = new Promise<void>((resolve) => {
      system.onSupervision(({ type, id }) => type === 'actor-restarted' && id === 'other' && resolve())
    })
    system.spawn(agents.vandal).send({ type: 'exit' })
    await restarted
    expect((await kept.ask<Recalled>({ type: 'recall' })).heard).toEqual(['stored'])
    expect((await other.ask<Recalled>({ type: 'recall' })).heard).toEqual(['input'])
  })

  test('without shared memory: what it had and did not confirm becomes dead letters', async () => {
    const { system, letters } = create({ threads: 1, usesSharedMemory: false })
    await system.ready
    const vandal = system.spawn(agents.vandal, { id: 'vandal' })
    const recorder = system.spawn(agents.recorder, { id: 'r' })
    await recorder.ask({ type: 'recall' })
    const COUNT = 20_000
    vandal.send({ type: 'exit' })
    for (let value = 0; value < COUNT; value += 1) recorder.send({ type: 'note', value })
    const { heard } = await recorder.ask<Recalled>({ type: 'recall' })
    const lost = letters.flatMap(({ event }) => (event.type === 'note' ? [event.value] : []))
    expect(lost.length).toBeGreaterThan(0)
    expect([...lost, ...heard]).toEqual(Array.from({ length: COUNT }, (_, value) => value))
  })

  test('temporary actors end with it, and their watchers hear of it', async () => {
    const { system } = create({ threads: 1 })
    const temporary = system.spawn(agents.temporary, { id: 't' })
    const vandal = system.spawn(agents.vandal, { id: 'vandal' })
    await vandal.ask({ type: 'count' })
    const end = ended(temporary)
    vandal.send({ type: 'exit' })
    expect(await end).toMatchObject({ id: 't', reason: 'killed' })
    expect(await codeOf(temporary.ask({ type: 'recall' }))).toBe('ACTOR_STOPPED')
    expect(await vandal.ask({ type: 'count' })).toEqual({ type: 'counted', count: 1 })
  })

  test('again and again is given up, and its actors with it', { timeout: 60_000 }, async () => {
    const { system } = create({ threads: 1, intensity: { restarts: 100, withinMs: 60_000 } })
    const vandal = system.spawn(agents.vandal, { id: 'vandal' })
    const recorder = system.spawn(agents.recorder, { id: 'r' })
    const ends = Promise.all([ended(vandal), ended(recorder)])
    system.onSupervision(
      ({ id, type }) => id === 'vandal' && type === 'actor-restarted' && vandal.send({ type: 'exit' }),
    )
    vandal.send({ type: 'exit' })
    expect((await ends).map(({ reason }) => reason)).toEqual(['killed', 'killed'])
    expect(() => system.spawn(agents.recorder)).toThrow(/worker/)
  })
})
