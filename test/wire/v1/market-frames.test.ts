import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  decodeMarketPost,
  encodeMarketPost,
  MARKET_BYTES_MAX,
  type MarketFrame,
} from '../../../src/wire/v1/market-frames.ts'

const FRAMES: readonly MarketFrame[] = [
  { type: 'offers-wanted', skill: 'text.word-count' },
  { type: 'offers', envelopes: ['{"a":1}'] },
  { type: 'taken' },
  { type: 'declined', code: 'MARKET_BUSY' },
]

describe('frames of the market', () => {
  it('come back as they were, with what is behind them', () => {
    const posts = fc.tuple(fc.constantFrom(...FRAMES), fc.uint8Array({ maxLength: 64 }))
    fc.assert(
      fc.property(posts, ([frame, bytes]) => {
        expect(decodeMarketPost(encodeMarketPost({ frame, bytes }))).toEqual({ kind: 'post', frame, bytes })
      }),
    )
  })

  it('are refused by a code for any other bytes, and never throw', () => {
    const changes = fc.record({ frame: fc.constantFrom(...FRAMES), at: fc.nat(40), to: fc.nat(255), cut: fc.nat(40) })
    fc.assert(
      fc.property(changes, ({ frame, at, to, cut }) => {
        const bytes = encodeMarketPost({ frame })
        bytes[Math.min(at, bytes.length - 1)] = to
        const reading = decodeMarketPost(bytes.subarray(0, Math.max(0, bytes.length - cut)))
        if (reading.kind === 'refused') expect(reading.code).toMatch(/^MARKET_FRAME_/)
      }),
    )
    expect(decodeMarketPost(new Uint8Array([255, 255, 255, 255]))).toEqual({
      kind: 'refused',
      code: 'MARKET_FRAME_LARGE',
    })
  })

  it.each([
    ['a space more', '{"type": "taken"}'],
    ['half a character', `{"auction":"${'0'.repeat(64)}","offer":"\\ud800","type":"call-joined"}`],
  ])('are one form each: %s is refused', (_what, text) => {
    const bytes = new Uint8Array(4 + text.length)
    new DataView(bytes.buffer).setUint32(0, text.length)
    bytes.set(new TextEncoder().encode(text), 4)
    expect(decodeMarketPost(bytes)).toEqual({ kind: 'refused', code: 'MARKET_FRAME_MALFORMED' })
  })

  it('have a limit', () => {
    const bytes = new Uint8Array(MARKET_BYTES_MAX + 1)
    expect(() => encodeMarketPost({ frame: { type: 'taken' }, bytes })).toThrow(RangeError)
  })
})
