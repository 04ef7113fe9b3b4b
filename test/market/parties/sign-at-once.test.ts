import { describe, expect, it } from 'vitest'
import { signAtOnce } from '../../../src/market/parties/accounts/sign-at-once.ts'

describe('what has to be signed at once', () => {
  it('is signed by a key that can, and refused with a code by one that answers later', async () => {
    const publicKeyHex = 'ab'.repeat(32)
    const signature = Uint8Array.of(7)
    expect(signAtOnce({ publicKeyHex, sign: () => signature }).sign(Uint8Array.of(1))).toBe(signature)
    const later = signAtOnce({ publicKeyHex, sign: async () => await Promise.reject(new Error('gone')) })
    expect(() => later.sign(Uint8Array.of(1))).toThrow(expect.objectContaining({ code: 'KEY_ANSWERS_LATER' }) as Error)
    await Promise.resolve()
  })
})
