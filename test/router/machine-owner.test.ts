import { describe, expect, it } from 'vitest'
import { createActorSystem } from '../../src/actors/create-actor-system.ts'
import type { ActorSystem } from '../../src/actors/system/actor-system.ts'
import { CodedError } from '../../src/base/errors.ts'
import type { EventLog } from '../../src/ports/event-log.ts'
import { MachineOwner, type MachineOwnerInit } from '../../src/router/machine-owner.ts'
import { createMemoryEventLog } from '../../src/storage/memory/memory-event-log.ts'

type Add = { readonly type: 'add'; readonly amount: number }
type Effect = { readonly type: 'added' | 'event-refused' }
type Owner = MachineOwner<number, Add, Effect>

const text = (payload: Uint8Array): string => new TextDecoder().decode(payload)
const bytes = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value))
const add = (amount: number): Add => ({ type: 'add', amount })

type Opened = {
  readonly owner: Owner
  readonly system: ActorSystem
  readonly log: EventLog
  readonly reads: () => number
}
type OpenInit = Partial<MachineOwnerInit<number, Add, Effect>> & {
  readonly log?: EventLog
  /** Called before each event; may throw. */
  readonly before?: (amount: number) => void
}

/** An owner of a sum. Nothing is added when the amount is 0. */
async function open({ log = createMemoryEventLog(), before, ...init }: OpenInit = {}): Promise<Opened> {
  const system = createActorSystem()
  system.onSupervision(() => {})
  let reads = 0
  const counted = logOver(log, {
    read: (from) => {
      reads += 1
      return log.read(from)
    },
  })
  const transition = (state: number, { amount }: Add): { state: number; effects: Effect[] } => {
    before?.(amount)
    if (amount === 0) return { state, effects: [{ type: 'event-refused' }] }
    return { state: state + amount, effects: [{ type: 'added' }] }
  }
  const machine = { name: 'sum', transition, violations: (state: number) => (state < 0 ? ['never below zero'] : []) }
  const owner: Owner = new MachineOwner(
    { actors: system, log: counted, machine },
    {
      id: 'sum',
      mailboxBound: 1_000,
      compactAtBytes: 1e9,
      first: 0,
      encode: ({ amount }) => bytes(amount),
      replay: (state, payload) => state + Number(text(payload)),
      encodeState: bytes,
      decodeState: (payload) => Number(text(payload)),
      isWithoutTrace: ([first]) => first?.type === 'event-refused',
      ...init,
    },
  )
  await owner.start()
  return { owner, system, log, reads: () => reads }
}

const recordsOf = async (log: EventLog): Promise<readonly string[]> => {
  const records: string[] = []
  for await (const { payload } of log.read(log.snapshot?.nextIndex ?? 0)) records.push(text(payload))
  return records
}

function logOver(log: EventLog, changed: Partial<Pick<EventLog, 'append' | 'read'>>): EventLog {
  return {
    get nextIndex() {
      return log.nextIndex
    },
    get snapshot() {
      return log.snapshot
    },
    get sizeBytes() {
      return log.sizeBytes
    },
    append: changed.append ?? (async (payloads) => await log.append(payloads)),
    read: changed.read ?? ((from) => log.read(from)),
    compact: async (snapshot) => await log.compact(snapshot),
    close: async () => await log.close(),
  }
}

/** A journal whose appends last until they are let go. */
function slowLog(): { readonly log: EventLog; readonly release: () => void; readonly fail: (error: Error) => void } {
  const log = createMemoryEventLog()
  let gate = Promise.withResolvers<void>()
  const slow = logOver(log, {
    append: async (payloads) => {
      await gate.promise
      return await log.append(payloads)
    },
  })
  return {
    log: slow,
    release: () => gate.resolve(),
    fail: (error) => {
      gate.reject(error)
      gate = Promise.withResolvers()
      gate.resolve()
    },
  }
}

const throwing = (times: number, amount: number): ((given: number) => void) => {
  let left = times
  return (given) => {
    if (given !== amount || left === 0) return
    left -= 1
    throw new Error('broken')
  }
}

