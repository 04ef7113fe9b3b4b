import { CodedError } from '../../../base/errors.ts'
import type { Timestamp } from '../../../base/time.ts'
import type { Did } from '../../../core/evidence/names.ts'
import type { Clock } from '../../../ports/clock.ts'
import type { Timers } from '../../../ports/timers.ts'
import type { SignedCheckpoint } from '../../../wire/v1/checkpoint.ts'

export type CheckpointCadence = {
  /** Entries without a checkpoint at most, the share of time aside. */
  readonly entries: number
  /** Longest that the last entry is without one, milliseconds. */
  readonly quietMs: number
  /** Shortest time between two that somebody asked for, milliseconds. */
  readonly askedMs: number
}

export const CHECKPOINT_CADENCE: CheckpointCadence = { entries: 4_096, quietMs: 30_000, askedMs: 5_000 }

/** Of all time, what checkpoints may take: they hash the balances of every account. */
const SHARE_OF_TIME = 50

export type CheckpointKeeperInit = {
  readonly journal: {
    readonly entries: number
    readonly lastCheckpoint: SignedCheckpoint | undefined
    checkpoint(at: Timestamp): Promise<SignedCheckpoint>
  }
  /** Whose checkpoints count: those of a key before are not given out. */
  readonly signer: Did
  readonly clock: Clock
  readonly timers: Timers
  /** Stamp of a checkpoint that is made now. */
  readonly stamp: () => Timestamp
  readonly cadence?: CheckpointCadence | undefined
  /** Makes a checkpoint when no block is under way. */
  readonly quietly: <Value>(make: () => Promise<Value>) => Promise<Value>
}

/**
 * Sees to it that the journal says, over the signature of its keeper, how far it goes: behind so many entries, a while after the last one, at the end. Whoever asks
 * for a checkpoint gets the newest; a new one is made for askers where entries came since, and at most once in a period, so that questions do not grow the journal.
 */
export class CheckpointKeeper {
  private readonly init: CheckpointKeeperInit
  private readonly cadence: CheckpointCadence
  private running: Promise<SignedCheckpoint> | undefined
  /** Of this process: when one was made, and since when there are entries without one. */
  private madeAt = Number.NEGATIVE_INFINITY
  private costMs = 0
  private uncoveredSince: number | undefined

  constructor(init: CheckpointKeeperInit) {
    this.init = init
    this.cadence = init.cadence ?? CHECKPOINT_CADENCE
    this.note()
  }

  /** Milliseconds until one is due; `undefined` while every entry is covered, and while one is being made. */
  get dueInMs(): number | undefined {
    if (this.running !== undefined || this.uncovered === 0 || this.uncoveredSince === undefined) return undefined
    const now = this.init.clock.monotonicMs()
    const isMany = this.uncovered >= this.cadence.entries
    const wanted = isMany ? now : this.uncoveredSince + this.cadence.quietMs
    return Math.max(0, wanted - now, this.allowedAt - now)
  }

  /** To be called when entries came, and when one is due. Resolves when what was due is made. */
  async look(): Promise<void> {
    this.note()
    if (this.dueInMs === 0) await this.make()
  }

  /** The newest, for whoever asks. */
  async newest(): Promise<SignedCheckpoint> {
    const { last } = this
    if (last === undefined || (this.uncovered > 0 && this.askedInMs === 0)) return await this.make()
    return last
  }

  /** One that covers every entry as of the call: for whoever runs the notary. */
  async seal(): Promise<SignedCheckpoint> {
    const { entries } = this.init.journal
    for (;;) {
      const { last } = this
      if (last !== undefined && last.checkpoint.entries >= entries) return last
      await this.make()
    }
  }

  /** One that covers so many entries: at once, or when the next may be made. Throws `NOTARY_CLOSED` where none comes. */
  async covering(entries: number): Promise<SignedCheckpoint> {
    const { timers } = this.init
    const isCovered = (signed: SignedCheckpoint | undefined): signed is SignedCheckpoint =>
      signed !== undefined && signed.checkpoint.entries >= entries
    if (isCovered(this.last)) return this.last
    const waitMs = this.askedInMs
    if (waitMs > 0) await new Promise<void>((resolve) => timers.schedule(waitMs, resolve))
    const signed = isCovered(this.last) ? this.last : await this.make()
    if (isCovered(signed)) return signed
    throw new CodedError('NOTARY_CLOSED', { message: `No checkpoint covers ${entries} entries` })
  }

  private get uncovered(): number {
    return this.init.journal.entries - (this.last?.checkpoint.entries ?? 0)
  }

  private get last(): SignedCheckpoint | undefined {
    const { journal, signer } = this.init
    return journal.lastCheckpoint?.checkpoint.signer === signer ? journal.lastCheckpoint : undefined
  }

  /** When the next one may be made without taking more than its share of the time. */
  private get allowedAt(): number {
    return this.madeAt + SHARE_OF_TIME * this.costMs
  }

  private get askedInMs(): number {
    const next = Math.max(this.madeAt + this.cadence.askedMs, this.allowedAt)
    return Math.max(0, next - this.init.clock.monotonicMs())
  }

  private note(): void {
    if (this.uncovered === 0) this.uncoveredSince = undefined
    else this.uncoveredSince ??= this.init.clock.monotonicMs()
  }

  /** Those who want one at the same time get the same one. */
  private async make(): Promise<SignedCheckpoint> {
    this.running ??= this.init.quietly(async () => await this.write()).finally(() => (this.running = undefined))
    return await this.running
  }

  private async write(): Promise<SignedCheckpoint> {
    const { journal, clock, stamp } = this.init
    const from = clock.monotonicMs()
    const made = journal.checkpoint(stamp())
    // Hashing is done by now; what follows waits for the disk.
    this.costMs = clock.monotonicMs() - from
    this.madeAt = from
    const signed = await made
    this.uncoveredSince = undefined
    this.note()
    return signed
  }
}
