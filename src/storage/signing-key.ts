import { createPrivateKey, createPublicKey, sign, verify, type KeyObject } from 'node:crypto'
import { CodedError } from '../base/errors.ts'
import type { FileSystem } from '../ports/file-system.ts'
import type { Random } from '../ports/random.ts'
import type { Signer, VerifySignature } from '../ports/signer.ts'
import { writeOnce } from './write-once.ts'

/** Name of the seed's file in the data directory. */
export const SIGNING_KEY_FILE = 'signing-key'
export const SEED_BYTES = 32
const PUBLIC_KEY_PATTERN = /^[0-9a-f]{64}$/
const SIGNATURE_BYTES = 64

/** What stands before the 32 bytes of an Ed25519 seed in PKCS #8, and before a public key in SPKI (RFC 8410, section 10). */
const SEED_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex')
const PUBLIC_PREFIX = Buffer.from('302a300506032b6570032100', 'hex')

/**
 * The key that this installation signs with. The first call makes it: 32 random bytes in the data directory, readable by its owner only.
 *
 * Throws `STORE_CORRUPTED` for a file of another size, `STORE_WRITE_FAILED` and `STORE_READ_FAILED`.
 */
export async function openSigningKey(
  { fileSystem, random }: { readonly fileSystem: FileSystem; readonly random: Random },
  { directory }: { readonly directory: string },
): Promise<Signer> {
  const fresh = random.bytes(SEED_BYTES)
  const seed = await writeOnce(fileSystem, { directory, name: SIGNING_KEY_FILE, bytes: fresh })
  if (seed.byteLength !== SEED_BYTES)
    throw new CodedError('STORE_CORRUPTED', { message: `${directory}/${SIGNING_KEY_FILE} has the wrong size` })
  return createSigner(seed)
}

/** A signer of a seed of 32 bytes. Throws `RangeError` for another length. */
export function createSigner(seed: Uint8Array): Signer {
  if (seed.byteLength !== SEED_BYTES) throw new RangeError(`A seed has ${SEED_BYTES} bytes, not ${seed.byteLength}`)
  const privateKey = createPrivateKey({ key: Buffer.concat([SEED_PREFIX, seed]), format: 'der', type: 'pkcs8' })
  const exported = createPublicKey(privateKey).export({ format: 'der', type: 'spki' })
  return {
    publicKeyHex: exported.subarray(PUBLIC_PREFIX.byteLength).toString('hex'),
    sign: (bytes) => new Uint8Array(sign(null, bytes, privateKey)),
  }
}

/** `VerifySignature` over Ed25519. */
export const verifySignature: VerifySignature = ({ publicKeyHex, bytes, signature }) => {
  const key = publicKeyOf(publicKeyHex)
  return key !== undefined && signature.byteLength === SIGNATURE_BYTES && verify(null, bytes, key, signature)
}

function publicKeyOf(publicKeyHex: string): KeyObject | undefined {
  if (!PUBLIC_KEY_PATTERN.test(publicKeyHex)) return undefined
  try {
    const key = Buffer.concat([PUBLIC_PREFIX, Buffer.from(publicKeyHex, 'hex')])
    return createPublicKey({ key, format: 'der', type: 'spki' })
  } catch {
    return undefined
  }
}
