/** Why a message about a contract is no event, each with one sentence of cause and one of remedy. Nothing was changed. */
export const ESCROW_MESSAGE_REFUSALS = {
  ESCROW_CONTRACT_MISSING: {
    cause: 'The envelope names no contract, or a statement in it names another one.',
    remedy: 'Name the contract that the message is about, in the envelope and in what is signed jointly.',
  },
  ESCROW_CONTRACT_HASH: {
    cause: 'The terms do not hash to the contract that the envelope names.',
    remedy: 'Name the SHA-256 of the canonical terms.',
  },
  ESCROW_NETWORK_WRONG: {
    cause: 'The terms are for another network than the message.',
    remedy: 'Sign terms for the network that the contract is to run on.',
  },
  ESCROW_CURRENCY_WRONG: {
    cause: 'An amount is in another currency than the contract.',
    remedy: "Write amounts in the contract's currency.",
  },
  ESCROW_COSIGNATURE_WRONG: {
    cause: 'A joint signature is not right for its signer and statement, or a signer stands twice.',
    remedy: 'Collect signatures over the canonical statement, one of each signer.',
  },
  ESCROW_PROOF_WRONG: {
    cause: 'The two messages do not prove that one signer said two things at one place of this contract.',
    remedy: 'Show both signed heads as they were received.',
  },
  ESCROW_TYPE_UNKNOWN: {
    cause: 'The message is a receipt, or of a type that no contract takes.',
    remedy: 'Send receipts to whoever keeps them.',
  },
} as const

export type EscrowMessageRefusalCode = keyof typeof ESCROW_MESSAGE_REFUSALS
