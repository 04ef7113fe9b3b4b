import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { sha256Hex } from '../../../src/base/sha256.ts'
import type { Hash } from '../../../src/core/evidence/names.ts'
import { MARKET_BYTES_MAX } from '../../../src/wire/v1/market-frames.ts'
import {
  decodePieceList,
  encodePieceList,
  isInPieces,
  PIECE_BYTES,
  pieceBytesAt,
  PIECES_MAX,
} from '../../../src/wire/v1/piece-list.ts'

const HEAD_BYTES = 25 + 8

function listOf(sizeBytes: number): { readonly sizeBytes: number; readonly pieces: readonly Hash[] } {
  const count = Math.ceil(sizeBytes / PIECE_BYTES)
  return { sizeBytes, pieces: Array.from({ length: count }, (_, index) => sha256Hex(`${index}`) as Hash) }
}

describe('a list of pieces', () => {
  it('comes back as it was, and its pieces are as long as the whole', () => {
    const sizes = fc.integer({ min: MARKET_BYTES_MAX + 1, max: 64 * PIECE_BYTES })
    fc.assert(
      fc.property(sizes, (sizeBytes) => {
        const list = listOf(sizeBytes)
        expect(decodePieceList(encodePieceList(list))).toEqual(list)
        const lengths = list.pieces.map((_, index) => pieceBytesAt(list, index))
        expect(lengths.reduce((sum, length) => sum + length, 0)).toBe(sizeBytes)
        expect(lengths.every((length) => length > 0 && length <= PIECE_BYTES)).toBe(true)
      }),
      { numRuns: 50 },
    )
  })

  it('says no other size than its pieces have, and none that fits one frame', () => {
    const bytes = encodePieceList(listOf(8 * PIECE_BYTES))
    const sized = (sizeBytes: bigint): Uint8Array => {
      const changed = bytes.slice()
      new DataView(changed.buffer).setBigUint64(25, sizeBytes)
      return changed
    }
    expect(decodePieceList(sized(BigInt(8 * PIECE_BYTES)))).toBeDefined()
    for (const size of [0n, 1n, BigInt(MARKET_BYTES_MAX), BigInt(7 * PIECE_BYTES), BigInt(8 * PIECE_BYTES + 1)])
      expect(decodePieceList(sized(size))).toBeUndefined()
    for (const size of [2n ** 53n, 2n ** 64n - 1n, BigInt(PIECES_MAX * PIECE_BYTES + 1)])
      expect(decodePieceList(sized(size))).toBeUndefined()
    expect(decodePieceList(bytes.subarray(0, bytes.length - 1))).toBeUndefined()
    expect(decodePieceList(bytes.subarray(0, HEAD_BYTES))).toBeUndefined()
    expect(() => encodePieceList(listOf(MARKET_BYTES_MAX))).toThrow(RangeError)
    expect(isInPieces(MARKET_BYTES_MAX)).toBe(false)
  })

  it('has no short piece with the name of a whole one: bytes of one name have one length', () => {
    const whole = sha256Hex('whole') as Hash
    const pieces = Array.from({ length: 200 }, () => whole)
    const all = encodePieceList({ sizeBytes: 200 * PIECE_BYTES, pieces })
    expect(decodePieceList(all)?.pieces).toEqual(pieces)
    const short = all.slice()
    new DataView(short.buffer).setBigUint64(25, BigInt(199 * PIECE_BYTES + 1))
    expect(decodePieceList(short)).toBeUndefined()
    expect(() => encodePieceList({ sizeBytes: 199 * PIECE_BYTES + 1, pieces })).toThrow(RangeError)
    short.fill(1, HEAD_BYTES + 199 * 32)
    expect(decodePieceList(short)?.pieces).toHaveLength(200)
  })

  it('is nothing for any other bytes, and never throws', () => {
    const bytes = encodePieceList(listOf(4 * PIECE_BYTES))
    fc.assert(
      fc.property(fc.nat(24), fc.integer({ min: 1, max: 255 }), (at, by) => {
        const changed = bytes.slice()
        changed[at] = (changed[at] ?? 0) ^ by
        expect(decodePieceList(changed)).toBeUndefined()
      }),
    )
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (some) => {
        expect(decodePieceList(some)).toBeUndefined()
      }),
    )
  })
})
