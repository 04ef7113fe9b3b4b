import { createInlineSignatures, type Signatures } from '../keys/pool/inline-signatures.ts'

/** Ed25519 of the platform on the caller's thread, for worlds that are played with real signatures. */
export function createNativeSignatures(): Signatures {
  return createInlineSignatures()
}
