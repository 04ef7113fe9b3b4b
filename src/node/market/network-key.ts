import { CodedError } from '../../base/errors.ts'
import { bytesOfHex } from '../../base/hex.ts'
import { readSecretFile } from '../keys/secret-file.ts'

/** 64 digits and what libp2p writes above them. */
const FILE_BYTES_MAX = 256
/** Two lines that other programs of libp2p write above the same digits. */
const SWARM_KEY = /^\/key\/swarm\/psk\/1\.0\.0\/\s+\/base16\/\s+/
const DIGITS = /^[0-9a-f]{64}$/i

/**
 * The key of a private network, 32 bytes, of a file that its owner alone may read: 64 hexadecimal digits, or the same as a `swarm.key` of libp2p. What is wrong
 * is said without what was read. Throws `NETWORK_KEY_INVALID`.
 */
export function readNetworkKey(file: string): Uint8Array {
  const secret = readSecretFile(file, FILE_BYTES_MAX)
  if ('fault' in secret) throw invalid(secret.fault, secret.cause)
  const digits = secret.text.replace(SWARM_KEY, '')
  if (!DIGITS.test(digits)) throw invalid(`${file} holds no key of a private network: 64 hexadecimal digits`)
  return bytesOfHex(digits.toLowerCase())
}

function invalid(message: string, cause?: unknown): CodedError {
  return new CodedError('NETWORK_KEY_INVALID', { message, ...(cause !== undefined && { cause }) })
}
