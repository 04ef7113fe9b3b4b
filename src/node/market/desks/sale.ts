import type { JsonValue } from '../../../base/canonical-json.ts'
import { CONTRACTS, type ContractNote } from '../../../market/parties/contracts/contract-notes.ts'
import type { Party } from '../../../market/parties/party.ts'
import type { NotaryClient } from '../../../ports/notary-client.ts'
import { type ControlRequest, optionalNumber } from '../../control/control-request.ts'
import { contractOf } from './credit-desk.ts'
import { unknownContract } from './escrow-answers.ts'

/** Inputs that are shown with a contract; larger ones are asked for by their names. */
const SHOWN_BYTES_MAX = 1_048_576

/**
 * One contract of this node: for what it is, and how the notary set has it; after `afterSeq` it waits for a step. `state` is `UNKNOWN` where the set knows it not, or not any
 * more. Throws `MARKET_OBJECT_UNKNOWN` for a contract that this node has not signed.
 */
export async function showSale(party: Party, notary: NotaryClient, request: ControlRequest): Promise<JsonValue> {
  const contract = contractOf(request)
  const note = party.noteOf<ContractNote>(CONTRACTS, contract)
  if (note === undefined) throw unknownContract(contract)
  const [afterSeq, waitMs] = [optionalNumber(request, 'afterSeq'), optionalNumber(request, 'waitMs')]
  if (afterSeq !== undefined && waitMs !== undefined) await notary.contract(contract, { afterSeq, waitMs })
  const view = await notary.contract(contract)
  const { role, other, task, ended } = note
  const input = task.inputBytes > SHOWN_BYTES_MAX ? undefined : await party.journal.file(task.inputHash)
  return {
    contract,
    role,
    other,
    skill: task.skill,
    inputHash: task.inputHash,
    input: input === undefined ? null : Buffer.from(input).toString('base64url'),
    state: view?.state ?? ended ?? 'UNKNOWN',
    transitions: view?.transitions.length ?? 0,
    resultHash: view?.resultHash ?? note.result ?? null,
    resultBytes: note.resultBytes ?? null,
  }
}
