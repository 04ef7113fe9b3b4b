import type { EventLog } from '../../../ports/event-log.ts'
import type { DurableActor, DurableState } from '../state/durable-actor.ts'
import type { JournalRecord } from '../state/journal-record.ts'
import type { ReferenceCodec } from '../values/stored-value.ts'
import { CheckpointWriter } from './checkpoint.ts'
import type { JournalWriter } from './journal-writer.ts'

const COMPACT_AT_BYTES_DEFAULT = 4 * 1024 * 1024

export type CompactorInit = {
  readonly log: EventLog
  readonly state: DurableState
  readonly writer: JournalWriter
  readonly references: ReferenceCodec | undefined
  /** Lets timers and sockets have their turn between two slices. */
  readonly later: (task: () => void) => void
  /** Bytes of records that are not worth a compaction. Default 4 MiB. */
  readonly compactAtBytes: number | undefined
}

/**
 * Replaces the records of the journal by a checkpoint when they outweigh it twice. Actors go on meanwhile: what blocks them
 * is one slice at a time, and at the end the copying of what was encoded; commits wait for the disk as long as the
 * checkpoint is written.
 */
export class Compactor {
  readonly #init: CompactorInit
  #checkpoint: CheckpointWriter | undefined
  #running: Promise<void> | undefined
  #checkpointBytes: number
  #isStopped = false

  constructor(init: CompactorInit) {
    this.#init = init
    this.#checkpointBytes = init.log.snapshot?.payload.length ?? 0
  }

  /** A record that `refusalOf` has nothing against is about to be applied. */
  noteRecord(record: JournalRecord, payload: Uint8Array): void {
    this.#checkpoint?.note(payload, this.#changedBy(record))
  }

  noteNew(actor: DurableActor): void {
    this.#checkpoint?.noteNew(actor)
  }

  compactWhenLarge(): void {
    const { log, compactAtBytes = COMPACT_AT_BYTES_DEFAULT } = this.#init
    if (log.sizeBytes < Math.max(compactAtBytes, 2 * this.#checkpointBytes)) return
    // What can go wrong with the log has made the writer fail by then.
    this.compact().catch((error: unknown) => this.#init.writer.fail(error))
  }

  /** Resolves when the journal is compacted, or cannot be because it is closed or broken. */
  compact(): Promise<void> {
    if (this.#isStopped) return Promise.resolve()
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined
    })
    return this.#running
  }

  /** Ends a compaction that has not reached the disk; resolves when the one that has is over. */
  async stop(): Promise<void> {
    this.#isStopped = true
    await this.#running
  }

  async #run(): Promise<void> {
    const { log, state, writer, references, later } = this.#init
    const checkpoint = new CheckpointWriter(state, references)
    this.#checkpoint = checkpoint
    while (checkpoint.encodeSlice()) {
      await new Promise<void>((resolve) => later(resolve))
      if (this.#isStopped || writer.failure !== undefined) {
        this.#checkpoint = undefined
        return
      }
    }
    // The log's end must be the end of what was applied: nothing may be gathered, and nothing may come in between.
    while (!writer.isFlushed) {
      writer.flush()
      if (writer.isFlushed) break
      await new Promise<void>((resolve) => writer.afterSync(resolve, () => resolve()))
      if (this.#isStopped || writer.failure !== undefined) {
        this.#checkpoint = undefined
        return
      }
    }
    const finished = checkpoint.finish()
    const { payload } = finished
    this.#checkpoint = undefined
    try {
      await log.compact({ nextIndex: log.nextIndex, payload })
      this.#checkpointBytes = payload.length
      finished.adopt()
    } catch (error: unknown) {
      writer.fail(error)
    }
  }

  *#changedBy(record: JournalRecord): Iterable<DurableActor> {
    if (record.kind === 'open') return
    const { actors } = this.#init.state
    const ids =
      record.kind === 'commit' ? [record.actor, ...(record.messages ?? []).map(({ to }) => to)] : [record.actor]
    for (const id of ids) {
      const actor = actors.get(id)
      if (actor !== undefined) yield actor
    }
  }
}
