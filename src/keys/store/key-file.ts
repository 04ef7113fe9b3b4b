import { z } from 'zod'
import { canonicalJson, isChecksumOf } from '../../base/canonical-json.ts'
import { CodedError } from '../../base/errors.ts'
import { sha256Hex } from '../../base/sha256.ts'
import { BYTES_32 } from '../../wire/v1/fields.ts'
import { KEY_CHAIN_MAX, SIGNED_KEY_STATEMENT, type SignedKeyStatement } from '../../wire/v1/key-statements.ts'
import type { Encrypted, EncryptionHead, ScryptParameters } from './key-encryption.ts'

/**
 * Number of the format below. A file with a higher number is refused, and nothing is changed.
 *
 * ```text
 * {"chain": [...],            what the owner said about the key, public
 *  "check", "nonce", "salt", "sealed": base64url,
 *  "checksum": SHA-256 of the canonical bytes of all other members,
 *  "format": 1,
 *  "scrypt": {"cost", "blockSize", "parallelization"}}
 * ```
 *
 * `sealed` is AES-256-GCM of `seed (32) || sealing secret (32)` for each key that the owner has, the newest first; the public members `chain`, `format`, `salt`
 * and `scrypt` are attached, so that nobody exchanges them.
 */
export const KEY_FILE_FORMAT = 1
/** Of a key file or a bundle. */
export const KEY_FILE_BYTES_MAX = 262_144

/** A key file as it is; the secrets are still encrypted. */
export type KeyFile = EncryptionHead & {
  readonly chain: readonly SignedKeyStatement[]
  readonly encrypted: Encrypted
}

const TEXT = z
  .string()
  .max(16_384)
  .regex(/^[A-Za-z0-9_-]*$/)
const POWERS = z
  .int()
  .min(1_024)
  .max(1_048_576)
  .refine((cost) => (cost & (cost - 1)) === 0)

const FILE = z.strictObject({
  format: z.literal(KEY_FILE_FORMAT),
  chain: z.array(SIGNED_KEY_STATEMENT).min(1).max(KEY_CHAIN_MAX),
  scrypt: z.strictObject({
    cost: POWERS,
    blockSize: z.int().min(1).max(16),
    parallelization: z.int().min(1).max(4),
  }),
  salt: BYTES_32,
  nonce: z.string().regex(/^[A-Za-z0-9_-]{16}$/),
  check: BYTES_32,
  sealed: TEXT,
})

/** Throws `RangeError` for parameters that could not be read back. */
export function checkScryptParameters(parameters: ScryptParameters): void {
  if (!FILE.shape.scrypt.safeParse(parameters).success)
    throw new RangeError(`Not parameters of scrypt: ${JSON.stringify(parameters)}`)
}

/** What is attached to the secrets. */
export function attachedBytes(file: Pick<KeyFile, 'chain' | 'scrypt' | 'salt'>): Uint8Array {
  const { chain, scrypt, salt } = file
  return new TextEncoder().encode(canonicalJson({ format: KEY_FILE_FORMAT, chain, scrypt, salt: base64urlOf(salt) }))
}

export function formatKeyFile(file: KeyFile): Uint8Array {
  const { nonce, check, sealed } = file.encrypted
  const content = {
    format: KEY_FILE_FORMAT,
    chain: file.chain,
    scrypt: file.scrypt,
    salt: base64urlOf(file.salt),
    nonce: base64urlOf(nonce),
    check: base64urlOf(check),
    sealed: base64urlOf(sealed),
  }
  const checksum = sha256Hex(canonicalJson(content))
  return new TextEncoder().encode(`${canonicalJson({ ...content, checksum })}\n`)
}

/**
 * Reads a key file. `name` is what messages call it.
 *
 * @throws `KEY_FORMAT_NEWER`, `KEY_FILE_CORRUPTED`.
 */
export function parseKeyFile(bytes: Uint8Array, name: string): KeyFile {
  const { checksum, ...content } = parseObject(bytes, name)
  const { format } = content
  if (typeof format === 'number' && Number.isSafeInteger(format) && format > KEY_FILE_FORMAT) {
    throw new CodedError('KEY_FORMAT_NEWER', {
      message: `${name} has format ${format}; this version reads up to ${KEY_FILE_FORMAT}`,
      details: { found: format, supported: KEY_FILE_FORMAT },
    })
  }
  if (!isChecksumOf(content, checksum)) throw corrupted(name, 'its checksum is wrong')
  const parsed = FILE.safeParse(content)
  if (!parsed.success) throw corrupted(name, 'it does not have the members of a key')
  const { chain, scrypt, salt, nonce, check, sealed } = parsed.data
  return {
    chain,
    scrypt,
    salt: bytesOf(salt),
    encrypted: { nonce: bytesOf(nonce), check: bytesOf(check), sealed: bytesOf(sealed) },
  }
}

export function corrupted(name: string, reason: string): CodedError {
  return new CodedError('KEY_FILE_CORRUPTED', { message: `${name}: ${reason}` })
}

export function base64urlOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64url')
}

function parseObject(bytes: Uint8Array, name: string): Readonly<Record<string, unknown>> {
  if (bytes.byteLength > KEY_FILE_BYTES_MAX) throw corrupted(name, 'it is too large for a key')
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
    // A spread drops nothing of an object that JSON made, and of anything else makes an object without the members.
    return typeof value === 'object' && value !== null ? { ...value } : {}
  } catch {
    throw corrupted(name, 'it is not JSON')
  }
}

function bytesOf(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'base64url'))
}
