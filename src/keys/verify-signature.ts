import { bytesOfHex } from '../base/hex.ts'
import type { VerifySignature } from '../ports/signer.ts'
import type { Verifier } from '../ports/verifier.ts'

const PUBLIC_KEY_PATTERN = /^[0-9a-f]{64}$/

/** `VerifySignature`, which names keys by their hexadecimal digits, of a verifier. */
export function verifySignatureWith(verifier: Verifier): VerifySignature {
  return ({ publicKeyHex, bytes, signature }) =>
    PUBLIC_KEY_PATTERN.test(publicKeyHex) && verifier.verify({ publicKey: bytesOfHex(publicKeyHex), bytes, signature })
}
