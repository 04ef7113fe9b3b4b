import { createPublicKey, type KeyObject } from 'node:crypto'

/** Keys kept imported; about 1 KB each. */
export const KEY_OBJECTS_MAX = 4_096

/** Imported public keys, the most recently used of them: an import costs as much as a twentieth of a verification. */
export class KeyObjectCache {
  private readonly keys = new Map<string, KeyObject>()
  private readonly keysMax: number

  /** Throws `RangeError` unless `keysMax` is an integer from 1. */
  constructor(keysMax: number = KEY_OBJECTS_MAX) {
    if (!Number.isInteger(keysMax) || keysMax < 1) throw new RangeError(`Not a number of keys: ${keysMax}`)
    this.keysMax = keysMax
  }

  get size(): number {
    return this.keys.size
  }

  /** The key of 32 bytes. Throws what the library throws for bytes that are none. */
  get(publicKey: Uint8Array): KeyObject {
    const name = Buffer.from(publicKey.buffer, publicKey.byteOffset, publicKey.byteLength).toString('latin1')
    const known = this.keys.get(name)
    if (known !== undefined) {
      // The order of a map is the order of its insertions, so the first is the one that was used least recently.
      this.keys.delete(name)
      this.keys.set(name, known)
      return known
    }
    // RFC 8037: half the time of the same key in SPKI.
    const x = Buffer.from(name, 'latin1').toString('base64url')
    const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' })
    if (this.keys.size >= this.keysMax) {
      const [oldest] = this.keys.keys()
      if (oldest !== undefined) this.keys.delete(oldest)
    }
    this.keys.set(name, key)
    return key
  }
}
