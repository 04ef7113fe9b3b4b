import { assert } from '../../base/assert.ts'
import { bytesOfHex, hexOfBytes } from '../../base/hex.ts'
import { type Hash, parseHash } from '../evidence/names.ts'

/** 32 bytes as 64 hexadecimal digits. */
export function formatHash(bytes: Uint8Array): Hash {
  const hash = parseHash(hexOfBytes(bytes))
  assert(hash !== undefined, 'a hash has 32 bytes')
  return hash
}

/** The 32 bytes of a hash. */
export function bytesOfHash(hash: Hash): Uint8Array {
  return bytesOfHex(hash)
}
