import type { Timestamp } from '../../../base/time.ts'
import { hashOfBlock } from '../../../core/notary/block.ts'
import type { NotaryEvent } from '../../../core/notary/notary-event.ts'
import type { NotarySet } from '../../../core/notary/notary-set.ts'
import type { VerifyStatement, Vote, VoteQuorum } from '../../../core/notary/statement.ts'
import { verifyDecision, verifyProposal, verifyVote } from '../../../core/notary/verify-message.ts'
import { type Change, verifyChange } from '../../../core/notary/view-change.ts'
import type { NotaryFrame } from '../../../wire/v1/notary-messages.ts'

/** Frames that are events of the machine; the others are between shells. */
export type ProtocolFrame = Extract<
  NotaryFrame,
  { type: 'notary-proposal' | 'notary-vote' | 'notary-change' | 'notary-ask' | 'notary-decision' }
>

export type ReceivedFrame = {
  readonly set: NotarySet
  /** The member at the other end, as the channel knows it. */
  readonly from: number
  readonly frame: ProtocolFrame
  readonly now: Timestamp
}

/** What a frame means to the machine; `undefined` for one of another set or another sender, and when a signature in it is wrong. */
export function eventOfFrame(
  { set, from, frame, now }: ReceivedFrame,
  verify: VerifyStatement,
): NotaryEvent | undefined {
  if (frame.set !== set.id || set.members[from] === undefined) return undefined
  switch (frame.type) {
    case 'notary-proposal': {
      const { proposal } = frame
      return verifyProposal(set, proposal, verify) ? { type: 'proposal-received', now, proposal } : undefined
    }
    case 'notary-vote': {
      const { vote } = frame
      return verifyVote(set, vote, verify) ? { type: 'vote-received', now, vote } : undefined
    }
    case 'notary-change': {
      const { change } = frame
      return verifyChange(set, change, verify) ? { type: 'change-received', now, change } : undefined
    }
    case 'notary-ask':
      return { type: 'progress-asked', now, from, slot: frame.slot }
    case 'notary-decision': {
      const { decision } = frame
      return verifyDecision(set, decision, verify) ? { type: 'decision-received', now, decision } : undefined
    }
  }
}

/** What a verified event proves that its signer has signed. */
export function signedIn(event: NotaryEvent): { readonly vote: Vote } | { readonly change: Change } | undefined {
  if (event.type === 'vote-received') return { vote: event.vote }
  if (event.type === 'change-received') return { change: event.change }
  if (event.type !== 'proposal-received') return undefined
  const { view, block, signature } = event.proposal
  return { vote: { phase: 'prepare', view, slot: block.slot, block: hashOfBlock(block), ...signature } }
}

/** All votes that a verified event proves, of its signer and of others. */
export function votesIn(event: NotaryEvent): readonly Vote[] {
  if (event.type === 'decision-received') return votesOf(event.decision.quorum)
  if (event.type === 'change-received') {
    const { head, prepared } = event.change
    return [head.quorum, prepared?.quorum].flatMap((quorum) => (quorum === undefined ? [] : votesOf(quorum)))
  }
  const signed = signedIn(event)
  return signed !== undefined && 'vote' in signed ? [signed.vote] : []
}

function votesOf({ signatures, ...statement }: VoteQuorum): readonly Vote[] {
  return signatures.map((signature) => ({ ...statement, ...signature }))
}
