import type { EscrowState } from '../../../core/escrow/escrow-state.ts'
import type { ContractId } from '../../../core/evidence/names.ts'
import { ContractReplay } from '../../../market/parties/contracts/contract-replay.ts'
import type { NotaryClient } from '../../../ports/notary-client.ts'
import type { VerifyBytes } from '../../../wire/v1/authenticate.ts'

export type EvidenceInit = {
  readonly notary: Pick<NotaryClient, 'set' | 'evidence'>
  readonly contract: ContractId
  readonly verify: VerifyBytes
  readonly signal: AbortSignal
}

/** The state that a contract's evidence leads to, every step checked; `undefined` where there is none, or where it is wrong. */
export async function stateFromEvidence({
  notary,
  contract,
  verify,
  signal,
}: EvidenceInit): Promise<EscrowState | undefined> {
  const replay = new ContractReplay({ set: notary.set, contract, verify })
  for (const piece of await notary.evidence(contract, { signal }))
    if (replay.take(piece) !== undefined) return undefined
  return replay.state
}
