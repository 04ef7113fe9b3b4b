import { canonicalJson } from '../../base/canonical-json.ts'
import { CodedError } from '../../base/errors.ts'
import { type Timestamp, timestampFromMs } from '../../base/time.ts'
import { parseHash } from '../../core/evidence/names.ts'
import { HashList } from '../../core/transparency/hash-list.ts'
import { bytesOfHash, formatHash } from '../../core/transparency/hash-text.ts'
import { type MerkleFrontier, rootOf, type Sha256 } from '../../core/transparency/merkle-tree.ts'
import type { EventLog } from '../../ports/event-log.ts'
import { SIGNED_CHECKPOINT, type SignedCheckpoint } from '../../wire/v1/checkpoint.ts'
import { formatCut, formatHashes, formatStateLine, StateRoot } from './journal-cut.ts'
import type { JournalFolder } from './journal-folder.ts'
import { encodeText } from '../encode-text.ts'
import { formatCheckpoint, parseJson } from './journal-line.ts'
import type { Restart } from './journal-reader.ts'
import type { WrittenState } from './journaled-machine.ts'

/** A place in the log: so many entries, and so many records, which are entries and checkpoints. */
export type Place = { readonly entries: number; readonly records: number }

export type SegmentsComponents<State> = {
  readonly folder: JournalFolder
  readonly log: EventLog
  readonly written: WrittenState<State>
  readonly digest: Sha256
}

/** A closed segment that a start goes on from. */
export type OpenedSegment<State> = Place & { readonly restart: Restart<State>; readonly signed: SignedCheckpoint }

/** What is kept of a state that was written down, behind its lines. */
type Tail = Place & {
  readonly at: Timestamp
  readonly frontier: MerkleFrontier
  readonly signed: SignedCheckpoint
}

/**
 * The closed segments of a journal. A signed checkpoint closes one: the hashes of its entries and the state behind it are kept beside the log, so that a
 * start reads that state and the entries after it, and not all of the past; and so that the entries themselves may be pruned.
 *
 * ```text
 * close    hashes of the entries, the lines of the state, checkpoint in the log, name of the state      in this order, each on stable storage
 * prune    close, archive of the records, snapshot in place of them in the log
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

  private constructor(components: SegmentsComponents<State>) {
    this.components = components
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

  /** Entries of closed segments. */
  get closed(): number {
    return this.closedEntries
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
    const { folder, written, digest } = this.components
    const { entries, frontier, at } = here
    await folder.writeHashes(this.closedEntries, this.recent.toBytes())
    const root = new StateRoot(digest)
    const lines = function* (): Generator<string, void, undefined> {
      for (const line of written.lines(here.state)) {
        root.add(line)
        yield line
      }
    }
    let signed: SignedCheckpoint | undefined
    const finish = async (): Promise<string> => {
      signed = await checkpoint(root.root())
      return formatTail({ entries, records: here.records + 1, at, frontier, signed })
    }
    await folder.writeState(entries, { lines: lines(), finish, kept: this.cut.entries })
    if (signed === undefined) throw new RangeError('A state was written without its checkpoint')
    this.closedEntries = entries
    this.recent = new HashList()
    return signed
  }

  /** Puts the newest closed segment in place of all records, which must end with its checkpoint. */
  async prune(closed: Omit<Tail, 'records'>): Promise<void> {
    const { log } = this.components
    const tail: Tail = { ...closed, records: log.nextIndex }
    await log.compact({ nextIndex: tail.records, payload: encodeText(formatTail(tail)) })
    this.cutAt = tail
  }

  /** The beginning of a copy: nothing where no entry was pruned. */
  async *beginning(): AsyncGenerator<string, void, undefined> {
    const { cutAt } = this
    if (cutAt === undefined) return
    const { folder } = this.components
    yield formatCut(cutAt.at, cutAt.signed)
    yield* formatHashes(await folder.readHashes(cutAt.entries))
    let before: string | undefined
    for await (const line of folder.readState(cutAt.entries)) {
      if (before !== undefined) yield formatStateLine(before)
      before = line
    }
  }

  /** The state behind so many entries, if it is whole and its checkpoint is in the log. */
  private async readState(entries: number): Promise<OpenedSegment<State> | undefined> {
    const { folder, written, digest } = this.components
    const reader = written.read()
    const root = new StateRoot(digest)
    let last: string | undefined
    let isSound = true
    for await (const line of folder.readState(entries)) {
      if (last !== undefined) {
        const json = parseJson(last)
        root.add(last)
        isSound = isSound && json !== undefined && reader.add(json)
      }
      last = line
    }
    const tail = last === undefined ? undefined : parseTail(last)
    if (!isSound || tail?.entries !== entries || !(await this.isInLog(tail))) return undefined
    const { checkpoint } = tail.signed
    const isRight =
      checkpoint.state === root.root() &&
      checkpoint.entries === entries &&
      checkpoint.root === formatHash(rootOf(tail.frontier, digest))
    const state = isRight ? reader.end() : undefined
    if (state === undefined) return undefined
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

function formatTail({ entries, records, at, frontier, signed }: Tail): string {
  return canonicalJson({ at, entries, peaks: frontier.peaks.map(formatHash), records, signed })
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
  return { at: timestampFromMs(at), entries, records, frontier, signed: signed.data }
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}
