import { describe, expect, test } from 'vitest'
import { readJournal } from '../../../../src/actors/durable/journal/read-journal.ts'
import { violationsOf } from '../../../../src/actors/durable/state/check-record.ts'
import { decodeValue } from '../../../../src/actors/durable/values/value-codec.ts'
import { createMemoryEventLog } from '../../../../src/storage/memory/memory-event-log.ts'
import { ControlledLog } from '../controlled-log.ts'
import { World } from '../durable-world.ts'
import type { WorldAgent, WorldInit } from '../durable-world.ts'

type Event = { readonly type: string; readonly by?: number; readonly to?: string }
type Count = { readonly count: number; readonly seen?: readonly string[] }

const COUNTER: WorldAgent = {
  name: 'counter',
  version: 1,
  initial: { count: 0 },
  handle(state: Count, event, actions) {
    const { type, by = 1, to } = event as Event
    if (type === 'fail') throw new Error('no')
    if (type === 'unstorable') return { ...state, run: () => 1 }
    if (to !== undefined) actions.send(to, { type: 'add', by })
    actions.reply(`${type} ${state.count + by}`)
    return { ...state, count: state.count + by }
  },
}

/** The same store after the process died: nothing of the first world is used any more. */
async function restart(world: World, init: Partial<WorldInit> = {}): Promise<World> {
  world.isDead = true
  const log = world.log instanceof ControlledLog ? world.log.inner : world.log
  return await World.open({ agents: [COUNTER], log, ...init })
}

describe('a message that was delivered', () => {
  test('is acknowledged only when it is on stable storage', async () => {
    const log = new ControlledLog()
    const world = await World.open({ agents: [COUNTER], log })
    world.spawn('counter', 'a')
    await world.settle()
    log.isHeld = true
    let isAcknowledged = false
    const delivered = world.store.deliver('a', { type: 'add' }).then(() => (isAcknowledged = true))
    await world.settle()
    expect([world.stateOf('a'), isAcknowledged, world.replies]).toEqual([{ count: 1 }, false, []])
    log.release()
    await delivered
    await world.settle()
    expect(world.replies).toEqual(['add 1'])
  })

  test('is handled after a restart if it was not before', async () => {
    const world = await World.open({ agents: [COUNTER] })
    world.spawn('counter', 'a')
    await world.settle()
    world.passivate('a')
    world.isDead = true
    await Promise.all([world.store.deliver('a', { type: 'add', by: 5 }), world.settle()])
    const next = await restart(world)
    await next.settle()
    expect(next.stateOf('a')).toEqual({ count: 5 })
  })

  test('is taken once where a key is given, also after a restart and while the first one is not stored yet', async () => {
    const log = new ControlledLog()
    const world = await World.open({ agents: [COUNTER], log })
    world.spawn('counter', 'a')
    await world.settle()
    log.isHeld = true
    const acknowledged: number[] = []
    const deliveries = [1, 2].map((number) =>
      world.store.deliver('a', { type: 'add' }, { key: 'k' }).then(() => acknowledged.push(number)),
    )
    await world.settle()
    expect(acknowledged).toEqual([])
    log.release()
    await Promise.all([...deliveries, world.settle()])
    const next = await restart(world)
    await Promise.all([next.store.deliver('a', { type: 'add' }, { key: 'k' }), next.settle()])
    expect(next.stateOf('a')).toEqual({ count: 1 })
  })

  test('is taken once per place in what its sender sent', async () => {
    const world = await World.open({ agents: [COUNTER] })
    world.spawn('counter', 'a')
    const deliver = (sequence: number): Promise<void> =>
      world.store.deliver('a', { type: 'add' }, { sender: { id: 'node-2/b', sequence } })
    await Promise.all([deliver(0), deliver(1), deliver(1), deliver(0), deliver(7), world.settle()])
    const next = await restart(world)
    await Promise.all([
      next.store.deliver('a', { type: 'add' }, { sender: { id: 'node-2/b', sequence: 7 } }),
      next.settle(),
    ])
    expect(next.stateOf('a')).toEqual({ count: 3 })
  })

  test('that cannot be stored, or for nobody, or for a full inbox, is refused', async () => {
    const world = await World.open({ agents: [{ ...COUNTER, inboxBound: 2 }] })
    world.spawn('counter', 'a')
    await world.settle()
    world.passivate('a')
    world.isDead = true
    const refused = async (id: string, event: { type: string; extra?: unknown }): Promise<unknown> =>
      await world.store.deliver(id, event).catch((error: unknown) => (error as { code?: string }).code ?? error)
    expect(await refused('b', { type: 'add' })).toBe('ACTOR_NOT_STORED')
    expect(await refused('a', { type: 'add', extra: () => 1 })).toBe('ACTOR_STATE_NOT_STORABLE')
    expect(await refused('a', {} as never)).toBeInstanceOf(TypeError)
    const taken = [1, 2].map(async () => await world.store.deliver('a', { type: 'add' }))
    expect(await refused('a', { type: 'add' })).toBe('ACTOR_MAILBOX_FULL')
    await Promise.all([...taken, world.settle()])
  })
})

