/**
 * What a signature is made over: `kernell/m2m/TYPE/v1`, a zero byte, and the SHA-256 of the canonical unsigned head. The type stands in front so that a
 * signature of one kind of message is never one of another; the zero byte ends it, and no type holds one. An envelope's hash is the same SHA-256: it names the
 * message, and the signature is no part of it.
 */
import { type Sha256HexOfBytes, sha256HexOfBytes } from '../../base/sha256.ts'
import type { Hash } from '../../core/evidence/names.ts'
import { utf8Of } from './canonical.ts'

const DOMAIN_START = 'kernell/m2m/'
const DOMAIN_END = '/v1\u0000'

/** The bytes that are signed, from the type and the hash of the head. */
export function signingBytes(type: string, headHash: Hash): Uint8Array {
  const domain = utf8Of(`${DOMAIN_START}${type}${DOMAIN_END}`)
  const bytes = new Uint8Array(domain.byteLength + 32)
  bytes.set(domain)
  bytes.set(bytesOfHex(headHash), domain.byteLength)
  return bytes
}

/** Bytes of lower-case hexadecimal digits. */
export function bytesOfHex(hex: string): Uint8Array {
  const bytes = new Uint8Array(hex.length / 2)
  for (let index = 0; index < bytes.length; index += 1)
    bytes[index] = 16 * digitAt(hex, 2 * index) + digitAt(hex, 2 * index + 1)
  return bytes
}

function digitAt(hex: string, index: number): number {
  const code = hex.charCodeAt(index)
  return code < 0x3a ? code - 0x30 : code - 0x57
}

/** SHA-256 of the UTF-8 bytes of a canonical text. */
export function hashOfText(text: string, hash: Sha256HexOfBytes = sha256HexOfBytes): Hash {
  return hash(utf8Of(text)) as Hash
}