function never(): AsyncIterable<never> {
  return { [Symbol.asyncIterator]: () => ({ next: () => new Promise(() => {}) }) }
}

describe('an owner', () => {
  it('answers when the change is in the journal, and not before', async () => {
    const { log, release } = slowLog()
    const { owner } = await open({ log })
    let isAnswered = false
    const answered = owner.run(add(3)).then((effects) => {
      isAnswered = true
      return effects
    })
    await new Promise((resolve) => setImmediate(resolve))
    expect([isAnswered, owner.state, owner.waitingCount]).toEqual([false, 3, 1])
    release()
    expect([await answered, owner.waitingCount]).toEqual([[{ type: 'added' }], 0])
  })

  it('writes what comes together in one go, in order, and nothing for what changed nothing', async () => {
    const { owner, log } = await open()
    const sizes: number[] = []
    const append = log.append.bind(log)
    log.append = async (payloads) => {
      sizes.push(payloads.length)
      return await append(payloads)
    }
    await Promise.all([1, 2, 0, 3, 0].map((amount) => owner.run(add(amount))))
    expect([sizes, await recordsOf(log), owner.state]).toEqual([[3], ['1', '2', '3'], 6])
  })

  it('takes nothing any more after an append that failed, and says why', async () => {
    const { log, fail } = slowLog()
    const { owner } = await open({ log })
    const first = owner.run(add(1))
    const second = owner.run(add(2))
    await new Promise((resolve) => setImmediate(resolve))
    fail(new CodedError('STORE_WRITE_FAILED', { message: 'disk full' }))
    const code = 'STORE_WRITE_FAILED'
    await expect(first).rejects.toMatchObject({ code })
    await expect(second).rejects.toMatchObject({ code })
    await expect(owner.run(add(3))).rejects.toMatchObject({ code })
    expect(owner.isReady).toBe(false)
    await owner.stop()
  })

  it('is restored from a snapshot and the records behind it', async () => {
    const { owner, log } = await open({ compactAtBytes: 2 })
    for (const amount of [1, 2, 3]) await owner.run(add(amount))
    await owner.stop()
    expect(log.snapshot).toBeDefined()
    const again = await open({ log })
    expect(again.owner.state).toBe(6)
  })

  it('can be told to compact, while changes go on, and leaves no record of what came before', async () => {
    const { owner, log } = await open()
    const before = [1, 2, 3].map((amount) => owner.run(add(amount)))
    await Promise.all([...before, owner.compact(), owner.compact()])
    expect([await recordsOf(log), log.snapshot?.nextIndex]).toEqual([[], 3])
    await owner.run(add(4))
    await owner.stop()
    expect((await open({ log })).owner.state).toBe(10)
  })

  it('does not say that it has compacted when it has not', async () => {
    const { log, fail } = slowLog()
    const { owner } = await open({ log })
    const change = owner.run(add(1))
    await new Promise((resolve) => setImmediate(resolve))
    fail(new CodedError('STORE_WRITE_FAILED', { message: 'disk full' }))
    await expect(change).rejects.toMatchObject({ code: 'STORE_WRITE_FAILED' })
    await expect(owner.compact()).rejects.toMatchObject({ code: 'STORE_WRITE_FAILED' })
    await owner.stop()
    const { owner: stopped } = await open()
    await stopped.stop()
    await expect(stopped.compact()).rejects.toMatchObject({ code: 'STORE_NOT_OPEN' })
  })

  it('does not start over a journal that breaks an invariant, and can be tried again', async () => {
    const log = createMemoryEventLog()
    await log.append([bytes(-5)])
    await expect(open({ log })).rejects.toThrow('never below zero')
  })
})

