import { hashOfBlock } from './block.ts'
import type { Decision } from './certificate.ts'
import type { Proposal } from './notary-event.ts'
import type { NotarySet } from './notary-set.ts'
import { bytesOfVote, type VerifyStatement, type Vote, verifyQuorum } from './statement.ts'
import { isQuorumOf, verifyChange } from './view-change.ts'

/** Whether a vote is signed by the member that it names. Never throws. */
export function verifyVote(set: NotarySet, vote: Vote, verify: VerifyStatement): boolean {
  const key = set.members[vote.member]?.key
  return key !== undefined && verify({ key, bytes: bytesOfVote(set, vote), signature: vote.signature })
}

/** Whether every signature of a proposal is right: the leader's own, and those of the changes that it carries. */
export function verifyProposal(set: NotarySet, proposal: Proposal, verify: VerifyStatement): boolean {
  const { view, block, changes, signature } = proposal
  if (changes.length > set.members.length) return false
  const vote: Vote = { phase: 'prepare', view, slot: block.slot, block: hashOfBlock(block), ...signature }
  return verifyVote(set, vote, verify) && changes.every((change) => verifyChange(set, change, verify))
}

/** Whether the certificate of a decision covers its block and every signature is right. */
export function verifyDecision(set: NotarySet, { block, quorum }: Decision, verify: VerifyStatement): boolean {
  const isCovered = isQuorumOf(set, quorum, { phase: 'commit', slot: block.slot, block: hashOfBlock(block) })
  return isCovered && verifyQuorum(set, quorum, verify)
}
