import { sha256 as nobleSha256 } from '@noble/hashes/sha2.js'
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js'

/** SHA-256 of bytes: 32 bytes. Synchronous and the same in Node and browsers. */
export function sha256(bytes: Uint8Array): Uint8Array {
  return nobleSha256(bytes)
}

/** SHA-256 of the UTF-8 bytes of `text` as 64 lower-case hexadecimal digits. */
export function sha256Hex(text: string): string {
  return bytesToHex(nobleSha256(utf8ToBytes(text)))
}

/** SHA-256 of bytes as 64 lower-case hexadecimal digits. */
export function sha256HexOfBytes(bytes: Uint8Array): string {
  return bytesToHex(nobleSha256(bytes))
}

/** How hot shells hand in a native digest; it must equal `sha256Hex` (held by a differential test). */
export type Sha256Hex = (text: string) => string

/** The same of bytes; it must equal `sha256HexOfBytes`. */
export type Sha256HexOfBytes = (bytes: Uint8Array) => string
