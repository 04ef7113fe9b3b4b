import { assert } from '../../base/assert.ts'
import { type Hash, parseHash } from '../evidence/names.ts'

const DIGITS: readonly string[] = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

/** 32 bytes as 64 hexadecimal digits. */
export function formatHash(bytes: Uint8Array): Hash {
  let text = ''
  for (const byte of bytes) text += DIGITS[byte] ?? ''
  const hash = parseHash(text)
  assert(hash !== undefined, 'a hash has 32 bytes')
  return hash
}

/** The 32 bytes of a hash. */
export function bytesOfHash(hash: Hash): Uint8Array {
  const bytes = new Uint8Array(32)
  for (let index = 0; index < 32; index += 1) bytes[index] = Number.parseInt(hash.slice(2 * index, 2 * index + 2), 16)
  return bytes
}
