import type { JsonValue } from '../../../base/canonical-json.ts'
import { sha256HexOfBytes } from '../../../base/sha256.ts'
import type { Did, Hash } from '../../../core/evidence/names.ts'
import type { EventLog } from '../../../ports/event-log.ts'
import type { KeyValueStore } from '../../../ports/key-value-store.ts'
import { PartyFiles } from './party-files.ts'
import { type ChainHead, PartyKnowledge, type PartyLimits } from './party-knowledge.ts'
import { Turns } from '../turns.ts'
import { decodePartyRecord, encodePartyRecord, type KeptEnvelope, type PartyRecord } from './party-record.ts'

export type PartyStores = {
  readonly log: EventLog
  /** Where the bytes of its files are; of this party alone. */
  readonly files: KeyValueStore
}

/**
 * What one party knows, by its key: messages that it said and heard, notes, files. All of it comes back from the journal, and nothing is visible before it is
 * durable. After a failed write nothing is taken any more, since nobody knows whether it was written.
 */
export class PartyJournal {
  private readonly log: EventLog
  private readonly known: PartyKnowledge
  private readonly bytes: PartyFiles
  /** What is being done with a file, by its name: one thing after the other. */
  private readonly turns = new Turns()
  private removing = 0
  private failure: { readonly cause: unknown } | undefined
  private writing = 0
  private compaction: Promise<void> | undefined

  private constructor(log: EventLog, known: PartyKnowledge, bytes: PartyFiles) {
    this.log = log
    this.known = known
    this.bytes = bytes
  }

  /** Reads the journal. Throws `STORE_CORRUPTED` and what journal and store throw. */
  static async open({ log, files }: PartyStores, limits: Partial<PartyLimits> = {}): Promise<PartyJournal> {
    const known = new PartyKnowledge(limits)
    const { snapshot } = log
    if (snapshot !== undefined)
      for (const payload of recordsOfSnapshot(snapshot.payload)) known.apply(decodePartyRecord(payload, 0))
    for await (const { index, payload } of log.read(snapshot?.nextIndex ?? 0))
      known.apply(decodePartyRecord(payload, index))
    const journal = new PartyJournal(log, known, new PartyFiles(files))
    await journal.settleFiles()
    return journal
  }

  get limits(): PartyLimits {
    return this.known.limits
  }

  /** Throws why nothing is taken any more, if there is anything. */
  throwFailure(): void {
    if (this.failure !== undefined) throw this.failure.cause
  }

  envelope(hash: Hash): KeptEnvelope | undefined {
    return this.known.envelope(hash)
  }

  /** Messages about a contract or an auction, or of a type outside of both, in the order in which they were said and heard. */
  envelopesOf(subject: string): readonly KeptEnvelope[] {
    return this.known.envelopesOf(subject)
  }

  /** What was said for a purpose; `undefined` when nothing was. */
  said(act: string): KeptEnvelope | undefined {
    return this.known.said(act)
  }

  /** The last message of an issuer about a subject. */
  headOf(iss: Did, subject: string): ChainHead | undefined {
    return this.known.headOf(iss, subject)
  }

  /** Contracts and auctions that there are messages about, the oldest first: those that somebody else called, or all others. */
  names(of: { readonly isGuest: boolean }): readonly string[] {
    return this.known.names(of)
  }

  /** How full it is. */
  get fill(): PartyKnowledge['fill'] {
    return this.known.fill
  }

  isForgotten(subject: string): boolean {
    return this.known.isForgotten(subject)
  }

  note(topic: string, key: string): JsonValue | undefined {
    return this.known.notes.get(topic, key)
  }

  /** Keys and values of a topic, in the order in which the keys were first written. */
  notesOf(topic: string): readonly (readonly [string, JsonValue])[] {
    return this.known.notes.of(topic)
  }

  /** The bytes of a file; `undefined` when there is none of that name, or none any more. */
  async file(hash: Hash): Promise<Uint8Array | undefined> {
    return this.known.files.has(hash) ? await this.bytes.read(hash) : undefined
  }

  /** Whether there is a file of that name, whoever's it is. */
  hasFile(hash: Hash): boolean {
    return this.known.files.has(hash)
  }

  isFileOf(subject: string, hash: Hash): boolean {
    return this.known.files.isOf(subject, hash)
  }

