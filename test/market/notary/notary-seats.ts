import { sha256Hex } from '../../../src/base/sha256.ts'
import { timestampFromMs } from '../../../src/base/time.ts'
import { hashOfBlock } from '../../../src/core/notary/block.ts'
import type { Certificate } from '../../../src/core/notary/certificate.ts'
import { checkDoubleVote, type DoubleVoteProof } from '../../../src/core/notary/double-vote.ts'
import type { EpochChange } from '../../../src/core/notary/epoch-change.ts'
import type { HighWater } from '../../../src/core/notary/high-water.ts'
import type { NotarySet } from '../../../src/core/notary/notary-set.ts'
import type { NotaryInput } from '../../../src/core/notary/notary-state.ts'
import type { Vote } from '../../../src/core/notary/statement.ts'
import type { NotaryMessage } from '../../../src/market/notary/set/notary-application.ts'
import { NotaryReplica } from '../../../src/market/notary/set/notary-replica.ts'
import type { EventLog } from '../../../src/ports/event-log.ts'
import { createMemoryEventLog } from '../../../src/storage/memory/memory-event-log.ts'
import type { NotaryFrame } from '../../../src/wire/v1/notary-messages.ts'
import { START } from '../../core/escrow/escrow-builder.ts'
import { signAs, verify } from '../../core/notary/notary-fixtures.ts'
import { didOf, inputOf, setOf } from '../../torture/notary-world.ts'
import { BooksApplication, type BooksDisk } from './books-application.ts'

export const LEASE_MS = 40

export type SeatInit = {
  readonly index: number
  readonly log?: EventLog
  readonly disk?: BooksDisk
  readonly isRestored?: boolean
  readonly highWater?: HighWater
}

/** A process of a member: a replica over a disk that outlives it. */
export class Seat {
  readonly index: number
  readonly log: EventLog
  readonly disk: BooksDisk
  readonly isRestored: boolean
  readonly certificates: Certificate[] = []
  readonly failures: unknown[] = []
  readonly changes: EpochChange[] = []
  readonly doubleVotes: DoubleVoteProof[] = []
  highWater: HighWater | undefined
  application: BooksApplication
  replica: NotaryReplica | undefined
  /** Signs, and has sent, this many statements. */
  signatures = 0
  readonly trace: string[] = []
  /** The process dies when it comes to sign. */
  diesAtSigning = false
  /** Frames of these types are lost on their way out. */
  withholds: (frame: NotaryFrame, to: number) => boolean = () => false
  private readonly world: SeatWorld

  constructor(world: SeatWorld, { index, log, disk, isRestored, highWater }: SeatInit) {
    this.world = world
    this.index = index
    this.log = log ?? createMemoryEventLog()
    this.disk = disk ?? { installed: undefined }
    this.isRestored = isRestored ?? false
    this.highWater = highWater
    this.application = new BooksApplication(this.disk)
  }

  async start(): Promise<void> {
    const { set, instances } = this.world
    const instance = (instances.count += 1).toString(16).padStart(32, '0')
    this.application = new BooksApplication(this.disk, this.world.hasRepeats)
    this.replica = new NotaryReplica(
      {
        log: this.traced(),
        highWater: {
          write: async (written) => {
            this.trace.push('high-water')
            await Promise.resolve()
            this.highWater = { ...written, instance }
          },
        },
        application: this.application,
        sign: async (bytes) => {
          if (this.diesAtSigning) throw new TypeError('the process died')
          this.trace.push('sign')
          this.signatures += 1
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
          if (!frame.type.startsWith('notary-witness')) this.trace.push('send')
          this.world.carry(this, to, frame)
        },
        onCertificates: (certificates) => void this.certificates.push(...certificates),
        onDoubleVote: (proof) => void this.doubleVotes.push(proof),
        onEpochChange: (change) => void this.changes.push(change),
        onFailure: (cause) => void this.failures.push(cause),
      },
      this.world.inputOf(this.index),
    )
    const { highWater, isRestored } = this
    await this.replica.start({ instance, leaseMs: LEASE_MS, highWater, isRestored })
  }

  async stop(): Promise<void> {
    const { replica } = this
    this.replica = undefined
    await replica?.stop()
  }

  /** The highest view that the present process has reached. */
  get viewMax(): number {
    return this.replica?.state.view ?? 0
  }

  get slot(): number {
    return this.application.slot
  }

