import { CodedError } from '../../../base/errors.ts'
import type { Did, Hash } from '../../../core/evidence/names.ts'
import { KnownFiles } from './known-files.ts'
import { KnownNotes } from './known-notes.ts'
import { type KeptEnvelope, type PartyRecord, subjectOf } from './party-record.ts'

export type PartyLimits = {
  /** Contracts and other subjects of one's own that are kept at once. More are refused until some are forgotten. */
  readonly subjectsMax: number
  /** Auctions that others called, apart from those, so that nobody's calls take the room of contracts. */
  readonly guestsMax: number
  /** Bytes of messages about them, all together. */
  readonly guestBytesMax: number
  /** Messages of one subject. Of what is outside of contracts and auctions the oldest are dropped with their answers, of others more are refused. */
  readonly envelopesMax: number
  readonly notesMax: number
  readonly fileBytesMax: number
  /** Of one input or result, which is several files where it is in pieces. */
  readonly artifactBytesMax: number
  /** Of inputs in pieces that are here before their contract is signed, all together. Nothing was paid for them. */
  readonly unsignedBytesMax: number
  readonly filesMax: number
  readonly filesBytesMax: number
  /** Journal size that starts a compaction. */
  readonly compactAtBytes: number
}

export const PARTY_LIMITS_DEFAULT: PartyLimits = {
  subjectsMax: 10_000,
  guestsMax: 1_024,
  guestBytesMax: 67_108_864,
  envelopesMax: 512,
  notesMax: 262_144,
  fileBytesMax: 1_048_576,
  artifactBytesMax: 67_108_864,
  unsignedBytesMax: 268_435_456,
  filesMax: 131_072,
  filesBytesMax: 4_294_967_296,
  compactAtBytes: 67_108_864,
}

export type ChainHead = { readonly seq: number; readonly hash: Hash }
type Subject = {
  readonly hashes: Hash[]
  /** The last message of each issuer. */
  readonly heads: Map<Did, ChainHead>
  /** Somebody else called it. */
  readonly isGuest: boolean
}

/** What there is of something that has a limit, and the limit. */
export type Fill = readonly [count: number, max: number]

/** The length of a contract's and an auction's name; other subjects are types of messages. */
const NAME_LENGTH = 64
/** Names of subjects that were forgotten; a message about them would begin a second chain. The oldest are dropped beyond. */
const FORGOTTEN_MAX = 100_000

/**
 * What one party knows, in memory: messages that it said and heard, notes, and which files there are. It follows from the records alone, and is never larger than its
 * limits.
 */
export class PartyKnowledge {
  readonly limits: PartyLimits
  readonly files = new KnownFiles()
  readonly notes = new KnownNotes()
  private readonly envelopes = new Map<Hash, KeptEnvelope>()
  private readonly subjects = new Map<string, Subject>()
  private readonly acts = new Map<string, Hash>()
  private readonly forgotten = new Set<string>()
  private guestCount = 0
  private guestBytes = 0

  constructor(limits: Partial<PartyLimits> = {}) {
    this.limits = { ...PARTY_LIMITS_DEFAULT, ...limits }
  }

  envelope(hash: Hash): KeptEnvelope | undefined {
    return this.envelopes.get(hash)
  }

  /** Messages about a contract or an auction, or of a type outside of both, in the order in which they were said and heard. */
  envelopesOf(subject: string): readonly KeptEnvelope[] {
    const hashes = this.subjects.get(subject)?.hashes ?? []
    return hashes.flatMap((hash) => this.envelopes.get(hash) ?? [])
  }

  /** What was said for a purpose; `undefined` when nothing was. */
  said(act: string): KeptEnvelope | undefined {
    const hash = this.acts.get(act)
    return hash === undefined ? undefined : this.envelopes.get(hash)
  }

  /** The last message of an issuer about a subject. */
  headOf(iss: Did, subject: string): ChainHead | undefined {
    return this.subjects.get(subject)?.heads.get(iss)
  }

  isForgotten(subject: string): boolean {
    return this.forgotten.has(subject)
  }

  /** Contracts and auctions that there are messages about, the oldest first. */
  names({ isGuest }: { readonly isGuest: boolean }): readonly string[] {
    const isWanted = (name: string, subject: Subject): boolean =>
      name.length === NAME_LENGTH && subject.isGuest === isGuest
    return [...this.subjects].flatMap(([name, subject]) => (isWanted(name, subject) ? [name] : []))
  }

  get fill(): {
    readonly own: readonly Fill[]
    readonly files: readonly Fill[]
    readonly guests: readonly [Fill, Fill]
  } {
    const { limits, files, notes } = this
    return {
      own: [
        [this.subjects.size - this.guestCount, limits.subjectsMax],
        [notes.size, limits.notesMax],
      ],
      files: [
        [files.size, limits.filesMax],
        [files.totalBytes, limits.filesBytesMax],
      ],
      guests: [
        [this.guestCount, limits.guestsMax],
        [this.guestBytes, limits.guestBytesMax],
      ],
    }
  }

  /** Whether a record would change nothing. */
  isKnown(record: PartyRecord): boolean {
    if (record.kind === 'heard') return this.envelopes.has(record.kept.envelope.hash)
    return record.kind === 'filed' && this.files.isOf(record.subject, record.hash)
  }

