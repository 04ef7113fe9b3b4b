import { createPrivateKey, createPublicKey, type KeyObject, sign, verify } from 'node:crypto'
import type { Signer } from '../ports/signer.ts'
import type { Verifier } from '../ports/verifier.ts'
import type { SignatureAdmission } from '../wire/v1/ed25519-admission.ts'
import { createGuardedVerifier } from './guarded-verifier.ts'
import { KeyObjectCache } from './key-object-cache.ts'

export const SEED_BYTES = 32
/** What stands before the 32 bytes of an Ed25519 seed in PKCS #8 (RFC 8410, section 10). */
const SEED_PREFIX_HEX = '302e020100300506032b657004220420'
const PUBLIC_KEY_BYTES = 32

export type NodeVerifierInit = {
  /** Public keys kept imported; 4,096 when absent. */
  readonly keysMax?: number
  /** For tests that plant weaker rules. */
  readonly admission?: SignatureAdmission
}

/** Ed25519 of `node:crypto` behind the admission rules: the fast backend. */
export function createNodeVerifier({ keysMax, admission }: NodeVerifierInit = {}): Verifier {
  const keys = new KeyObjectCache(keysMax)
  return createGuardedVerifier(
    ({ publicKey, bytes, signature }) => verify(null, bytes, keys.get(publicKey), signature),
    admission,
  )
}

/**
 * A signer of a seed of 32 bytes. It works out its own public key: a signature under a key that somebody else names beside the secret would give the secret
 * away. The seed is not kept; the caller may overwrite it.
 *
 * Throws `RangeError` for another length.
 */
export function createNodeSigner(seed: Uint8Array): Signer {
  return signerOfKey(privateKeyOfSeed(seed))
}

/** The signer of a private key; the public one is worked out of it. */
export function signerOfKey(privateKey: KeyObject): Signer {
  const exported = createPublicKey(privateKey).export({ format: 'der', type: 'spki' })
  return {
    publicKeyHex: exported.subarray(exported.byteLength - PUBLIC_KEY_BYTES).toString('hex'),
    sign: (bytes) => new Uint8Array(sign(null, bytes, privateKey)),
  }
}

/** A private key of a seed. Throws `RangeError` for another length than 32. */
export function privateKeyOfSeed(seed: Uint8Array): KeyObject {
  if (seed.byteLength !== SEED_BYTES) throw new RangeError(`A seed has ${SEED_BYTES} bytes, not ${seed.byteLength}`)
  const der = Buffer.concat([Buffer.from(SEED_PREFIX_HEX, 'hex'), seed])
  try {
    return createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
  } finally {
    der.fill(0)
  }
}