describe('a machine that throws', () => {
  it('once: the owner starts again from its journal and nobody notices', async () => {
    const { owner, log, reads, system } = await open({ before: throwing(1, 7) })
    const effects = await Promise.all([1, 7, 2].map((amount) => owner.run(add(amount))))
    expect(effects).toEqual(Array.from({ length: 3 }, () => [{ type: 'added' }]))
    expect([owner.state, await recordsOf(log), reads()]).toEqual([10, ['1', '7', '2'], 2])
    expect([system.deadLetters.count, owner.waitingCount]).toEqual([0, 0])
  })

  it('over one event each time: whoever asked for that gets the error, the others are served', async () => {
    const { owner, log, system } = await open({ before: throwing(99, 7) })
    const settled = await Promise.allSettled([1, 7, 2].map((amount) => owner.run(add(amount))))
    expect(settled.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
    expect(settled[1]).toMatchObject({ reason: { message: 'broken' } })
    expect([owner.state, await recordsOf(log)]).toEqual([3, ['1', '2']])
    expect(system.deadLetters.recent().map(({ reason }) => reason)).toEqual(['poison'])
    expect(await owner.run(add(4))).toEqual([{ type: 'added' }])
  })

  it('while changes are on their way to the disk: those arrive before the journal is read', async () => {
    const { log, release } = slowLog()
    const { owner } = await open({ log, before: throwing(1, 7) })
    const early = owner.run(add(1))
    await new Promise((resolve) => setImmediate(resolve))
    const late = [owner.run(add(7)), owner.run(add(2))]
    await new Promise((resolve) => setImmediate(resolve))
    expect([owner.isReady, owner.waitingCount]).toEqual([false, 3])
    release()
    await Promise.all([early, ...late])
    expect([owner.state, await recordsOf(log)]).toEqual([10, ['1', '7', '2']])
  })

  it('without end: the owner gives up, and so does everybody who waits', async () => {
    const { owner } = await open({
      before: () => {
        throw new Error('broken for good')
      },
    })
    const settled = await Promise.allSettled([1, 2, 3, 4].map((amount) => owner.run(add(amount))))
    expect(settled.every(({ status }) => status === 'rejected')).toBe(true)
    await expect(owner.run(add(5))).rejects.toThrow('broken for good')
    expect(owner.isReady).toBe(false)
    expect(owner.waitingCount).toBe(0)
    await owner.stop()
  })
})

describe('the end of an owner', () => {
  it('comes after what waits', async () => {
    const { owner, log } = await open()
    const waiting = [1, 2, 3].map((amount) => owner.run(add(amount)))
    await owner.stop()
    await Promise.all(waiting)
    expect(await recordsOf(log)).toEqual(['1', '2', '3'])
    await expect(owner.run(add(4))).rejects.toMatchObject({ code: 'STORE_NOT_OPEN' })
  })

  it('by the system is told to everybody who waits', async () => {
    const { owner, system } = await open()
    const waiting = owner.run(add(1))
    await system.stop({ drainMs: 0 })
    await expect(waiting).rejects.toMatchObject({ code: 'ACTOR_STOPPED' })
    await expect(owner.run(add(2))).rejects.toMatchObject({ code: 'ACTOR_STOPPED' })
    await owner.stop()
  })

  it('while it reads its journal is told to those who wait for that', async () => {
    const log = createMemoryEventLog()
    let reads = 0
    const hanging = logOver(log, {
      read: (from) => {
        reads += 1
        return reads === 1 ? log.read(from) : never()
      },
    })
    const { owner, system } = await open({ log: hanging, before: throwing(1, 7) })
    const waiting = [owner.run(add(7)), owner.run(add(1))]
    await new Promise((resolve) => setImmediate(resolve))
    expect([reads, owner.waitingCount]).toEqual([2, 2])
    await system.stop({ drainMs: 0 })
    for (const change of waiting) await expect(change).rejects.toMatchObject({ code: 'ACTOR_STOPPED' })
  })

  it('is not needed for a mailbox that is full: that change is refused', async () => {
    const { owner } = await open({ mailboxBound: 2 })
    const settled = await Promise.allSettled([1, 2, 3].map((amount) => owner.run(add(amount))))
    expect(settled.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected'])
    expect(settled[2]).toMatchObject({ reason: { code: 'ACTOR_MAILBOX_FULL' } })
    expect([owner.state, owner.waitingCount]).toEqual([3, 0])
  })
})
