import { CodedError } from '../base/errors.ts'
import { hexOfBytes } from '../base/hex.ts'
import type { DeferredSigner } from '../ports/signer.ts'
import { admitPublicKey } from '../wire/v1/ed25519-admission.ts'

/** A key of WebCrypto: opaque, and of the browser's own keeping. */
export type WebKey = { readonly type: string; readonly extractable: boolean }
export type WebKeyPair = { readonly publicKey: WebKey; readonly privateKey: WebKey }

/** The part of `crypto.subtle` that is used. */
export type SubtleSignatures = {
  generateKey(algorithm: 'Ed25519', extractable: false, usages: readonly ('sign' | 'verify')[]): Promise<unknown>
  exportKey(format: 'raw', key: WebKey): Promise<ArrayBuffer>
  sign(algorithm: 'Ed25519', key: WebKey, bytes: Uint8Array): Promise<ArrayBuffer>
}

const PROBE = new TextEncoder().encode('kernell/keys/probe/v1\0')

/** A pair whose secret nobody can read out, this program included: it can be kept in IndexedDB, and only the browser signs with it. Throws `KEY_PLATFORM_LACKS`. */
export async function createWebKeyPair(subtle: SubtleSignatures): Promise<WebKeyPair> {
  try {
    // Of a pair's algorithm.
    return (await subtle.generateKey('Ed25519', false, ['sign', 'verify'])) as WebKeyPair
  } catch (cause: unknown) {
    throw lacking('it has no Ed25519', cause)
  }
}

/**
 * Signs with a pair that the browser keeps. Throws `KEY_PLATFORM_LACKS` for a browser whose signatures differ from one time to the next, as the standard does not allow and
 * some did: what a party says would not be the same when it is asked for again. Throws `KEY_PAIR_MISMATCHED` for what is no such pair.
 */
export async function openWebKeySigner(subtle: SubtleSignatures, pair: WebKeyPair): Promise<DeferredSigner> {
  if (pair.privateKey.type !== 'private' || pair.privateKey.extractable)
    throw new CodedError('KEY_PAIR_MISMATCHED', { message: 'What is kept is no secret key that cannot be read out' })
  const publicKey = new Uint8Array(await subtle.exportKey('raw', pair.publicKey))
  const refusal = admitPublicKey(publicKey)
  if (refusal !== undefined) throw new CodedError('KEY_PAIR_MISMATCHED', { message: `The public key: ${refusal}` })
  const sign = async (bytes: Uint8Array): Promise<Uint8Array> =>
    new Uint8Array(await subtle.sign('Ed25519', pair.privateKey, bytes))
  const [one, other] = [await sign(PROBE), await sign(PROBE)]
  if (hexOfBytes(one) !== hexOfBytes(other)) throw lacking('its signatures of the same bytes differ', undefined)
  return { publicKeyHex: hexOfBytes(publicKey), sign }
}

function lacking(why: string, cause: unknown): CodedError {
  return new CodedError('KEY_PLATFORM_LACKS', { message: `This browser keeps no keys that are of use: ${why}`, cause })
}
