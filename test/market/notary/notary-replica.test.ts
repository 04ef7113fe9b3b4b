import { describe, expect, test } from 'vitest'
import { sha256Hex } from '../../../src/base/sha256.ts'
import { timestampFromMs } from '../../../src/base/time.ts'
import type { Hash } from '../../../src/core/evidence/names.ts'
import type { Certificate, Decision } from '../../../src/core/notary/certificate.ts'
import { refuseCertificate } from '../../../src/core/notary/certificate.ts'
import type { NotarySet } from '../../../src/core/notary/notary-set.ts'
import type { VotePosition } from '../../../src/core/notary/position.ts'
import { NotaryReplica } from '../../../src/market/notary/notary-replica.ts'
import type { EventLog } from '../../../src/ports/event-log.ts'
import { createMemoryEventLog } from '../../../src/storage/memory/memory-event-log.ts'
import { signAs, verify } from '../../core/notary/notary-fixtures.ts'
import { APPLICATION_START } from '../../torture/notary-local.ts'
import { didOf, entryOf, execute, inputOf, setOf } from '../../torture/notary-world.ts'

/** A replica whose disk outlives it, in a world where time moves when the test says so. */
class Seat {
  readonly log: EventLog = createMemoryEventLog()
  readonly decisions = new Map<number, Decision>()
  readonly certificates: Certificate[] = []
  readonly failures: unknown[] = []
  readonly trace: string[] = []
  last: VotePosition | undefined
  /** The process dies when it comes to sign. */
  diesAtSigning = false
  replica: NotaryReplica | undefined
  private readonly world: World
  readonly index: number

  constructor(world: World, index: number) {
    this.world = world
    this.index = index
  }

  async start(floor?: VotePosition): Promise<void> {
    const { set } = this.world
    const traced = Object.create(this.log) as EventLog
    traced.append = async (payloads) => {
      this.trace.push('append')
      return await this.log.append(payloads)
    }
    Object.defineProperty(traced, 'snapshot', { get: () => this.log.snapshot })
    Object.defineProperty(traced, 'sizeBytes', { get: () => this.log.sizeBytes })
    traced.read = (from) => this.log.read(from)
    this.replica = new NotaryReplica(
      {
        log: traced,
        highWater: {
          write: async ({ position }) => {
            this.trace.push('high-water')
            this.last = await Promise.resolve(position)
          },
        },
        application: {
          execute: ({ at, entries }) => execute(this.application(), at, entries),
          apply: (decision) => void this.decisions.set(decision.block.slot, decision),
        },
        sign: async (bytes) => {
          if (this.diesAtSigning) throw new TypeError('the process died')
          this.trace.push('sign')
          return await Promise.resolve(signAs(set.members[this.index]?.key ?? didOf(0), bytes))
        },
        verify,
        digest: sha256Hex,
        clock: {
          now: () => timestampFromMs(this.world.now),
          monotonicMs: () => this.world.now,
          timeoutSignal: () => new AbortController().signal,
        },
        timers: { schedule: (delayMs, callback) => this.world.schedule(delayMs, callback) },
        send: (to, frame) => {
          this.trace.push('send')
          this.world.later(1, () => this.world.seats[to]?.replica?.receive(this.index, frame))
        },
        onCertificates: (certificates) => void this.certificates.push(...certificates),
        onFailure: (cause) => void this.failures.push(cause),
      },
      inputOf(set, this.index, 8),
    )
    await this.replica.start(floor)
  }

  async stop(): Promise<void> {
    await this.replica?.stop()
    this.replica = undefined
  }

  private application(): Hash {
    return this.decisions.get(this.decisions.size)?.block.state ?? APPLICATION_START
  }
}

class World {
  readonly set: NotarySet
  readonly seats: Seat[]
  now = 1_000
  private readonly due = new Map<number, (() => void)[]>()

  constructor(f: number) {
    this.set = setOf(f)
    this.seats = this.set.members.map((_, index) => new Seat(this, index))
  }

  later(delayMs: number, run: () => void): void {
    const at = this.now + Math.max(1, Math.ceil(delayMs))
    this.due.set(at, [...(this.due.get(at) ?? []), run])
  }

  schedule(delayMs: number, callback: () => void): { cancel(): void } {
    let isCancelled = false
    this.later(delayMs, () => {
      if (!isCancelled) callback()
    })
    return { cancel: () => void (isCancelled = true) }
  }

  async pass(ms: number): Promise<void> {
    for (let count = 0; count < ms; count += 1) {
      this.now += 1
      const due = this.due.get(this.now) ?? []
      this.due.delete(this.now)
      for (const run of due) run()
      for (let turn = 0; turn < 40; turn += 1) await Promise.resolve()
    }
  }

