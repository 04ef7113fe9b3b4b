import { afterEach, describe, expect, test } from 'vitest'
import type { AnyEventObject } from 'xstate'
import { CodedError } from '../../../src/base/errors.ts'
import type { ActorRef } from '../../../src/actors/actor-ref.ts'
import { RemoteRef } from '../../../src/actors/threads/remote-ref.ts'
import type { ThreadExtensionInit } from '../../../src/actors/threads/thread-extension.ts'
import * as agents from './thread-agents.ts'
import { createThreadSystem } from './thread-system.ts'
import type { ThreadSystem } from './thread-system.ts'

const open: ThreadSystem[] = []
function create(init?: Partial<ThreadExtensionInit>): ThreadSystem {
  const created = createThreadSystem(init)
  open.push(created)
  return created
}
afterEach(async () => {
  for (const { system } of open.splice(0)) await system.stop()
})

function remote(ref: ActorRef): RemoteRef {
  if (ref instanceof RemoteRef) return ref
  throw new TypeError('an actor of another thread')
}

/** What was sent before has been handled, and what was emitted over it has come. */
async function settle(ref: ActorRef): Promise<void> {
  await ref.ask({ type: 'ask' })
}

describe.each([
  ['rings', true],
  ['ports', false],
])('what an actor emits, across threads by %s', (_name, usesSharedMemory) => {
  test('is heard by type or whatever it is, in order, until the listener is taken back', async () => {
    const { system, errors } = create({ usesSharedMemory })
    const crier = remote(system.spawn(agents.crier, { id: 'c', placement: { worker: 1 } }))
    const said: unknown[] = []
    const all: unknown[] = []
    const hear = ({ value }: AnyEventObject): void => void said.push(value)
    const first = crier.on('said', hear)
    const second = crier.on('said', hear)
    const every = crier.on('*', ({ type, value }) => void all.push([type, value]))
    for (let value = 0; value < 3; value += 1) crier.send({ type: 'say', value })
    crier.send({ type: 'whisper', value: 3 })
    await settle(crier)
    // The same function twice is two listeners.
    expect(said).toEqual([0, 0, 1, 1, 2, 2])
    expect(all).toEqual([
      ['said', 0],
      ['said', 1],
      ['said', 2],
      ['whispered', 3],
    ])
    first.unsubscribe()
    every.unsubscribe()
    crier.send({ type: 'say', value: 4 })
    await settle(crier)
    second.unsubscribe()
    second.unsubscribe()
    crier.send({ type: 'say', value: 5 })
    await settle(crier)
    expect([said.slice(6), all.length, errors]).toEqual([[4], 4, []])
    crier.on('said', hear)
    crier.send({ type: 'say', value: 6 })
    await settle(crier)
    expect(said.slice(7)).toEqual([6])
  })

  test('is heard also after the actor moved, and after its worker was lost', async () => {
    const { system, threads } = create({ usesSharedMemory })
    const crier = remote(system.spawn(agents.crier, { id: 'c', placement: { worker: 1 } }))
    const vandal = system.spawn(agents.vandal, { id: 'v', placement: { worker: 2 } })
    const said: unknown[] = []
    crier.on('said', ({ value }) => void said.push(value))
    await settle(crier)
    await threads.move(crier, 2)
    crier.send({ type: 'say', value: 'moved' })
    await settle(crier)
    const restarted = new Promise<void>((resolve) => {
      system.onSupervision(({ type, id }) => type === 'actor-restarted' && id === 'c' && resolve())
    })
    vandal.send({ type: 'exit' })
    await restarted
    crier.send({ type: 'say', value: 'restarted' })
    await settle(crier)
    expect(said).toEqual(['moved', 'restarted'])
  })

  test('is heard by those on its own worker also after it left that', async () => {
    const { system, threads } = create({ usesSharedMemory })
    const crier = remote(system.spawn(agents.crier, { id: 'c', placement: { worker: 1 } }))
    const listener = system.spawn(agents.listener, { id: 'l', placement: { worker: 1 } })
    // It is there, so that its neighbour has it itself and no reference.
    await settle(crier)
    listener.send({ type: 'listen', target: crier })
    await listener.ask({ type: 'recall' })
    crier.send({ type: 'say', value: 'beside' })
    await settle(crier)
    await threads.move(crier, 2)
    crier.send({ type: 'say', value: 'afar' })
    await settle(crier)
    let heard: readonly unknown[] = []
    while (heard.length < 2) {
      const answer = await listener.ask<{ type: string; heard: readonly unknown[] }>({ type: 'recall' })
      heard = answer.heard
    }
    expect(heard).toEqual(['beside', 'afar'])
  })

  test('what cannot be copied is an error that names its field; a listener that throws is one too', async () => {
    const { system, errors } = create({ usesSharedMemory })
    const crier = remote(system.spawn(agents.trickster, { id: 't', placement: { worker: 1 } }))
    crier.on('tricked', () => {})
    crier.send({ type: 'trick' })
    await settle(crier)
    expect(errors.map((error) => CodedError.is(error) && [error.code, error.details])).toEqual([
      ['ACTOR_EVENT_NOT_CLONEABLE', { path: 'event.run' }],
    ])
    crier.on('said', () => {
      throw new RangeError('not heard')
    })
    crier.send({ type: 'say' })
    await settle(crier)
    expect(errors.slice(1)).toEqual([new RangeError('not heard')])
  })
})

test('nobody listens to an actor that has ended', async () => {
  const { system, errors } = create({ threads: 1 })
  const crier = remote(system.spawn(agents.crier, { id: 'c' }))
  const subscription = crier.on('said', () => {})
  await crier.stop()
  subscription.unsubscribe()
  crier.on('said', () => {}).unsubscribe()
  expect([crier.listeners.types, errors]).toEqual([[], []])
})
