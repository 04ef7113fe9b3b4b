import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { createGunzip } from 'node:zlib'
import { CodedError } from '../../base/errors.ts'

/** Lines that came together; reading by batches costs a promise per some thousand lines instead of one for each. */
export type LineBatch = {
  readonly lines: readonly string[]
  /** Number of the first of them in the file, from 1. */
  readonly firstLine: number
  /** Numbers of those that are not UTF-8; only with `keepsDamaged`. */
  readonly damaged?: ReadonlySet<number>
}

export type ReadLinesOptions = {
  readonly signal?: AbortSignal
  /** Told of bytes of the file itself, packed or not, as they are read. */
  readonly onBytes?: (bytes: number) => void
  /** Told the SHA-256 of the text, unpacked, when all of it was read: a copy of the file, packed or not, has the same. */
  readonly onHash?: (sha256: string) => void
  /** Lines that are not UTF-8 are named in their batch, in place of an error. */
  readonly keepsDamaged?: boolean
}

const CHUNK_BYTES = 1024 * 1024
/** A line is one record; what is longer is none. */
const LINE_BYTES_MAX = 16 * 1024 * 1024
const LINE_FEED = 10

/**
 * Reads a file of lines, `.gz` unpacked, in bounded memory: a chunk at a time, at most one line of 16 MiB beside it. Blank lines are read like others.
 *
 * Throws `TRAINING_DATA_INVALID` for a file that cannot be read, is not UTF-8, has a longer line, or is no gzip file though its name says so; and the signal's reason.
 */
export async function* readLineBatches(
  file: string,
  { signal, onBytes, onHash, keepsDamaged = false }: ReadLinesOptions = {},
): AsyncGenerator<LineBatch, void, undefined> {
  const source = createReadStream(file, { highWaterMark: CHUNK_BYTES, ...(signal !== undefined && { signal }) })
  if (onBytes !== undefined) source.on('data', (chunk) => onBytes(chunk.length))
  const unpacked = file.endsWith('.gz') ? source.pipe(createGunzip({ chunkSize: CHUNK_BYTES })) : source
  // A pipe passes on data and its end, not the failure of its source.
  if (unpacked !== source) source.on('error', (error) => unpacked.destroy(error))
  const hash = onHash === undefined ? undefined : createHash('sha256')
  let carried: Buffer[] = []
  let carriedBytes = 0
  let firstLine = 1
  try {
    for await (const piece of unpacked) {
      signal?.throwIfAborted()
      const chunk = Buffer.from(piece as Uint8Array)
      hash?.update(chunk)
      const end = chunk.lastIndexOf(LINE_FEED)
      if (end < 0) {
        carried.push(chunk)
        carriedBytes += chunk.length
        if (carriedBytes > LINE_BYTES_MAX) throw invalid(`${file}:${firstLine}: the line is longer than 16 MiB`, file)
        continue
      }
      const batch = decode(Buffer.concat([...carried, chunk.subarray(0, end)]), firstLine)
      requireText(batch, file, keepsDamaged)
      carried = [chunk.subarray(end + 1)]
      carriedBytes = chunk.length - end - 1
      yield batch
      firstLine += batch.lines.length
    }
    if (carriedBytes > 0) {
      const batch = decode(Buffer.concat(carried), firstLine)
      requireText(batch, file, keepsDamaged)
      yield batch
    }
    if (hash !== undefined) onHash?.(hash.digest('hex'))
  } catch (cause: unknown) {
    signal?.throwIfAborted()
    if (CodedError.is(cause)) throw cause
    throw unreadable(file, cause)
  } finally {
    source.destroy()
  }
}

/** What a file is like now: two readings of it agree while this does not change. Throws `TRAINING_DATA_INVALID` for what is no file. */
export async function fileState(file: string): Promise<{ readonly sizeBytes: number; readonly changedMs: number }> {
  try {
    const found = await stat(file)
    if (!found.isFile()) throw invalid(`${file} is not a file; a pipe cannot be read twice`, file)
    return { sizeBytes: found.size, changedMs: found.mtimeMs }
  } catch (cause: unknown) {
    if (CodedError.is(cause)) throw cause
    throw unreadable(file, cause)
  }
}

function decode(bytes: Buffer, firstLine: number): LineBatch {
  const text = textOf(bytes)
  if (text !== undefined) return { lines: text.split('\n'), firstLine }
  const lines: string[] = []
  const damaged = new Set<number>()
  for (let from = 0; from <= bytes.length;) {
    const found = bytes.indexOf(LINE_FEED, from)
    const end = found < 0 ? bytes.length : found
    const line = textOf(bytes.subarray(from, end))
    if (line === undefined) damaged.add(firstLine + lines.length)
    lines.push(line ?? '')
    from = end + 1
  }
  return { lines, firstLine, damaged }
}

function textOf(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return undefined
  }
}

function requireText({ damaged }: LineBatch, file: string, keepsDamaged: boolean): void {
  if (keepsDamaged || damaged === undefined) return
  const [line] = damaged
  throw invalid(`${file}:${line}: not UTF-8 text`, file)
}

function unreadable(file: string, cause: unknown): CodedError {
  const isMissing = cause instanceof Error && 'code' in cause && cause.code === 'ENOENT'
  const isPacked = cause instanceof Error && 'code' in cause && String(cause.code).startsWith('Z_')
  const why = isPacked ? 'is no gzip file, or a broken one' : 'cannot be read'
  const message = `The file ${file} ${isMissing ? 'is not there' : why}`
  return new CodedError('TRAINING_DATA_INVALID', { message, cause, details: { file } })
}

function invalid(message: string, file: string): CodedError {
  return new CodedError('TRAINING_DATA_INVALID', { message, details: { file } })
}