  private traced(): EventLog {
    const { log } = this
    const append: EventLog['append'] = async (payloads) => {
      this.trace.push('append')
      return await log.append(payloads)
    }
    return new Proxy(log, {
      get: (target, name) => {
        if (name === 'append') return append
        const value: unknown = Reflect.get(target, name)
        return typeof value === 'function' ? value.bind(target) : value
      },
    })
  }
}

export type SeatWorldInit = {
  readonly f: number
  readonly set?: NotarySet
  readonly input?: Partial<NotaryInput>
  readonly hasRepeats?: boolean
}

/** Replicas in virtual time, over a network that the test bends. Every frame that was ever sent is looked at. */
export class SeatWorld {
  readonly set: NotarySet
  readonly seats: Seat[]
  readonly instances = { count: 0 }
  now: number = START
  /** How often a frame from one member to another arrives, and when. */
  route: (from: number, to: number) => readonly number[] = () => [1]
  private readonly init: SeatWorldInit
  private readonly due = new Map<number, (() => void)[]>()
  private readonly votes = new Map<string, Vote>()
  readonly doubles: string[] = []

  constructor(init: SeatWorldInit) {
    this.init = init
    this.set = init.set ?? setOf(init.f)
    this.seats = this.set.members.map((_, index) => new Seat(this, { index }))
  }

  get hasRepeats(): boolean {
    return this.init.hasRepeats ?? false
  }

  /** A frame that its sender did not make by itself. */
  inject(from: Seat, to: number, frame: NotaryFrame): void {
    this.look(frame)
    this.later(1, () => {
      for (const seat of this.seats) if (seat.index === to) seat.replica?.receive(from.index, frame)
    })
  }

  inputOf(index: number): NotaryInput {
    return { ...inputOf(this.set, index, 8), startAt: START, ...this.init.input }
  }

  async start(): Promise<void> {
    for (const seat of this.seats) await seat.start()
    await this.pass(10)
  }

  carry(from: Seat, to: number, frame: NotaryFrame): void {
    this.look(frame)
    if (from.withholds(frame, to)) return
    for (const delay of this.route(from.index, to)) {
      this.later(delay, () => {
        for (const seat of this.seats) if (seat.index === to && seat !== from) seat.replica?.receive(from.index, frame)
      })
    }
  }

  later(delayMs: number, run: () => void): void {
    const at = this.now + Math.max(1, Math.ceil(delayMs))
    const due = this.due.get(at) ?? []
    due.push(run)
    this.due.set(at, due)
  }

  schedule(delayMs: number, callback: () => void): { cancel(): void } {
    let isCancelled = false
    this.later(delayMs, () => {
      if (!isCancelled) callback()
    })
    return { cancel: () => void (isCancelled = true) }
  }

  async pass(ms: number): Promise<void> {
    await settle()
    for (let count = 0; count < ms; count += 1) {
      this.now += 1
      const due = this.due.get(this.now)
      this.due.delete(this.now)
      for (let head = 0; due !== undefined && head < due.length; head += 1) due[head]?.()
      // Work that waits for nothing but the disk and the signer of a seat is done within its millisecond.
      if (due !== undefined) await settle()
    }
  }

  async passUntil(isDone: () => boolean, limitMs = 20_000): Promise<boolean> {
    const end = this.now + limitMs
    while (this.now < end && !isDone()) await this.pass(5)
    return isDone()
  }

  submit(...messages: NotaryMessage[]): void {
    for (const { replica } of this.seats) replica?.submit(messages)
  }

  private look(frame: NotaryFrame): void {
    let vote: Vote | undefined
    if (frame.type === 'notary-vote') vote = frame.vote
    else if (frame.type === 'notary-proposal') {
      const { view, block, signature } = frame.proposal
      vote = { phase: 'prepare', view, slot: block.slot, block: hashOfBlock(block), ...signature }
    }
    if (vote === undefined) return
    const place = `${vote.member} ${vote.view} ${vote.slot} ${vote.phase}`
    const known = this.votes.get(place)
    if (known === undefined) this.votes.set(place, vote)
    else if (checkDoubleVote(this.set, { set: this.set.id, first: known, second: vote }, verify).kind === 'proven') {
      this.doubles.push(place)
    }
  }
}

/** Lets everything run that waits for no timer: also files, which real disks take their time for. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 60; turn += 1) await Promise.resolve()
}
