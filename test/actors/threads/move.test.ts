import { afterEach, describe, expect, test } from 'vitest'
import { CodedError } from '../../../src/base/errors.ts'
import type { ActorRef, Terminated } from '../../../src/actors/actor-ref.ts'
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

type Report = { readonly type: string; readonly count: number; readonly faults: number }

async function codeOf(promise: Promise<unknown>): Promise<unknown> {
  try {
    return await promise
  } catch (error: unknown) {
    return CodedError.is(error) ? error.code : error
  }
}

describe('an actor that moves', () => {
  test.each([
    ['rings', true],
    ['ports', false],
  ])('gets all messages, those of each sender in order, by %s', async (_name, usesSharedMemory) => {
    const { system, threads } = create({ usesSharedMemory })
    const counter = system.spawn(agents.counter, { placement: { worker: 1 } })
    const { address } = counter
    const senders = [1, 1, 2, 2].map((worker) => system.spawn(agents.sender, { placement: { worker } }))
    let own = 0
    let isMoving = true
    const moving = (async () => {
      for (let move = 0; move < 20; move += 1) await threads.move(counter, 2 - (move % 2))
      isMoving = false
    })()
    let rounds = 0
    for (; isMoving || rounds < 20; rounds += 1) {
      const went = senders.map((sender, index) => sender.ask({ type: 'go', to: counter, from: `s${index}`, times: 25 }))
      for (let burst = 0; burst < 25; burst += 1) {
        counter.send({ type: 'count', from: 'main', number: own })
        own += 1
      }
      await Promise.all(went)
    }
    await moving
    let report: Report = { type: '', count: 0, faults: 0 }
    while (report.count < rounds * 125) report = await counter.ask<Report>({ type: 'report' })
    expect([report.count, report.faults]).toEqual([rounds * 125, 0])
    expect(counter.address).toBe(address)
    expect(system.deadLetters.count).toBe(0)
  })

  test('keeps its state, its delayed events, those who watch it and those who have its cell', async () => {
    const { system, threads } = create()
    const lamp = system.spawn(agents.lamp, { id: 'lamp', placement: { worker: 1 } })
    const watchman = system.spawn(agents.watchman, { placement: { worker: 1 } })
    // On the same thread, it has the cell itself.
    watchman.send({ type: 'watch', target: lamp })
    const neighbour = system.spawn(agents.sender, { placement: { worker: 1 } })
    const seen: unknown[] = []
    const isOff = new Promise<void>((resolve) => {
      lamp.subscribe((snapshot) => {
        const { value } = snapshot as { readonly value?: unknown }
        seen.push(value)
        if (value === 'off') resolve()
      })
    })
    const end = new Promise<Terminated>((resolve) => void lamp.watch(resolve))
    lamp.send({ type: 'flip' })
    await watchman.ask({ type: 'seen' })
    await threads.move(lamp, 2)
    await isOff
    neighbour.send({ type: 'send', to: lamp, event: { type: 'flip' } })
    neighbour.send({ type: 'send', to: lamp, event: { type: 'flip' } })
    expect(await end).toMatchObject({ id: 'lamp', address: lamp.address, reason: 'done', output: { flips: 2 } })
    expect(seen).toEqual(['on', 'off', 'on', 'done'])
    let told: readonly string[] = []
    while (told.length === 0)
      told = (await watchman.ask<{ type: string; seen: readonly string[] }>({ type: 'seen' })).seen
    expect(told).toEqual(['lamp done'])
  })

  test('has its messages with it, those put aside as well', async () => {
    const { system, threads } = create()
    const shelf = system.spawn(agents.shelf, { placement: { worker: 1 } })
    shelf.send({ type: 'aside', value: 1 })
    shelf.send({ type: 'aside', value: 2 })
    const moved = threads.move(shelf, 2)
    shelf.send({ type: 'open' })
    await moved
    expect(await shelf.ask({ type: 'recall' })).toEqual({ type: 'recalled', heard: [1, 2] })
  })

  test('stays where it is when it cannot leave', async () => {
    const { system, threads } = create()
    const parent = system.spawn(agents.parent, { placement: { worker: 1 } })
    expect(await parent.ask({ type: 'child' })).toMatchObject({ type: 'child' })
    expect(await codeOf(threads.move(parent, 2))).toBe('ACTOR_NOT_MOVABLE')
    expect(await parent.ask({ type: 'child' })).toMatchObject({ type: 'child' })
    const hoarder = system.spawn(agents.hoarder, { placement: { worker: 1 } })
    expect(await codeOf(threads.move(hoarder, 2))).toBe('ACTOR_EVENT_NOT_CLONEABLE')
    expect(await hoarder.ask({ type: 'recall' })).toEqual({ type: 'recalled' })
    const ended = system.spawn(agents.recorder, { placement: { worker: 1 } })
    await ended.stop()
    expect(await codeOf(threads.move(ended, 2))).toBe('ACTOR_NOT_MOVABLE')
    const recorder = system.spawn(agents.recorder, { placement: { worker: 1 } })
    await expect(threads.move(recorder, 3)).rejects.toThrow(RangeError)
    const first = threads.move(recorder, 2)
    expect(await codeOf(threads.move(recorder, 1))).toBe('ACTOR_NOT_MOVABLE')
    await first
    await threads.move(recorder, 2)
  })

  test('that cannot start at its new place goes on at the old one, with its messages', async () => {
    const { system, threads } = create()
    const homebody = system.spawn(agents.homebody, { placement: { worker: 1 } })
    expect(await homebody.ask({ type: 'count' })).toEqual({ type: 'counted', count: 1 })
    const moved = codeOf(threads.move(homebody, 2))
    const answer = homebody.ask({ type: 'count' })
    expect(await moved).toBe('ACTOR_NOT_MOVABLE')
    expect(await answer).toEqual({ type: 'counted', count: 2 })
    expect(await homebody.ask({ type: 'count' })).toEqual({ type: 'counted', count: 3 })
    expect(homebody.address).toMatch(/^kernell:\/\/local\/1\//)
  })

  test.each([1, 2])('lives once, whatever worker %d does meanwhile', { timeout: 60_000 }, async (lost) => {
    const { system, threads } = create({ intensity: { restarts: 100, withinMs: 60_000 } })
    const vandal = system.spawn(agents.vandal, { placement: { worker: lost } })
    const counter = system.spawn(agents.counter, { id: 'c', placement: { worker: 1 } })
    const far = system.spawn(agents.sender, { placement: { worker: 3 - lost } })
    for (let round = 0; round < 4; round += 1) {
      await vandal.ask({ type: 'count' })
      const restarted = new Promise<void>((resolve) => {
        const { unsubscribe } = system.onSupervision(({ type, address }) => {
          if (type !== 'actor-restarted' || address !== vandal.address) return
          unsubscribe()
          resolve()
        })
      })
      const moved = codeOf(threads.move(counter, 2))
      for (let step = 0; step < round; step += 1) await Promise.resolve()
      vandal.send({ type: 'exit' })
      await Promise.all([moved, restarted])
      await far.ask({ type: 'go', to: counter, from: `f${round}`, times: 1 })
      expect(await counter.ask<Report>({ type: 'report' })).toMatchObject({ type: 'reported' })
      await threads.move(counter, 1)
      expect(await counter.ask<Report>({ type: 'report' })).toMatchObject({ type: 'reported' })
    }
  })
})

test('references that were sent before the move are the same afterwards', async () => {
  const { system, threads } = create()
  const sender = system.spawn(agents.sender, { placement: { worker: 1 } })
  await threads.move(sender, 2)
  const { self } = await sender.ask<{ type: string; self: ActorRef }>({ type: 'where' })
  expect(self).toBe(sender)
})
