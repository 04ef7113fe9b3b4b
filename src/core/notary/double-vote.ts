import type { Hash } from '../evidence/names.ts'
import type { NotaryRefusalCode } from './notary-codes.ts'
import type { NotarySet } from './notary-set.ts'
import { bytesOfVote, type VerifyStatement, type Vote, type VoteQuorum, verifyQuorum } from './statement.ts'

/** Two votes of one member for one epoch, view, slot and phase, with different blocks. Whoever holds the set can check it, at any time. */
export type DoubleVoteProof = { readonly set: Hash; readonly first: Vote; readonly second: Vote }

export type ProofVerdict =
  | { readonly kind: 'proven'; readonly members: readonly number[] }
  | { readonly kind: 'refused'; readonly code: NotaryRefusalCode }

/** Whether a proof convicts its member. `NOTARY_CERTIFICATE_SET`, `NOTARY_PROOF_EQUAL`, `NOTARY_MEMBER_UNKNOWN`, `NOTARY_PROOF_SIGNATURE`. */
export function checkDoubleVote(set: NotarySet, proof: DoubleVoteProof, verify: VerifyStatement): ProofVerdict {
  const { first, second } = proof
  if (proof.set !== set.id) return { kind: 'refused', code: 'NOTARY_CERTIFICATE_SET' }
  const isOnePlace =
    first.member === second.member &&
    first.phase === second.phase &&
    first.view === second.view &&
    first.slot === second.slot
  if (!isOnePlace || first.block === second.block) return { kind: 'refused', code: 'NOTARY_PROOF_EQUAL' }
  const key = set.members[first.member]?.key
  if (key === undefined) return { kind: 'refused', code: 'NOTARY_MEMBER_UNKNOWN' }
  const isSigned = [first, second].every((vote) =>
    verify({ key, bytes: bytesOfVote(set, vote), signature: vote.signature }),
  )
  return isSigned ? { kind: 'proven', members: [first.member] } : { kind: 'refused', code: 'NOTARY_PROOF_SIGNATURE' }
}

/** What members tell each other and clients about their log, so that two histories do not stay apart unseen. */
export type GossipedHead = VoteQuorum

/**
 * Compares two certified heads. Of one slot and different blocks, more than `f` members have lied: those who signed both in one view are
 * named; where the views differ, the two certificates together are the proof, and name nobody.
 */
export function compareHeads(
  set: NotarySet,
  { first, second, verify }: { first: GossipedHead; second: GossipedHead; verify: VerifyStatement },
): ProofVerdict {
  if (first.slot !== second.slot || first.block === second.block) return { kind: 'refused', code: 'NOTARY_PROOF_EQUAL' }
  const isCertified = (head: GossipedHead): boolean => head.phase === 'commit' && verifyQuorum(set, head, verify)
  if (!isCertified(first) || !isCertified(second)) return { kind: 'refused', code: 'NOTARY_PROOF_SIGNATURE' }
  if (first.view !== second.view) return { kind: 'proven', members: [] }
  const both = first.signatures.filter(({ member }) => second.signatures.some((other) => other.member === member))
  return { kind: 'proven', members: both.map(({ member }) => member) }
}
