import type { JsonValue } from '../../../base/canonical-json.ts'
import { CodedError } from '../../../base/errors.ts'
import { type Hash, parseContractId, parseHash } from '../../../core/evidence/names.ts'
import { listOfArtifact, missingPieces } from '../../../market/parties/artifacts/artifact-files.ts'
import { ORDERS, type OrderNote } from '../../../market/parties/buying/buy-order.ts'
import { beginUpload, keepUploaded } from '../../../market/parties/buying/uploads.ts'
import { CONTRACTS, type ContractNote } from '../../../market/parties/contracts/contract-notes.ts'
import { hashOfBytes } from '../../../market/parties/contracts/task-package.ts'
import type { Party } from '../../../market/parties/party.ts'
import type { ContractProgress } from '../../../market/parties/progress/progress-board.ts'
import { type ControlRequest, invalidRequest, requiredText } from '../../control/control-request.ts'
import { bytesOf } from './buy-request.ts'

/** Pieces that one request carries, either way: 2 MiB of them. */
export const PIECES_OF_REQUEST_MAX = 8

/** Takes the list of an input that is handed in by pieces: which are still wanted. Throws `MARKET_KEY_REUSED` where another one was bought with, and as `beginUpload`. */
export async function beginInput(party: Party, request: ControlRequest): Promise<JsonValue> {
  const [key, list] = [requiredText(request, 'key'), bytesOf(request, 'inputList')]
  const bought = party.noteOf<OrderNote>(ORDERS, key)
  if (bought === undefined) return { missing: [...(await beginUpload(party, key, list))] }
  if (bought.input === hashOfBytes(list)) return { missing: [] }
  throw new CodedError('MARKET_KEY_REUSED', { message: `${key} names another purchase` })
}

/** Keeps pieces of an input. Throws `REQUEST_INVALID`, and as `keepUploaded`. */
export async function keepInput(party: Party, request: ControlRequest): Promise<JsonValue> {
  const { pieces } = request
  if (!Array.isArray(pieces) || pieces.length > PIECES_OF_REQUEST_MAX)
    throw invalidRequest('pieces', `pieces must be a list of at most ${PIECES_OF_REQUEST_MAX}`)
  for (const piece of pieces) await keepUploaded(party, requiredText(request, 'key'), bytesOf({ piece }, 'piece'))
  return { kept: pieces.length }
}

/** A file of this node: its bytes; of a result in pieces its size and their names. Throws `MARKET_OBJECT_UNKNOWN`. */
export async function readResult({ journal }: Party, request: ControlRequest): Promise<JsonValue> {
  const hash = parseHash(requiredText(request, 'hash'))
  const contract = parseContractId(typeof request['contract'] === 'string' ? request['contract'] : '')
  // Written by buyer and seller.
  const note = (contract && journal.note(CONTRACTS, contract)) as ContractNote | undefined
  const sizeBytes = note?.result === hash ? note?.resultBytes : undefined
  const list =
    hash === undefined || sizeBytes === undefined ? undefined : await listOfArtifact(journal, { hash, sizeBytes })
  if (contract !== undefined && list !== undefined && missingPieces(journal, contract, list).length > 0) throw notHere()
  if (list !== undefined) return { sizeBytes: list.sizeBytes, pieces: [...list.pieces] }
  return { bytes: Buffer.from(await fileOf(journal, hash)).toString('base64url') }
}

/** Several files at once. Throws `REQUEST_INVALID`, `MARKET_OBJECT_UNKNOWN`. */
export async function readPieces({ journal }: Party, request: ControlRequest): Promise<JsonValue> {
  const names = requiredText(request, 'hashes').split(',')
  if (names.length > PIECES_OF_REQUEST_MAX) throw invalidRequest('hashes', `At most ${PIECES_OF_REQUEST_MAX} at once`)
  const pieces: string[] = []
  for (const name of names) pieces.push(Buffer.from(await fileOf(journal, parseHash(name))).toString('base64url'))
  return { pieces }
}

async function fileOf(journal: Party['journal'], hash: Hash | undefined): Promise<Uint8Array> {
  const bytes = hash === undefined ? undefined : await journal.file(hash)
  if (bytes !== undefined) return bytes
  throw notHere()
}

function notHere(): CodedError {
  return new CodedError('MARKET_OBJECT_UNKNOWN', {
    message: 'That file is not here',
    details: { remedy: 'Ask the party that filed it.' },
  })
}

/** How far a contract is, without the bytes of what there is of its result. */
export function progressDocument(progress: ContractProgress | undefined): JsonValue {
  if (progress === undefined) return null
  const { input, result, work } = progress
  return {
    input: input === undefined ? null : { ...input },
    result: result === undefined ? null : { ...result },
    work:
      work === undefined
        ? null
        : { step: work.step, donePpm: work.donePpm ?? null, text: work.text ?? null, partialBytes: work.partialBytes },
  }
}
