import nacl from 'tweetnacl'
import { CodedError } from '../base/errors.ts'
import { hexOfBytes } from '../base/hex.ts'
import type { Signer } from '../ports/signer.ts'
import type { Verifier } from '../ports/verifier.ts'
import type { SignatureAdmission } from '../wire/v1/ed25519-admission.ts'
import { createGuardedVerifier } from './guarded-verifier.ts'

const SEED_BYTES = 32
const SECRET_KEY_BYTES = 64

/** Ed25519 of tweetnacl behind the admission rules: runs anywhere, about fifty times slower than `node:crypto`, and the second opinion of the tests. */
export function createPortableVerifier(admission?: SignatureAdmission): Verifier {
  return createGuardedVerifier(
    ({ publicKey, bytes, signature }) => nacl.sign.detached.verify(bytes, signature, publicKey),
    admission,
  )
}

/** As `createNodeSigner`, of tweetnacl. The seed is not kept. Throws `RangeError` for another length than 32. */
export function createPortableSigner(seed: Uint8Array): Signer {
  if (seed.byteLength !== SEED_BYTES) throw new RangeError(`A seed has ${SEED_BYTES} bytes, not ${seed.byteLength}`)
  const { publicKey, secretKey } = nacl.sign.keyPair.fromSeed(new Uint8Array(seed))
  return {
    publicKeyHex: hexOfBytes(publicKey),
    sign: (bytes) => nacl.sign.detached(bytes, secretKey),
  }
}

/**
 * The seed of a secret key as NaCl keeps it, `seed || public key`. The second half is worked out again: signing with one that does not belong to the seed
 * gives the secret away.
 *
 * Throws `KEY_PAIR_MISMATCHED` when the halves do not belong together or the length is not 64.
 */
export function seedOfSecretKey(secretKey: Uint8Array): Uint8Array {
  if (secretKey.byteLength !== SECRET_KEY_BYTES)
    throw new CodedError('KEY_PAIR_MISMATCHED', { message: 'A secret key of NaCl has 64 bytes' })
  const seed = new Uint8Array(secretKey.subarray(0, SEED_BYTES))
  const pair = nacl.sign.keyPair.fromSeed(seed)
  const isMatching = nacl.verify(pair.secretKey, new Uint8Array(secretKey))
  pair.secretKey.fill(0)
  if (isMatching) return seed
  seed.fill(0)
  throw new CodedError('KEY_PAIR_MISMATCHED', { message: 'The public half of the secret key is not that of its seed' })
}
