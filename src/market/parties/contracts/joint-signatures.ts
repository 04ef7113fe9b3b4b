import type { ContractId, Did } from '../../../core/evidence/names.ts'
import type { VerifyBytes } from '../../../wire/v1/authenticate.ts'
import { decodeSignature, keyOfSigner } from '../../../wire/v1/checkpoint.ts'
import { statementBytes } from '../../../wire/v1/escrow-events.ts'

/** Whether a party has signed the contract. */
export function hasSignedContract(
  did: Did,
  { contract, signature }: { readonly contract: ContractId; readonly signature: string },
  verify: VerifyBytes,
): boolean {
  const publicKeyHex = keyOfSigner(did)
  const signed = decodeSignature(signature)
  const bytes = statementBytes('contract', contract)
  return publicKeyHex !== undefined && signed !== undefined && verify({ publicKeyHex, bytes, signature: signed })
}
