import type { FileSystem } from '../ports/file-system.ts'
import { decodeFrame, decodeSegmentHeader, SEGMENT_HEADER_BYTES } from './log-frame.ts'
import { corruptedError, readSegmentBytes, sequenceOfName } from './log-segment.ts'

export type JournalFilesInit = {
  readonly directory: string
  /** A tail that is not whole is one that is being written: it is left out. Else it is damage. */
  readonly isBeingWritten: boolean
  /** Records that a snapshot at the beginning stands for; without it such a journal is not read. */
  readonly beginning?: (snapshot: Uint8Array) => AsyncIterable<Uint8Array>
}

/** Whether there is a journal in this folder. */
export async function hasJournalFiles(fileSystem: FileSystem, directory: string): Promise<boolean> {
  const names = await fileSystem.list(directory).catch(() => [])
  return names.some((name) => sequenceOfName(name) !== undefined)
}

/**
 * Records of a journal that somebody else may have open, or that is a copy: nothing is locked, repaired or written. Rejects with `STORE_CORRUPTED` at the first byte that is not right, after the records before it.
 */
export async function* readJournalFiles(
  fileSystem: FileSystem,
  { directory, isBeingWritten, beginning }: JournalFilesInit,
): AsyncGenerator<Uint8Array, void, undefined> {
  const found = (await fileSystem.list(directory)).map(sequenceOfName).filter((sequence) => sequence !== undefined)
  const sequences = await fromNewestSnapshot(fileSystem, directory, found)
  let index = 0
  for (const [place, sequence] of sequences.entries()) {
    const bytes = await readSegmentBytes(fileSystem, directory, sequence)
    const header = decodeSegmentHeader(bytes)
    const isKnown = header !== undefined && header !== 'newer'
    const isBegun = isKnown && place === 0 && header.hasSnapshot
    const isNext = isKnown && !header.hasSnapshot && header.firstIndex === index
    const isInPlace = sequence === (sequences[0] ?? 0) + place && (isBegun || sequences[0] === 0 || place > 0)
    if (!isKnown || !isInPlace || !(isNext || (isBegun && beginning !== undefined)))
      throw corruptedError(directory, sequence, 'it does not follow the one before')
    let offset = SEGMENT_HEADER_BYTES
    if (isBegun) {
      const frame = decodeFrame(bytes, offset, header.salt)
      const [snapshot] = frame?.payloads ?? []
      if (frame === undefined || snapshot === undefined || beginning === undefined)
        throw corruptedError(directory, sequence, 'its snapshot is damaged')
      yield* beginning(snapshot)
      index = header.firstIndex
      offset += frame.sizeBytes
    }
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

/** What a snapshot stands for may still be there, if whoever wrote it was interrupted. */
async function fromNewestSnapshot(
  fileSystem: FileSystem,
  directory: string,
  found: readonly number[],
): Promise<readonly number[]> {
  const sequences = found.toSorted((one, other) => one - other)
  for (let place = sequences.length - 1; place > 0; place -= 1) {
    const sequence = sequences[place]
    const header =
      sequence === undefined ? undefined : decodeSegmentHeader(await readSegmentBytes(fileSystem, directory, sequence))
    if (header !== undefined && header !== 'newer' && header.hasSnapshot) return sequences.slice(place)
  }
  return sequences
}
