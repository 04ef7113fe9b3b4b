import { Buffer } from 'node:buffer'
import { describe, expect, it } from 'vitest'
import { createRandomStream } from '../../../src/base/random-stream.ts'
import { decodeBase64, encodeBase64 } from '../../../src/core/text/base64.ts'

describe('base64', () => {
  it('equals what the host writes, and reads it back, for every length up to 64', () => {
    const random = createRandomStream(3)
    for (let length = 0; length <= 64; length += 1) {
      const bytes = Uint8Array.from({ length }, () => random.nextBelow(256))
      const text = encodeBase64(bytes)
      expect(text).toBe(Buffer.from(bytes).toString('base64'))
      expect(decodeBase64(text)).toEqual(bytes)
    }
  })

  it.each(['a', 'ab==c', '@@@@', 'aé==', '===='])('refuses %j', (text) => {
    expect(decodeBase64(text)).toBeUndefined()
  })
})
