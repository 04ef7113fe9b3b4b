import { type FileHandle, open } from 'node:fs/promises'
import { sha256HexOfBytes } from '../../base/sha256.ts'
import type { Hash } from '../../core/evidence/names.ts'
import { encodePieceList, isInPieces, PIECE_BYTES, PIECES_MAX } from '../../wire/v1/piece-list.ts'

/** Of the largest file that a list of pieces describes. */
export const INPUT_BYTES_MAX = PIECES_MAX * PIECE_BYTES

/** A file that does not fit one request. Nothing but one piece of it is in memory at a time. */
export type InputFile = {
  readonly sizeBytes: number
  /** The list of its pieces, base64url. */
  readonly list: string
  /** Their names, in order. */
  readonly pieces: readonly string[]
  /** Reads a piece again. */
  piece(index: number): Promise<Uint8Array>
  close(): Promise<void>
}

/** Bytes of a file that goes over in pieces; `undefined` for one that fits one request. Throws as `openInputFile`, and reads nothing. */
export async function inputFileSize(path: string): Promise<number | undefined> {
  const handle = await open(path)
  try {
    return await sizeInPieces(handle)
  } finally {
    await handle.close()
  }
}

/** Opens a file whose bytes go over in pieces; `undefined` for one that fits one request. Throws what the file system throws, `RangeError` beyond 4 GiB, and the signal's reason. */
export async function openInputFile(path: string, signal?: AbortSignal): Promise<InputFile | undefined> {
  const handle = await open(path)
  try {
    const file = await describe(handle, signal)
    if (file === undefined) await handle.close()
    return file
  } catch (error: unknown) {
    await handle.close()
    throw error
  }
}

async function describe(handle: FileHandle, signal: AbortSignal | undefined): Promise<InputFile | undefined> {
  const sizeBytes = await sizeInPieces(handle)
  if (sizeBytes === undefined) return undefined
  const piece = async (index: number): Promise<Uint8Array> => {
    const bytes = new Uint8Array(Math.min(PIECE_BYTES, sizeBytes - index * PIECE_BYTES))
    const { bytesRead } = await handle.read(bytes, 0, bytes.byteLength, index * PIECE_BYTES)
    return bytes.subarray(0, bytesRead)
  }
  const pieces: Hash[] = []
  for (let index = 0; index * PIECE_BYTES < sizeBytes; index += 1) {
    signal?.throwIfAborted()
    // A SHA-256.
    pieces.push(sha256HexOfBytes(await piece(index)) as Hash)
  }
  const list = Buffer.from(encodePieceList({ sizeBytes, pieces })).toString('base64url')
  return { sizeBytes, list, pieces, piece, close: async () => await handle.close() }
}

async function sizeInPieces(handle: FileHandle): Promise<number | undefined> {
  const stat = await handle.stat()
  if (!stat.isFile() || !isInPieces(stat.size)) return undefined
  if (stat.size > INPUT_BYTES_MAX) throw new RangeError(`The file has ${stat.size} bytes`)
  return stat.size
}
