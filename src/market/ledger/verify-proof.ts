import { sha256 } from '../../base/sha256.ts'
import type { Did, Hash } from '../../core/evidence/names.ts'
import type { Sha256 } from '../../core/transparency/merkle-tree.ts'
import type { ProofFault } from '../../core/transparency/proof-faults.ts'
import type { VerifySignature } from '../../ports/signer.ts'
import type { SignedCheckpoint } from '../../wire/v1/checkpoint.ts'
import type { JournalProof, SignedConsistency, SignedInclusion } from '../../wire/v1/journal-proofs.ts'
import { isConsistencyProven, isEntryProven } from './journal-proofs.ts'
import { isCheckpointSigned } from './sign-checkpoint.ts'
import { isSplitViewProven } from './split-view.ts'

export type VerifyProofInit = {
  readonly verify: VerifySignature
  /** Keys whose word counts; `undefined` takes any. */
  readonly signers?: readonly Did[] | undefined
  /** Keys of sets that kept the log before: they prove nothing about it any more, and can still be convicted. */
  readonly retired?: readonly Did[] | undefined
  /** Name that the journal must have; `undefined` takes the one that it has. */
  readonly name?: Hash | undefined
  readonly digest?: Sha256 | undefined
}

/** Why a proof shows nothing; `undefined` when it holds. Nobody is asked. */
export function faultOfProof(read: JournalProof, init: VerifyProofInit): ProofFault | undefined {
  switch (read.kind) {
    case 'inclusion':
      return faultOfSigned(read.proof.checkpoint, init) ?? faultOfInclusion(read.proof, init.digest)
    case 'consistency':
      return faultOfSigned(read.proof.checkpoint, init) ?? faultOfConsistency(read.proof, init.digest)
    case 'checkpoint':
      return faultOfSigned(read.proof, init)
    case 'split-view': {
      const { signers, retired = [], name, verify, digest } = init
      const { proof } = read
      if (signers !== undefined && ![...signers, ...retired].includes(proof.signer)) return 'PROOF_SIGNER_UNKNOWN'
      if (name !== undefined && proof.journal !== name) return 'PROOF_JOURNAL_OTHER'
      return isSplitViewProven(proof, verify, digest) ? undefined : 'PROOF_CONVICTS_NOBODY'
    }
  }
}

function faultOfSigned(
  signed: SignedCheckpoint,
  { verify, signers, retired = [], name }: VerifyProofInit,
): ProofFault | undefined {
  const { signer, journal } = signed.checkpoint
  if (name !== undefined && journal !== name) return 'PROOF_JOURNAL_OTHER'
  if (signers !== undefined && !signers.includes(signer))
    return retired.includes(signer) ? 'PROOF_SIGNER_RETIRED' : 'PROOF_SIGNER_UNKNOWN'
  return isCheckpointSigned(signed, verify) ? undefined : 'PROOF_SIGNATURE_WRONG'
}

function faultOfInclusion(proof: SignedInclusion, digest: Sha256 = sha256): ProofFault | undefined {
  const { checkpoint } = proof.checkpoint
  if (checkpoint.entries !== proof.entries || checkpoint.root !== proof.root) return 'PROOF_ROOT_OTHER'
  return isEntryProven(proof, digest) ? undefined : 'PROOF_PATH_WRONG'
}

function faultOfConsistency(proof: SignedConsistency, digest: Sha256 = sha256): ProofFault | undefined {
  const { checkpoint } = proof.checkpoint
  if (checkpoint.entries !== proof.to || checkpoint.root !== proof.toRoot) return 'PROOF_ROOT_OTHER'
  return isConsistencyProven(proof, digest) ? undefined : 'PROOF_PATH_WRONG'
}
