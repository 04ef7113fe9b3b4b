import { sha256 } from '../../base/sha256.ts'
import type { Timestamp } from '../../base/time.ts'
import type { Hash } from '../../core/evidence/names.ts'
import { bytesOfHash } from '../../core/transparency/hash-text.ts'
import type { SignedCheckpoint } from '../../wire/v1/checkpoint.ts'
import {
  brokenAt,
  brokenInvariants,
  decoded,
  decodeOr,
  keylessJournal,
  segmentless,
  unknownEntry,
} from './journal-records.ts'
import { encodeText } from '../../wire/v1/platform-text.ts'
import { ExclusiveTurns } from './exclusive-turns.ts'
import { encodeEntry, formatCheckpoint, formatEntry } from './journal-line.ts'
import type { ConsistencyProof, InclusionProof } from './journal-proofs.ts'
import { JournalProver, type ProvenAmong } from './journal-prover.ts'
import { JournalReader } from './journal-reader.ts'
import { JournalSegments, type SegmentPlace } from './journal-segments.ts'
import { JournalWriter } from './journal-writer.ts'
import type { Journaled, MachineJournalComponents, Taken } from './journaled-machine.ts'
import { LineBatch } from './line-batch.ts'
import { signCheckpoint } from './sign-checkpoint.ts'

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
  private readonly prover: JournalProver
  private segments: JournalSegments<State> | undefined
  private startRecords = 0
  private newest: SignedCheckpoint | undefined
  /** While a segment is closed nothing is appended. */
  private readonly turns = new ExclusiveTurns()
  private readonly writer: JournalWriter

  private constructor(components: MachineJournalComponents<State, Event, Effect>, name: Hash) {
    const digest = components.digest ?? sha256
    this.components = components
    this.writer = new JournalWriter(components.log)
    const { log, folder, journaled } = components
    const prover = new JournalProver(
      {
        log,
        digest,
        entries: () => this.entries,
        cut: () => this.segments?.cut ?? { entries: 0, records: 0 },
        hashes: async () => (await this.segments?.hashes()) ?? new Uint8Array(),
        readKept: async (index) => await this.segments?.readKept(index),
      },
      folder === undefined || journaled.written === undefined,
    )
    this.prover = prover
    this.reader = new JournalReader<State, Event, Effect>({
      journaled,
      name,
      verify: undefined,
      digest,
      onNode: (node, hash) => prover.put(node, hash),
    })
  }

  /**
   * Reads the journal and replays it: from its first entry, or from the newest closed segment on. Throws `LEDGER_JOURNAL_BROKEN` for a line that does not
   * follow, and what the log throws.
   *
   * @param name  As `nameJournal` makes it; a journal of another name is broken.
   */
  static async open<State, Event, Effect>(
    components: MachineJournalComponents<State, Event, Effect>,
    name: Hash,
  ): Promise<MachineJournal<State, Event, Effect>> {
    const journal = new MachineJournal(components, name)
    await journal.openSegments(name)
    const decoder = new TextDecoder('utf-8', { fatal: true })
    for await (const { index, payload } of components.log.read(journal.startRecords)) {
      const line = journal.reader.read(decodeOr(decoder, payload))
      const { entries } = journal.reader
      if (line.kind === 'bad') throw brokenAt(index, entries, line.finding)
      if (line.kind === 'checkpoint') {
        journal.newest = line.signed
        journal.prover.addCheckpoint(entries)
      }
      if (line.kind !== 'entry') continue
      journal.segments?.add(bytesOfHash(line.hash))
      components.onEntry?.({ index: line.index, at: line.at, state: journal.state, effects: line.effects })
    }
    const broken = components.journaled.machine.violations(journal.reader.state)
    if (broken.length > 0) throw brokenInvariants(journal.entries, broken)
    return journal
  }

  /** After the last event that went through the machine, which may not be durable yet. */
  get state(): State {
    return this.reader.state
  }

  get entries(): number {
    return this.reader.entries
  }

  /** The last one in the journal; `undefined` where there is none. */
  get lastCheckpoint(): SignedCheckpoint | undefined {
    return this.newest
  }

  get segment(): SegmentPlace {
    return this.segments?.place ?? { closed: 0, cut: 0 }
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
    const { results, written } = await this.take(events)
    await written()
    return results
  }

  /** As `append`, resolved once the machine has taken the events, which nobody may be told of before `written` resolves. */
  async take(events: readonly Event[]): Promise<Taken<Effect>> {
    while (this.turns.current !== undefined) await this.turns.current
    this.writer.check()
    const results: Journaled<Effect>[] = []
    const lines = new LineBatch(this.writer)
    try {
      for (const event of events) {
        const line = this.step(event, results)
        if (line !== undefined) lines.add(line)
      }
    } catch (cause: unknown) {
      // The machine has found itself broken: what it said before stands, and nothing follows.
      this.writer.fail(cause)
      throw cause
    } finally {
      lines.end()
    }
    // Also for events that changed nothing: what they repeat must be durable before anybody is told that it exists.
    const last = this.writer.written
    return { results, written: async () => await last }
  }

  /** Signs where the journal stands, at a stamp not before that of the last entry, and keeps that in it. Throws `LEDGER_JOURNAL_KEYLESS` without a signer. */
  async checkpoint(at: Timestamp): Promise<SignedCheckpoint> {
    while (this.turns.current !== undefined) await this.turns.current
    return await this.writeCheckpoint(at, undefined)
  }

  /**
   * Signs a checkpoint that covers the state too, and keeps that state: the next start goes on from here. Whoever appends meanwhile waits. Throws
   * `LEDGER_SEGMENTS_MISSING` without a folder, `LEDGER_JOURNAL_KEYLESS`, and `LEDGER_ENTRY_UNKNOWN` before the first entry.
   */
  async closeSegment(at: Timestamp): Promise<SignedCheckpoint> {
    return await this.alone(async (segments) => await this.closeWith(segments, at))
  }

  /**
   * Closes a segment and drops the text of all entries before: their hashes and the state stay. What is dropped is written to `archive` before, as the
   * lines of the journal since the last time. Throws as `closeSegment` does, and `LEDGER_ARCHIVE_EXISTS`.
   *
   * @param archive  Path of a file to be made; `undefined` keeps the text nowhere.
   * @param wanted  Entries whose text stays, because somebody may still ask for it.
   */
  async prune(at: Timestamp, archive?: string, wanted: ReadonlySet<number> = new Set()): Promise<SignedCheckpoint> {
    return await this.alone(async (segments) => {
      await segments.checkArchive(archive)
      const signed = await this.closeWith(segments, at)
      await segments.prune({ archive, wanted })
      this.prover.startAt(segments.cut)
      return signed
    })
  }

  /** The journal as canonical JSON lines, as of the call: what `export` writes and `verify` reads. */
  async *lines(): AsyncGenerator<string, void, undefined> {
    while (this.turns.current !== undefined) await this.turns.current
    await this.writer.written
    const records = this.segments?.records() ?? decoded(this.components.log.read(0))
    if (this.segments !== undefined) yield* this.segments.beginning()
    yield* records
  }

  /**
   * Proves that entry `index` is in the journal. Throws `LEDGER_ENTRY_UNKNOWN`, and `LEDGER_ENTRY_PRUNED` for an entry whose text is not here.
   *
   * @param among  `entries`: of the first so many, absent: as it stands. `archived`: the entry's line, for one that was pruned.
   */
  async proveEntry(index: number, among: ProvenAmong = {}): Promise<InclusionProof> {
    await this.writer.written
    return await this.prover.proveEntry(index, among)
  }

  /** The canonical text of an entry; `undefined` where there is none. Throws `LEDGER_ENTRY_PRUNED`. */
  async readEntry(index: number): Promise<string | undefined> {
    await this.writer.written
    return await this.prover.readEntry(index)
  }

  /** Proves that the first `to` entries begin with the first `from`. Throws `LEDGER_ENTRY_UNKNOWN`. */
  async proveConsistency(from: number, to: number): Promise<ConsistencyProof> {
    return await this.prover.proveConsistency(from, to)
  }

  /** Waits for what is under way; the log is closed by whoever opened it. */
  async close(): Promise<void> {
    await this.turns.current
    await this.writer.close()
  }

  private async openSegments(name: Hash): Promise<void> {
    const { folder, log, journaled, beside, digest = sha256 } = this.components
    const { written } = journaled
    if (folder === undefined || written === undefined) return
    const { segments, opened } = await JournalSegments.open({ folder, log, written, beside, digest })
    this.segments = segments
    if (opened === undefined) return
    if (opened.signed.checkpoint.journal !== name) throw brokenAt(opened.records, opened.entries, 'JOURNAL_NAME_WRONG')
    this.reader.restart(opened.restart)
    this.newest = opened.signed
    this.prover.startAt(opened)
    this.startRecords = opened.records
  }

  private async closeWith(segments: JournalSegments<State>, at: Timestamp): Promise<SignedCheckpoint> {
    const { log, signer } = this.components
    const { state, entries, at: stamp, peaks: frontier } = this.reader
    if (signer === undefined || stamp === undefined) throw signer === undefined ? keylessJournal() : unknownEntry(0)
    const here = { state, entries, records: log.nextIndex, at: stamp, frontier }
    return await segments.close(here, async (root) => await this.writeCheckpoint(at, root))
  }

  private async writeCheckpoint(at: Timestamp, state: Hash | undefined): Promise<SignedCheckpoint> {
    this.writer.check()
    const { signer } = this.components
    const content = this.reader.content(at)
    if (signer === undefined || content === undefined) throw keylessJournal()
    if (at < (this.reader.at ?? 0)) throw new RangeError('A checkpoint is not older than the last entry')
    // Its record comes behind the entries that it covers, so whatever a crash leaves of the log, there is no checkpoint without them.
    const signed = signCheckpoint({ ...content, ...(state !== undefined && { state }) }, signer)
    this.prover.addCheckpoint(content.entries)
    this.writer.write([encodeText(formatCheckpoint(signed))])
    await this.writer.written
    this.newest = signed
    return signed
  }

  /** Runs `work` while nobody appends, behind all that was appended before. */
  private async alone<Result>(work: (segments: JournalSegments<State>) => Promise<Result>): Promise<Result> {
    return await this.turns.run(async () => {
      this.writer.check()
      const { segments } = this
      if (segments === undefined) throw segmentless()
      await this.writer.written
      return await work(segments)
    })
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
    const { line, hash } = encodeEntry(text, this.components.digest)
    reader.add(hash, state, at)
    this.segments?.add(bytesOfHash(hash))
    this.components.onEntry?.({ index, at, state, effects })
    results.push({ effects, entry: { index, hash } })
    return line
  }
}
