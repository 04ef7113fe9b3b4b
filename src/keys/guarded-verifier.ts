import type { SignedBytes, Verifier } from '../ports/verifier.ts'
import { SIGNATURE_ADMISSION, type SignatureAdmission } from '../wire/v1/ed25519-admission.ts'

/** What a library says of bytes that were admitted. May throw: that is `false`. */
export type RawVerify = (signed: SignedBytes) => boolean

/**
 * A library behind the admission rules: it is never asked about bytes that they refuse, and what it throws is `false`. There is no other way to a library in
 * this project.
 *
 * @param admission  The rules; tests plant weaker ones to see that they are missed.
 */
export function createGuardedVerifier(raw: RawVerify, admission: SignatureAdmission = SIGNATURE_ADMISSION): Verifier {
  return {
    verify(signed) {
      if (admission.publicKeyRefusal(signed.publicKey) !== undefined) return false
      if (admission.signatureRefusal(signed.signature) !== undefined) return false
      try {
        return raw(signed)
      } catch {
        return false
      }
    },
  }
}
