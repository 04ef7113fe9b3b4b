import type { FileSystem } from '../ports/file-system.ts'
import { decodeFrame, decodeSegmentHeader, SEGMENT_HEADER_BYTES } from './log-frame.ts'
import { corruptedError, readSegmentBytes, sequenceOfName } from './log-segment.ts'

export type JournalFilesInit = {
  readonly directory: string
  /** A tail that is not whole is one that is being written: it is left out. Else it is damage. */
  readonly isBeingWritten: boolean
}

/** Whether there is a journal in this folder. */
export async function hasJournalFiles(fileSystem: FileSystem, directory: string): Promise<boolean> {
  const names = await fileSystem.list(directory).catch(() => [])
  return names.some((name) => sequenceOfName(name) !== undefined)
}

/**
 * Records of a journal that somebody else may have open, or that is a copy: nothing is locked, repaired or written. Journals that begin with a snapshot are not
 * read. Rejects with `STORE_CORRUPTED` at the first byte that is not right, after the records before it.
 */
export async function* readJournalFiles(
  fileSystem: FileSystem,
  { directory, isBeingWritten }: JournalFilesInit,
): AsyncGenerator<Uint8Array, void, undefined> {
  const found = (await fileSystem.list(directory)).map(sequenceOfName).filter((sequence) => sequence !== undefined)
  const sequences = found.toSorted((one, other) => one - other)
  let index = 0
  for (const [place, sequence] of sequences.entries()) {
    const bytes = await readSegmentBytes(fileSystem, directory, sequence)
    const header = decodeSegmentHeader(bytes)
    const isNext = header !== undefined && header !== 'newer' && !header.hasSnapshot && header.firstIndex === index
    if (!isNext || sequence !== place) throw corruptedError(directory, sequence, 'it does not follow the one before')
    let offset = SEGMENT_HEADER_BYTES
    for (;;) {
      const frame = decodeFrame(bytes, offset, header.salt)
      if (frame === undefined || frame.firstIndex !== index) break
      yield* frame.payloads
      index += frame.payloads.length
      offset += frame.sizeBytes
    }
    const isTail = isBeingWritten && place === sequences.length - 1
    if (offset < bytes.byteLength && !isTail)
      throw corruptedError(directory, sequence, `bytes at ${offset} are damaged`)
  }
}
