import type { JsonValue } from '../../base/canonical-json.ts'
import { CodedError } from '../../base/errors.ts'
import type { Did, Hash } from '../../core/evidence/names.ts'
import { type KeptEnvelope, type PartyRecord, subjectOf } from './party-record.ts'

export type PartyLimits = {
  /** Contracts, auctions and other subjects that are kept at once. More are refused until some are forgotten. */
  readonly subjectsMax: number
  /** Messages of one subject. Of what is outside of contracts and auctions the oldest are dropped, of others more are refused. */
  readonly envelopesMax: number
  readonly notesMax: number
  readonly fileBytesMax: number
  readonly filesMax: number
  readonly filesBytesMax: number
  /** Journal size that starts a compaction. */
  readonly compactAtBytes: number
}

export const PARTY_LIMITS_DEFAULT: PartyLimits = {
  subjectsMax: 10_000,
  envelopesMax: 512,
  notesMax: 100_000,
  fileBytesMax: 1_048_576,
  filesMax: 4_096,
  filesBytesMax: 33_554_432,
  compactAtBytes: 67_108_864,
}

type Subject = { readonly hashes: Hash[]; readonly files: Hash[] }
export type ChainHead = { readonly seq: number; readonly hash: Hash }

/** The length of a contract's and an auction's name; other subjects are types of messages. */
const NAME_LENGTH = 64
/** Names of subjects that were forgotten; a message about them would begin a second chain. The oldest are dropped beyond. */
const FORGOTTEN_MAX = 100_000

