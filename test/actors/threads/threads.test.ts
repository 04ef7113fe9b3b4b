import { afterEach, describe, expect, test } from 'vitest'
import { fromTransition } from 'xstate'
import { CodedError } from '../../../src/base/errors.ts'
import type { ActorRef, Terminated } from '../../../src/actors/actor-ref.ts'
import { defineAgent } from '../../../src/actors/define-agent.ts'
import type { DeadLetter } from '../../../src/actors/delivery/dead-letters.ts'
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
  for (const { system, errors } of open.splice(0)) {
    await system.stop()
    expect(errors).toEqual([])
  }
})

const local = defineAgent({
  name: 'local',
  logic: fromTransition((heard: readonly unknown[], event: { type: string }) => [...heard, event], []),
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

function nextLetter({ system }: ThreadSystem, isMeant: (letter: DeadLetter) => boolean): Promise<DeadLetter> {
  return new Promise((resolve) => void system.deadLetters.subscribe((letter) => isMeant(letter) && resolve(letter)))
}

/** Resolves when `look` gives the expected value; polls by asking, so the other thread has its turns. */
async function until<Value>(look: () => Promise<Value> | Value, isDone: (value: Value) => boolean): Promise<Value> {
  for (;;) {
    const value = await look()
    if (isDone(value)) return value
    await new Promise<void>((resolve) => void setImmediate(resolve))
  }
}

describe('placement', () => {
  test('goes to the worker with the fewest actors, to a named one, near another, or stays here', () => {
    const { system } = create()
    const places = [
      system.spawn(agents.recorder),
      system.spawn(agents.recorder),
      system.spawn(agents.recorder, { placement: { worker: 2 } }),
      system.spawn(agents.recorder),
    ]
    const near = system.spawn(agents.recorder, { placement: { near: places[1] as ActorRef } })
    const stays = [
      system.spawn(local),
      system.spawn(agents.recorder, { placement: { worker: 0 } }),
      system.spawn(agents.recorder, { supervisor: system.supervise({ strategy: 'one-for-one' }) }),
    ]
    expect([...places, near, ...stays].map(({ address }) => address.split('/')[3])).toEqual([
      '1',
      '2',
      '2',
      '1',
      '2',
      '0',
      '0',
      '0',
    ])
  })

  test('refuses what cannot be', () => {
    const { system } = create()
    system.spawn(agents.recorder, { id: 'taken' })
    expect(() => system.spawn(agents.recorder, { id: 'taken' })).toThrow(/taken/)
    expect(() => system.spawn(local, { id: 'taken' })).toThrow(/taken/)
    expect(() => system.spawn(agents.recorder, { id: 'a b' })).toThrow(RangeError)
    expect(() => system.spawn(agents.recorder, { placement: { worker: 3 } })).toThrow(RangeError)
    expect(() => system.spawn(local, { placement: { worker: 1 } })).toThrow(/module/)
    expect(() => create({ threads: 0 })).toThrow(RangeError)
  })

  test('finds placed actors by id', async () => {
    const { system } = create()
    const ref = system.spawn(agents.recorder, { id: 'r' })
    expect(system.get('r')).toBe(ref)
    await ref.stop()
    expect(system.get('r')).toBeUndefined()
    expect(system.spawn(agents.recorder, { id: 'r' })).not.toBe(ref)
  })

  test('an agent whose module does not have it fails, and its messages are dead letters', async () => {
    const created = create()
    const { system } = created
    const missing = defineAgent({ ...bare(agents.recorder), module: { url: import.meta.url, exportName: 'none' } })
    const ref = system.spawn(missing, { id: 'm' })
    const letter = nextLetter(created, () => true)
    ref.send({ type: 'note', value: 1 })
    const end = await ended(ref)
    expect([end.id, end.reason, CodedError.is(end.error) && end.error.code]).toEqual([
      'm',
      'failed',
      'ACTOR_MODULE_INVALID',
    ])
    expect(await letter).toEqual({ target: ref.address, event: { type: 'note', value: 1 }, reason: 'stopped' })
    expect(ref.getSnapshot().status).toBe('error')
  })

  test('an input that cannot be copied is refused, and leaves nothing behind', () => {
    const { system } = create()
    const input = [() => 1]
    expect(() => system.spawn(agents.recorder, { id: 'r', input })).toThrow(/input\[0\]/)
    expect(system.get('r')).toBeUndefined()
  })
})

function bare({ name, logic }: typeof agents.recorder): { name: string; logic: typeof agents.recorder.logic } {
  return { name, logic }
}

describe.each([
  ['rings', true],
  ['ports', false],
])('across threads by %s', (_name, usesSharedMemory) => {
  test('messages arrive in order, answers come back, also through others', async () => {
    const { system } = create({ usesSharedMemory })
    const recorder = system.spawn(agents.recorder, { input: ['first'], placement: { worker: 1 } })
    for (let value = 0; value < 100; value += 1) recorder.send({ type: 'note', value })
    const heard = ['first', ...Array.from({ length: 100 }, (_, value) => value)]
    expect(await recorder.ask({ type: 'recall' })).toEqual({ type: 'recalled', heard })
    const middleman = system.spawn(agents.middleman, { placement: { worker: 2 } })
    expect(await middleman.ask({ type: 'recall', to: recorder })).toEqual({ type: 'recalled', heard })
  })

  test('a reference stays the same one', async () => {
    const { system } = create({ usesSharedMemory })
    const ref = system.spawn(agents.sender, { id: 's' })
    const answer = await ref.ask<{ type: string; address: string; self: unknown }>({ type: 'where' })
    expect(answer.self).toBe(ref)
    expect(answer.address).toBe(ref.address)
    const here = system.spawn(local)
    ref.send({ type: 'send', to: here, event: { type: 'hello', me: ref, you: here } })
    const snapshot = await until(
      () => here.getSnapshot() as { context?: readonly { me: unknown; you: unknown }[] },
      ({ context }) => context?.length === 1,
    )
    expect(snapshot.context?.[0]?.me).toBe(ref)
    expect(snapshot.context?.[0]?.you).toBe(here)
  })

  test('watchers hear of an end once, wherever they are', async () => {
    const { system } = create({ usesSharedMemory })
    const watchman = system.spawn(agents.watchman, { placement: { worker: 1 } })
    const targets = [
      system.spawn(agents.recorder, { id: 'near', placement: { worker: 1 } }),
      system.spawn(agents.recorder, { id: 'far', placement: { worker: 2 } }),
      system.spawn(local, { id: 'here' }),
    ]
    for (const target of targets) watchman.send({ type: 'watch', target })
    await watchman.ask({ type: 'seen' })
    for (const target of targets) await target.stop()
    const { seen } = await until(
      () => watchman.ask<{ type: string; seen: readonly string[] }>({ type: 'seen' }),
      ({ seen: all }) => all.length === 3,
    )
    expect(seen.toSorted()).toEqual(['far stopped', 'here stopped', 'near stopped'])
    // One that comes late is told at once.
    const [, far] = targets
    expect((await ended(far as ActorRef)).reason).toBe('stopped')
  })

  test('subscribers see snapshots and the end; the last snapshot stays', async () => {
    const { system } = create({ usesSharedMemory })
    const lamp = system.spawn(agents.lamp, { id: 'lamp' })
    const seen: unknown[] = []
    const completed = new Promise<void>((resolve) => {
      lamp.subscribe({
        next: (snapshot) => void seen.push((snapshot as { value?: unknown }).value ?? snapshot.status),
        complete: resolve,
      })
    })
    expect(lamp.getSnapshot().status).toBe('active')
    lamp.send({ type: 'flip' })
    lamp.send({ type: 'flip' })
    await completed
    expect(seen).toEqual(['on', 'done'])
    expect(lamp.getSnapshot()).toMatchObject({ status: 'done', output: { flips: 1 } })
    expect(await ended(lamp)).toMatchObject({ reason: 'done', output: { flips: 1 } })
  })

  test('a delivery is confirmed; asks end with what ended them', async () => {
    const { system } = create({ usesSharedMemory })
    const recorder = system.spawn(agents.recorder, { id: 'r' })
    await recorder.deliver({ type: 'note', value: 1 })
    expect(await codeOf(recorder.ask({ type: 'note', value: 2 }, { timeoutMs: 20 }))).toBe('ACTOR_ASK_TIMEOUT')
    const controller = new AbortController()
    const aborted = recorder.ask({ type: 'note', value: 3 }, { signal: controller.signal })
    controller.abort(new RangeError('enough'))
    await expect(aborted).rejects.toThrow('enough')
    const unanswered = codeOf(recorder.ask({ type: 'note', value: 4 }))
    expect(await recorder.ask({ type: 'recall' })).toEqual({ type: 'recalled', heard: [1, 2, 3, 4] })
    await recorder.stop()
    expect(await unanswered).toBe('ACTOR_STOPPED')
    expect(await codeOf(recorder.ask({ type: 'recall' }))).toBe('ACTOR_STOPPED')
    expect(await codeOf(recorder.deliver({ type: 'note', value: 5 }))).toBe('ACTOR_STOPPED')
    expect(recorder.send({ type: 'note', value: 6 })).toBe(false)
    expect(system.deadLetters.recent().map(({ target, event }) => [target, event.value])).toEqual([
      [recorder.address, undefined],
      [recorder.address, 5],
      [recorder.address, 6],
    ])
  })

  test('an event that cannot be copied is the fault of who sends it', async () => {
    const { system } = create({ usesSharedMemory })
    const recorder = system.spawn(agents.recorder)
    const event = { type: 'note', value: { deep: [() => 1] } }
    expect(await codeOf((async () => recorder.send(event))())).toBe('ACTOR_EVENT_NOT_CLONEABLE')
    expect(() => recorder.send(event)).toThrow(/value\.deep\[0\]/)
    await expect(recorder.ask(event)).rejects.toThrow(/value\.deep\[0\]/)
    expect(() => recorder.send({ value: 1 } as never)).toThrow(TypeError)
    expect(await recorder.ask({ type: 'recall' })).toEqual({ type: 'recalled', heard: [] })
  })

  test('senders to a narrow mailbox wait, and all arrives in order', async () => {
    const { system } = create({ usesSharedMemory })
    const narrow = system.spawn(agents.narrow, { placement: { worker: 1 } })
    const far = system.spawn(agents.sender, { placement: { worker: 2 } })
    await far.ask({ type: 'go', to: narrow, from: 'far', times: 8 })
    for (let round = 0; round < 50; round += 1) await far.ask({ type: 'go', to: narrow, from: 'far', times: 6 })
    const report = await until(
      () => narrow.ask<{ type: string; count: number; faults: number }>({ type: 'report' }),
      ({ count }) => count >= 308,
    )
    expect([report.count, report.faults]).toEqual([308, 0])
    expect(system.deadLetters.count).toBe(0)
  })

  test('dead letters, failures and restarts on a worker are told here', async () => {
    const created = create({ usesSharedMemory })
    const { system } = created
    const told: string[] = []
    system.onSupervision(({ type, id }) => void told.push(`${type} ${id}`))
    const recorder = system.spawn(agents.recorder, { id: 'r', input: [0] })
    recorder.send({ type: 'note', value: 1 })
    const letter = nextLetter(created, ({ reason }) => reason === 'poison')
    recorder.send({ type: 'boom' })
    expect(await letter).toMatchObject({ target: recorder.address, event: { type: 'boom' } })
    expect(await recorder.ask({ type: 'recall' })).toEqual({ type: 'recalled', heard: [0] })
    expect(told).toEqual(['actor-failed r', 'actor-restarted r'])
  })
})
