import { createPrivateKey, createPublicKey, diffieHellman } from 'node:crypto'
import nacl from 'tweetnacl'
import { hsalsa20 } from './hsalsa20.ts'

/** What a backend of the sealer does: X25519 and HSalsa20, as `crypto_box_beforenm` of NaCl. */
export type KeyAgreement = {
  /** X25519 public key of a secret of 32 bytes. */
  readonly publicKeyOf: (secret: Uint8Array) => Uint8Array
  /** The shared key, 32 bytes; `undefined` where the public key leads to the same result with every secret. May throw for other lengths than 32. */
  readonly agree: (secret: Uint8Array, publicKey: Uint8Array) => Uint8Array | undefined
}

/** Shared key of NaCl where the agreement yields nothing but zeros: HSalsa20 of a zero key and a zero block. */
const SHARED_OF_NOTHING_HEX = '351f86faa3b988468a850122b65b0acece9c4826806aeee63de9c0da2bd7f91e'

/** All of tweetnacl. */
export const PORTABLE_AGREEMENT: KeyAgreement = {
  publicKeyOf: (secret) => nacl.box.keyPair.fromSecretKey(secret).publicKey,
  agree(secret, publicKey) {
    const shared = nacl.box.before(publicKey, secret)
    const isNothing = Buffer.from(shared).toString('hex') === SHARED_OF_NOTHING_HEX
    return isNothing ? undefined : shared
  },
}

/** What stands before a secret in PKCS #8 and before a public key in SPKI (RFC 8410, section 10). */
const SECRET_PREFIX_HEX = '302e020100300506032b656e04220420'
const PUBLIC_PREFIX_HEX = '302a300506032b656e032100'
const KEY_BYTES = 32

/** X25519 of `node:crypto`: about twenty times faster. */
export const NODE_AGREEMENT: KeyAgreement = {
  publicKeyOf(secret) {
    const exported = createPublicKey(privateKeyOf(secret)).export({ format: 'der', type: 'spki' })
    return new Uint8Array(exported.subarray(exported.byteLength - KEY_BYTES))
  },
  agree(secret, publicKey) {
    if (publicKey.byteLength !== KEY_BYTES) return undefined
    const der = Buffer.concat([Buffer.from(PUBLIC_PREFIX_HEX, 'hex'), publicKey])
    const other = createPublicKey({ key: der, format: 'der', type: 'spki' })
    const point = pointOf(privateKeyOf(secret), other)
    if (point === undefined) return undefined
    const shared = hsalsa20(point, new Uint8Array(16))
    point.fill(0)
    return shared
  },
}

function privateKeyOf(secret: Uint8Array): ReturnType<typeof createPrivateKey> {
  if (secret.byteLength !== KEY_BYTES) throw new RangeError(`A secret has ${KEY_BYTES} bytes, not ${secret.byteLength}`)
  const der = Buffer.concat([Buffer.from(SECRET_PREFIX_HEX, 'hex'), secret])
  const key = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
  der.fill(0)
  return key
}

/** OpenSSL refuses a result of zeros. */
function pointOf(
  privateKey: ReturnType<typeof createPrivateKey>,
  publicKey: ReturnType<typeof createPublicKey>,
): Buffer | undefined {
  try {
    return diffieHellman({ privateKey, publicKey })
  } catch {
    return undefined
  }
}
