import type { KeyRefusal } from '../core/evidence/key-refusals.ts'

/**
 * Sealer: closes bytes so that one recipient alone can open them, and opens what was sealed for its own key. It does not say who sealed: a payload that has
 * to have an author stands in a signed envelope. Its key is made for this and signs nothing.
 *
 * A sealed payload is `ephemeral X25519 key (32) || nonce (24) || box`; the box is X25519, XSalsa20 and Poly1305 (NaCl `crypto_box`) over
 * `length (4, little-endian) || payload || zeros`, filled up to a multiple of 256 bytes, so that the size tells little.
 *
 * ```ts
 * import type { Sealer } from 'kernell-os/ports'
 *
 * export const passOn = (sealer: Sealer, sealed: Uint8Array, recipient: Uint8Array): Uint8Array | undefined => {
 *   const opened = sealer.open(sealed)
 *   if (!opened.ok) return undefined
 *   const again = sealer.seal(opened.bytes, recipient)
 *   return again.ok ? again.bytes : undefined
 * }
 * ```
 */
export interface Sealer {
  /** X25519, 32 bytes; fresh with each read. */
  readonly publicKey: Uint8Array
  /** Refusals: `SEAL_KEY_UNUSABLE`, `SEAL_PAYLOAD_TOO_LARGE`. */
  seal(payload: Uint8Array, recipient: Uint8Array): SealOutcome
  /** Refusal: `SEAL_BROKEN`, for whatever cannot be opened; it says no more, because a sender could learn from it. */
  open(sealed: Uint8Array): SealOutcome
}

/** Why nothing was sealed (`SEAL_KEY_UNUSABLE`, `SEAL_PAYLOAD_TOO_LARGE`) or opened (`SEAL_BROKEN`). */
export type SealRefusal = Extract<KeyRefusal, `SEAL_${string}`>

/** What sealing or opening came to: the sealed bytes or the opened ones, or why there are none. A refusal is an outcome, and not thrown. */
export type SealOutcome =
  | { readonly ok: true; readonly bytes: Uint8Array }
  | { readonly ok: false; readonly code: SealRefusal }

/** Bytes of a payload that is sealed in one piece, at most. */
export const SEAL_PAYLOAD_BYTES_MAX = 65_536
/** Sizes are filled up to a multiple of this. */
export const SEAL_PADDING_BYTES = 256
