import { webcrypto } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { bytesOfHex } from '../../src/base/hex.ts'
import { createNodeVerifier } from '../../src/keys/node-signatures.ts'
import { createWebKeyPair, openWebKeySigner, type SubtleSignatures } from '../../src/keys/web-crypto-signer.ts'

// Node has the same interface, with names of its own for what is opaque.
const subtle = webcrypto.subtle as unknown as SubtleSignatures
const BYTES = new TextEncoder().encode('what is said')

describe('a key of WebCrypto', () => {
  it('signs as every other key, and cannot be read out', async () => {
    const pair = await createWebKeyPair(subtle)
    const signer = await openWebKeySigner(subtle, pair)
    const signature = await signer.sign(BYTES)
    const signed = { publicKey: bytesOfHex(signer.publicKeyHex), bytes: BYTES, signature }
    expect(createNodeVerifier().verify(signed)).toBe(true)
    expect(await signer.sign(BYTES)).toEqual(signature)
    await expect(webcrypto.subtle.exportKey('pkcs8', pair.privateKey as webcrypto.CryptoKey)).rejects.toThrow(
      'not extractable',
    )
  })

  it('is refused where its signatures of the same bytes differ', async () => {
    const pair = await createWebKeyPair(subtle)
    let count = 0
    const fickle: SubtleSignatures = {
      generateKey: async (...given) => await subtle.generateKey(...given),
      exportKey: async (...given) => await subtle.exportKey(...given),
      sign: async () => await Promise.resolve(new Uint8Array(64).fill((count += 1)).buffer),
    }
    await expect(openWebKeySigner(fickle, pair)).rejects.toMatchObject({ code: 'KEY_PLATFORM_LACKS' })
  })

  it('is refused where it can be read out, and where the browser makes none', async () => {
    const readable = (await webcrypto.subtle.generateKey('Ed25519', true, ['sign', 'verify'])) as unknown
    await expect(
      openWebKeySigner(subtle, readable as Awaited<ReturnType<typeof createWebKeyPair>>),
    ).rejects.toMatchObject({ code: 'KEY_PAIR_MISMATCHED' })
    const poor = { ...subtle, generateKey: async () => await Promise.reject(new Error('NotSupportedError')) }
    await expect(createWebKeyPair(poor)).rejects.toMatchObject({ code: 'KEY_PLATFORM_LACKS' })
  })
})
