import { createNodeFileSystem } from '../../../storage/node-file-system.ts'
import type { OpenFile } from '../../../ports/file-system.ts'
import type { AbortOptions } from '../../../ports/abort-options.ts'
import { parseLine } from '../../../market/ledger/journal-line.ts'
import type { SharedLedger } from '../shared-ledger.ts'
import { openJournalLines, openSharedLines } from './journal-source.ts'

export type ExportBooksInit = AbortOptions & {
  readonly dataDir: string
  /** Where gateways keep books together: those of the directory's notary are read there, unless it has none there. */
  readonly ledger: Pick<SharedLedger, 'read'> | undefined
  /** Absolute path; what is there is replaced, once the copy is whole. */
  readonly file: string
  /** Ends the copy with the first checkpoint that covers so many entries; absent: with the last line that is there. */
  readonly upTo?: number
}

export type ExportedBooks = {
  readonly file: string
  readonly lines: number
  readonly bytes: number
  readonly entries: number
  /** Entries that a checkpoint of the copy stands behind. */
  readonly covered: number
}

/** Bytes that are written at once. */
const PIECE_BYTES = 1_048_576

/**
 * Writes the journal of a notary as canonical JSON lines; the notary may be running.
 *
 * Rejects with `STORE_READ_FAILED` where the directory holds no books, `STORE_WRITE_FAILED`, the signal's reason.
 */
export async function exportBooks({ dataDir, ledger, file, upTo, signal }: ExportBooksInit): Promise<ExportedBooks> {
  const source = (await openSharedLines(dataDir, ledger)) ?? (await openJournalLines(dataDir))
  const fileSystem = createNodeFileSystem()
  const draft = `${file}.part`
  await fileSystem.remove(draft)
  const target = await fileSystem.open(draft, { mode: 'create' })
  const written = new WrittenLines(target)
  try {
    for await (const line of source) {
      signal?.throwIfAborted()
      if (upTo !== undefined && written.covered >= upTo && isEntry(line)) break
      await written.add(line)
    }
    await written.flush()
    await target.sync()
  } catch (error: unknown) {
    await target.close()
    await fileSystem.remove(draft)
    throw error
  }
  await target.close()
  await fileSystem.rename(draft, file)
  const { lines, bytes, entries, covered } = written
  return { file, lines, bytes, entries, covered }
}

/** Members stand in the order of their names, and no other line begins like this. */
function isEntry(line: string): boolean {
  return line.startsWith('{"at":')
}

class WrittenLines {
  lines = 0
  bytes = 0
  entries = 0
  covered = 0
  private readonly target: Pick<OpenFile, 'append'>
  private piece = ''

  constructor(target: Pick<OpenFile, 'append'>) {
    this.target = target
  }

  async add(line: string): Promise<void> {
    this.piece += `${line}\n`
    this.lines += 1
    if (isEntry(line)) this.entries += 1
    else this.count(line)
    if (this.piece.length >= PIECE_BYTES) await this.flush()
  }

  async flush(): Promise<void> {
    const encoded = new TextEncoder().encode(this.piece)
    this.piece = ''
    this.bytes += encoded.byteLength
    if (encoded.byteLength > 0) await this.target.append(encoded)
  }

  private count(text: string): void {
    if (!text.startsWith('{"checkpoint":') && !text.startsWith('{"cut":')) return
    const line = parseLine(text)
    if (line.kind !== 'checkpoint' && line.kind !== 'cut') return
    this.covered = line.signed.checkpoint.entries
    this.entries = Math.max(this.entries, this.covered)
  }
}
