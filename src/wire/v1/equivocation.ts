/**
 * Proof that somebody said two things where one was due: two signed heads of one issuer, for one position of one contract, with different hashes. It needs
 * neither the bodies nor a clock, and whoever gave out both is bound by his own signatures.
 *
 * @see protocol/spec/envelope.md#equivocation
 */
import type { EnvelopeRefusal } from '../../core/evidence/envelope-refusals.ts'
import type { ContractId, Did, Hash } from '../../core/evidence/names.ts'
import { signatureRefusalOf, type VerifyBytes } from './authenticate.ts'
import { canonicalText } from './canonical.ts'
import type { SignedHead } from './envelope-head.ts'
import { hashOfText } from './signing-bytes.ts'

/** Two signed heads of one issuer for one position of one contract, in any order; `checkEquivocation` says whether they prove a lie. */
export type EquivocationProof = { readonly first: SignedHead; readonly second: SignedHead }

/** A lie that is proven: who told it, about which contract, and at which of its positions. */
export type ProvenEquivocation = {
  readonly kind: 'proven'
  readonly iss: Did
  readonly contract: ContractId
  readonly seq: number
  /** The two messages, the smaller hash first, so that one lie has one name whoever shows it. */
  readonly envelopes: readonly [Hash, Hash]
}

/** Checks a proof offline. Types, times and audiences of the two may differ; issuer, network, contract and position may not. */
export function checkEquivocation(
  { first, second }: EquivocationProof,
  verify: VerifyBytes,
): ProvenEquivocation | { readonly kind: 'refused'; readonly code: EnvelopeRefusal } {
  const { iss, net, contract, seq } = first.head
  const isRelated =
    iss === second.head.iss && net === second.head.net && contract === second.head.contract && seq === second.head.seq
  if (!isRelated || contract === undefined) return { kind: 'refused', code: 'ENVELOPE_PROOF_UNRELATED' }
  const hashes = [first, second].map(({ head }) => hashOfText(canonicalText(head)))
  const [left, right] = hashes
  if (left === undefined || right === undefined || left === right)
    return { kind: 'refused', code: 'ENVELOPE_PROOF_SAME' }
  const refusal =
    signatureRefusalOf({ ...first, hash: left }, verify) ?? signatureRefusalOf({ ...second, hash: right }, verify)
  if (refusal !== undefined) return { kind: 'refused', code: refusal }
  return { kind: 'proven', iss, contract, seq, envelopes: left < right ? [left, right] : [right, left] }
}
