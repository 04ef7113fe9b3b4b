import { CodedError } from '../../../base/errors.ts'
import type { Hash } from '../../../core/evidence/names.ts'
import { decodePieceList, PIECE_BYTES, type PieceList } from '../../../wire/v1/piece-list.ts'
import { checkSize, missingPieces } from '../artifacts/artifact-files.ts'
import { type ArtifactName, hashOfBytes } from '../contracts/task-package.ts'
import type { Party } from '../party.ts'

/** Topic of notes on inputs that are handed in by pieces, by the key of their purchase. */
export const UPLOADS = 'upload'
export type UploadNote = { readonly at: number }

/** Whose files the input of a purchase is. */
export function orderSubject(key: string): string {
  return `order/${key}`
}

/** Takes the list of an input that is handed in by pieces. @returns Those that are not here. Throws `REQUEST_INVALID`, `EVIDENCE_FILE_LARGE`, and as the journal. */
export async function beginUpload(party: Party, key: string, bytes: Uint8Array): Promise<readonly Hash[]> {
  const list = listOf(bytes)
  checkSize(party.journal, list.sizeBytes)
  if (party.journal.note(UPLOADS, key) === undefined)
    await party.keep(UPLOADS, key, { at: party.components.clock.now() } satisfies UploadNote)
  return missingPieces(party.journal, orderSubject(key), list)
}

/** Keeps one piece of an input. Throws `REQUEST_INVALID` before `beginUpload` and for more bytes than a piece has, and as the journal. */
export async function keepUploaded(party: Party, key: string, piece: Uint8Array): Promise<void> {
  if (party.journal.note(UPLOADS, key) === undefined || piece.byteLength > PIECE_BYTES)
    throw new CodedError('REQUEST_INVALID', {
      message: 'No input is handed in under this key, or its piece is too large',
    })
  await party.journal.keepFile(orderSubject(key), piece)
}

/** Keeps the list, once all of its pieces are here. Throws `REQUEST_INVALID` where some are missing, and as the journal. */
export async function endUpload(party: Party, key: string, bytes: Uint8Array): Promise<ArtifactName> {
  const list = listOf(bytes)
  checkSize(party.journal, list.sizeBytes)
  const missing = missingPieces(party.journal, orderSubject(key), list)
  if (missing.length > 0)
    throw new CodedError('REQUEST_INVALID', { message: `${missing.length} pieces of the input are missing` })
  await party.journal.keepFile(orderSubject(key), bytes)
  return { hash: hashOfBytes(bytes), sizeBytes: list.sizeBytes }
}

function listOf(bytes: Uint8Array): PieceList {
  const list = decodePieceList(bytes)
  if (list !== undefined) return list
  throw new CodedError('REQUEST_INVALID', { message: 'The list of pieces is none' })
}
