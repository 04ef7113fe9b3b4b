import { describe, expect, test } from 'vitest'
import { readJournal } from '../../../../src/actors/durable/journal/read-journal.ts'
import { violationsOf } from '../../../../src/actors/durable/state/check-record.ts'
import { decodeValue } from '../../../../src/actors/durable/values/value-codec.ts'
import { createMemoryEventLog } from '../../../../src/storage/memory/memory-event-log.ts'
import { ControlledLog } from '../controlled-log.ts'
import { COUNTER, restartCounter } from '../counter-world.ts'
import type { Count } from '../counter-world.ts'
import { World } from '../durable-world.ts'

describe('the journal', () => {
  test('grows with the changes, and a whole state is written when they outweigh it', async () => {
    const large = { count: 0, text: 'x'.repeat(10_000), seen: [] }
    const world = await World.open({ agents: [{ ...COUNTER, initial: large, snapshotEvery: 10 }] })
    world.spawn('counter', 'a')
    await world.settle()
    const before = world.log.sizeBytes
    for (let number = 0; number < 50; number += 1) world.send('a', { type: 'add' })
    await world.settle()
    expect(world.log.sizeBytes - before).toBeLessThan(50 * 150)
    for (let number = 0; number < 200; number += 1) world.send('a', { type: 'add' })
    await world.settle()
    const records: unknown[] = []
    for await (const { payload } of world.log.read(0)) records.push(decodeValue(payload))
    const snapshots = records.filter((record) => typeof record === 'object' && record !== null && 'state' in record)
    expect(snapshots.length).toBeGreaterThan(1)
    expect(snapshots.length).toBeLessThan(5)
  })

  test('is replaced by a checkpoint when it outgrows the state, while the actors go on', async () => {
    const world = await World.open({ agents: [COUNTER], store: { compactAtBytes: 20_000 } })
    for (let number = 0; number < 300; number += 1) world.spawn('counter', `a${number}`)
    await world.settle()
    world.passivate('a7')
    const deliveries: Promise<void>[] = []
    for (let round = 0; round < 20; round += 1) {
      for (let number = 0; number < 300; number += 3) {
        const event = { type: 'add', to: `a${(number + round) % 300}` }
        deliveries.push(world.store.deliver(`a${number}`, event, { key: `k${round}` }))
      }
      if (round === 10) await world.settle()
    }
    await Promise.all([...deliveries, world.settle()])
    expect(world.log.snapshot).toBeDefined()
    expect(world.log.sizeBytes).toBeLessThan(2 * (world.log.snapshot?.payload.length ?? 0))
    const next = await restartCounter(world)
    await next.settle()
    for (let number = 0; number < 300; number += 1) {
      expect(next.stateOf(`a${number}`), `a${number}`).toEqual(world.stateOf(`a${number}`))
    }
  })

  test('is replaced while actors are made and removed, and keys and senders are remembered', async () => {
    const world = await World.open({ agents: [COUNTER], store: { compactAtBytes: Number.POSITIVE_INFINITY } })
    for (let number = 0; number < 300; number += 1) world.spawn('counter', `a${number}`)
    const sender = { id: 'node-2/b', sequence: 5 }
    const deliver = (on: World): Promise<unknown> =>
      Promise.all([
        on.store.deliver('a0', { type: 'add' }, { key: 'k' }),
        on.store.deliver('a0', { type: 'add' }, { sender }),
      ])
    await Promise.all([deliver(world), world.settle()])
    const compacted = world.store.compact()
    // The first slice is made; the last of these actors are not in it.
    world.spawn('counter', 'new')
    world.send('new', { type: 'add', by: 4 })
    const removed = [world.store.remove('a1'), world.store.remove('a299')]
    world.spawn('counter', 'a299')
    await Promise.all([compacted, ...removed, world.settle()])
    expect(world.log.snapshot).toBeDefined()
    const next = await restartCounter(world)
    await Promise.all([deliver(next), next.settle()])
    expect(['a0', 'new', 'a299'].map((id) => next.stateOf(id))).toEqual([{ count: 2 }, { count: 4 }, { count: 0 }])
    expect([[...next.store.actors()].length, next.store.actor('a1')]).toEqual([300, undefined])
  })

  test('that does not follow from itself is corruption', async () => {
    const log = createMemoryEventLog()
    const world = await World.open({ agents: [COUNTER], log })
    world.spawn('counter', 'a')
    world.send('a', { type: 'add' })
    await world.settle()
    const payloads: Uint8Array[] = []
    for await (const { payload } of log.read(0)) payloads.push(payload)
    const broken = createMemoryEventLog()
    await broken.append([...payloads, ...payloads.slice(-1)])
    await expect(readJournal(broken)).rejects.toMatchObject({
      code: 'STORE_CORRUPTED',
      message: /Record 3.*commit 2 of a after 2/,
    })
  })

  test('of a later version is refused', async () => {
    const log = createMemoryEventLog()
    await log.append([new TextEncoder().encode('J{"kind":"open","format":2,"at":1}')])
    await expect(World.open({ agents: [], log })).rejects.toMatchObject({ code: 'STORE_FORMAT_NEWER' })
  })

  test('read back is the same as what lived (2,000 random steps)', async () => {
    const world = await World.open({ agents: [COUNTER] })
    for (let number = 0; number < 10; number += 1) world.spawn('counter', `a${number}`)
    const deliveries: Promise<void>[] = []
    for (let step = 0; step < 2_000; step += 1) {
      const id = `a${(step * 7) % 10}`
      const event = { type: 'add', by: step, to: `a${step % 10}` }
      if (step % 3 === 0) deliveries.push(world.store.deliver(id, event))
      else world.send(id, { type: 'add', by: 1 })
      if (step % 97 === 0) world.passivate(id)
      if (step % 41 === 0) await world.settle()
    }
    await Promise.all([...deliveries, world.settle()])
    const state = await readJournal(world.log)
    expect(violationsOf(state)).toEqual([])
    const next = await restartCounter(world)
    for (let number = 0; number < 10; number += 1) {
      expect(next.stateOf(`a${number}`)).toEqual(world.stateOf(`a${number}`))
      const { incarnation, commits, inboxNext } = world.store.actor(`a${number}`) ?? {}
      expect(state.actors.get(`a${number}`)).toMatchObject({ incarnation, commits: expect.any(Number), inboxNext })
      expect(commits).toBeGreaterThan(0)
    }
  })
})