describe('a turn', () => {
  test('lets nothing out before it is stored, and goes on meanwhile', async () => {
    const log = new ControlledLog()
    const world = await World.open({ agents: [COUNTER], log })
    world.spawn('counter', 'a')
    await world.settle()
    log.isHeld = true
    for (const by of [1, 2, 3]) {
      world.send('a', { type: 'add', by })
      await world.settle()
    }
    expect([world.stateOf('a'), world.replies]).toEqual([{ count: 6 }, []])
    log.release()
    await world.settle()
    expect(world.replies).toEqual(['add 1', 'add 3', 'add 6'])
  })

  test('shares its sync with the others of its time', async () => {
    const log = new ControlledLog()
    const world = await World.open({ agents: [COUNTER], log })
    for (let number = 0; number < 50; number += 1) world.spawn('counter', `a${number}`)
    await world.settle()
    log.groups.length = 0
    for (let number = 0; number < 50; number += 1) world.send(`a${number}`, { type: 'add' })
    await world.settle()
    expect(log.groups).toEqual([50])
  })

  test('changes the sender and the receiver together', async () => {
    const world = await World.open({ agents: [COUNTER] })
    for (const id of ['a', 'b']) world.spawn('counter', id)
    await Promise.all([world.store.deliver('a', { type: 'add', by: 3, to: 'b' }), world.settle()])
    expect([world.stateOf('a'), world.stateOf('b')]).toEqual([{ count: 3 }, { count: 3 }])
    const next = await restart(world)
    await next.settle()
    expect([next.stateOf('a'), next.stateOf('b')]).toEqual([{ count: 3 }, { count: 3 }])
  })

  test('that fails leaves nothing, and its message is given again or discarded', async () => {
    const world = await World.open({ agents: [COUNTER], redeliveries: 2 })
    world.spawn('counter', 'a')
    await Promise.all([
      world.store.deliver('a', { type: 'fail' }),
      world.store.deliver('a', { type: 'unstorable' }),
      world.store.deliver('a', { type: 'add' }),
      world.settle(),
    ])
    expect(world.failures).toHaveLength(6)
    expect(world.discarded).toEqual([{ type: 'fail' }, { type: 'unstorable' }])
    const next = await restart(world)
    await next.settle()
    expect([next.stateOf('a'), next.failures]).toEqual([{ count: 1 }, []])
  })

  test('that changed nothing writes nothing, and its reply waits for the turns before it', async () => {
    const log = new ControlledLog()
    const world = await World.open({ agents: [COUNTER], log })
    world.spawn('counter', 'a')
    await world.settle()
    log.isHeld = true
    world.send('a', { type: 'add' })
    world.send('a', { type: 'read', by: 0 })
    await world.settle()
    const written = log.nextIndex
    expect(world.replies).toEqual([])
    log.release()
    await world.settle()
    expect(world.replies).toEqual(['add 1', 'read 1'])
    world.send('a', { type: 'read', by: 0 })
    await world.settle()
    expect([log.nextIndex, world.replies.length]).toEqual([written, 3])
  })

  test('may not change the stored state in place', async () => {
    const inPlace: WorldAgent = {
      ...COUNTER,
      initial: { list: [] },
      handle(state: { list: number[] }) {
        state.list.push(1)
        return state
      },
    }
    const world = await World.open({ agents: [inPlace] })
    world.spawn('counter', 'a')
    world.send('a', { type: 'add' })
    await world.settle()
    expect(world.failures).toEqual([expect.any(TypeError)])
    expect(world.stateOf('a')).toEqual({ list: [] })
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
      const next = await restart(world)
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

describe('an activation', () => {
  test('fences off the one before', async () => {
    const world = await World.open({ agents: [COUNTER] })
    const { owner } = world.spawn('counter', 'a')
    await world.settle()
    const later = world.store.activate('a', COUNTER)
    expect(world.isActive('a')).toBe(false)
    expect(() => owner.commit(owner.beginTurn(), { state: { count: 9 } })).toThrow(
      expect.objectContaining({ code: 'ACTOR_FENCED' }),
    )
    later.commit(later.beginTurn(), { state: { count: 4 } })
    await world.settle()
    expect((await readJournal(world.log)).actors.get('a')).toMatchObject({ epoch: 2, commits: 2 })
  })

  test('comes by itself with the first message, and passivation keeps the state', async () => {
    const world = await World.open({ agents: [COUNTER] })
    world.spawn('counter', 'a')
    await Promise.all([world.store.deliver('a', { type: 'add' }), world.settle()])
    world.passivate('a')
    expect(world.store.actor('a')?.state.kind).toBe('packed')
    await Promise.all([world.store.deliver('a', { type: 'add' }), world.settle()])
    expect([world.isActive('a'), world.stateOf('a')]).toEqual([true, { count: 2 }])
  })

  test('of another definition is refused', async () => {
    const world = await World.open({ agents: [COUNTER, { ...COUNTER, name: 'other' }] })
    world.spawn('counter', 'a')
    await world.settle()
    expect(() => world.store.activate('a', { name: 'other', version: 1 })).toThrow(
      expect.objectContaining({ code: 'ACTOR_ALREADY_STORED' }),
    )
  })

  test('of a removed actor may not write, and its successor starts anew', async () => {
    const world = await World.open({ agents: [COUNTER] })
    const { owner } = world.spawn('counter', 'a')
    await Promise.all([world.store.deliver('a', { type: 'add' }), world.settle()])
    await Promise.all([world.store.remove('a'), world.settle()])
    expect(() => owner.commit(owner.beginTurn(), { state: { count: 9 } })).toThrow(/ACTOR_FENCED|removed/)
    world.spawn('counter', 'a')
    await world.settle()
    const next = await restart(world)
    expect(next.stateOf('a')).toEqual({ count: 0 })
    expect(next.store.actor('a')?.incarnation).toBe(2)
  })
})

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
    const next = await restart(world)
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
    const next = await restart(world)
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
    const next = await restart(world)
    for (let number = 0; number < 10; number += 1) {
      expect(next.stateOf(`a${number}`)).toEqual(world.stateOf(`a${number}`))
      const { incarnation, commits, inboxNext } = world.store.actor(`a${number}`) ?? {}
      expect(state.actors.get(`a${number}`)).toMatchObject({ incarnation, commits: expect.any(Number), inboxNext })
      expect(commits).toBeGreaterThan(0)
    }
  })
})