  /** Throws `EVIDENCE_FULL` and `EVIDENCE_FILE_LARGE` where a limit is reached. */
  checkRoom(record: PartyRecord): void {
    if (record.kind === 'said' || record.kind === 'heard') this.checkEnvelope(record)
    if (record.kind === 'filed') this.checkFile(record)
    if (record.kind !== 'noted') return
    const { notesMax } = this.limits
    const isNew = this.notes.get(record.topic, record.key) === undefined
    if (isNew && record.value !== null && this.notes.size >= notesMax) throw full(`${notesMax} notes`)
  }

  private checkFile({ hash, byteLength }: Extract<PartyRecord, { kind: 'filed' }>): void {
    const { fileBytesMax, filesMax, filesBytesMax } = this.limits
    if (byteLength > fileBytesMax)
      throw new CodedError('EVIDENCE_FILE_LARGE', { message: `A file has ${byteLength} of ${fileBytesMax} bytes` })
    if (this.files.has(hash)) return
    if (this.files.size >= filesMax) throw full(`${filesMax} files`)
    if (this.files.totalBytes + byteLength > filesBytesMax) throw full(`${filesBytesMax} bytes of files`)
  }

  private checkEnvelope(record: Extract<PartyRecord, { kept: KeptEnvelope }>): void {
    const { subjectsMax, guestsMax, guestBytesMax, envelopesMax } = this.limits
    const name = subjectOf(record.kept.envelope)
    const known = this.subjects.get(name)
    const isGuest = known?.isGuest ?? isCall(record)
    if (isGuest && known === undefined && this.guestCount >= guestsMax) throw full(`${guestsMax} auctions of others`)
    if (isGuest && this.guestBytes + record.kept.bytes.byteLength > guestBytesMax)
      throw full(`${guestBytesMax} bytes about auctions of others`)
    const ownCount = this.subjects.size - this.guestCount
    if (!isGuest && known === undefined && ownCount >= subjectsMax) throw full(`${subjectsMax} contracts`)
    if (name.length === NAME_LENGTH && (known?.hashes.length ?? 0) >= envelopesMax)
      throw full(`${envelopesMax} messages about ${name}`)
  }

  apply(record: PartyRecord): void {
    switch (record.kind) {
      case 'said':
      case 'heard':
        this.applyEnvelope(record)
        return
      case 'noted':
        this.notes.apply(record)
        return
      case 'filed':
        this.files.apply(record)
        return
      case 'unfiled':
        this.files.drop(record.subject)
        return
      case 'forgotten':
        this.forget(record.subject)
        return
    }
  }

  private applyEnvelope(record: Extract<PartyRecord, { kept: KeptEnvelope }>): void {
    const { kept } = record
    const { head, hash } = kept.envelope
    if (this.envelopes.has(hash)) return
    const name = subjectOf(kept.envelope)
    const isNew = !this.subjects.has(name)
    const made: Subject = { hashes: [], heads: new Map(), isGuest: isCall(record) }
    const subject = this.subjects.get(name) ?? made
    this.subjects.set(name, subject)
    if (isNew && subject.isGuest) this.guestCount += 1
    this.envelopes.set(hash, kept)
    subject.hashes.push(hash)
    this.weigh(subject, kept.bytes.byteLength)
    if (kept.act !== undefined) this.acts.set(kept.act, hash)
    if (head.seq >= (subject.heads.get(head.iss)?.seq ?? 0)) subject.heads.set(head.iss, { seq: head.seq, hash })
    if (name.length === NAME_LENGTH || subject.hashes.length <= this.limits.envelopesMax) return
    const oldest = subject.hashes.shift()
    if (oldest === undefined) return
    this.dropEnvelope(subject, oldest)
    // What was answered goes with it.
    this.files.drop(`${name}/${oldest}`)
    this.notes.forget(`${name}/${oldest}`)
  }

  private forget(name: string): void {
    const subject = this.subjects.get(name)
    if (subject !== undefined) {
      for (const hash of subject.hashes) this.dropEnvelope(subject, hash)
      if (subject.isGuest) this.guestCount -= 1
    }
    this.files.drop(name)
    this.notes.forget(name)
    this.subjects.delete(name)
    this.forgotten.add(name)
    const [oldest] = this.forgotten
    if (this.forgotten.size > FORGOTTEN_MAX && oldest !== undefined) this.forgotten.delete(oldest)
  }

  private dropEnvelope(subject: Subject, hash: Hash): void {
    const kept = this.envelopes.get(hash)
    if (kept?.act !== undefined) this.acts.delete(kept.act)
    this.weigh(subject, -(kept?.bytes.byteLength ?? 0))
    this.envelopes.delete(hash)
  }

  private weigh(subject: Subject, bytes: number): void {
    if (subject.isGuest) this.guestBytes += bytes
  }

  /** Records that give all of this again. */
  records(): readonly PartyRecord[] {
    const records: PartyRecord[] = [...this.forgotten].map((subject) => ({ kind: 'forgotten', subject }))
    records.push(...this.notes.records(), ...this.files.records())
    for (const { hashes } of this.subjects.values())
      for (const hash of hashes) {
        const kept = this.envelopes.get(hash)
        if (kept !== undefined) records.push({ kind: kept.act === undefined ? 'heard' : 'said', kept })
      }
    return records
  }
}

/** Whether a message begins an auction of somebody else. */
function isCall({ kind, kept }: Extract<PartyRecord, { kept: KeptEnvelope }>): boolean {
  return kind === 'heard' && kept.envelope.type === 'auction-call' && kept.envelope.head.contract !== undefined
}

function full(what: string): CodedError {
  return new CodedError('EVIDENCE_FULL', { message: `No more than ${what} are kept` })
}
