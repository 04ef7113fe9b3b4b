/** Why a message is no event of governance, each with one sentence of cause and one of remedy. Nothing was changed. */
export const GOVERNANCE_MESSAGE_REFUSALS = {
  GOVERNANCE_TYPE_UNKNOWN: {
    cause: 'The message is of a type that governance does not take.',
    remedy: 'Send it to the area that its type names.',
  },
  GOVERNANCE_PUBLISHER_WRONG: {
    cause: 'A table of weights is not signed by the publisher of the notary set.',
    remedy: 'Let the publisher that the set names sign the table.',
  },
  GOVERNANCE_TABLE_MISSING: {
    cause: 'The table of weights that the message names by its hash is not at hand.',
    remedy: 'Send the table as a file first.',
  },
  GOVERNANCE_TABLE_DIFFERENT: {
    cause: 'The table at hand has another hash, source or number of voters than the message names.',
    remedy: 'Send the table that was signed.',
  },
} as const

export type GovernanceMessageRefusal = keyof typeof GOVERNANCE_MESSAGE_REFUSALS
