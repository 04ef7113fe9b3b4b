import type { Hash } from '../../../core/evidence/names.ts'
import type { PartyRecord } from './party-record.ts'

type Filed = Extract<PartyRecord, { kind: 'filed' }>

/** Which files there are, and whose: the bytes are elsewhere. A file of two subjects is one, and stays until both are gone. */
export class KnownFiles {
  private readonly files = new Map<Hash, { readonly byteLength: number; readonly subjects: Set<string> }>()
  private readonly subjects = new Map<string, Set<Hash>>()
  private bytes = 0
  private gone = new Set<Hash>()

  get size(): number {
    return this.files.size
  }

  get totalBytes(): number {
    return this.bytes
  }

  has(hash: Hash): boolean {
    return this.files.has(hash)
  }

  isOf(subject: string, hash: Hash): boolean {
    return this.subjects.get(subject)?.has(hash) === true
  }

  /** How long a file is; 0 where there is none. */
  bytesOf(hash: Hash): number {
    return this.files.get(hash)?.byteLength ?? 0
  }

  of(subject: string): readonly Hash[] {
    return [...(this.subjects.get(subject) ?? [])]
  }

  apply({ hash, subject, byteLength }: Omit<Filed, 'kind'>): void {
    const file = this.files.get(hash) ?? { byteLength, subjects: new Set<string>() }
    if (!this.files.has(hash)) this.bytes += byteLength
    file.subjects.add(subject)
    this.files.set(hash, file)
    this.gone.delete(hash)
    this.subjects.set(subject, (this.subjects.get(subject) ?? new Set<Hash>()).add(hash))
  }

  drop(subject: string): void {
    for (const hash of this.of(subject)) {
      const file = this.files.get(hash)
      file?.subjects.delete(subject)
      if (file === undefined || file.subjects.size > 0) continue
      this.bytes -= file.byteLength
      this.files.delete(hash)
      this.gone.add(hash)
    }
    this.subjects.delete(subject)
  }

  /** Files that belong to nobody any more, each told once: their bytes may go. */
  takeGone(): readonly Hash[] {
    const gone = [...this.gone]
    this.gone = new Set()
    return gone
  }

  *records(): Generator<Filed> {
    for (const [subject, hashes] of this.subjects)
      for (const hash of hashes)
        yield { kind: 'filed', hash, subject, byteLength: this.files.get(hash)?.byteLength ?? 0 }
  }
}
