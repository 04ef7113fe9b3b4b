import { assert } from '../../base/assert.ts'
import { bytesOfHex, hexOfBytes } from '../../base/hex.ts'
import type { Hash } from '../evidence/names.ts'

/** 32 bytes as 64 hexadecimal digits. */
export function formatHash(bytes: Uint8Array): Hash {
  assert(bytes.length === 32, 'a hash has 32 bytes')
  return hexOfBytes(bytes) as Hash
}

/** The 32 bytes of a hash. */
export function bytesOfHash(hash: Hash): Uint8Array {
  return bytesOfHex(hash)
}
