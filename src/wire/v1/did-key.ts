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
  const bytes = base58btc.decode(did.slice(PREFIX.length))
  if (bytes.byteLength !== KEY_BYTES + 2 || bytes[0] !== 0xed || bytes[1] !== 0x01) return undefined
  return bytes.slice(2)
}
