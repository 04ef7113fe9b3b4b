import { canonicalJson } from '../../base/canonical-json.ts'
import { CodedError } from '../../base/errors.ts'
import { type Timestamp, timestampFromMs } from '../../base/time.ts'
import { type Hash, parseHash } from '../../core/evidence/names.ts'
import { HashList } from '../../core/transparency/hash-list.ts'
import { bytesOfHash, formatHash } from '../../core/transparency/hash-text.ts'
import { type MerkleFrontier, rootOf, type Sha256 } from '../../core/transparency/merkle-tree.ts'
import type { EventLog } from '../../ports/event-log.ts'
import { SIGNED_CHECKPOINT, type SignedCheckpoint } from '../../wire/v1/checkpoint.ts'
import { formatCut, formatHashes, formatStateLine, StateRoot } from './journal-cut.ts'
import type { JournalFolder } from './journal-folder.ts'
import { encodeText } from '../../wire/v1/platform-text.ts'
import { formatCheckpoint, indexOfEntry, parseJson } from './journal-line.ts'
import type { Restart } from './journal-reader.ts'
import { decoded } from './journal-records.ts'
import type { WrittenBeside, WrittenState } from './journaled-machine.ts'
import { KeptEntries } from './kept-entries.ts'

/** How a line that is not of the state begins. */
const BESIDE_START = '{"beside":'

/** A place in the log: so many entries, and so many records, which are entries and checkpoints. */
export type Place = { readonly entries: number; readonly records: number }

export type SegmentsComponents<State> = {
  readonly folder: JournalFolder
  readonly log: EventLog
  readonly written: WrittenState<State>
  readonly beside: WrittenBeside | undefined
  readonly digest: Sha256
}

/** Entries of closed segments, and of them those before the cut. */
export type SegmentPlace = { readonly closed: number; readonly cut: number }

/** What a cut leaves. */
export type Leaving = {
  /** Path of a file for all that is dropped; `undefined` keeps it nowhere. */
  readonly archive: string | undefined
  /** Entries that somebody may still ask for. */
  readonly wanted: ReadonlySet<number>
}

/** A closed segment that a start goes on from. */
export type OpenedSegment<State> = Place & { readonly restart: Restart<State>; readonly signed: SignedCheckpoint }

/** What is kept of a state that was written down, behind its lines. */
type Tail = Place & {
  readonly at: Timestamp
  readonly frontier: MerkleFrontier
  readonly signed: SignedCheckpoint
  /** Root over the lines beside the state. */
  readonly beside: Hash | undefined
}

/**
 * The closed segments of a journal. A signed checkpoint closes one: the hashes of its entries and the state behind it are kept beside the log, so that a
 * start reads that state and the entries after it, and not all of the past; and so that the entries themselves may be pruned.
 *
 * ```text
 * close    hashes of the entries, the lines of the state, checkpoint in the log, name of the state      in this order, each on stable storage
 * prune    close, archive of the records, those that are still wanted, snapshot in place of all of them in the log
 * open     newest state whose checkpoint is in the log; entries behind it
 * ```
 *
 * A crash between any two leaves what was there before: a state without a name is removed, and hashes without a checkpoint are written again.
 */
export class JournalSegments<State> {
  private readonly components: SegmentsComponents<State>
  /** Hashes of the entries behind the newest closed segment. */
  private recent = new HashList()
  private closedEntries = 0
  private cutAt: Tail | undefined
  private newest: Tail | undefined
  private readonly kept: KeptEntries

  private constructor(components: SegmentsComponents<State>) {
    this.components = components
    this.kept = new KeptEntries(components.folder)
  }

  /** Finds where to start; nothing where the log has to be read from its first entry. Throws `LEDGER_JOURNAL_BROKEN` where it was pruned and no state is sound. */
  static async open<State>(
    components: SegmentsComponents<State>,
  ): Promise<{ readonly segments: JournalSegments<State>; readonly opened: OpenedSegment<State> | undefined }> {
    const { log, folder } = components
    const segments = new JournalSegments(components)
    const cutText = log.snapshot && new TextDecoder().decode(log.snapshot.payload)
    const cut = cutText === undefined ? undefined : parseTail(cutText)
    segments.cutAt = cut
    segments.kept.moveTo(cut?.entries ?? 0)
    for (const entries of await folder.states()) {
      const opened = await segments.readState(entries)
      if (opened === undefined) continue
      segments.closedEntries = opened.entries
      return { segments, opened }
    }
    if (log.snapshot !== undefined)
      throw new CodedError('LEDGER_JOURNAL_BROKEN', {
        message: 'Entries were pruned, and the state that stands for them is missing or damaged',
        details: { records: log.snapshot.nextIndex },
      })
    return { segments, opened: undefined }
  }

