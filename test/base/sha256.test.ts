import { sha256 as nobleSha256 } from '@noble/hashes/sha2.js'
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js'
import fc from 'fast-check'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { sha256, sha256Hex, sha256HexOfBytes } from '../../src/base/sha256.ts'

const BYTES = fc.uint8Array({ maxLength: 300 })
/** Lone surrogates too, which have no UTF-8 of their own. */
const TEXT = fc.string({ unit: 'binary', maxLength: 200 })

afterEach(() => {
  vi.unstubAllGlobals()
  vi.resetModules()
})

describe('SHA-256', () => {
  it('is the standard one', () => {
    // FIPS 180-4 examples.
    expect(sha256Hex('abc')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad')
    expect(sha256Hex('')).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855')
  })

  it('is the same by the platform and without one', () => {
    fc.assert(
      fc.property(BYTES, TEXT, (bytes, text) => {
        expect(sha256(bytes)).toEqual(nobleSha256(bytes))
        expect(sha256HexOfBytes(bytes)).toBe(bytesToHex(nobleSha256(bytes)))
        expect(sha256Hex(text)).toBe(bytesToHex(nobleSha256(utf8ToBytes(text))))
      }),
    )
    expect(sha256Hex('\ud800 lone \udfff')).toBe(bytesToHex(nobleSha256(utf8ToBytes('\ud800 lone \udfff'))))
  })

  it('gives bytes that nobody else has', () => {
    const digest = sha256(new Uint8Array([1]))
    digest.fill(0)
    expect(sha256(new Uint8Array([1]))[0]).not.toBe(0)
  })

  it('works where the host has none', async () => {
    vi.stubGlobal('process', { ...process, getBuiltinModule: undefined })
    vi.resetModules()
    const portable = await import('../../src/base/sha256.ts')
    expect(portable.sha256Hex('abc')).toBe(sha256Hex('abc'))
    expect(portable.sha256).not.toBe(sha256)
    expect(portable.sha256(new Uint8Array([1, 2]))).toEqual(sha256(new Uint8Array([1, 2])))
    expect(portable.sha256HexOfBytes(new Uint8Array([7]))).toBe(sha256HexOfBytes(new Uint8Array([7])))
  })
})
