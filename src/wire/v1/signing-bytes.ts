/**
 * What a signature is made over: `kernell/m2m/TYPE/v1`, a zero byte, and the SHA-256 of the canonical unsigned head. The type stands in front so that a
 * signature of one kind of message is never one of another; the zero byte ends it, and no type holds one. An envelope's hash is the same SHA-256: it names the
 * message, and the signature is no part of it.
 */
import { bytesOfHex } from '../../base/hex.ts'
import { sha256Hex, type Sha256Hex } from '../../base/sha256.ts'
import type { Hash } from '../../core/evidence/names.ts'

const DOMAIN_START = 'kernell/m2m/'
const DOMAIN_END = '/v1\u0000'

/** The bytes that are signed, from the type and the hash of the head. */
export function signingBytes(type: string, headHash: Hash): Uint8Array {
  return domainBytes(`${DOMAIN_START}${type}${DOMAIN_END}`, headHash)
}

/** A domain of ASCII, which ends with its own zero byte, and the 32 bytes of a hash. */
export function domainBytes(domain: string, hash: Hash): Uint8Array {
  const bytes = new Uint8Array(domain.length + 32)
  for (let at = 0; at < domain.length; at += 1) bytes[at] = domain.charCodeAt(at)
  bytes.set(bytesOfHex(hash), domain.length)
  return bytes
}

/** SHA-256 of the UTF-8 bytes of a canonical text. */
export function hashOfText(text: string, hash: Sha256Hex = sha256Hex): Hash {
  return hash(text) as Hash
}
