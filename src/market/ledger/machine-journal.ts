import { CodedError } from '../../base/errors.ts'
import { sha256 } from '../../base/sha256.ts'
import type { Timestamp } from '../../base/time.ts'
import type { Hash } from '../../core/evidence/names.ts'
import type { Sha256 } from '../../core/transparency/merkle-tree.ts'
import type { EventLog } from '../../ports/event-log.ts'
import type { Signer } from '../../ports/signer.ts'
import type { SignedCheckpoint } from '../../wire/v1/checkpoint.ts'
import { encodeLine, formatCheckpoint, formatEntry } from './journal-line.ts'
import { type ConsistencyProof, type InclusionProof, MerkleStore } from './journal-proofs.ts'
import { JournalReader } from './journal-reader.ts'
import type { JournaledMachine } from './journaled-machine.ts'
import { signCheckpoint } from './sign-checkpoint.ts'

/** Records of one append at most, and bytes from which on it is full: with one more line it is within the 64 MiB that a log takes. */
const APPEND_MAX = 1_024
const APPEND_BYTES = 16_777_216

export type MachineJournalComponents<State, Event, Effect> = {
  /** Of this journal alone, and never compacted: its records are the evidence. Whoever opened it closes it. */
  readonly log: EventLog
  readonly journaled: JournaledMachine<State, Event, Effect>
  /** Who signs checkpoints; `undefined` where nobody does. */
  readonly signer?: Signer | undefined
  /** Native SHA-256 where there is one. */
  readonly digest?: Sha256 | undefined
}

export type Journaled<Effect> = {
  readonly effects: readonly Effect[]
  /** Where the event is in the journal; `undefined` when it changed nothing and is not there. */
  readonly entry: { readonly index: number; readonly hash: Hash } | undefined
}

/**
 * A machine with a hash-chained journal. An event goes through the machine at once; its effects are given back when the entry and all before it are on
 * stable storage, so nothing is told to anybody that a crash could take back. Appends of parallel callers share a sync.
 *
 * ```text
 * events -> machine -> entries {index, prev, at, event} -> log.append -> effects
 *                          |  hash chain, Merkle tree
 *                          +-> signed checkpoints, in the same log
 * ```
 *
 * After a failed write nothing is taken any more: the state is then ahead of the journal, and opening it again is what puts it right.
 */
export class MachineJournal<State, Event, Effect> {
  private readonly components: MachineJournalComponents<State, Event, Effect>
  private readonly reader: JournalReader<State, Event, Effect>
  private readonly store: MerkleStore
  /** Number of entries before each checkpoint, in order: an entry's record comes behind so many checkpoints. */
  private readonly checkpointsAt: number[] = []
  private failure: CodedError | undefined
  /** Resolves when everything so far is durable; rejects when that failed. */
  private written: Promise<unknown> = Promise.resolve()

  private constructor(components: MachineJournalComponents<State, Event, Effect>, name: Hash) {
    const digest = components.digest ?? sha256
    this.components = components
    this.store = new MerkleStore(digest)
    this.reader = new JournalReader<State, Event, Effect>({
      journaled: components.journaled,
      name,
      verify: undefined,
      digest,
      onNode: (node, hash) => this.store.put(node, hash),
    })
  }

  /**
   * Reads the journal and replays it. Throws `LEDGER_JOURNAL_BROKEN` for a line that does not follow, and what the log throws.
   *
   * @param name  As `nameJournal` makes it; a journal of another name is broken.
   */
  static async open<State, Event, Effect>(
    components: MachineJournalComponents<State, Event, Effect>,
    name: Hash,
  ): Promise<MachineJournal<State, Event, Effect>> {
    const journal = new MachineJournal(components, name)
    const decoder = new TextDecoder('utf-8', { fatal: true })
    for await (const { index, payload } of components.log.read(0)) {
      const line = journal.reader.read(decodeOr(decoder, payload))
      if (line.kind === 'bad')
        throw new CodedError('LEDGER_JOURNAL_BROKEN', {
          message: `Record ${index} of the journal: ${line.finding}`,
          details: { record: index, entries: journal.reader.entries, finding: line.finding },
        })
      if (line.kind === 'checkpoint') journal.checkpointsAt.push(journal.reader.entries)
    }
    const broken = components.journaled.machine.violations(journal.reader.state)
    if (broken.length > 0)
      throw new CodedError('LEDGER_JOURNAL_BROKEN', {
        message: `Replaying the journal breaks: ${broken.join('; ')}`,
        details: { entries: journal.reader.entries, broken },
      })
    return journal
  }

  /** After the last event that went through the machine, which may not be durable yet. */
  get state(): State {
    return this.reader.state
  }

  get entries(): number {
    return this.reader.entries
  }

  /** `null` before the first entry. */
  get head(): { readonly index: number; readonly hash: Hash } | null {
    const { head, entries } = this.reader
    return head === undefined || entries === 0 ? null : { index: entries - 1, hash: head }
  }

