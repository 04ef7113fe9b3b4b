import { CodedError } from '../base/errors.ts'
import type { LogSnapshot } from '../ports/event-log.ts'
import type { FileSystem, OpenFile } from '../ports/file-system.ts'
import type { Random } from '../ports/random.ts'
import { SEGMENT_HEADER_BYTES, decodeFrame, decodeSegmentHeader, isDamageSynced } from './log-frame.ts'
import {
  TEMPORARY_SUFFIX,
  corruptedError,
  createSegment,
  readSegmentBytes,
  replaceFile,
  segmentPath,
  sequenceOfName,
} from './log-segment.ts'
import type { Segment } from './log-segment.ts'

export type RecoveryInit = { readonly fileSystem: FileSystem; readonly random: Random; readonly directory: string }

export type RecoveredLog = {
  readonly segments: readonly Segment[]
  readonly file: OpenFile
  readonly fileSizeBytes: number
  readonly nextIndex: number
  readonly snapshot: LogSnapshot | undefined
  readonly recordBytes: number
}

type LoadedSegment = { readonly segment: Segment; readonly bytes: Uint8Array }

/**
 * Reads a journal's folder after whatever happened to it. The last segment is always written anew, up to its last sound
 * frame, and synced before it is believed: after a failed sync the page cache may show bytes that the disk never got.
 */
export async function recoverSegments(init: RecoveryInit): Promise<RecoveredLog> {
  const names = await init.fileSystem.list(init.directory)
  for (const name of names) {
    if (name.endsWith(TEMPORARY_SUFFIX)) await init.fileSystem.remove(`${init.directory}/${name}`)
  }
  const sequences = names.map(sequenceOfName).filter((sequence) => sequence !== undefined)
  if (sequences.length === 0) return await startEmpty(init)
  const loaded = await loadFromSnapshot(init, sequences)
  const scan = new SegmentScan(init.directory)
  loaded.forEach((item, position) => scan.accept(item, position === loaded.length - 1))
  const last = loaded.at(-1)
  if (last === undefined) throw corruptedError(init.directory, sequences[0] ?? 0, 'there is no segment to start from')
  const bytes = last.bytes.subarray(0, scan.soundBytes)
  const file = await replaceFile(init.fileSystem, {
    directory: init.directory,
    sequence: last.segment.sequence,
    bytes,
  })
  await removeObsolete(init, sequences, loaded[0]?.segment.sequence ?? 0)
  return {
    segments: loaded.map((item) => item.segment),
    file,
    fileSizeBytes: bytes.byteLength,
    nextIndex: scan.nextIndex,
    snapshot: scan.snapshot,
    recordBytes: scan.recordBytes,
  }
}

async function startEmpty(init: RecoveryInit): Promise<RecoveredLog> {
  const salt = init.random.bytes(4)
  const created = await createSegment(init.fileSystem, {
    directory: init.directory,
    sequence: 0,
    firstIndex: 0,
    salt: new DataView(salt.buffer, salt.byteOffset, 4).getUint32(0, true),
    snapshot: undefined,
  })
  return {
    segments: [created.segment],
    file: created.file,
    fileSizeBytes: created.sizeBytes,
    nextIndex: 0,
    snapshot: undefined,
    recordBytes: 0,
  }
}

/** Segments from the newest snapshot on, oldest first. A header is synced before its name exists, so it must be sound. */
async function loadFromSnapshot(init: RecoveryInit, sequences: readonly number[]): Promise<readonly LoadedSegment[]> {
  const loaded: LoadedSegment[] = []
  for (const sequence of sequences.toReversed()) {
    const newer = loaded[0]?.segment.sequence
    if (newer !== undefined && newer !== sequence + 1) {
      throw corruptedError(init.directory, sequence + 1, 'the file is missing')
    }
    const bytes = await readSegmentBytes(init.fileSystem, init.directory, sequence)
    const segment = decodeSegmentHeader(bytes)
    if (segment === 'newer') {
      throw new CodedError('STORE_FORMAT_NEWER', { message: `${segmentPath(init.directory, sequence)} is newer` })
    }
    if (segment === undefined || segment.sequence !== sequence) {
      throw corruptedError(init.directory, sequence, 'the header is damaged')
    }
    loaded.unshift({ segment, bytes })
    if (segment.hasSnapshot) return loaded
  }
  const first = loaded[0]
  if (first !== undefined && first.segment.firstIndex !== 0) {
    throw corruptedError(init.directory, first.segment.sequence, 'the records before it are missing')
  }
  return loaded
}

/** Walks frames in order and keeps count. */
class SegmentScan {
  readonly #directory: string
  nextIndex = 0
  snapshot: LogSnapshot | undefined
  recordBytes = 0
  /** Where the last accepted segment stops being sound. */
  soundBytes = 0

  constructor(directory: string) {
    this.#directory = directory
  }

  accept({ segment, bytes }: LoadedSegment, isLast: boolean): void {
    let offset = SEGMENT_HEADER_BYTES
    if (segment.hasSnapshot) offset = this.#acceptSnapshot(segment, bytes)
    else if (segment.firstIndex !== this.nextIndex) this.#refuse(segment, 'it does not follow the one before')
    for (;;) {
      const frame = decodeFrame(bytes, offset, segment.salt)
      if (frame === undefined) break
      if (frame.firstIndex !== this.nextIndex) this.#refuse(segment, 'records are out of order')
      this.nextIndex += frame.payloads.length
      this.recordBytes += frame.sizeBytes
      offset += frame.sizeBytes
    }
    const isDamaged = offset < bytes.length
    if (isDamaged && (!isLast || isDamageSynced(bytes, offset, segment.salt))) {
      this.#refuse(segment, `bytes at ${offset} are damaged although they were synced`)
    }
    this.soundBytes = offset
  }

  #acceptSnapshot(segment: Segment, bytes: Uint8Array): number {
    const frame = decodeFrame(bytes, SEGMENT_HEADER_BYTES, segment.salt)
    const payload = frame?.payloads[0]
    if (frame === undefined || payload === undefined) this.#refuse(segment, 'the snapshot is damaged')
    this.nextIndex = segment.firstIndex
    this.snapshot = { nextIndex: segment.firstIndex, payload: payload.slice() }
    return SEGMENT_HEADER_BYTES + frame.sizeBytes
  }

  #refuse(segment: Segment, what: string): never {
    throw corruptedError(this.#directory, segment.sequence, what)
  }
}

async function removeObsolete(init: RecoveryInit, sequences: readonly number[], oldest: number): Promise<void> {
  const obsolete = sequences.filter((sequence) => sequence < oldest)
  for (const sequence of obsolete) await init.fileSystem.remove(segmentPath(init.directory, sequence))
  if (obsolete.length > 0) await init.fileSystem.syncDirectory(init.directory)
}
