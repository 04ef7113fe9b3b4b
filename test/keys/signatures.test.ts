import nacl from 'tweetnacl'
import { describe, expect, it } from 'vitest'
import { hsalsa20 } from '../../src/keys/hsalsa20.ts'
import { KeyObjectCache } from '../../src/keys/key-object-cache.ts'
import { createGuardedVerifier } from '../../src/keys/guarded-verifier.ts'
import { createNodeSigner, createNodeVerifier } from '../../src/keys/node-signatures.ts'
import { createPortableSigner, seedOfSecretKey } from '../../src/keys/portable-signatures.ts'
import { verifySignatureWith } from '../../src/keys/verify-signature.ts'

const SEED = new Uint8Array(32).fill(4)
const BYTES = Uint8Array.of(1, 2, 3)

function publicKeyOf(seed: Uint8Array): Uint8Array {
  return nacl.sign.keyPair.fromSeed(seed).publicKey
}

describe('a guarded verifier', () => {
  const signed = { publicKey: publicKeyOf(SEED), bytes: BYTES, signature: createNodeSigner(SEED).sign(BYTES) }

  it('takes what the library throws for false', () => {
    const verifier = createGuardedVerifier(() => {
      throw new Error('no such key')
    })
    expect(verifier.verify(signed)).toBe(false)
  })

  it('never asks the library about what the rules refuse', () => {
    let asked = 0
    const verifier = createGuardedVerifier(() => (asked += 1) > 0)
    expect(verifier.verify({ ...signed, publicKey: new Uint8Array(32) })).toBe(false)
    expect(verifier.verify({ ...signed, signature: new Uint8Array(64).fill(0xff) })).toBe(false)
    expect(asked).toBe(0)
    expect(verifier.verify(signed)).toBe(true)
  })
})

describe('signers', () => {
  it('of both backends make the same signatures', () => {
    for (let byte = 0; byte < 16; byte += 1) {
      const seed = new Uint8Array(32).fill(byte)
      expect(createNodeSigner(seed).sign(BYTES)).toEqual(createPortableSigner(seed).sign(BYTES))
      expect(createNodeSigner(seed).publicKeyHex).toBe(createPortableSigner(seed).publicKeyHex)
    }
  })
})

describe('verifySignatureWith', () => {
  it('reads keys in lower-case hexadecimal digits only', () => {
    const verify = verifySignatureWith(createNodeVerifier())
    const signer = createNodeSigner(SEED)
    const signed = { publicKeyHex: signer.publicKeyHex, bytes: BYTES, signature: signer.sign(BYTES) }
    expect(verify(signed)).toBe(true)
    expect(verify({ ...signed, publicKeyHex: signed.publicKeyHex.toUpperCase() })).toBe(false)
    expect(verify({ ...signed, publicKeyHex: 'ff'.repeat(32) })).toBe(false)
    expect(verify({ ...signed, publicKeyHex: '' })).toBe(false)
  })
})

describe('seedOfSecretKey', () => {
  it('gives the seed of a secret key of NaCl', () => {
    expect(seedOfSecretKey(nacl.sign.keyPair.fromSeed(SEED).secretKey)).toEqual(SEED)
  })

  it('refuses a public half of another seed, and other lengths', () => {
    const mixed = nacl.sign.keyPair.fromSeed(SEED).secretKey
    mixed.set(publicKeyOf(new Uint8Array(32).fill(5)), 32)
    const mismatched = expect.objectContaining({ code: 'KEY_PAIR_MISMATCHED' })
    expect(() => seedOfSecretKey(mixed)).toThrow(mismatched)
    expect(() => seedOfSecretKey(SEED)).toThrow(mismatched)
  })
})

describe('KeyObjectCache', () => {
  it('keeps the keys that were used last', () => {
    const cache = new KeyObjectCache(2)
    const [first, second, third] = [1, 2, 3].map((byte) => publicKeyOf(new Uint8Array(32).fill(byte)))
    if (first === undefined || second === undefined || third === undefined) throw new Error('three keys')
    const kept = cache.get(first)
    const dropped = cache.get(second)
    cache.get(first)
    cache.get(third)
    expect(cache.size).toBe(2)
    expect(cache.get(first)).toBe(kept)
    expect(cache.get(second)).not.toBe(dropped)
  })

  it('holds one key or more', () => {
    expect(() => new KeyObjectCache(0)).toThrow(RangeError)
  })
})

describe('hsalsa20', () => {
  it('gives the shared key of the NaCl test suite', () => {
    const shared = Buffer.from('4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742', 'hex')
    expect(Buffer.from(hsalsa20(shared, new Uint8Array(16))).toString('hex')).toBe(
      '1b27556473e985d462cd51197a9a46c76009549eac6474f206c4ee0844f68389',
    )
  })
})
