import { CodedError } from '../base/errors.ts'
import type { LogRecord, LogSnapshot } from '../ports/event-log.ts'
import type { FileSystem, OpenFile } from '../ports/file-system.ts'
import {
  FRAME_HEADER_BYTES,
  SEGMENT_HEADER_BYTES,
  bodySizeOf,
  decodeFrame,
  encodeFrame,
  encodeSegmentHeader,
} from './log-frame.ts'
import type { FramePlace } from './frame-places.ts'
import type { SegmentHeader } from './log-frame.ts'

/** A file of the journal, as its header describes it. */
export type Segment = SegmentHeader

const SEGMENT_NAME = /^segment-(\d{12})\.log$/
export const TEMPORARY_SUFFIX = '.tmp'

export function segmentPath(directory: string, sequence: number): string {
  return `${directory}/segment-${sequence.toString().padStart(12, '0')}.log`
}

/** The sequence in a segment's file name; `undefined` for any other name. */
export function sequenceOfName(name: string): number | undefined {
  const digits = SEGMENT_NAME.exec(name)?.[1]
  return digits === undefined ? undefined : Number(digits)
}

export type CreateSegmentInit = {
  readonly directory: string
  readonly sequence: number
  readonly firstIndex: number
  readonly salt: number
  readonly snapshot: LogSnapshot | undefined
}

export type CreatedSegment = { readonly segment: Segment; readonly file: OpenFile; readonly sizeBytes: number }

/** Makes a segment under its final name only when its header and snapshot are on stable storage, and the name too. */
export async function createSegment(fileSystem: FileSystem, init: CreateSegmentInit): Promise<CreatedSegment> {
  const { sequence, firstIndex, salt, snapshot } = init
  const segment: Segment = { sequence, firstIndex, salt, hasSnapshot: snapshot !== undefined }
  const header = encodeSegmentHeader(segment)
  const payloads = snapshot === undefined ? [] : [snapshot.payload]
  const frameBytes = snapshot === undefined ? 0 : FRAME_HEADER_BYTES + bodySizeOf(payloads)
  const bytes = new Uint8Array(SEGMENT_HEADER_BYTES + frameBytes)
  bytes.set(header)
  if (snapshot !== undefined) encodeFrame(bytes, SEGMENT_HEADER_BYTES, { salt, syncedBytes: 0, firstIndex, payloads })
  const file = await replaceFile(fileSystem, { directory: init.directory, sequence, bytes })
  return { segment, file, sizeBytes: bytes.byteLength }
}

export type ReplaceFileInit = { readonly directory: string; readonly sequence: number; readonly bytes: Uint8Array }

/** Puts `bytes` under the segment's name, all or nothing, and returns the file, open for appending. */
export async function replaceFile(fileSystem: FileSystem, init: ReplaceFileInit): Promise<OpenFile> {
  const path = segmentPath(init.directory, init.sequence)
  const temporaryPath = path + TEMPORARY_SUFFIX
  await fileSystem.remove(temporaryPath)
  const file = await fileSystem.open(temporaryPath, { mode: 'create' })
  try {
    await file.append(init.bytes)
    await file.sync()
    await fileSystem.rename(temporaryPath, path)
    await fileSystem.syncDirectory(init.directory)
    return file
  } catch (error: unknown) {
    await file.close()
    throw error
  }
}

/** All bytes of a segment's file. */
export async function readSegmentBytes(
  fileSystem: FileSystem,
  directory: string,
  sequence: number,
): Promise<Uint8Array> {
  const file = await fileSystem.open(segmentPath(directory, sequence), { mode: 'read' })
  try {
    return await file.read(0, await file.size())
  } finally {
    await file.close()
  }
}

export type ReadFramesInit = {
  readonly directory: string
  readonly segment: Segment
  /** Where to begin; absent: at the first frame. */
  readonly from?: FramePlace | undefined
  /** Told of each frame that is read. */
  readonly onFrame?: (place: FramePlace) => void
}

/** What is read at once at first; longer frames, and whoever reads on, take more. */
const PIECE_BYTES = 32_768
const PIECE_BYTES_MAX = 1_048_576

/**
 * Records of a segment in order, its snapshot left out. It ends at the first frame that is not whole: whoever reads knows
 * from the journal how far to go. The file is read in pieces, as far as somebody asks for its records.
 */
export async function* readSegmentFrames(
  fileSystem: FileSystem,
  { directory, segment, from, onFrame }: ReadFramesInit,
): AsyncGenerator<LogRecord, void, undefined> {
  const file = await fileSystem.open(segmentPath(directory, segment.sequence), { mode: 'read' })
  try {
    let offset = from?.offset ?? SEGMENT_HEADER_BYTES
    let isSnapshot = from === undefined && segment.hasSnapshot
    let index = from?.index ?? segment.firstIndex
    let length = PIECE_BYTES
    let [bytes, start] = [await file.read(offset, length), offset]
    for (;;) {
      const frame = decodeFrame(bytes, offset - start, segment.salt)
      if (frame === undefined) {
        // The end of the file, or of what was read of it.
        if (bytes.length < length) return
        length = offset === start ? 2 * length : Math.max(length, Math.min(2 * length, PIECE_BYTES_MAX))
        ;[bytes, start] = [await file.read(offset, length), offset]
        continue
      }
      if (!isSnapshot) {
        if (frame.firstIndex !== index) throw corruptedError(directory, segment.sequence, 'records are out of order')
        onFrame?.({ index, offset })
        for (const payload of frame.payloads) {
          yield { index, payload }
          index += 1
        }
      }
      offset += frame.sizeBytes
      isSnapshot = false
    }
  } finally {
    await file.close()
  }
}

export function corruptedError(directory: string, sequence: number, what: string): CodedError {
  return new CodedError('STORE_CORRUPTED', {
    message: `Journal file ${segmentPath(directory, sequence)}: ${what}`,
    details: { path: segmentPath(directory, sequence) },
  })
}
