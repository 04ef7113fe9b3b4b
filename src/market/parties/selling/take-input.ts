import type { EscrowTerms } from '../../../core/escrow/escrow-terms.ts'
import { CONTRACTS, type ContractNote } from '../contracts/contract-notes.ts'
import { inputNameOf } from '../contracts/task-package.ts'
import { declined, type MarketAnswer, type MarketQuestion, TAKEN } from '../market-door.ts'
import type { Party } from '../party.ts'
import { headOfArtifact } from '../artifacts/artifact-files.ts'

/**
 * Whether the input goes with the contract, before the worker signs. It does where the worker would lose a penalty: a payer that keeps the input back would earn it. Else
 * it comes after the worker's signature, so that nobody reads inputs who signs nothing.
 */
export function isInputFirst({ penalties }: Pick<EscrowTerms, 'penalties'>): boolean {
  return penalties.p1Nanos > 0n || penalties.p2Nanos > 0n
}

/** The input of a contract that this party has signed, of the node that had it signed; of one in pieces the list of them, which are fetched once the price is held. */
export async function takeInput(party: Party, { from, frame, bytes }: MarketQuestion<'input'>): Promise<MarketAnswer> {
  const note = party.noteOf<ContractNote>(CONTRACTS, frame.contract)
  if (note?.role !== 'worker' || note.peer !== from || note.ended !== undefined)
    return declined('MARKET_CONTRACT_UNKNOWN')
  if (headOfArtifact(bytes, inputNameOf(note.task)) === undefined) return declined('MARKET_TASK_WRONG')
  await party.journal.keepFile(frame.contract, bytes)
  return TAKEN
}
