import type { Brand } from '../../base/brands.ts'
import { sha256HexOfBytes } from '../../base/sha256.ts'
import type { Hash } from '../evidence/names.ts'
import { decodeBase64 } from '../text/base64.ts'
import { utf8Bytes } from '../text/encode-utf8.ts'

/** 32 random bytes as base64url without padding: 43 characters. */
export type Salt32 = Brand<string, 'Salt32'>

/** The last digit carries four bits, so its lowest two are 0: each value has one written form. */
const SALT_PATTERN = /^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$/

/** Reads a salt; `undefined` when the text is not the one written form of 32 bytes. */
export function parseSalt32(text: string): Salt32 | undefined {
  return SALT_PATTERN.test(text) ? (text as Salt32) : undefined
}

/** The 32 bytes of a salt. */
export function saltBytes(salt: Salt32): Uint8Array {
  return decodeBase64(`${salt.replaceAll('-', '+').replaceAll('_', '/')}=`) ?? new Uint8Array(32)
}

/**
 * SHA-256 over `domain` and `parts`, each with its length in front (unsigned, 32 bits, big-endian), so that no two lists of parts give the same
 * bytes: `("ab", "c")` is not `("a", "bc")`.
 */
export function delimitedHash(domain: string, parts: readonly Uint8Array[]): Hash {
  const all = [utf8Bytes(domain), ...parts]
  const bytes = new Uint8Array(all.reduce((sum, part) => sum + 4 + part.length, 0))
  const view = new DataView(bytes.buffer)
  let at = 0
  for (const part of all) {
    view.setUint32(at, part.length)
    bytes.set(part, at + 4)
    at += 4 + part.length
  }
  return sha256HexOfBytes(bytes) as Hash
}
