import { countBytes, type DataWorkOptions } from './data-progress.ts'
import { fileState, readLineBatches } from './read-lines.ts'

/** A file of rows by its content. */
export type ReadFile = {
  readonly name: string
  /** SHA-256 of the text, unpacked. */
  readonly sha256: string
  readonly rows: number
}

/**
 * Reads files of rows one after the other, blank lines left out.
 *
 * @param take  Whether the row counts; `place` is `FILE:LINE`.
 */
export async function readRowFiles(
  files: readonly string[],
  { signal, onProgress }: DataWorkOptions,
  take: (line: string, place: string) => boolean,
): Promise<readonly ReadFile[]> {
  const states = await Promise.all(files.map(fileState))
  const total = states.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
  const onBytes = countBytes('reading', total, onProgress)
  const read: ReadFile[] = []
  for (const file of files) {
    let sha256 = ''
    let rows = 0
    for await (const { lines, firstLine } of readLineBatches(file, {
      onBytes,
      onHash: (hash) => {
        sha256 = hash
      },
      ...(signal !== undefined && { signal }),
    })) {
      for (const [index, line] of lines.entries())
        if (line.trim() !== '' && take(line, `${file}:${firstLine + index}`)) rows += 1
    }
    read.push({ name: file, sha256, rows })
  }
  return read
}
