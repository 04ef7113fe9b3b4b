/** Why a proof about a journal shows nothing, each with its cause and remedy. */
export const PROOF_FAULTS = {
  PROOF_SIGNATURE_WRONG: {
    cause: 'The checkpoint of the proof is not signed by the key that it names.',
    remedy: 'Ask the notary for the proof again.',
  },
  PROOF_SIGNER_UNKNOWN: {
    cause: 'The checkpoint is signed by a key that is not of the notary set.',
    remedy: 'Give the document of the right set and epoch.',
  },
  PROOF_SIGNER_RETIRED: {
    cause:
      'The checkpoint is signed by a key of a set that has handed the log on: what it signs, and when, nobody can tell any more.',
    remedy:
      'Ask the set that keeps the log now for the proof; to check an old proof as such, name the set of its time.',
  },
  PROOF_JOURNAL_OTHER: {
    cause: 'The proof is about the journal of another notary set.',
    remedy: 'Give the document of the set that the proof is of.',
  },
  PROOF_ROOT_OTHER: {
    cause: 'The path leads to another number of entries or another root than the checkpoint has.',
    remedy: 'Ask the notary for the proof again.',
  },
  PROOF_PATH_WRONG: {
    cause: 'The path of hashes does not lead from the entry, or from the earlier root, to the root.',
    remedy: 'Ask the notary for the proof again; keep this one, if it came from the notary.',
  },
  PROOF_CONVICTS_NOBODY: {
    cause: 'The two checkpoints are not of one key and one journal, are not signed, or can both be true.',
    remedy: 'Nothing is shown against the signer.',
  },
} as const

export type ProofFault = keyof typeof PROOF_FAULTS
