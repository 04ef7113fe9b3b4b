import { describe, expect, it } from 'vitest'
import { bytesOfHex, hexOfBytes } from '../../../src/base/hex.ts'
import { sha256 } from '../../../src/base/sha256.ts'
import type { SignedBytes } from '../../../src/ports/verifier.ts'
import { createSeededSignatures, keySeedOf } from '../../../src/simulation/keys/seeded-signatures.ts'
import { createInlineSignatures } from '../../../src/keys/pool/inline-signatures.ts'
import { createPortableSignatures } from '../../../src/simulation/keys/portable-ed25519.ts'
import { admitPublicKey, signatureRefusal } from '../../../src/wire/v1/ed25519-admission.ts'
import { didOfPublicKey, publicKeyOfDid } from '../../../src/wire/v1/did-key.ts'

const MESSAGE = new TextEncoder().encode('one credit to the bearer')

function signedBy(keys: ReturnType<typeof createSeededSignatures>, name: string): SignedBytes {
  const signer = keys.createSigner(keySeedOf(1, name))
  return { publicKey: bytesOfHex(signer.publicKeyHex), bytes: MESSAGE, signature: signer.sign(MESSAGE) }
}

describe.each([
  ['seeded signatures', () => createSeededSignatures(1)],
  ['portable Ed25519', () => createPortableSignatures()],
])('%s', (_, create) => {
  it('are taken as they were made, and as nothing else', async () => {
    const keys = create()
    const signed = signedBy(keys, 'somebody')
    expect(keys.verify(signed)).toBe(true)
    expect(await keys.verifyBatch([signed, { ...signed, bytes: MESSAGE.slice(1) }])).toEqual([true, false])
    for (let at = 0; at < 64; at += 7) {
      const bent = signed.signature.slice()
      bent[at] = (bent[at] ?? 0) ^ 1
      expect(keys.verify({ ...signed, signature: bent })).toBe(false)
    }
  })

  it('say false to what is no key and no signature', () => {
    const keys = create()
    const signed = signedBy(keys, 'somebody')
    expect(keys.verify({ ...signed, publicKey: new Uint8Array(31) })).toBe(false)
    expect(keys.verify({ ...signed, publicKey: new Uint8Array(32) })).toBe(false)
    expect(keys.verify({ ...signed, signature: new Uint8Array() })).toBe(false)
    expect(() => keys.createSigner(new Uint8Array(31))).toThrow(RangeError)
  })

  it('are of a key that DIDs and admission take', () => {
    for (let index = 0; index < 3; index += 1) {
      const { publicKey, signature } = signedBy(create(), `name ${index}`)
      expect(admitPublicKey(publicKey)).toBeUndefined()
      expect(signatureRefusal(signature)).toBeUndefined()
      expect(publicKeyOfDid(didOfPublicKey(publicKey))).toEqual(publicKey)
    }
  })

  it('are the same for the same seed and bytes', () => {
    expect(signedBy(create(), 'somebody')).toEqual(signedBy(create(), 'somebody'))
    expect(signedBy(create(), 'somebody').signature).not.toEqual(signedBy(create(), 'other').signature)
  })
})

describe('whoever is inside a world', () => {
  const keys = createSeededSignatures(1)
  const victim = signedBy(keys, 'victim')

  it('makes no signature of somebody else from all that it sees', () => {
    const other = new TextEncoder().encode('a million credits to the bearer')
    // Its own signers, made of whatever is public of the victim.
    const seeds = [victim.publicKey, sha256(victim.publicKey), victim.signature.slice(0, 32), keySeedOf(2, 'victim')]
    const own = seeds.map((seed) => keys.createSigner(seed).sign(other))
    // Hashes of what is public, as the keyed hash is one.
    const joined = (one: Uint8Array, two: Uint8Array): Uint8Array => new Uint8Array([...one, ...two])
    const hashes = seeds.map((seed) => sha256(joined(sha256(joined(seed, other)), seed)))
    const made = hashes.map((hash) => {
      const signature = joined(hash, hash)
      signature[31] = (signature[31] ?? 0) & 0x7f
      signature[63] = (signature[63] ?? 0) & 0x0f
      return signature
    })
    for (const signature of [...own, ...made, victim.signature])
      expect(keys.verify({ ...victim, bytes: other, signature })).toBe(false)
    expect(keys.verify(victim)).toBe(true)
  })

  it('has the names that Ed25519 gives, whoever works them out', () => {
    const native = createInlineSignatures()
    const seed = keySeedOf(1, 'victim')
    const { publicKeyHex } = native.createSigner(seed)
    expect(keys.createSigner(seed).publicKeyHex).toBe(publicKeyHex)
    expect(createSeededSignatures(1, native).createSigner(seed).publicKeyHex).toBe(publicKeyHex)
  })

  it('finds no secret in what it is given', () => {
    const signer = keys.createSigner(keySeedOf(1, 'victim'))
    expect(Object.keys(signer).toSorted()).toEqual(['publicKeyHex', 'sign', 'signBatch'])
    expect(Object.values(keys).every((value) => typeof value === 'function')).toBe(true)
  })

  it('of another world makes signatures that mean nothing here', () => {
    const elsewhere = createSeededSignatures(2)
    const signed = signedBy(elsewhere, 'victim')
    // The key of a seed is the same everywhere; what is signed with it is not.
    expect(hexOfBytes(signed.publicKey)).toBe(hexOfBytes(victim.publicKey))
    expect(keys.verify(signed)).toBe(false)
    expect(elsewhere.verify(victim)).toBe(false)
  })
})
