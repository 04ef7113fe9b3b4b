/**
 * Signer: says that bytes come from this installation, and are as they were. It keeps its secret to itself and signs whatever it is given;
 * what a signature means is the business of who asks for it, who puts a name of the purpose in front of the bytes. It is not encryption, and
 * no key exchange.
 *
 * Signatures are Ed25519 (RFC 8032): 64 bytes; public keys are 32 bytes, as 64 lower-case hexadecimal digits.
 *
 * ```ts
 * import type { Signer } from 'kernell-os/ports'
 *
 * export const sealed = (signer: Signer, text: string): string =>
 *   `${text}\n${signer.publicKeyHex}\n${signer.sign(new TextEncoder().encode(text)).toString()}`
 * ```
 */
export interface Signer {
  readonly publicKeyHex: string
  /** The signature of `bytes`: the same for the same bytes. */
  sign(bytes: Uint8Array): Uint8Array
}

/**
 * A signer whose secret may lie where it can only be asked for, such as a key of WebCrypto that nobody can read out: the signature may come later. It rejects where
 * the key has gone.
 */
export interface DeferredSigner {
  readonly publicKeyHex: string
  /** The signature of `bytes`: the same for the same bytes. */
  sign(bytes: Uint8Array): Uint8Array | Promise<Uint8Array>
}

/**
 * A signer that takes many at once, off the event loop where that pays. `signBatch` rejects with `KEY_POOL_CLOSED`, `KEY_POOL_OVERLOADED` or
 * `KEY_POOL_WORKER_LOST` when there is no signature; a signature that nobody was given is of no harm, and the call may be repeated.
 */
export interface BatchSigner extends Signer {
  /** One signature for each, in order: those that `sign` gives. */
  signBatch(batch: readonly Uint8Array[]): Promise<readonly Uint8Array[]>
}

/** Whether a signature of `bytes` was made with the secret of a public key. False, never an exception, for keys and signatures that are none. */
export type VerifySignature = (signed: {
  readonly publicKeyHex: string
  readonly bytes: Uint8Array
  readonly signature: Uint8Array
}) => boolean
