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
  const bytes = new Uint8Array(3 * LIMBS)
  for (const [index, limb] of limbs.entries()) {
    const end = bytes.byteLength - 3 * index
    bytes[end - 1] = limb & 0xff
    bytes[end - 2] = (limb >>> 8) & 0xff
    bytes[end - 3] = limb >>> 16
  }
  const start = bytes.byteLength - KEY_BYTES
  const isPrefixed = bytes[start - 2] === 0xed && bytes[start - 1] === 0x01
  return isPrefixed && bytes.subarray(0, start - 2).every((byte) => byte === 0) ? bytes.slice(start) : undefined
}

/** 24 bits each, lowest first: 36 bytes, of which a key with its prefix takes 34. */
const LIMBS = 12
const ALPHABET = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz'
/** Value of a digit by its character. */
const DIGITS: readonly number[] = Array.from({ length: 128 }, (_, code) => ALPHABET.indexOf(String.fromCharCode(code)))

/** The number that the 47 digits of a DID of the right shape write, four at a time: a general reader of any base takes eighty times as long. */
function limbsOf(did: Did): readonly number[] {
  const limbs = Array.from({ length: LIMBS }, () => 0)
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