/** What one party knows, in memory: messages that it said and heard, notes, files. It follows from the records alone, and is never larger than its limits. */
export class PartyKnowledge {
  readonly limits: PartyLimits
  private readonly envelopes = new Map<Hash, KeptEnvelope>()
  private readonly subjects = new Map<string, Subject>()
  private readonly chains = new Map<string, ChainHead>()
  private readonly acts = new Map<string, Hash>()
  private readonly notes = new Map<string, Map<string, JsonValue>>()
  private readonly files = new Map<Hash, { readonly subject: string; readonly bytes: Uint8Array }>()
  private readonly forgotten = new Set<string>()
  private filesBytes = 0
  private notesCount = 0

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
    return this.chains.get(`${iss}/${subject}`)
  }

  isForgotten(subject: string): boolean {
    return this.forgotten.has(subject)
  }

  note(topic: string, key: string): JsonValue | undefined {
    return this.notes.get(topic)?.get(key)
  }

  /** Keys and values of a topic, in the order in which the keys were first written. */
  notesOf(topic: string): readonly (readonly [string, JsonValue])[] {
    return [...(this.notes.get(topic) ?? [])]
  }

  file(hash: Hash): Uint8Array | undefined {
    return this.files.get(hash)?.bytes
  }

  /** Files of a contract, by their names. */
  filesOf(subject: string): readonly Hash[] {
    return this.subjects.get(subject)?.files ?? []
  }

  /** Whether a record would change nothing. */
  isKnown(record: PartyRecord): boolean {
    if (record.kind === 'heard') return this.envelopes.has(record.kept.envelope.hash)
    return record.kind === 'filed' && this.files.has(record.hash)
  }

  /** Throws `EVIDENCE_FULL` and `EVIDENCE_FILE_LARGE` where a limit is reached. */
  checkRoom(record: PartyRecord): void {
    const { subjectsMax, envelopesMax, notesMax, fileBytesMax, filesMax, filesBytesMax } = this.limits
    if (record.kind === 'noted') {
      const isNew = this.note(record.topic, record.key) === undefined
      if (isNew && this.notesCount >= notesMax) throw full(`${notesMax} notes`)
      return
    }
    if (record.kind === 'forgotten') return
    if (record.kind === 'filed') {
      const { byteLength } = record.bytes
      if (byteLength > fileBytesMax)
        throw new CodedError('EVIDENCE_FILE_LARGE', { message: `A file has ${byteLength} of ${fileBytesMax} bytes` })
      if (this.files.size >= filesMax) throw full(`${filesMax} files`)
      if (this.filesBytes + byteLength > filesBytesMax) throw full(`${filesBytesMax} bytes of files`)
    }
    const subject = record.kind === 'filed' ? record.subject : subjectOf(record.kept.envelope)
    const known = this.subjects.get(subject)
    if (known === undefined && this.subjects.size >= subjectsMax) throw full(`${subjectsMax} contracts`)
    if (subject.length === NAME_LENGTH && (known?.hashes.length ?? 0) >= envelopesMax)
      throw full(`${envelopesMax} messages about ${subject}`)
  }

  apply(record: PartyRecord): void {
    switch (record.kind) {
      case 'said':
      case 'heard':
        this.applyEnvelope(record.kept)
        return
      case 'noted':
        this.applyNote(record)
        return
      case 'filed':
        this.subjectOf(record.subject).files.push(record.hash)
        this.files.set(record.hash, record)
        this.filesBytes += record.bytes.byteLength
        return
      case 'forgotten':
        this.forget(record.subject)
        return
    }
  }

  private applyEnvelope(kept: KeptEnvelope): void {
    const { head, hash } = kept.envelope
    if (this.envelopes.has(hash)) return
    const subject = subjectOf(kept.envelope)
    const { hashes } = this.subjectOf(subject)
    this.envelopes.set(hash, kept)
    hashes.push(hash)
    if (kept.act !== undefined) this.acts.set(kept.act, hash)
    const chain = `${head.iss}/${subject}`
    if (head.seq >= (this.chains.get(chain)?.seq ?? 0)) this.chains.set(chain, { seq: head.seq, hash })
    if (subject.length === NAME_LENGTH || hashes.length <= this.limits.envelopesMax) return
    const oldest = hashes.shift()
    if (oldest !== undefined) this.dropEnvelope(oldest)
  }

  private applyNote({ topic, key, value }: Extract<PartyRecord, { kind: 'noted' }>): void {
    const notes = this.notes.get(topic) ?? new Map<string, JsonValue>()
    this.notes.set(topic, notes)
    this.notesCount -= notes.has(key) ? 1 : 0
    if (value === null) notes.delete(key)
    else notes.set(key, value)
    this.notesCount += notes.has(key) ? 1 : 0
  }

  private forget(subject: string): void {
    const known = this.subjects.get(subject)
    for (const hash of known?.hashes ?? []) this.dropEnvelope(hash)
    for (const hash of known?.files ?? []) {
      this.filesBytes -= this.files.get(hash)?.bytes.byteLength ?? 0
      this.files.delete(hash)
    }
    for (const [topic, notes] of this.notes)
      for (const key of notes.keys())
        if (key === subject || key.startsWith(`${subject}/`)) this.applyNote({ kind: 'noted', topic, key, value: null })
    this.subjects.delete(subject)
    this.forgotten.add(subject)
    const [oldest] = this.forgotten
    if (this.forgotten.size > FORGOTTEN_MAX && oldest !== undefined) this.forgotten.delete(oldest)
  }

  private dropEnvelope(hash: Hash): void {
    const act = this.envelopes.get(hash)?.act
    if (act !== undefined) this.acts.delete(act)
    this.envelopes.delete(hash)
  }

  private subjectOf(name: string): Subject {
    const subject = this.subjects.get(name) ?? { hashes: [], files: [] }
    this.subjects.set(name, subject)
    return subject
  }

  /** Records that give all of this again. */
  records(): readonly PartyRecord[] {
    const records: PartyRecord[] = [...this.forgotten].map((subject) => ({ kind: 'forgotten', subject }))
    for (const [topic, notes] of this.notes)
      for (const [key, value] of notes) records.push({ kind: 'noted', topic, key, value })
    for (const { hashes } of this.subjects.values())
      for (const hash of hashes) {
        const kept = this.envelopes.get(hash)
        if (kept !== undefined) records.push({ kind: kept.act === undefined ? 'heard' : 'said', kept })
      }
    for (const [hash, { subject, bytes }] of this.files) records.push({ kind: 'filed', hash, subject, bytes })
    return records
  }
}

function full(what: string): CodedError {
  return new CodedError('EVIDENCE_FULL', { message: `No more than ${what} are kept` })
}
