import { canonicalJson } from '../../src/base/canonical-json.ts'
import { sha256Hex, sha256HexOfBytes } from '../../src/base/sha256.ts'
import type { ContractId, Hash } from '../../src/core/evidence/names.ts'
import { utf8Bytes } from '../../src/core/text/encode-utf8.ts'
import { encodeMarketPost, MARKET_BYTES_MAX, type MarketFrame } from '../../src/wire/v1/market-frames.ts'
import { encodePieceList, PIECE_BYTES } from '../../src/wire/v1/piece-list.ts'
import type { Vector, VectorArea } from './vector.ts'
import { hex } from './vector-kit.ts'

const CONTRACT = '77'.repeat(32) as ContractId
const HASH = '99'.repeat(32) as Hash

function framed(name: string, frame: MarketFrame, behind = ''): Vector {
  const bytes = encodeMarketPost({ frame, bytes: utf8Bytes(behind) })
  return { kind: 'market-frame', name, bytes: hex(bytes), frame, behind: hex(utf8Bytes(behind)) }
}

/** A header as text, whatever is in it. */
function frameRefused(name: string, header: string, code: string): Vector {
  const text = utf8Bytes(header)
  const bytes = new Uint8Array(4 + text.byteLength)
  new DataView(bytes.buffer).setUint32(0, text.byteLength)
  bytes.set(text, 4)
  return { kind: 'market-frame-refused', name, bytes: hex(bytes), code }
}

/** `count` pieces, all of them whole but the last. */
function listOf(name: string, sizeBytes: number): Vector {
  const count = Math.ceil(sizeBytes / PIECE_BYTES)
  const pieces = Array.from({ length: count }, (_, index) => sha256Hex(`piece ${index}`) as Hash)
  const bytes = encodePieceList({ sizeBytes, pieces })
  return { kind: 'piece-list', name, bytes: hex(bytes), sizeBytes, pieces, hash: sha256HexOfBytes(bytes) }
}

function listRefused(name: string, change: (bytes: Uint8Array) => Uint8Array): Vector {
  const pieces = Array.from({ length: 4 }, (_, index) => sha256Hex(`piece ${index}`) as Hash)
  const bytes = encodePieceList({ sizeBytes: 4 * PIECE_BYTES, pieces })
  return { kind: 'piece-list-refused', name, bytes: hex(change(bytes)) }
}

function sized(size: bigint): (bytes: Uint8Array) => Uint8Array {
  return (bytes) => {
    new DataView(bytes.buffer).setBigUint64(25, size)
    return bytes
  }
}

function pieceListVectors(): readonly Vector[] {
  return [
    listOf('the smallest artefact in pieces', MARKET_BYTES_MAX + 1),
    listOf('pieces that are all whole', 4 * PIECE_BYTES),
    listOf('a last piece of one byte', 4 * PIECE_BYTES + 1),
    listRefused('an artefact that fits one frame', sized(BigInt(MARKET_BYTES_MAX))),
    listRefused('fewer pieces than bytes', (bytes) => bytes.subarray(0, bytes.byteLength - 32)),
    listRefused('more bytes than pieces', sized(BigInt(4 * PIECE_BYTES + 1))),
    listRefused('more bytes than any list', sized(2n ** 64n - 1n)),
    listRefused('half a hash', (bytes) => bytes.subarray(0, bytes.byteLength - 16)),
    listRefused('a short last piece with the name of a whole one', (bytes) =>
      sized(BigInt(3 * PIECE_BYTES + 1))(bytes.fill(0x77, 33)),
    ),
    listRefused('another word before it', (bytes) => bytes.fill(0x4b, 0, 1)),
  ]
}

export const MARKET_VECTORS: VectorArea = {
  area: 'market',
  vectors: () => [
    framed('offers are wanted', { type: 'offers-wanted', skill: 'text.word-count' }),
    framed('an input', { type: 'input', contract: CONTRACT }, 'one two three'),
    framed('a file is wanted', { type: 'file-wanted', contract: CONTRACT, hash: HASH }),
    framed('a file', { type: 'file', hash: HASH }, 'one two three'),
    framed(
      'progress',
      { type: 'progress', contract: CONTRACT, step: 7, donePpm: 250_000, text: 'counting' },
      '{"words"',
    ),
    framed('a word that declines', { type: 'declined', code: 'MARKET_INPUT_MISSING' }),
    frameRefused('a blank in the header', '{"type": "taken"}', 'MARKET_FRAME_MALFORMED'),
    frameRefused('a member that nobody knows', '{"stars":5,"type":"taken"}', 'MARKET_FRAME_MALFORMED'),
    frameRefused(
      'more than all of the work',
      canonicalJson({ type: 'progress', contract: CONTRACT, step: 7, donePpm: 1_000_001 }),
      'MARKET_FRAME_MALFORMED',
    ),
    { kind: 'market-frame-refused', name: 'a header of 4 GiB', bytes: 'ffffffff', code: 'MARKET_FRAME_LARGE' },
    ...pieceListVectors(),
  ],
}
