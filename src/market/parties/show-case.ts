import type { ContractId, Did, Hash } from '../../core/evidence/names.ts'
import { CodedError } from '../../base/errors.ts'
import { MARKET_BYTES_MAX, type MarketFrameOf } from '../../wire/v1/market-frames.ts'
import { CONTRACTS, type ContractNote, readTerms } from './contracts/contract-notes.ts'
import { ContractReplay } from './contracts/contract-replay.ts'
import { decodePieceList, isInPieces } from '../../wire/v1/piece-list.ts'
import { inputSubject } from './artifacts/artifact-files.ts'
import { isInputFirst } from './selling/take-input.ts'
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
  { contract, hash, envelope }: Pick<MarketFrameOf<'file-wanted'>, 'contract' | 'hash' | 'envelope'>,
): Promise<MarketAnswer> {
  const note = party.noteOf<ContractNote>(CONTRACTS, contract)
  const isLent = party.loans.isLent(contract, from, hash)
  const isAllowed = isLent || (note !== undefined && (await mayHave(party, note, { from, contract, hash, envelope })))
  const bytes = isAllowed ? await party.journal.file(hash) : undefined
  if (bytes !== undefined && note?.role === 'payer' && note.peer === from) noteGiven(party, contract, { note, bytes })
  return bytes === undefined ? declined('MARKET_FILE_UNKNOWN') : { frame: { type: 'file', hash }, bytes }
}

type AskedCase = { readonly from: Did; readonly contract: ContractId; readonly envelope?: string | undefined }
/** How much of its input a worker has fetched; a piece that it asks for twice counts twice, up to the whole. */
function noteGiven(
  party: Party,
  contract: ContractId,
  { note, bytes }: { readonly note: ContractNote; readonly bytes: Uint8Array },
): void {
  const totalBytes = note.task.inputBytes
  const before = party.progress.of(contract)?.input?.doneBytes ?? 0
  const doneBytes = Math.min(totalBytes, before + bytes.byteLength)
  party.progress.note(contract, { input: { doneBytes, totalBytes } })
}

type AskedFile = AskedCase & { readonly hash: Hash }

/** The result, and its pieces, once they are shown; all else of the contract to the other side, the input to arbiters as well. */
async function mayHave(party: Party, note: ContractNote, asked: AskedFile): Promise<boolean> {
  const { from, contract, hash } = asked
  const isOther = note.peer === from
  const isArbiter = isAskedByArbiter(party, note, asked)
  if (!isOther && !isArbiter) return false
  const isOfInput = await isInputPiece(party, note, asked)
  const isOfContract = [contract, inputSubject(contract)].some((subject) => party.journal.isFileOf(subject, hash))
  if (!isOfContract && !isOfInput) return false
  const isOfResult = note.result !== undefined && (await isPartOf(party, note.result, hash))
  if (isOther && !isOfResult) return true
  return await isShown(party, contract, isOther ? 'party' : 'arbiter')
}

/**
 * Of an input in pieces, which the payer has under the name of its purchase. The worker has them once both have signed, or before where it would lose a penalty without
 * them.
 */
async function isInputPiece(party: Party, note: ContractNote, { contract, hash }: AskedFile): Promise<boolean> {
  if (note.role !== 'payer' || !isInPieces(note.task.inputBytes)) return false
  const isDue = isInputFirst(readTerms(note.terms)) || party.wallet.said(`${contract}/contract`) !== undefined
  return isDue && (await isPartOf(party, note.input, hash))
}

/** Whether a file is the one of that name, or in the list that is. */
async function isPartOf({ journal }: Party, whole: Hash, hash: Hash): Promise<boolean> {
  if (hash === whole) return true
  const file = await journal.file(whole)
  return (file && decodePieceList(file))?.pieces.includes(hash) === true
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
  // Each fits a frame, and both together may not: then the result is asked for by its name.
  const resultBytes = input.byteLength + result.byteLength <= MARKET_BYTES_MAX ? result.byteLength : 0
  const bytes = new Uint8Array(input.byteLength + resultBytes)
  bytes.set(input)
  bytes.set(result.subarray(0, resultBytes), input.byteLength)
  const { task, predicate } = note
  return { frame: { type: 'case', task, predicate, inputBytes: input.byteLength, resultBytes }, bytes }
}

/** An arbiter is known by its signature, and its node by what it signed: a request that somebody else repeats shows that one nothing. */
function isAskedByArbiter(party: Party, { terms }: ContractNote, { from, contract, envelope }: AskedCase): boolean {
  const asked = envelope === undefined ? undefined : party.read(envelope, 'dispute-case-request')?.envelope
  const isAbout = asked?.body.contract === contract && asked.head.contract === contract && asked.body.node === from
  return isAbout && readTerms(terms).arbiters.members.includes(asked.head.iss)
}

/**
 * By what the set has certified: to the other side from the delivery on, to an arbiter while the contract is in dispute. Of a contract that is followed here that is known, for
 * every piece of a result anew; for others the set is asked, and one that does not answer shows nothing.
 */
async function isShown(party: Party, contract: ContractId, to: 'party' | 'arbiter'): Promise<boolean> {
  const followed = party.states.get(contract)?.kind
  if (followed === 'DISPUTED' || (followed === 'DELIVERED' && to === 'party')) return true
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
