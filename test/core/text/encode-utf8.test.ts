import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { encodeUtf8 } from '../../../src/core/text/encode-utf8.ts'

const platform = new TextEncoder()

describe('UTF-8 without the platform', () => {
  it('gives the bytes that TextEncoder.encodeInto gives, lone surrogates and short targets included', () => {
    const texts = fc.array(
      fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('\ud800', '\udc00', 'é', '日', '😀', 'plain')),
    )
    fc.assert(
      fc.property(texts, fc.nat(40), (parts, room) => {
        const text = parts.join('')
        const [ours, theirs] = [new Uint8Array(room), new Uint8Array(room)]
        const written = encodeUtf8(text, ours)
        expect(written).toBe(platform.encodeInto(text, theirs).written)
        expect(ours.subarray(0, written)).toEqual(theirs.subarray(0, written))
      }),
    )
  })
})