  submit(...names: string[]): void {
    for (const { replica } of this.seats) replica?.submit(names.map(entryOf))
  }
}

async function worldOf(f: number): Promise<World> {
  const world = new World(f)
  for (const seat of world.seats) await seat.start()
  return world
}

describe('notaries over their disks', () => {
  test('give certificates that a client accepts, all of them the same log', async () => {
    const world = await worldOf(1)
    world.submit('a', 'b', 'c')
    await world.pass(50)
    const states = world.seats.map(({ decisions }) => decisions.get(decisions.size)?.block.state)
    expect(new Set(states).size).toBe(1)
    for (const { certificates, failures } of world.seats) {
      expect(failures).toEqual([])
      expect(certificates).toHaveLength(3)
      expect(certificates.map((one) => refuseCertificate(world.set, one, verify))).toEqual([
        undefined,
        undefined,
        undefined,
      ])
    }
  })

  test('go on without the leader, and bring it back up to date from its journal', async () => {
    const world = await worldOf(1)
    world.submit('a')
    await world.pass(30)
    await world.seats[0]?.stop()
    world.submit('b')
    await world.pass(600)
    expect(world.seats.map(({ certificates }) => certificates.length)).toEqual([1, 2, 2, 2])
    await world.seats[0]?.start()
    world.submit('c')
    await world.pass(1_500)
    expect(world.seats.map(({ decisions }) => decisions.size)).toEqual([3, 3, 3, 3])
    expect(world.seats.flatMap(({ failures }) => failures)).toEqual([])
  })

  test('of one signs behind its journal and its high-water file, and sends nothing', async () => {
    const world = await worldOf(0)
    world.submit('a')
    await world.pass(5)
    const [seat] = world.seats
    expect(seat?.certificates).toHaveLength(1)
    expect(seat?.trace.slice(0, 4)).toEqual(['append', 'append', 'high-water', 'sign'])
    expect(seat?.last).toMatchObject({ phase: 'commit', view: 0, slot: 1 })
  })

  test.each([0, 1])(
    'are after a crash between high water and signature as if there had been none (f = %i)',
    async (f) => {
      const world = await worldOf(f)
      world.submit('a')
      await world.pass(30)
      for (const seat of world.seats) seat.diesAtSigning = true
      world.submit('b')
      await world.pass(30)
      expect(world.seats[0]?.failures).toHaveLength(1)
      for (const seat of world.seats) {
        const before = seat.replica?.state.cast
        seat.diesAtSigning = false
        await seat.stop()
        await seat.start()
        expect(seat.replica?.state.cast).toEqual(before)
      }
      await world.pass(1_500)
      expect(world.seats.map(({ decisions }) => decisions.size)).toEqual(world.seats.map(() => 2))
    },
  )

  test('never hand out anything before the journal and the high-water file have it', async () => {
    const world = await worldOf(1)
    world.submit('a', 'b')
    await world.pass(50)
    for (const { trace } of world.seats) {
      const first = trace.indexOf('sign')
      expect(trace.slice(0, first)).toContain('append')
      expect(trace.slice(0, first)).toContain('high-water')
      expect(trace.slice(0, first)).not.toContain('send')
    }
  })

  test('that start from an older copy sign nothing before they have caught up', async () => {
    const world = await worldOf(1)
    world.submit('a')
    await world.pass(30)
    const seat = world.seats[3]
    const floor = seat?.last
    if (seat === undefined || floor === undefined) throw new TypeError('nothing was signed')
    await seat.stop()
    const copy = new Seat(world, 3)
    world.seats[3] = copy
    await copy.start(floor)
    world.submit('b')
    await world.pass(5)
    expect(copy.trace).not.toContain('sign')
    await world.pass(600)
    // What waits at a replica that is behind may be ordered a second time; the application answers it as a repetition.
    const before = world.seats[0]?.decisions.size ?? 0
    expect(copy.decisions.size).toBe(before)
    world.submit('c')
    await world.pass(100)
    expect(copy.trace).toContain('sign')
    expect(world.seats.map(({ decisions }) => decisions.size)).toEqual(Array.from({ length: 4 }, () => before + 1))
  })

  test('drop frames that are of another set or wrongly signed', async () => {
    const world = await worldOf(1)
    const replica = world.seats[2]?.replica
    const vote = {
      phase: 'prepare',
      view: 0,
      slot: 1,
      block: APPLICATION_START,
      member: 1,
      signature: 'wrong',
    } as const
    expect(replica?.receive(1, { type: 'notary-vote', set: world.set.id, vote })).toBe(false)
    expect(replica?.receive(1, { type: 'notary-ask', set: APPLICATION_START, slot: 1 })).toBe(false)
    expect(replica?.receive(9, { type: 'notary-ask', set: world.set.id, slot: 1 })).toBe(false)
  })
})
