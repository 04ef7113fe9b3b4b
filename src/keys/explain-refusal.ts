import type { KeyRefusal } from '../core/evidence/key-refusals.ts'
import type { SignedBytes, Verifier } from '../ports/verifier.ts'
import { admitPublicKey, signatureRefusal } from '../wire/v1/ed25519-admission.ts'

/** Why a verifier says no: for people and for vectors, about 0.2 ms. `undefined` where it says yes. */
export function explainRefusal(verifier: Verifier, signed: SignedBytes): KeyRefusal | undefined {
  if (verifier.verify(signed)) return undefined
  return admitPublicKey(signed.publicKey) ?? signatureRefusal(signed.signature) ?? 'SIGNATURE_WRONG'
}
