import type { DisputedState } from '../../core/escrow/escrow-state.ts'
import type { ContractId } from '../../core/evidence/names.ts'
import { ContractReplay } from '../parties/contracts/contract-replay.ts'
import type { Party } from '../parties/party.ts'

/**
 * The dispute about a contract whose record is closed, by what the notary set certifies now; `undefined` where the set knows of none, or its evidence is wrong. Rejects with
 * what the set's door throws.
 */
export async function closedDispute(party: Party, contract: ContractId): Promise<DisputedState | undefined> {
  const { notary, verify } = party.components
  const replay = new ContractReplay({ set: notary.set, contract, verify })
  for (const piece of await notary.evidence(contract, { signal: party.signal }))
    if (replay.take(piece) !== undefined) return undefined
  const { state } = replay
  return state?.kind === 'DISPUTED' && state.evidenceBy === undefined ? state : undefined
}