  /**
   * Runs events in order, in one append where there are no more than 1,024 of them. Rejects with `LEDGER_JOURNAL_CLOSED` after a failure; what of a
   * rejected call is durable, opening the journal again tells.
   */
  async append(events: readonly Event[]): Promise<readonly Journaled<Effect>[]> {
    this.checkOpen()
    const results: Journaled<Effect>[] = []
    let lines: Uint8Array[] = []
    let bytes = 0
    try {
      for (const event of events) {
        const line = this.step(event, results)
        if (line === undefined) continue
        lines.push(line)
        bytes += line.byteLength
        if (lines.length < APPEND_MAX && bytes < APPEND_BYTES) continue
        this.write(lines)
        lines = []
        bytes = 0
      }
    } catch (cause: unknown) {
      // The machine has found itself broken: what it said before stands, and nothing follows.
      this.fail(cause)
      throw cause
    } finally {
      if (lines.length > 0) this.write(lines)
    }
    // Also for events that changed nothing: what they repeat must be durable before anybody is told that it exists.
    await this.written
    return results
  }

  /**
   * Signs where the journal stands, and keeps that in the journal. Throws `LEDGER_JOURNAL_KEYLESS` without a signer.
   *
   * @param at  Stamp, not before that of the last entry.
   */
  async checkpoint(at: Timestamp): Promise<SignedCheckpoint> {
    this.checkOpen()
    const { signer } = this.components
    const content = this.reader.content(at)
    if (signer === undefined || content === undefined)
      throw new CodedError('LEDGER_JOURNAL_KEYLESS', { message: 'Nobody signs the checkpoints of this journal' })
    if (at < (this.reader.at ?? 0)) throw new RangeError('A checkpoint is not older than the last entry')
    // Its record comes behind the entries that it covers, so whatever a crash leaves of the log, there is no checkpoint without them.
    const signed = signCheckpoint(content, signer)
    this.checkpointsAt.push(content.entries)
    this.write([encodeLine(formatCheckpoint(signed))])
    await this.written
    return signed
  }

  /** The journal as canonical JSON lines, as of the call: what `export` writes and `verify` reads. */
  async *lines(): AsyncGenerator<string, void, undefined> {
    await this.written
    const decoder = new TextDecoder()
    for await (const { payload } of this.components.log.read(0)) yield decoder.decode(payload)
  }

  /** Proves that entry `index` is in the journal as it stands. Throws `LEDGER_ENTRY_UNKNOWN`. */
  async proveEntry(index: number): Promise<InclusionProof> {
    await this.written
    const line = await this.readEntry(index)
    if (line === undefined) throw unknownEntry(index)
    return this.store.proveEntry({ index, entries: this.reader.entries, line })
  }

  /** Proves that the first `to` entries begin with the first `from`. Throws `LEDGER_ENTRY_UNKNOWN`. */
  proveConsistency(from: number, to: number): ConsistencyProof {
    if (!(from >= 0 && from <= to && to <= this.reader.entries)) throw unknownEntry(to)
    return this.store.proveConsistency(from, to)
  }

  /** Waits for what is under way; the log is closed by whoever opened it. */
  async close(): Promise<void> {
    await this.written.catch(() => {})
    this.failure ??= new CodedError('LEDGER_JOURNAL_CLOSED', { message: 'The journal is closed' })
  }

  private step(event: Event, results: Journaled<Effect>[]): Uint8Array | undefined {
    const { journaled } = this.components
    const { reader } = this
    const { state, effects } = journaled.machine.transition(reader.state, event)
    const prev = reader.head
    if (state === reader.state || prev === undefined) {
      results.push({ effects, entry: undefined })
      return undefined
    }
    const index = reader.entries
    const at = journaled.stampOf(event)
    const text = formatEntry({ index, prev, at }, journaled.formatEvent(event))
    const hash = reader.add(text, state, at)
    results.push({ effects, entry: { index, hash } })
    return encodeLine(text)
  }

  private write(lines: readonly Uint8Array[]): void {
    const appended = this.components.log.append(lines)
    const before = this.written
    this.written = appended.then(
      async () => await before,
      (cause: unknown) => {
        this.fail(cause)
        throw this.failure ?? cause
      },
    )
    // Whoever waits hears of it; without a waiter it is kept in `failure`.
    this.written.catch(() => {})
  }

  private fail(cause: unknown): void {
    this.failure ??= new CodedError('LEDGER_JOURNAL_CLOSED', { message: 'The journal takes nothing any more', cause })
  }

  private checkOpen(): void {
    if (this.failure !== undefined) throw this.failure
  }

  /** The canonical text of an entry; `undefined` where there is none. */
  async readEntry(index: number): Promise<string | undefined> {
    if (!Number.isSafeInteger(index) || index < 0 || index >= this.reader.entries) return undefined
    const record = index + this.checkpointsAt.filter((entries) => entries <= index).length
    for await (const { payload } of this.components.log.read(record)) return new TextDecoder().decode(payload)
    return undefined
  }
}

function unknownEntry(index: number): CodedError {
  return new CodedError('LEDGER_ENTRY_UNKNOWN', { message: `The journal has no entry ${index}`, details: { index } })
}

/** Bytes that are no UTF-8 are no line either. */
function decodeOr(decoder: { decode(bytes: Uint8Array): string }, payload: Uint8Array): string {
  try {
    return decoder.decode(payload)
  } catch {
    return ''
  }
}
