/**
 * Lists of pieces. An artefact that does not fit one frame travels in pieces of one size, each named by its SHA-256, and the artefact is named by the SHA-256 of the list
 * of them. What a contract or a delivery signs is that name, so whoever has the list knows of each piece by itself whether it is right.
 *
 * ```text
 * `kernell/market/pieces/v1`, a zero byte | bytes of the artefact (u64, big-endian) | SHA-256 of each piece, 32 bytes each, in order
 * ```
 *
 * All pieces have `PIECE_BYTES`, but for the last one, which has what is left: the length says how many there are, and no list can say otherwise. Bytes of one name have one
 * length, so that a shorter last piece has a name of its own.
 *
 * @see protocol/spec/market.md#large-artefacts
 */
import { bytesOfHex, hexOfBytes } from '../../base/hex.ts'
import type { Hash } from '../../core/evidence/names.ts'
import { utf8Bytes } from '../../core/text/encode-utf8.ts'
import { MARKET_BYTES_MAX } from './market-frames.ts'

/** Bytes of every piece but the last. */
export const PIECE_BYTES = 262_144
/** Pieces of one list at most: 4 GiB. What a node takes is less, and is its own to say. */
export const PIECES_MAX = 16_384

export type PieceList = {
  /** Of the whole artefact: more than one frame takes. */
  readonly sizeBytes: number
  readonly pieces: readonly Hash[]
}

const HEAD = utf8Bytes('kernell/market/pieces/v1\0')
const HASH_BYTES = 32
const HEAD_BYTES = HEAD.byteLength + 8

/** Whether an artefact of so many bytes travels in pieces: those that fit one frame never do. */
export function isInPieces(sizeBytes: number): boolean {
  return sizeBytes > MARKET_BYTES_MAX
}

export function encodePieceList({ sizeBytes, pieces }: PieceList): Uint8Array {
  if (
    !isInPieces(sizeBytes) ||
    pieces.length > PIECES_MAX ||
    pieces.length !== pieceCount(sizeBytes) ||
    !hasOneLengthEach({ sizeBytes, pieces })
  )
    throw new RangeError(`${sizeBytes} bytes are no list of ${pieces.length} pieces`)
  const bytes = new Uint8Array(HEAD_BYTES + HASH_BYTES * pieces.length)
  bytes.set(HEAD)
  new DataView(bytes.buffer).setBigUint64(HEAD.byteLength, BigInt(sizeBytes))
  for (const [index, piece] of pieces.entries()) bytes.set(bytesOfHex(piece), HEAD_BYTES + HASH_BYTES * index)
  return bytes
}

/** Reads a list; `undefined` for bytes that are none. Never throws. */
export function decodePieceList(bytes: Uint8Array): PieceList | undefined {
  if (bytes.byteLength <= HEAD_BYTES || HEAD.some((byte, at) => bytes[at] !== byte)) return undefined
  const size = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getBigUint64(HEAD.byteLength)
  // Compared before it is a number: the largest that is told is larger than any number that counts.
  if (size > BigInt(PIECES_MAX * PIECE_BYTES) || !isInPieces(Number(size))) return undefined
  const sizeBytes = Number(size)
  if (bytes.byteLength !== HEAD_BYTES + HASH_BYTES * pieceCount(sizeBytes)) return undefined
  const pieces = Array.from({ length: pieceCount(sizeBytes) }, (_, index) => {
    const at = HEAD_BYTES + HASH_BYTES * index
    // The digits of 32 bytes.
    return hexOfBytes(bytes.subarray(at, at + HASH_BYTES)) as Hash
  })
  const list = { sizeBytes, pieces }
  return hasOneLengthEach(list) ? list : undefined
}

/** Bytes of the piece at a place of a list. */
export function pieceBytesAt(
  { sizeBytes, pieces }: Pick<PieceList, 'sizeBytes'> & { readonly pieces: readonly string[] },
  index: number,
): number {
  return index < pieces.length - 1 ? PIECE_BYTES : sizeBytes - PIECE_BYTES * (pieces.length - 1)
}

/** Whether no piece is a whole one at one place and a shorter one at another. */
function hasOneLengthEach({ sizeBytes, pieces }: PieceList): boolean {
  const last = pieces.length - 1
  const isLastWhole = sizeBytes === PIECE_BYTES * pieces.length
  return isLastWhole || pieces.findIndex((piece) => piece === pieces[last]) === last
}

function pieceCount(sizeBytes: number): number {
  return Math.ceil(sizeBytes / PIECE_BYTES)
}
