import { createNodeFileSystem } from '../../storage/node-file-system.ts'
import type { AbortOptions } from '../../ports/abort-options.ts'
import { openJournalLines } from './journal-source.ts'

export type ExportBooksInit = AbortOptions & {
  readonly dataDir: string
  /** Absolute path; what is there is replaced, once the copy is whole. */
  readonly file: string
}

export type ExportedBooks = { readonly file: string; readonly lines: number; readonly bytes: number }

/** Bytes that are written at once. */
const PIECE_BYTES = 1_048_576

/**
 * Writes the journal of a notary as canonical JSON lines, as of now; the notary may be running.
 *
 * Rejects with `STORE_READ_FAILED` where the directory holds no books, `STORE_WRITE_FAILED`, the signal's reason.
 */
export async function exportBooks({ dataDir, file, signal }: ExportBooksInit): Promise<ExportedBooks> {
  const source = await openJournalLines(dataDir)
  const fileSystem = createNodeFileSystem()
  const draft = `${file}.part`
  await fileSystem.remove(draft)
  const target = await fileSystem.open(draft, { mode: 'create' })
  let [lines, bytes] = [0, 0]
  try {
    let piece = ''
    const flush = async (): Promise<void> => {
      const encoded = new TextEncoder().encode(piece)
      piece = ''
      bytes += encoded.byteLength
      if (encoded.byteLength > 0) await target.append(encoded)
    }
    for await (const line of source) {
      signal?.throwIfAborted()
      piece += `${line}\n`
      lines += 1
      if (piece.length >= PIECE_BYTES) await flush()
    }
    await flush()
    await target.sync()
  } catch (error: unknown) {
    await target.close()
    await fileSystem.remove(draft)
    throw error
  }
  await target.close()
  await fileSystem.rename(draft, file)
  return { file, lines, bytes }
}
