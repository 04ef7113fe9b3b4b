import type { ContractId, Did, Hash } from '../../core/evidence/names.ts'
import { ESCROW_TERMS } from '../../wire/v1/escrow-terms.ts'
import type { MarketFrameOf } from '../../wire/v1/market-frames.ts'
import { CONTRACTS, type ContractNote } from './contract-notes.ts'
import { declined, type MarketAnswer, type MarketHandlers } from './market-door.ts'
import type { Party } from './party.ts'

/** What a party shows to the other side and to arbiters of its contracts. One door answers for all roles of a party. */
export function showCases(party: Party): MarketHandlers {
  return {
    'file-wanted': async ({ from, frame }) => await showFile(party, from, frame),
    'case-wanted': async ({ from, frame }) => await showCase(party, from, frame),
  }
}

async function showFile(
  party: Party,
  from: Did,
  { contract, hash }: { readonly contract: ContractId; readonly hash: Hash },
): Promise<MarketAnswer> {
  const note = noteFor(party, from, contract)
  const bytes = party.journal.filesOf(contract).includes(hash) ? await party.journal.file(hash) : undefined
  return note === undefined || bytes === undefined
    ? declined('MARKET_FILE_UNKNOWN')
    : { frame: { type: 'file', hash }, bytes }
}

async function showCase(
  party: Party,
  from: Did,
  { contract, envelope }: Pick<MarketFrameOf<'case-wanted'>, 'contract' | 'envelope'>,
): Promise<MarketAnswer> {
  const byArbiter = envelope === undefined ? undefined : noteForArbiter(party, contract, envelope)
  const note = noteFor(party, from, contract) ?? byArbiter
  const input = note === undefined ? undefined : await party.journal.file(note.input)
  const result = note?.result === undefined ? undefined : await party.journal.file(note.result)
  if (note === undefined || input === undefined || result === undefined) return declined('MARKET_FILE_UNKNOWN')
  const bytes = new Uint8Array(input.byteLength + result.byteLength)
  bytes.set(input)
  bytes.set(result, input.byteLength)
  const { task, predicate } = note
  const sizes = { inputBytes: input.byteLength, resultBytes: result.byteLength }
  return { frame: { type: 'case', task, predicate, ...sizes }, bytes }
}

/** The contract's note, for those who may see its files: the other side's node, and the arbiters. */
function noteFor(party: Party, from: Did, contract: ContractId): ContractNote | undefined {
  const note = party.noteOf<ContractNote>(CONTRACTS, contract)
  if (note === undefined) return undefined
  const { arbiters } = ESCROW_TERMS.parse(JSON.parse(note.terms))
  return note.peer === from || arbiters.members.includes(from) ? note : undefined
}

/** An arbiter is known by its signature: the node that asks is another key. */
function noteForArbiter(party: Party, contract: ContractId, envelope: string): ContractNote | undefined {
  const head = party.read(envelope, 'dispute-case-request')?.envelope.head
  const note = party.noteOf<ContractNote>(CONTRACTS, contract)
  if (head === undefined || note === undefined || head.contract !== contract) return undefined
  const { arbiters } = ESCROW_TERMS.parse(JSON.parse(note.terms))
  return arbiters.members.includes(head.iss) ? note : undefined
}
