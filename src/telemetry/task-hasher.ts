import { sha256, sha256HexOfBytes } from '../base/sha256.ts'

/** SHA-256 works on blocks of this many bytes (FIPS 180-4), which HMAC pads its key to (RFC 2104). */
const BLOCK_BYTES = 64

/** Hashes texts under a secret of this installation. */
export type TaskHasher = (text: string) => string

/**
 * HMAC-SHA-256 under `secret` (at most 64 bytes) as 64 lower-case hexadecimal digits: the same task has the same hash on
 * one installation, and nobody without the secret can tell which task it was by trying. Two one-shot digests are about
 * three times as fast as a keyed object per text.
 */
export function createTaskHasher(secret: Uint8Array): TaskHasher {
  if (secret.byteLength === 0 || secret.byteLength > BLOCK_BYTES) throw new RangeError('A secret has 1 to 64 bytes')
  const innerPad = paddedKey(secret, 0x36)
  const outerPad = paddedKey(secret, 0x5c)
  const encoder = new TextEncoder()
  return (text) => sha256HexOfBytes(joined(outerPad, sha256(joined(innerPad, encoder.encode(text)))))
}

/** Hexadecimal digits of the hashes that stand for names in keys: 96 bits. */
const NAME_DIGITS = 24

/** Names whose hashes are remembered, at least; twice as many at most. A batch of records names each task twice, and tenants over and over. */
const NAMES_KEPT = 256
/** Longer ones are hashed anew each time. */
const KEPT_NAME_LENGTH_MAX = 128

/** How names of tenants, tasks and traces stand in the keys of an installation's stores. */
export function createNameHasher(secret: Uint8Array): (name: string) => string {
  const hasher = createTaskHasher(secret)
  let recent = new Map<string, string>()
  let earlier = new Map<string, string>()
  return (name) => {
    const kept = recent.get(name)
    if (kept !== undefined) return kept
    const hashed = earlier.get(name) ?? hasher(name).slice(0, NAME_DIGITS)
    if (name.length > KEPT_NAME_LENGTH_MAX) return hashed
    if (recent.size >= NAMES_KEPT) {
      earlier = recent
      recent = new Map()
    }
    recent.set(name, hashed)
    return hashed
  }
}

function paddedKey(secret: Uint8Array, byte: number): Uint8Array {
  const key = new Uint8Array(BLOCK_BYTES)
  key.set(secret)
  return key.map((value) => value ^ byte)
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(first.length + second.length)
  bytes.set(first)
  bytes.set(second, first.length)
  return bytes
}