describe('a journal that fails', () => {
  test.each([1, 2, 3, 4, 5])(
    'at append %i acknowledges nothing from there on, and keeps what it had',
    async (failFrom) => {
      const log = new ControlledLog()
      const world = await World.open({ agents: [COUNTER], log })
      log.failFrom = failFrom
      const outcomes: string[] = []
      world.spawn('counter', 'a')
      for (let number = 1; number <= 5; number += 1) {
        const delivered = world.store.deliver('a', { type: 'add' }).then(
          () => outcomes.push('ok'),
          (error: unknown) => outcomes.push((error as { code: string }).code),
        )
        await Promise.all([delivered, world.settle()])
      }
      const kept = outcomes.filter((outcome) => outcome === 'ok').length
      expect(outcomes.slice(kept).every((outcome) => outcome === 'STORE_WRITE_FAILED')).toBe(true)
      expect(world.failures).toHaveLength(1)
      const next = await restartCounter(world)
      await next.settle()
      const count = (next.stateOf('a') as Count).count
      expect(count).toBeGreaterThanOrEqual(kept)
      expect(count).toBeLessThanOrEqual(kept + 1)
      expect(world.replies.length).toBeLessThanOrEqual(count)
    },
  )

  test('that never answers acknowledges nothing, and the store still closes when it is told to', async () => {
    const log = new ControlledLog()
    const world = await World.open({ agents: [COUNTER], log })
    world.spawn('counter', 'a')
    await world.settle()
    log.isHeld = true
    let isSettled = false
    const settle = (): void => {
      isSettled = true
    }
    world.store.deliver('a', { type: 'add' }).then(settle, settle)
    await world.settle()
    const abort = new AbortController()
    const closed = world.store.close(abort.signal)
    await world.settle()
    abort.abort()
    await closed
    expect([isSettled, world.replies]).toEqual([false, []])
  })

  test('refuses everything afterwards', async () => {
    const log = new ControlledLog()
    const world = await World.open({ agents: [COUNTER], log })
    world.spawn('counter', 'a')
    await world.settle()
    log.failFrom = 0
    await Promise.allSettled([world.store.deliver('a', { type: 'add' }), world.settle()])
    await expect(world.store.deliver('a', { type: 'add' })).rejects.toMatchObject({ code: 'STORE_WRITE_FAILED' })
    expect(() => world.store.activate('b', COUNTER)).toThrow(expect.objectContaining({ code: 'STORE_WRITE_FAILED' }))
  })
})