  /** Where the log begins. */
  get cut(): Place {
    return this.cutAt ?? { entries: 0, records: 0 }
  }

  get place(): SegmentPlace {
    return { closed: this.closedEntries, cut: this.cut.entries }
  }

  /** Takes note of the entry that follows. */
  add(hash: Uint8Array): void {
    this.recent.push(hash)
  }

  /** Hashes of all entries, 32 bytes each. */
  async hashes(): Promise<Uint8Array> {
    for (;;) {
      const { closedEntries } = this
      const old = await this.components.folder.readHashes(closedEntries)
      if (closedEntries !== this.closedEntries) continue
      const all = new Uint8Array(old.length + 32 * this.recent.length)
      all.set(old)
      all.set(this.recent.toBytes(), old.length)
      return all
    }
  }

  /**
   * Closes the segment that ends here. Nothing may be appended meanwhile.
   *
   * @param checkpoint  Signs for the root of the state and puts the checkpoint into the log; resolves when it is there.
   */
  async close(
    here: Place & { readonly state: State; readonly at: Timestamp; readonly frontier: MerkleFrontier },
    checkpoint: (state: SignedCheckpoint['checkpoint']['head']) => Promise<SignedCheckpoint>,
  ): Promise<SignedCheckpoint> {
    const { folder, written, beside, digest } = this.components
    const { entries, frontier, at } = here
    await folder.writeHashes(this.closedEntries, this.recent.toBytes())
    const [root, besideRoot] = [new StateRoot(digest), new StateRoot(digest)]
    const lines = function* (): Generator<string, void, undefined> {
      for (const line of written.lines(here.state)) {
        root.add(line)
        yield line
      }
      for (const line of beside?.lines() ?? []) {
        besideRoot.add(line)
        yield `${BESIDE_START}${line}}`
      }
    }
    let tail: Tail | undefined
    const finish = async (): Promise<string> => {
      const signed = await checkpoint(root.root())
      tail = { entries, records: here.records + 1, at, frontier, signed, beside: beside && besideRoot.root() }
      return formatTail(tail)
    }
    await folder.writeState(entries, { lines: lines(), finish, kept: this.cut.entries })
    if (tail === undefined) throw new RangeError('A state was written without its checkpoint')
    this.newest = tail
    this.closedEntries = entries
    this.recent = new HashList()
    return tail.signed
  }

  /** Throws `LEDGER_ARCHIVE_EXISTS`. */
  async checkArchive(archive: string | undefined): Promise<void> {
    if (archive !== undefined) await this.components.folder.checkArchive(archive)
  }

  /** Puts the segment that was just closed in place of all records, which must end with its checkpoint. */
  async prune({ archive, wanted }: Leaving): Promise<void> {
    const { log, folder } = this.components
    const { newest } = this
    if (newest?.records !== log.nextIndex) throw new RangeError('Nothing was appended since the segment was closed')
    if (archive !== undefined) await folder.writeArchive(archive, this.records())
    if (wanted.size > 0) await folder.writeKept(newest.entries, this.wantedLines(wanted))
    await log.compact({ nextIndex: newest.records, payload: encodeText(formatTail(newest)) })
    this.cutAt = newest
    this.kept.moveTo(newest.entries)
    await folder.removeKeptBefore(newest.entries)
  }

  /** The text of an entry before the cut, where it was kept. */
  async readKept(index: number): Promise<string | undefined> {
    return await this.kept.read(index)
  }

  /** Every entry and checkpoint that the log has. */
  records(): AsyncGenerator<string, void, undefined> {
    return decoded(this.components.log.read(this.cut.records))
  }

  private async *wantedLines(wanted: ReadonlySet<number>): AsyncGenerator<string, void, undefined> {
    const isWanted = (line: string): boolean => wanted.has(indexOfEntry(line) ?? -1)
    for await (const line of this.components.folder.readKept(this.cut.entries)) if (isWanted(line)) yield line
    for await (const line of this.records()) if (isWanted(line)) yield line
  }

