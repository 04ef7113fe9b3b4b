import type { ContractId, Did, Hash } from '../../core/evidence/names.ts'
import { CodedError } from '../../base/errors.ts'
import type { MarketFrameOf } from '../../wire/v1/market-frames.ts'
import { CONTRACTS, type ContractNote, readTerms } from './contracts/contract-notes.ts'
import { ContractReplay } from './contracts/contract-replay.ts'
import { ANSWER_WAIT_MS, declined, type MarketAnswer, type MarketHandlers } from './market-door.ts'
import type { Party } from './party.ts'

/**
 * What a party shows to the other side and to arbiters of its contracts: what was delivered, once the set has certified the delivery, and to arbiters while it is in
 * dispute. One door answers for all roles of a party.
 */
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
  const note = party.noteOf<ContractNote>(CONTRACTS, contract)
  const bytes = party.journal.filesOf(contract).includes(hash) ? await party.journal.file(hash) : undefined
  const isOther = note?.peer === from
  const isArbiter = note !== undefined && readTerms(note.terms).arbiters.members.includes(from)
  if (note === undefined || bytes === undefined || !(isOther || isArbiter)) return declined('MARKET_FILE_UNKNOWN')
  const isFree = isOther && hash !== note.result
  return isFree || (await isShown(party, contract, isOther ? 'party' : 'arbiter'))
    ? { frame: { type: 'file', hash }, bytes }
    : declined('MARKET_FILE_UNKNOWN')
}

async function showCase(
  party: Party,
  from: Did,
  { contract, envelope }: Pick<MarketFrameOf<'case-wanted'>, 'contract' | 'envelope'>,
): Promise<MarketAnswer> {
  const note = party.noteOf<ContractNote>(CONTRACTS, contract)
  const input = note && (await party.journal.file(note.input))
  const result = note?.result === undefined ? undefined : await party.journal.file(note.result)
  if (note === undefined || input === undefined || result === undefined) return declined('MARKET_FILE_UNKNOWN')
  const isOther = note.peer === from
  if (!isOther && !isAskedByArbiter(party, note, { from, contract, envelope })) return declined('MARKET_FILE_UNKNOWN')
  if (!(await isShown(party, contract, isOther ? 'party' : 'arbiter'))) return declined('MARKET_FILE_UNKNOWN')
  const bytes = new Uint8Array(input.byteLength + result.byteLength)
  bytes.set(input)
  bytes.set(result, input.byteLength)
  const { task, predicate } = note
  const sizes = { inputBytes: input.byteLength, resultBytes: result.byteLength }
  return { frame: { type: 'case', task, predicate, ...sizes }, bytes }
}

/** An arbiter is known by its signature, and its node by what it signed: a request that somebody else repeats shows that one nothing. */
function isAskedByArbiter(
  party: Party,
  { terms }: ContractNote,
  {
    from,
    contract,
    envelope,
  }: { readonly from: Did; readonly contract: ContractId; readonly envelope?: string | undefined },
): boolean {
  const asked = envelope === undefined ? undefined : party.read(envelope, 'dispute-case-request')?.envelope
  const isAbout = asked?.body.contract === contract && asked.head.contract === contract && asked.body.node === from
  return isAbout && readTerms(terms).arbiters.members.includes(asked.head.iss)
}

/** By what the set has certified: to the other side from the delivery on, to an arbiter while the contract is in dispute. A set that does not answer shows nothing. */
async function isShown(party: Party, contract: ContractId, to: 'party' | 'arbiter'): Promise<boolean> {
  const { notary, verify, clock } = party.components
  const signal = AbortSignal.any([party.signal, clock.timeoutSignal(ANSWER_WAIT_MS)])
  const replay = new ContractReplay({ set: notary.set, contract, verify })
  try {
    for (const piece of await notary.evidence(contract, { signal })) if (replay.take(piece) !== undefined) return false
  } catch (error: unknown) {
    if (!CodedError.is(error) && !signal.aborted) throw error
    return false
  }
  if (to === 'arbiter') return replay.state?.kind === 'DISPUTED'
  return replay.steps.some(
    ({ envelope, transition }) => envelope?.type === 'escrow-delivery' && transition.edges.length > 0,
  )
}
