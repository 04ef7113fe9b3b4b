/** Why a message is no event of a dispute, each with one sentence of cause and one of remedy. Nothing was changed. */
export const DISPUTE_MESSAGE_REFUSALS = {
  DISPUTE_TYPE_UNKNOWN: {
    cause: 'The message is of a type that makes no step of a dispute.',
    remedy: 'Send it to the area that its type names; parts of rulings go to whoever collects them.',
  },
  DISPUTE_CONTRACT_WRONG: {
    cause: 'The message is about another contract, in its envelope or in its body.',
    remedy: 'Name the contract of the dispute in both.',
  },
  DISPUTE_CURRENCY_WRONG: {
    cause: 'An amount is in another currency than the contract.',
    remedy: "Write amounts in the contract's currency.",
  },
  DISPUTE_ROUND_WRONG: {
    cause: 'The message is about another round of votes, or another run, than the one under way.',
    remedy: 'Name the round that the dispute is in.',
  },
  DISPUTE_FILE_MISSING: {
    cause: 'The piece of evidence that the message names by its hash is not at hand.',
    remedy: 'Send the file first.',
  },
  DISPUTE_BOND_MISSING: {
    cause: 'No hold was made of the bond by the message that the appeal names.',
    remedy: 'Have the bond held, and name the message that ordered it.',
  },
} as const

export type DisputeMessageRefusal = keyof typeof DISPUTE_MESSAGE_REFUSALS
