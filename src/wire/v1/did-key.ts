/**
 * `did:key` of Ed25519 public keys: multibase base58btc (`z`) of the multicodec prefix 0xed01 and the 32 bytes of the key (W3C did:key, sections 2 and 3). One
 * key has one form and one form one key. Whether a key may be used, `ed25519-admission.ts` says.
 */
import { base58btc } from 'multiformats/bases/base58'
import { type Did, parseDid } from '../../core/evidence/names.ts'

const PREFIX = 'did:key:'
const KEY_BYTES = 32

/** The DID of a public key. Throws `RangeError` unless it has 32 bytes. */
export function didOfPublicKey(publicKey: Uint8Array): Did {
  if (publicKey.byteLength !== KEY_BYTES)
    throw new RangeError(`An Ed25519 public key has 32 bytes, not ${publicKey.byteLength}`)
  const bytes = new Uint8Array(KEY_BYTES + 2)
  bytes.set([0xed, 0x01])
  bytes.set(publicKey, 2)
  return `${PREFIX}${base58btc.encode(bytes)}` as Did
}

/** The 32 bytes of the public key; `undefined` when the text has the shape of a DID and encodes something else. */
export function publicKeyOfDid(did: Did): Uint8Array | undefined {
  if (parseDid(did) === undefined) return undefined
  const limbs = limbsOf(did)
  // 0xed01 stands above the 32 bytes of the key, and nothing above that.
  const prefix = (limbs[LIMBS - 1] ?? 0) * 0x1_00 + ((limbs[LIMBS - 2] ?? 0) >>> 16)
  if (prefix !== 0xed01) return undefined
  const key = new Uint8Array(KEY_BYTES)
  for (let index = 0, end = KEY_BYTES - 1; end >= 0; index += 1, end -= 3) {
    const limb = limbs[index] ?? 0
    key[end] = limb & 0xff
    key[end - 1] = (limb >>> 8) & 0xff
    if (end >= 2) key[end - 2] = limb >>> 16
  }
  return key
}

/** 24 bits each, lowest first: 36 bytes, of which a key with its prefix takes 34. */
const LIMBS = 12
const ALPHABET = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz'
/** Value of a digit by its character. */
const DIGITS: readonly number[] = Array.from({ length: 128 }, (_, code) => ALPHABET.indexOf(String.fromCharCode(code)))

/** The number that the 47 digits of a DID of the right shape write, four at a time: a general reader of any base takes eighty times as long. */
function limbsOf(did: Did): Float64Array {
  const limbs = new Float64Array(LIMBS)
  for (let position = PREFIX.length + 1; position < did.length; position += 4) {
    let value = 0
    let factor = 1
    for (let index = position; index < position + 4 && index < did.length; index += 1) {
      value = value * 58 + (DIGITS[did.charCodeAt(index)] ?? 0)
      factor *= 58
    }
    // A limb times 58^4 stays below 2^48.
    for (let index = 0; index < LIMBS; index += 1) {
      const sum = (limbs[index] ?? 0) * factor + value
      value = Math.floor(sum / 0x1_00_00_00)
      limbs[index] = sum - value * 0x1_00_00_00
    }
  }
  return limbs
}
