import { createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto'
import type { Did } from '../../src/core/evidence/names.ts'
import type { VerifyBytes } from '../../src/wire/v1/authenticate.ts'
import { didOfPublicKey } from '../../src/wire/v1/did-key.ts'

const PKCS8_START = Buffer.from('302e020100300506032b657004220420', 'hex')
const SPKI_START = Buffer.from('302a300506032b6570032100', 'hex')

export type FixedKey = {
  readonly seed: Uint8Array
  readonly did: Did
  readonly publicKey: Uint8Array
  readonly sign: (bytes: Uint8Array) => Uint8Array
}

/** The key whose seed is 32 times the given byte. */
export function fixedKey(seedByte: number): FixedKey {
  const seed = new Uint8Array(32).fill(seedByte)
  const key = createPrivateKey({
    key: Buffer.concat([PKCS8_START, seed]),
    format: 'der',
    type: 'pkcs8',
  })
  const publicKey = new Uint8Array(createPublicKey(key).export({ format: 'der', type: 'spki' }).subarray(-32))
  return {
    seed,
    did: didOfPublicKey(publicKey),
    publicKey,
    sign: (bytes) => new Uint8Array(sign(null, bytes, key)),
  }
}

/** `node:crypto` with one key object per key; admission of keys and signatures is not its business. */
export function createPlainVerifier(): VerifyBytes {
  const keys = new Map<string, KeyObject>()
  return ({ publicKeyHex, bytes, signature }) => {
    const known = keys.get(publicKeyHex)
    const key =
      known ??
      createPublicKey({
        key: Buffer.concat([SPKI_START, Buffer.from(publicKeyHex, 'hex')]),
        format: 'der',
        type: 'spki',
      })
    if (known === undefined && keys.size < 1_000) keys.set(publicKeyHex, key)
    try {
      return verify(null, bytes, key, signature)
    } catch {
      return false
    }
  }
}
