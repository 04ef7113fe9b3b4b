import { assert } from '../../../base/assert.ts'
import { CodedError } from '../../../base/errors.ts'
import type { EventLog } from '../../../ports/event-log.ts'
import type { ActorEnvironment } from '../../environment.ts'
import { refusalOf } from '../state/check-record.ts'
import type { DurableState } from '../state/durable-actor.ts'
import { applyChecked } from '../state/durable-state.ts'
import type { StateObserver } from '../state/durable-state.ts'
import { JOURNAL_FORMAT } from '../state/journal-record.ts'
import type { JournalRecord } from '../state/journal-record.ts'
import type { ReferenceCodec } from '../values/stored-value.ts'
import { Compactor } from './compactor.ts'
import { encodeRecord } from './journal-codec.ts'
import { JournalWriter, RECORD_BYTES_MAX } from './journal-writer.ts'

export type JournalInit = {
  readonly log: EventLog
  /** What the log says; see `readJournal`. From now on only this journal changes it. */
  readonly state: DurableState
  readonly environment: Pick<ActorEnvironment, 'soon' | 'later' | 'reportError'>
  readonly references: ReferenceCodec | undefined
  /** Bytes of records that are not worth a compaction. Default 4 MiB. */
  readonly compactAtBytes: number | undefined
  /** Instant of the opening. */
  readonly openedAt: number
  /** Called once, when an append failed. */
  readonly onFailure: (error: CodedError) => void
}

export type WriteOptions = {
  /** Whether the record holds something that JSON alone does not carry. */
  readonly isTagged: boolean
  /** The state of the actor after a commit, as the logic has it. */
  readonly live?: { readonly value: unknown }
}

/**
 * The journal and what it says, kept in step: each record is checked against the state, gets its place among what is to be
 * appended, and changes the state at once. It is compacted when its records outweigh the state.
 */
export class Journal {
  readonly #init: JournalInit
  readonly #writer: JournalWriter
  readonly #compactor: Compactor

  constructor(init: JournalInit) {
    const { log, state, environment, references, compactAtBytes } = init
    this.#init = init
    this.#writer = new JournalWriter({
      log,
      soon: (task) => environment.soon(task),
      onFailure: init.onFailure,
      onSynced: () => this.#compactor.compactWhenLarge(),
      reportError: (error) => environment.reportError(error),
    })
    const later = (task: () => void): void => environment.later(task)
    this.#compactor = new Compactor({ log, state, writer: this.#writer, references, later, compactAtBytes })
    this.#writer.prepare(encodeRecord({ kind: 'open', format: JOURNAL_FORMAT, at: init.openedAt }, false))
  }

  /** What made writing fail; `undefined` while all is well. */
  get failure(): CodedError | undefined {
    return this.#writer.failure
  }

  /** So much waits for the disk that nobody should add more; see `afterCongestion`. */
  get isCongested(): boolean {
    return this.#writer.isCongested
  }

  /** Whether all that was written is on stable storage. */
  get isSynced(): boolean {
    return this.#writer.unsynced === 0
  }

  /**
   * @param observer  Told of what the record changes.
   * @returns Bytes of the record.
   * @throws `ACTOR_STATE_NOT_STORABLE` for a record that is too large; nothing has happened then.
   */
  write(record: JournalRecord, { isTagged, live }: WriteOptions, observer: StateObserver): number {
    const { state, references } = this.#init
    const refusal = refusalOf(state, record)
    assert(refusal === undefined, `a record follows from those before it (${refusal})`)
    const payload = encodeRecord(record, isTagged, references)
    if (payload.length > RECORD_BYTES_MAX) {
      throw new CodedError('ACTOR_STATE_NOT_STORABLE', { message: `A turn writes at most ${RECORD_BYTES_MAX} bytes` })
    }
    this.#compactor.noteRecord(record, payload)
    this.#writer.write(payload)
    applyChecked(state, record, { observer, ...(live && { live }) })
    if (record.kind === 'import' || (record.kind === 'commit' && record.created !== undefined)) {
      const actor = state.actors.get(record.actor)
      if (actor !== undefined) this.#compactor.noteNew(actor)
    }
    return payload.length
  }

  /** See `JournalWriter.afterSync`. */
  afterSync(run: () => void, drop?: (error: CodedError) => void): void {
    this.#writer.afterSync(run, drop)
  }

  /** Resolves when all that was written so far is on stable storage; rejects when it never will be. */
  synced(): Promise<void> {
    return this.#writer.synced()
  }

  /** Runs `run` once the disk has caught up; at once when nothing is congested. */
  afterCongestion(run: () => void): void {
    this.#writer.afterCongestion(run)
  }

  /** Resolves when the records are replaced by what they come to. */
  compact(): Promise<void> {
    return this.#compactor.compact()
  }

  /**
   * Resolves when everything written is on stable storage, or will never be.
   *
   * @param signal  Ends the wait for a disk that does not answer.
   */
  async close(signal?: AbortSignal): Promise<void> {
    this.#writer.flush()
    const settled = Promise.allSettled([this.#writer.synced(), this.#compactor.stop()])
    await (signal === undefined ? settled : Promise.race([settled, abortOf(signal)]))
  }
}

async function abortOf(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return
  await new Promise<void>((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true })
  })
}
