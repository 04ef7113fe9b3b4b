import { hexOfBytes } from '../../base/hex.ts'
import { sha256 } from '../../base/sha256.ts'
import type { Signatures } from '../../keys/pool/inline-signatures.ts'
import { createPortableSigner } from '../../keys/portable-signatures.ts'
import type { BatchSigner, Signer } from '../../ports/signer.ts'
import type { SignedBytes } from '../../ports/verifier.ts'
import { PUBLIC_KEY_BYTES, SIGNATURE_ADMISSION, SIGNATURE_BYTES } from '../../wire/v1/ed25519-admission.ts'

const ENCODER = new TextEncoder()
const DOMAIN = 'kernell/simulation/signatures/v1'
const SEED_BYTES = 32

/** Says what the public key of a seed is; a native one is many times as quick. */
export type KeyNames = { createSigner(seed: Uint8Array): Pick<Signer, 'publicKeyHex'> }

const PORTABLE_NAMES: KeyNames = { createSigner: createPortableSigner }

/**
 * Signatures of a world: a keyed hash over secrets that only this object holds, so that nobody inside can make one of somebody else. Names are those of Ed25519: the same
 * seed gives the same public key, so that whatever is ordered by names is ordered alike, and signatures have its shape, so that whatever admits those admits these. They prove
 * nothing outside of the world.
 *
 * A signature is known as right by making it again, which takes two hashes.
 *
 * @see NMAC: Bellare, Canetti, Krawczyk, Keying Hash Functions for Message Authentication, 1996
 */
export function createSeededSignatures(worldSeed: number, names: KeyNames = PORTABLE_NAMES): Signatures {
  const world = sha256(ENCODER.encode(`${DOMAIN}/${worldSeed}`))
  /** Secrets by public key, in hexadecimal digits. */
  const secrets = new Map<string, Uint8Array>()
  const verify = ({ publicKey, bytes, signature }: SignedBytes): boolean => {
    if (publicKey.byteLength !== PUBLIC_KEY_BYTES || signature.byteLength !== SIGNATURE_BYTES) return false
    const secret = secrets.get(hexOfBytes(publicKey))
    return secret !== undefined && isSame(signature, signatureOf(secret, bytes))
  }
  return {
    verify,
    verifyBatch: async (batch) => await Promise.resolve(batch.map(verify)),
    createSigner(seed): BatchSigner {
      if (seed.byteLength !== SEED_BYTES) throw new RangeError(`A seed has ${SEED_BYTES} bytes, not ${seed.byteLength}`)
      const secret = sha256(joined(world, seed))
      const { publicKeyHex } = names.createSigner(seed)
      secrets.set(publicKeyHex, secret)
      const sign = (bytes: Uint8Array): Uint8Array => signatureOf(secret, bytes)
      return { publicKeyHex, sign, signBatch: async (batch) => await Promise.resolve(batch.map(sign)) }
    },
  }
}

/** The seed of a name in a world, for keys of machines. */
export function keySeedOf(worldSeed: number, name: string): Uint8Array {
  return sha256(ENCODER.encode(`${DOMAIN}/key/${worldSeed}/${name}`))
}

/** The keyed hash, twice: as a number below the prime of the field, and below the order of the group. */
function signatureOf(secret: Uint8Array, bytes: Uint8Array): Uint8Array {
  const inner = sha256(joined(secret, bytes))
  let digest = sha256(joined(inner, secret))
  for (;;) {
    const signature = new Uint8Array(SIGNATURE_BYTES)
    signature.set(digest)
    signature.set(digest, PUBLIC_KEY_BYTES)
    signature[PUBLIC_KEY_BYTES - 1] = (digest[PUBLIC_KEY_BYTES - 1] ?? 0) & 0x7f
    signature[SIGNATURE_BYTES - 1] = (digest[PUBLIC_KEY_BYTES - 1] ?? 0) & 0x0f
    // One of 2^120 is none.
    if (SIGNATURE_ADMISSION.signatureRefusal(signature) === undefined) return signature
    digest = sha256(digest)
  }
}

function joined(one: Uint8Array, other: Uint8Array): Uint8Array {
  const both = new Uint8Array(one.byteLength + other.byteLength)
  both.set(one)
  both.set(other, one.byteLength)
  return both
}

function isSame(one: Uint8Array, other: Uint8Array): boolean {
  let difference = one.byteLength ^ other.byteLength
  for (let at = 0; at < one.byteLength; at += 1) difference |= (one[at] ?? 0) ^ (other[at] ?? 0)
  return difference === 0
}
