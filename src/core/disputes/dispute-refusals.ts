type RefusalEntry = { readonly cause: string; readonly remedy: string }

/** Why a dispute or a replicated execution refuses an event. A refusal changes nothing. */
export const DISPUTE_REFUSALS = {
  DISPUTE_TERMS_BAD: {
    cause:
      'The terms name nobody, somebody twice or a party, or a number or deadline in them is out of range or order.',
    remedy: 'Open it with terms in the ranges that the type of the terms names.',
  },
  DISPUTE_STATE_WRONG: {
    cause: 'The event does not belong to the present phase.',
    remedy: 'Look at the phase, and send what it waits for.',
  },
  DISPUTE_TIME_BACK: {
    cause: 'The stamp is smaller than one that was seen before.',
    remedy: 'Order the events by the stamp of the notary set.',
  },
  DISPUTE_DEADLINE_PASSED: {
    cause: 'The stamp has reached the deadline of the phase: an event counts only before it.',
    remedy: 'Nothing; what was due is now missing, and the timer says what follows.',
  },
  DISPUTE_TIMER_EARLY: {
    cause: 'The timer fired before its deadline, or is not the one of the phase.',
    remedy: 'Fire the timer of the phase at its deadline or later.',
  },
  DISPUTE_SIGNER_WRONG: {
    cause: 'The signer is no party, no replica, or no arbiter of this panel.',
    remedy: 'Only those whom the terms or the panel name may send this.',
  },
  DISPUTE_COMMITMENT_EXISTS: {
    cause: 'The signer has committed to something else before.',
    remedy: 'A commitment cannot be changed; both are a proof of equivocation.',
  },
  DISPUTE_COMMITMENT_MISSING: {
    cause: 'The signer reveals without having committed in time.',
    remedy: 'Commit before the deadline of the phase.',
  },
  DISPUTE_REVEAL_WRONG: {
    cause: 'What is revealed does not hash to the commitment of the signer.',
    remedy: 'Reveal exactly the value and the salt that were committed to.',
  },
  DISPUTE_AMOUNT_LARGE: {
    cause: 'The vote gives the worker more than is in dispute.',
    remedy: 'Vote for an amount from 0 to the amount in dispute.',
  },
  DISPUTE_EVIDENCE_FULL: {
    cause: 'The party has filed as many pieces or bytes as the record takes.',
    remedy: 'File the pieces that matter most; the limit is the same for both.',
  },
  DISPUTE_EVIDENCE_KNOWN: {
    cause: 'The party has filed this very piece before.',
    remedy: 'Nothing; it is in the record.',
  },
  DISPUTE_ROOT_WRONG: {
    cause: 'The vote is about another record than the one that was closed.',
    remedy: 'Read the closed record, and vote on its root.',
  },
  DISPUTE_APPEAL_SPENT: {
    cause: 'There are no further rounds, or there is no time for one before T_rule.',
    remedy: 'The ruling stands.',
  },
  DISPUTE_BOND_SHORT: {
    cause: 'The bond of the appeal is not the one of its round, which doubles each time.',
    remedy: 'Post exactly the bond that the ruling names.',
  },
} as const satisfies Record<string, RefusalEntry>

export type DisputeRefusalCode = keyof typeof DISPUTE_REFUSALS
