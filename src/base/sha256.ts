import { sha256 as nobleSha256 } from '@noble/hashes/sha2.js'
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js'

/** `hash` of Node's `crypto`, which takes text as UTF-8. */
type NativeHash = (algorithm: 'sha256', data: Uint8Array | string, encoding: 'hex' | 'binary') => string

/** What `createHash` of Node's `crypto` gives. */
type NativeRunningHash = {
  update(bytes: Uint8Array): unknown
  copy(): NativeRunningHash
  digest(encoding: 'hex'): string
}

type NativeCrypto = { readonly hash?: NativeHash; readonly createHash?: (algorithm: 'sha256') => NativeRunningHash }

type Host = {
  readonly process?: { readonly getBuiltinModule?: (name: 'node:crypto') => NativeCrypto | undefined }
}

const nativeCrypto: NativeCrypto | undefined = (globalThis as Host).process?.getBuiltinModule?.('node:crypto')
/** Where there is one, ten times as fast; the same digests (`test/base/sha256.test.ts`). */
const nativeHash: NativeHash | undefined = nativeCrypto?.hash

const HASH_BYTES = 32

/** SHA-256 of bytes: 32 bytes. Synchronous and the same in Node and browsers. */
export const sha256: (bytes: Uint8Array) => Uint8Array =
  nativeHash === undefined ? nobleSha256 : (bytes) => bytesOfBinary(nativeHash('sha256', bytes, 'binary'))

/** SHA-256 of the UTF-8 bytes of `text` as 64 lower-case hexadecimal digits. */
export const sha256Hex: (text: string) => string =
  nativeHash === undefined
    ? (text) => bytesToHex(nobleSha256(utf8ToBytes(text)))
    : (text) => nativeHash('sha256', text, 'hex')

/** SHA-256 of bytes as 64 lower-case hexadecimal digits. */
export const sha256HexOfBytes: (bytes: Uint8Array) => string =
  nativeHash === undefined ? (bytes) => bytesToHex(nobleSha256(bytes)) : (bytes) => nativeHash('sha256', bytes, 'hex')

/** By way of a text of 32 characters: a buffer of Node has memory of its own outside of the heap, which takes three times as long to make and to give back. */
function bytesOfBinary(text: string): Uint8Array {
  const digest = new Uint8Array(HASH_BYTES)
  for (let at = 0; at < HASH_BYTES; at += 1) digest[at] = text.charCodeAt(at)
  return digest
}

/** How hot shells hand in a native digest; it must equal `sha256Hex` (held by a differential test). */
export type Sha256Hex = (text: string) => string

/** The same of bytes; it must equal `sha256HexOfBytes`. */
export type Sha256HexOfBytes = (bytes: Uint8Array) => string

/** A digest of bytes that come bit by bit. */
export type RunningSha256 = {
  update(bytes: Uint8Array): void
  /** Of all bytes so far, 64 lower-case hexadecimal digits; more bytes may follow. */
  hex(): string
}

/** The native one where there is one; the same digests. */
export function createRunningSha256(): RunningSha256 {
  const native = nativeCrypto?.createHash?.('sha256')
  return native === undefined ? createPortableSha256() : nativeRunning(native)
}

/** The one of browsers, everywhere. */
export function createPortableSha256(): RunningSha256 {
  const running = nobleSha256.create()
  return { update: (bytes) => void running.update(bytes), hex: () => bytesToHex(running.clone().digest()) }
}

function nativeRunning(running: NativeRunningHash): RunningSha256 {
  return { update: (bytes) => void running.update(bytes), hex: () => running.copy().digest('hex') }
}