  /** The beginning of a copy: nothing where no entry was pruned. */
  async *beginning(): AsyncGenerator<string, void, undefined> {
    if (this.cutAt !== undefined) yield* beginningOf(this.components.folder, this.cutAt)
  }

  /** The state behind so many entries, if it is whole and its checkpoint is in the log. */
  private async readState(entries: number): Promise<OpenedSegment<State> | undefined> {
    const { folder, written, beside, digest } = this.components
    const [reader, besideReader] = [written.read(), beside?.read()]
    const [root, besideRoot] = [new StateRoot(digest), new StateRoot(digest)]
    let last: string | undefined
    let isSound = true
    const take = (line: string): boolean => {
      const isBeside = line.startsWith(BESIDE_START)
      const text = isBeside ? line.slice(BESIDE_START.length, -1) : line
      const json = parseJson(text)
      if (isBeside) besideRoot.add(text)
      else root.add(text)
      return json !== undefined && (isBeside ? besideReader?.add(json) === true : reader.add(json))
    }
    for await (const line of folder.readState(entries)) {
      if (last !== undefined && isSound) isSound = take(last)
      last = line
    }
    const tail = last === undefined ? undefined : parseTail(last)
    if (!isSound || tail?.entries !== entries || !(await this.isInLog(tail))) return undefined
    const { checkpoint } = tail.signed
    const isRight =
      checkpoint.state === root.root() &&
      checkpoint.entries === entries &&
      checkpoint.root === formatHash(rootOf(tail.frontier, digest)) &&
      tail.beside === (beside && besideRoot.root())
    const state = isRight ? reader.end() : undefined
    if (state === undefined || besideReader?.end() === false) return undefined
    const restart = { state, frontier: tail.frontier, head: checkpoint.head, at: tail.at }
    return { entries, records: tail.records, restart, signed: tail.signed }
  }

  private async isInLog(tail: Tail): Promise<boolean> {
    const { log } = this.components
    const start = log.snapshot?.nextIndex ?? 0
    if (tail.records === start) return this.cutAt !== undefined && formatTail(this.cutAt) === formatTail(tail)
    if (tail.records < start || tail.records > log.nextIndex) return false
    for await (const { payload } of log.read(tail.records - 1))
      return new TextDecoder().decode(payload) === formatCheckpoint(tail.signed)
    return false
  }
}

/** The same for whoever reads the files of a pruned journal, by what its log begins with; nothing for anything else. */
export async function* readBeginning(
  folder: JournalFolder,
  snapshot: Uint8Array,
): AsyncGenerator<string, void, undefined> {
  const cut = parseTail(new TextDecoder().decode(snapshot))
  if (cut !== undefined) yield* beginningOf(folder, cut)
}

async function* beginningOf(folder: JournalFolder, cut: Tail): AsyncGenerator<string, void, undefined> {
  yield formatCut(cut.at, cut.signed)
  yield* formatHashes(await folder.readHashes(cut.entries))
  let before: string | undefined
  for await (const line of folder.readState(cut.entries)) {
    if (before !== undefined && !before.startsWith(BESIDE_START)) yield formatStateLine(before)
    before = line
  }
}

function formatTail({ entries, records, at, frontier, signed, beside }: Tail): string {
  const peaks = frontier.peaks.map(formatHash)
  return canonicalJson({ at, entries, peaks, records, signed, ...(beside !== undefined && { beside }) })
}

function parseTail(text: string): Tail | undefined {
  const json = parseJson(text)
  if (typeof json !== 'object' || json === null) return undefined
  if (!('at' in json && 'entries' in json && 'peaks' in json && 'records' in json && 'signed' in json)) return undefined
  const { at, entries, records, peaks } = json
  const signed = SIGNED_CHECKPOINT.safeParse(json.signed)
  if (!isCount(at) || !isCount(entries) || !isCount(records) || !Array.isArray(peaks) || !signed.success)
    return undefined
  const hashes = peaks.flatMap((peak) => (typeof peak === 'string' ? (parseHash(peak) ?? []) : []))
  const frontier = { size: entries, peaks: hashes.map(bytesOfHash) }
  const beside = 'beside' in json && typeof json.beside === 'string' ? parseHash(json.beside) : undefined
  return { at: timestampFromMs(at), entries, records, frontier, signed: signed.data, beside }
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}
