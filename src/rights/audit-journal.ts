import { CodedError } from '../base/errors.ts'
import {
  AUDIT_START,
  type AuditEntry,
  type AuditEvent,
  type AuditFinding,
  type AuditHead,
  headBehind,
  nextAuditEntry,
  readAuditEntry,
} from '../core/audit/audit-entry.ts'
import { formatAuditSnapshot, parseAuditSnapshot, type UsedOrder } from '../core/audit/audit-snapshot.ts'
import type { Hash } from '../core/evidence/names.ts'
import type { Clock } from '../ports/clock.ts'
import type { EventLog } from '../ports/event-log.ts'

/** Entries behind the newest shortening at most, then the older ones are dropped, all but `ENTRIES_KEPT`. */
export const AUDIT_ENTRIES_MAX = 16_384
export const AUDIT_ENTRIES_KEPT = 8_192

const ENCODER = new TextEncoder()
const DECODER = new TextDecoder()

export type AuditJournalComponents = {
  /** Of the journal alone. Whoever opened it closes it. */
  readonly log: EventLog
  readonly clock: Clock
}

export type AuditJournalInit = { readonly entriesMax?: number; readonly entriesKept?: number }

export type AuditVerification = {
  readonly ok: boolean
  /** Entries that were ever written. */
  readonly entries: number
  /** Of these the oldest are dropped: this many. */
  readonly dropped: number
  readonly head: { readonly index: number; readonly hash: Hash } | null
  readonly firstBad: { readonly index: number; readonly finding: AuditFinding | 'head' } | null
}

/**
 * What was allowed, refused and stopped, in order, each entry bound to the one before by its hash. An entry is on stable storage before the act that it tells
 * of. What is oldest is dropped in large steps; the chain goes on, and says how much is missing.
 */
export class AuditJournal {
  private readonly components: AuditJournalComponents
  private readonly entriesMax: number
  private readonly entriesKept: number
  private start: AuditHead = AUDIT_START
  private head: AuditHead = AUDIT_START
  private kept: string[] = []
  private waiting = 0

  private constructor(components: AuditJournalComponents, init: AuditJournalInit) {
    this.components = components
    this.entriesMax = init.entriesMax ?? AUDIT_ENTRIES_MAX
    this.entriesKept = Math.min(init.entriesKept ?? AUDIT_ENTRIES_KEPT, this.entriesMax - 1)
  }

  /**
   * Reads the journal. One whose chain is broken opens all the same, so that it goes on telling; `verify` says where.
   *
   * Throws `STORE_CORRUPTED` where its beginning cannot be read, and what the log throws.
   */
  static async open(
    components: AuditJournalComponents,
    init: AuditJournalInit = {},
  ): Promise<{ readonly journal: AuditJournal; readonly used: readonly UsedOrder[] }> {
    const journal = new AuditJournal(components, init)
    const { log } = components
    let used: readonly UsedOrder[] = []
    if (log.snapshot !== undefined) {
      const snapshot = parseAuditSnapshot(DECODER.decode(log.snapshot.payload))
      if (snapshot === undefined)
        throw new CodedError('STORE_CORRUPTED', { message: 'The beginning of the audit journal cannot be read' })
      journal.start = snapshot.start
      journal.kept = [...snapshot.kept]
      used = snapshot.used
    }
    for await (const { payload } of log.read(log.snapshot?.nextIndex ?? 0)) journal.kept.push(DECODER.decode(payload))
    journal.head = followAll(journal.start, journal.kept)
    return { journal, used }
  }

  /** Entries that are kept, oldest first. What is no entry any more is left out. */
  *entries(): Generator<AuditEntry, void, undefined> {
    let head = this.start
    for (const text of this.kept) {
      const reading = readAuditEntry(head, text)
      head = reading.kind === 'entry' ? reading.head : follow(head, text)
      if (reading.kind === 'entry') yield reading.entry
    }
  }

  /** Recomputes the chain. `expected` is a head that was noted before: it has to be among the entries, so that nothing was written anew since. */
  verify(expected?: { readonly index: number; readonly hash: Hash }): AuditVerification {
    let head = this.start
    let firstBad: AuditVerification['firstBad'] = null
    let isSeen = expected === undefined || expected.index < this.start.entries
    for (const [place, text] of this.kept.entries()) {
      const reading = readAuditEntry(head, text)
      if (reading.kind === 'wrong') {
        firstBad = { index: this.start.entries + place, finding: reading.finding }
        break
      }
      head = reading.head
      if (expected?.index === reading.entry.index) isSeen = expected.hash === head.hash
    }
    if (firstBad === null && !isSeen && expected !== undefined) firstBad = { index: expected.index, finding: 'head' }
    return {
      ok: firstBad === null,
      entries: this.start.entries + this.kept.length,
      dropped: this.start.entries,
      head: head.entries === 0 ? null : { index: head.entries - 1, hash: head.hash },
      firstBad,
    }
  }

  /**
   * Writes an entry; resolved once it is on stable storage. Throws a `RangeError` for an event that is too long, and what the log throws.
   *
   * @param used  Orders that are still to be refused, for the day the journal is shortened.
   */
  async append(event: AuditEvent, used: () => readonly UsedOrder[] = () => []): Promise<void> {
    const { log, clock } = this.components
    const { text, head } = nextAuditEntry(this.head, { event, at: clock.now() })
    this.head = head
    this.kept.push(text)
    this.waiting += 1
    try {
      await log.append([ENCODER.encode(text)])
    } finally {
      this.waiting -= 1
    }
    if (this.waiting === 0 && this.kept.length > this.entriesMax) await this.shorten(used())
  }

  /** Called when nothing waits: the log then has exactly what is kept here. */
  private async shorten(used: readonly UsedOrder[]): Promise<void> {
    const dropped = this.kept.splice(0, this.kept.length - this.entriesKept)
    this.start = followAll(this.start, dropped)
    const { log } = this.components
    const snapshot = formatAuditSnapshot({ start: this.start, kept: this.kept, used })
    await log.compact({ nextIndex: log.nextIndex, payload: ENCODER.encode(snapshot) })
  }
}

function followAll(start: AuditHead, texts: readonly string[]): AuditHead {
  return texts.reduce(follow, start)
}

function follow(head: AuditHead, text: string): AuditHead {
  const reading = readAuditEntry(head, text)
  return reading.kind === 'entry' ? reading.head : headBehind(head, text)
}
