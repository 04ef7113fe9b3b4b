import type { TranslatedComponent } from './translate-component.ts'

const ENTRIES_MAX = 64
const BYTES_MAX = 67_108_864

/** What was made of components, by the hash of their bytes; what was not used for longest goes first. */
export class TranslationCache {
  private readonly entries = new Map<string, TranslatedComponent>()
  private bytes = 0

  get(hash: string): TranslatedComponent | undefined {
    const entry = this.entries.get(hash)
    if (entry === undefined) return undefined
    this.entries.delete(hash)
    this.entries.set(hash, entry)
    return entry
  }

  /** One that is larger than all may be together is not kept. */
  put(hash: string, entry: TranslatedComponent): void {
    const size = sizeOf(entry)
    this.drop(hash)
    if (size > BYTES_MAX) return
    for (const oldest of this.entries.keys()) {
      if (this.entries.size < ENTRIES_MAX && this.bytes + size <= BYTES_MAX) break
      this.drop(oldest)
    }
    this.entries.set(hash, entry)
    this.bytes += size
  }

  private drop(hash: string): void {
    const entry = this.entries.get(hash)
    if (entry === undefined) return
    this.bytes -= sizeOf(entry)
    this.entries.delete(hash)
  }
}

function sizeOf({ files }: TranslatedComponent): number {
  return files.reduce((sum, file) => sum + file.byteLength, 0)
}