  /** How long a file is; 0 where there is none. */
  fileBytes(hash: Hash): number {
    return this.known.files.bytesOf(hash)
  }

  /** Files of a contract, by their names. */
  filesOf(subject: string): readonly Hash[] {
    return this.known.files.of(subject)
  }

  /**
   * Writes records as one group, and shows them once they are durable. Throws `EVIDENCE_FULL` and `EVIDENCE_FILE_LARGE` where a limit is reached, then nothing
   * is written; and what the journal throws.
   */
  async append(records: readonly PartyRecord[]): Promise<void> {
    this.throwFailure()
    const fresh = records.filter((record) => !this.known.isKnown(record))
    if (fresh.length === 0) return
    for (const record of fresh) this.known.checkRoom(record)
    while (this.compaction !== undefined) await this.compaction
    this.writing += 1
    try {
      await this.log.append(fresh.map(encodePartyRecord))
    } catch (cause: unknown) {
      this.failure ??= { cause }
      throw cause
    } finally {
      this.writing -= 1
    }
    for (const record of fresh) this.known.apply(record)
    await this.removeGone()
    this.compactWhenLarge()
  }

  async keepNote(topic: string, key: string, value: JsonValue): Promise<void> {
    await this.append([{ kind: 'noted', topic, key, value }])
  }

  /** Keeps bytes as a file of a subject. Throws as `append`, and what the store throws. @returns The file's name. */
  async keepFile(subject: string, bytes: Uint8Array): Promise<Hash> {
    // A SHA-256.
    const hash = sha256HexOfBytes(bytes) as Hash
    const record = { kind: 'filed', hash, subject, byteLength: bytes.byteLength } as const
    await this.turns.take(hash, async () => {
      if (this.known.isKnown(record)) return
      this.known.checkRoom(record)
      const isThere = this.known.files.has(hash)
      if (!isThere) await this.bytes.put(hash, bytes)
      await this.append([record])
      if (!isThere) await this.bytes.settle(hash)
    })
    return hash
  }

  /** Drops the files of a subject. */
  async dropFiles(subject: string): Promise<void> {
    if (this.filesOf(subject).length === 0) return
    await this.append([{ kind: 'unfiled', subject }])
  }

  /** Drops all that belongs to a subject; nothing is ever said about it again. */
  async forget(subject: string): Promise<void> {
    await this.append([{ kind: 'forgotten', subject }])
  }

  /** Removes what a crash has left: files that the journal does not name, or no longer. */
  private async settleFiles(): Promise<void> {
    await this.removeGone()
    for (const hash of await this.bytes.unsettled())
      await (this.known.files.has(hash) ? this.bytes.settle(hash) : this.bytes.remove(hash))
  }

  private async removeGone(): Promise<void> {
    this.removing += 1
    try {
      for (const hash of this.known.files.takeGone())
        await this.turns.take(hash, async () => {
          if (!this.known.files.has(hash)) await this.bytes.remove(hash)
        })
    } finally {
      this.removing -= 1
    }
  }

  private compactWhenLarge(): void {
    // What is being written is in no snapshot yet, and what a snapshot no longer names is removed before.
    if (this.compaction !== undefined || this.writing > 0 || this.removing > 0) return
    if (this.log.sizeBytes < this.limits.compactAtBytes) return
    const snapshot = { nextIndex: this.log.nextIndex, payload: pack(this.known.records()) }
    this.compaction = this.log
      .compact(snapshot)
      .catch((cause: unknown) => void (this.failure ??= { cause }))
      .finally(() => (this.compaction = undefined))
  }
}

function pack(records: readonly PartyRecord[]): Uint8Array {
  const payloads = records.map(encodePartyRecord)
  const bytes = new Uint8Array(payloads.reduce((sum, { byteLength }) => sum + 4 + byteLength, 0))
  const view = new DataView(bytes.buffer)
  let at = 0
  for (const payload of payloads) {
    view.setUint32(at, payload.byteLength)
    bytes.set(payload, at + 4)
    at += 4 + payload.byteLength
  }
  return bytes
}

/** The records that a snapshot of a party's journal stands for. */
export function* recordsOfSnapshot(bytes: Uint8Array): Generator<Uint8Array> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  for (let at = 0; at + 4 <= bytes.byteLength;) {
    const size = view.getUint32(at)
    yield bytes.subarray(at + 4, at + 4 + size)
    at += 4 + size
  }
}
