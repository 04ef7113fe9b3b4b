import type { Did } from '../../src/core/evidence/names.ts'
import { createNodeSigner } from '../../src/keys/node-signatures.ts'
import { didOfPublicKey } from '../../src/wire/v1/did-key.ts'

export type FixedKey = {
  readonly seed: Uint8Array
  readonly did: Did
  readonly publicKey: Uint8Array
  readonly sign: (bytes: Uint8Array) => Uint8Array
}

/** The key whose seed is 32 times the given byte. */
export function fixedKey(seedByte: number): FixedKey {
  const seed = new Uint8Array(32).fill(seedByte)
  const signer = createNodeSigner(seed)
  const publicKey = new Uint8Array(Buffer.from(signer.publicKeyHex, 'hex'))
  return { seed, did: didOfPublicKey(publicKey), publicKey, sign: (bytes) => new Uint8Array(signer.sign(bytes)) }
}
