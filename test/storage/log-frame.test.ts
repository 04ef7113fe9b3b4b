import { describe, expect, test } from 'vitest'
import { decodeFrame, encodeFrame, FRAME_HEADER_BYTES, isDamageSynced } from '../../src/storage/log-frame.ts'

const SALT = 7
const DAMAGED_BYTES = 50
const FRAME_BYTES = FRAME_HEADER_BYTES + 4 + 5

/** Damaged bytes from `offset` on, and behind them a sound frame that knows how much was synced before it. */
function damagedThenSound(offset: number, syncedBytes: number, salt: number = SALT): Uint8Array {
  const bytes = new Uint8Array(offset + DAMAGED_BYTES + FRAME_BYTES).fill(0xaa)
  const payloads = [new TextEncoder().encode('hello')]
  encodeFrame(bytes, offset + DAMAGED_BYTES, { salt, syncedBytes, firstIndex: 1, payloads })
  return bytes
}

describe('damage before a sound frame', () => {
  test('is corruption when the frame says that any byte of it was synced', () => {
    expect(isDamageSynced(damagedThenSound(40, 41), 40, SALT)).toBe(true)
  })

  test('is a torn tail when what was synced ends where the damage begins: both were written in one go', () => {
    expect(isDamageSynced(damagedThenSound(40, 40), 40, SALT)).toBe(false)
  })

  test('is a torn tail when the frame is of another file', () => {
    expect(isDamageSynced(damagedThenSound(40, 90, SALT + 1), 40, SALT)).toBe(false)
  })
})

test.each([
  [0, 1],
  [1, 0],
  [SALT, 0x80000000 + SALT],
])('a frame written with salt %i is none to a segment of salt %i', (written, read) => {
  const bytes = new Uint8Array(FRAME_BYTES)
  encodeFrame(bytes, 0, { salt: written, syncedBytes: 0, firstIndex: 0, payloads: [new TextEncoder().encode('hello')] })
  expect(decodeFrame(bytes, 0, written)?.sizeBytes).toBe(FRAME_BYTES)
  expect(decodeFrame(bytes, 0, read)).toBeUndefined()
})
