import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CodedError } from '../../src/base/errors.ts'
import { encodeFrame, type Frame, FRAME_HEADER_BYTES, FrameReader } from '../../src/wire/v1/frames.ts'

const frames: fc.Arbitrary<Frame> = fc.record({
  type: fc.constantFrom('hello', 'proof', 'request', 'answer', 'failure', 'cancel', 'goodbye'),
  correlation: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  credit: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
  body: fc.uint8Array({ maxLength: 40 }),
})

function codeOf(work: () => unknown): string {
  try {
    work()
    return 'none'
  } catch (error: unknown) {
    return CodedError.is(error) ? error.code : String(error)
  }
}

describe('frames', () => {
  it('are read back, however the bytes are cut', () => {
    fc.assert(
      fc.property(fc.array(frames, { maxLength: 8 }), fc.array(fc.nat(60), { maxLength: 40 }), (sent, cuts) => {
        const bytes = Uint8Array.from(sent.flatMap((frame) => [...encodeFrame(frame)]))
        const reader = new FrameReader(40)
        const read: Frame[] = []
        let position = 0
        for (const cut of [...cuts, bytes.byteLength]) {
          read.push(...reader.push(bytes.subarray(position, position + cut)))
          position = Math.min(bytes.byteLength, position + cut)
        }
        expect(read).toEqual(sent)
      }),
    )
  })

  it('have a header of 18 bytes, big-endian', () => {
    const frame = encodeFrame({ type: 'answer', correlation: 0x0102030405060708n, credit: 9, body: Uint8Array.of(255) })
    expect(Buffer.from(frame).toString('hex')).toBe('00000001' + '03' + '00' + '0102030405060708' + '00000009' + 'ff')
    expect(FRAME_HEADER_BYTES).toBe(18)
  })

  it.each([
    ['a body longer than allowed', { 0: 0, 1: 0, 2: 0, 3: 41 }],
    ['a length of four gigabytes', { 0: 255, 1: 255, 2: 255, 3: 255 }],
    ['an unknown type', { 4: 7 }],
    ['flags', { 5: 1 }],
  ])('with %s are refused before room is made for the body', (_, changes) => {
    const header = new Uint8Array(FRAME_HEADER_BYTES)
    for (const [index, value] of Object.entries(changes)) header[Number(index)] = value
    expect(codeOf(() => [...new FrameReader(40).push(header)])).toBe('NETWORK_FRAME_INVALID')
  })
})

type Vectors = {
  readonly frames: readonly {
    readonly name: string
    readonly type: Frame['type']
    readonly correlation: string
    readonly credit: number
    readonly bodyHex: string
    readonly frameHex: string
  }[]
  readonly refusedHeaders: readonly { readonly name: string; readonly headerHex: string }[]
}

describe('the published frames', () => {
  const file = new URL('../../protocol/vectors/frames.json', import.meta.url)
  const vectors = JSON.parse(readFileSync(file, 'utf8')) as Vectors
  const bytesOf = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, 'hex'))

  it.each(vectors.frames)('$name is written and read so', ({ type, correlation, credit, bodyHex, frameHex }) => {
    const frame: Frame = { type, correlation: BigInt(correlation), credit, body: bytesOf(bodyHex) }
    expect(encodeFrame(frame)).toEqual(bytesOf(frameHex))
    expect([...new FrameReader(1_024).push(bytesOf(frameHex))]).toEqual([frame])
  })

  it.each(vectors.refusedHeaders)('$name is refused', ({ headerHex }) => {
    expect(codeOf(() => [...new FrameReader(1_048_832).push(bytesOf(headerHex))])).toBe('NETWORK_FRAME_INVALID')
  })
})
