import { CodedError } from '../../../base/errors.ts'
import type { EventLog } from '../../../ports/event-log.ts'

/** Most records and bytes of one append; below what the port allows. */
const BATCH_RECORDS_MAX = 16_384
const BATCH_BYTES_MAX = 8 * 1024 * 1024

/** Bytes that wait for the disk, beyond which nobody should add more. */
const CONGESTED_BYTES = 16 * 1024 * 1024

/** Bytes handed to the log at a time; it refuses more than 64 MiB. */
const IN_FLIGHT_BYTES_MAX = 32 * 1024 * 1024

export const RECORD_BYTES_MAX: number = 32 * 1024 * 1024

export type JournalWriterInit = {
  readonly log: EventLog
  /** Runs a task when the code under way is done; what is written until then becomes one append. */
  readonly soon: (task: () => void) => void
  /** Called once, when an append failed. */
  readonly onFailure: (error: CodedError) => void
  /** Called after each append that is on stable storage. */
  readonly onSynced: () => void
  readonly reportError: (error: unknown) => void
}

type Held = { readonly position: number; readonly run: () => void; readonly drop: (error: CodedError) => void }

/**
 * The one writer of the journal. Records get their order by `write`; they are appended in groups, as many as gathered, and
 * several groups may be on their way to the disk. What may happen only when a record is on stable storage is held back
 * until then. After a failed append nothing is written and nothing held back happens any more.
 */
export class JournalWriter {
  readonly #init: JournalWriterInit
  #prepared: Uint8Array | undefined
  #gathered: Uint8Array[] = []
  #gatheredBytes = 0
  #isFlushDue = false
  /** Records written, and the first so many of them that are on stable storage. */
  #written = 0
  #synced = 0
  #unsyncedBytes = 0
  #inFlightBytes = 0
  /** In the order of positions. */
  #held: Held[] = []
  #failure: CodedError | undefined
  #congestionWaiters: (() => void)[] = []

  constructor(init: JournalWriterInit) {
    this.#init = init
  }

  get failure(): CodedError | undefined {
    return this.#failure
  }

  get isCongested(): boolean {
    return this.#unsyncedBytes > CONGESTED_BYTES
  }

  /** Records that are not on stable storage yet. */
  get unsynced(): number {
    return this.#written - this.#synced
  }

  get isFlushed(): boolean {
    return this.#gathered.length === 0
  }

  /** Written in front of the first record there will be; without one it is never written. */
  prepare(payload: Uint8Array): void {
    this.#prepared = payload
  }

  /** @throws What made an earlier append fail. */
  write(payload: Uint8Array): void {
    if (this.#failure !== undefined) throw this.#failure
    if (this.#prepared !== undefined) this.#gather(this.#prepared)
    this.#prepared = undefined
    this.#gather(payload)
    if (this.#gathered.length >= BATCH_RECORDS_MAX || this.#gatheredBytes >= BATCH_BYTES_MAX) this.flush()
    else if (!this.#isFlushDue) {
      this.#isFlushDue = true
      this.#init.soon(() => {
        this.#isFlushDue = false
        this.flush()
      })
    }
  }

  #gather(payload: Uint8Array): void {
    this.#gathered.push(payload)
    this.#gatheredBytes += payload.byteLength
    this.#unsyncedBytes += payload.byteLength
    this.#written += 1
  }

  /** Runs `run` when all that was written so far is on stable storage: now, when it is already. `drop`: it never will be. */
  afterSync(run: () => void, drop: (error: CodedError) => void = () => {}): void {
    if (this.#failure !== undefined) drop(this.#failure)
    else if (this.#written === this.#synced) run()
    else this.#held.push({ position: this.#written, run, drop })
  }

  /** Resolves when all that was written so far is on stable storage; rejects when it never will be. */
  synced(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.afterSync(resolve, reject)
    })
  }

  /** Runs `run` once the disk has caught up; at once when nothing is congested. */
  afterCongestion(run: () => void): void {
    if (this.isCongested && this.#failure === undefined) this.#congestionWaiters.push(run)
    else run()
  }

  /** Appends what has gathered. */
  flush(): void {
    if (this.#gathered.length === 0 || this.#failure !== undefined) return
    if (this.#inFlightBytes > IN_FLIGHT_BYTES_MAX) return
    const group = this.#gathered
    const groupBytes = this.#gatheredBytes
    this.#gathered = []
    this.#gatheredBytes = 0
    this.#inFlightBytes += groupBytes
    // Appends succeed in their order, so each one tells the position of all before it too.
    this.#init.log.append(group).then(
      () => this.#settle(group.length, groupBytes),
      (error: unknown) => this.fail(error),
    )
  }

  #settle(records: number, bytes: number): void {
    if (this.#failure !== undefined) return
    this.#synced += records
    this.#unsyncedBytes -= bytes
    this.#inFlightBytes -= bytes
    let count = 0
    while (count < this.#held.length && (this.#held[count]?.position ?? 0) <= this.#synced) count += 1
    for (const { run } of this.#held.splice(0, count)) this.#guard(run)
    if (!this.isCongested) for (const run of this.#congestionWaiters.splice(0)) this.#guard(run)
    this.#guard(this.#init.onSynced)
    if (!this.#isFlushDue) this.flush()
  }

  /** Nothing is written any more, and nothing that is held back happens. */
  fail(cause: unknown): void {
    if (this.#failure !== undefined) return
    const error = CodedError.is(cause)
      ? cause
      : new CodedError('STORE_WRITE_FAILED', { message: 'The journal of the actors could not be written', cause })
    this.#failure = error
    this.#gathered = []
    for (const { drop } of this.#held.splice(0)) this.#guard(() => drop(error))
    for (const run of this.#congestionWaiters.splice(0)) this.#guard(run)
    this.#guard(() => this.#init.onFailure(error))
  }

  /** What one actor sends may throw at its receiver; the others' outputs still leave. */
  #guard(run: () => void): void {
    try {
      run()
    } catch (error: unknown) {
      this.#init.reportError(error)
    }
  }
}
