import type { EnvelopeRefusal } from '../../../core/evidence/envelope-refusals.ts'
import { createNodeVerifier } from '../../../keys/node-signatures.ts'
import { verifySignatureWith } from '../../../keys/verify-signature.ts'
import { checkEquivocation, type EquivocationProof, type ProvenEquivocation } from '../../../wire/v1/equivocation.ts'
import { decodeEnvelope } from '../../../wire/v1/envelope.ts'

/** Two messages that convict whoever signed them both: `body` is that of the message that says so. */
export type Conviction = ProvenEquivocation & { readonly body: EquivocationProof }

/**
 * Judges the bytes of two signed messages by themselves. The same two give the same conviction in either order, so that one lie is told in one way. Nobody's
 * clock is asked: what was signed stays signed.
 */
export function proveEquivocation(
  one: Uint8Array,
  other: Uint8Array,
): Conviction | { readonly kind: 'refused'; readonly code: EnvelopeRefusal } {
  const [left, right] = [decodeEnvelope(one), decodeEnvelope(other)]
  if (left.kind === 'refused') return left
  if (right.kind === 'refused') return right
  const heads = [left.envelope, right.envelope].map(({ head, signature, hash }) => ({
    signed: { head, signature },
    hash,
  }))
  const [first, second] = heads.toSorted((a, b) => (a.hash < b.hash ? -1 : 1)).map(({ signed }) => signed)
  if (first === undefined || second === undefined) throw new TypeError('Two messages are two')
  const body = { first, second }
  const proof = checkEquivocation(body, verifySignatureWith(createNodeVerifier()))
  return proof.kind === 'refused' ? proof : { ...proof, body }
}
