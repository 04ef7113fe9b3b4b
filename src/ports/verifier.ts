/**
 * Verifier: says whether a signature of bytes was made with the secret of a public key. Every implementation gives the one verdict of
 * `protocol/spec/signatures.md`, whatever library works behind it. It knows nothing of envelopes, names or times, and nothing of who owns a key.
 *
 * Keys are 32 bytes, signatures 64 (Ed25519, RFC 8032). Keys and signatures that are none are `false`, never an exception.
 *
 * ```ts
 * import type { Verifier } from 'kernell-os/ports'
 *
 * export const isFrom = (verifier: Verifier, publicKey: Uint8Array, signed: { bytes: Uint8Array; signature: Uint8Array }): boolean =>
 *   verifier.verify({ publicKey, ...signed })
 * ```
 */
export type SignedBytes = {
  readonly publicKey: Uint8Array
  readonly bytes: Uint8Array
  readonly signature: Uint8Array
}

/**
 * Says whether a signature was made with the secret of a public key; every implementation gives the same verdict. Keys and signatures that are none are
 * `false`, never an exception.
 */
export interface Verifier {
  verify(signed: SignedBytes): boolean
}

/**
 * Many verdicts at once, off the event loop where that pays. Rejects with `KEY_POOL_CLOSED`, `KEY_POOL_OVERLOADED` or `KEY_POOL_WORKER_LOST` when there is
 * no verdict; what was not judged is never taken for accepted.
 */
export interface BatchVerifier {
  /** One verdict for each, in order. */
  verifyBatch(batch: readonly SignedBytes[]): Promise<readonly boolean[]>
}
