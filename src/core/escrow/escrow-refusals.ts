/** Why a contract refused an event, each with one sentence of cause and one of remedy. A refusal changes nothing. */
export const ESCROW_REFUSALS = {
  ESCROW_STATE_WRONG: {
    cause: "No edge for this event leaves the contract's state.",
    remedy: 'Look the state up, and send what it allows.',
  },
  ESCROW_SIGNER_WRONG: {
    cause: 'The message is not signed by those whose act it is.',
    remedy: 'Let the party that the table of edges names sign it.',
  },
  ESCROW_SIGNERS_MISSING: {
    cause: 'Fewer signatures than needed, a signature twice, or one of somebody without a say.',
    remedy: 'Collect the signatures that the terms ask for, and no others.',
  },
  ESCROW_DEADLINE_PASSED: {
    cause: 'The stamp of the message has reached the deadline.',
    remedy: 'Send earlier, leaving the advised margin; the timer decides now.',
  },
  ESCROW_TIMER_EARLY: {
    cause: "The timer's deadline has not come.",
    remedy: 'Wait until the stamp reaches it.',
  },
  ESCROW_TIMER_IDLE: {
    cause: 'The state has no such timer.',
    remedy: 'None; the contract has moved on.',
  },
  ESCROW_MESSAGE_OLD: {
    cause: 'A later message of the same signer counted before.',
    remedy: 'Sign the message again with the next place.',
  },
  ESCROW_ANSWER_STALE: {
    cause: "The ledger's answer is about nothing that is under way.",
    remedy: 'None; it was answered before.',
  },
  ESCROW_OFFER_EXPIRED: {
    cause: "The offer's own expiry has come before it was stamped.",
    remedy: 'Make a new offer.',
  },
  ESCROW_SIGN_BY_PASSED: {
    cause: 'The instant before which the terms had to be offered and signed has come.',
    remedy: 'Sign new terms with a later one, which are another contract.',
  },
  ESCROW_NOT_AWARDED: {
    cause: 'The contract was signed before it was awarded.',
    remedy: 'Let the payer award first.',
  },
  ESCROW_ALREADY_AWARDED: {
    cause: 'The offer was awarded before.',
    remedy: 'Sign the contract.',
  },
  ESCROW_CAPABILITY_WRONG: {
    cause:
      'The terms name a chain of capabilities, and the message shows none or another one, or an order that is not the payer’s for this contract.',
    remedy:
      'Send the chain that the terms name with the payer’s order; without a chain, name the hash of the empty text.',
  },
  ESCROW_HOLD_PENDING: {
    cause: 'The ledger was asked for the hold and has not answered.',
    remedy: 'Wait for the answer.',
  },
  ESCROW_ATTEMPTS_FULL: {
    cause: 'The same money was asked for too often in vain.',
    remedy: 'Let the timer end this step; make a new contract if need be.',
  },
  ESCROW_VOUCHER_NUMBER: {
    cause: "The voucher's number is not above the last one's, or above the number of milestones.",
    remedy: 'Number vouchers upward from 1, one for each milestone at most.',
  },
  ESCROW_VOUCHER_AMOUNT: {
    cause: "The voucher's cumulative amount is below the last one's, or above the milestone or the price.",
    remedy: 'Sign the whole amount earned so far, at most what its milestone allows.',
  },
  ESCROW_CLAIM_AMOUNT: {
    cause: 'The claim is below the last voucher or above the price.',
    remedy: 'Claim at least what is vouched for and at most the signed maximum.',
  },
  ESCROW_ACCEPT_AMOUNT: {
    cause: 'The accepted amount is below the claim or above the price.',
    remedy: 'Accept at least the claim, or reject with a reason.',
  },
  ESCROW_CONCEDED_AMOUNT: {
    cause: 'The conceded amount is below the last voucher or not below the claim.',
    remedy: 'Concede at least what was vouched for; accept where nothing is in dispute.',
  },
  ESCROW_REJECTION_PENDING: {
    cause: 'A rejection waits for its bond.',
    remedy: 'Wait for the answer of the ledger.',
  },
  ESCROW_RECORD_OPEN: {
    cause: 'Evidence is still taken.',
    remedy: 'Rule once the record is closed.',
  },
  ESCROW_EVIDENCE_FULL: {
    cause: 'The party has added as many pieces of evidence as are taken.',
    remedy: 'Put several pieces into one manifest and add its hash.',
  },
  ESCROW_EVIDENCE_KNOWN: {
    cause: 'The piece of evidence is in the record.',
    remedy: 'None.',
  },
  ESCROW_EVIDENCE_ROOT: {
    cause: 'The ruling is about another record of evidence.',
    remedy: 'Rule on the root that the contract shows.',
  },
  ESCROW_RULING_AMOUNT: {
    cause: 'The ruling gives the worker more than the price.',
    remedy: 'Split what is held.',
  },
  ESCROW_CANCEL_AMOUNT: {
    cause:
      'The agreed amount is below the last voucher or above the price; alone, the payer may only cancel at the last voucher.',
    remedy: 'Agree on an amount that covers what is vouched for.',
  },
  ESCROW_NOT_STALLED: {
    cause: "The payer cancels alone while the worker's beats still come.",
    remedy: "Wait until three beats are missed, or cancel with the worker's signature.",
  },
  ESCROW_REFUND_AMOUNT: {
    cause: 'The refund is 0, or more than was captured and not refunded.',
    remedy: 'Refund at most what is left.',
  },
  ESCROW_REFUND_PENDING: {
    cause: 'Another refund waits for the ledger.',
    remedy: 'Wait for its answer.',
  },
  ESCROW_PROOF_INVALID: {
    cause: 'The two messages are the same, or not of a party of this contract.',
    remedy: 'Prove two different messages of one party at one place.',
  },
} as const

/** A code of `ESCROW_REFUSALS`, as the effect `event-refused` of a contract names it. */
export type EscrowRefusalCode = keyof typeof ESCROW_REFUSALS
