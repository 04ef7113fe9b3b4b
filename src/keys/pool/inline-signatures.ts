import type { BatchSigner } from '../../ports/signer.ts'
import type { BatchVerifier, Verifier } from '../../ports/verifier.ts'
import { createNodeSigner, createNodeVerifier, type NodeVerifierInit } from '../node-signatures.ts'

/** Signatures one by one and many at once. */
export type Signatures = Verifier &
  BatchVerifier & {
    /** A signer of a seed of 32 bytes, which is not kept. Throws `RangeError` for another length. */
    createSigner(seed: Uint8Array): BatchSigner
  }

/** Signatures on the caller's thread: for few of them, and where there are no threads. */
export function createInlineSignatures(init: NodeVerifierInit = {}): Signatures {
  const verifier = createNodeVerifier(init)
  return {
    verify: (signed) => verifier.verify(signed),
    verifyBatch: async (batch) => batch.map((signed) => verifier.verify(signed)),
    createSigner(seed) {
      const signer = createNodeSigner(seed)
      return { ...signer, signBatch: async (batch) => batch.map((bytes) => signer.sign(bytes)) }
    },
  }
}
