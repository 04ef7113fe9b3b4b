import { CodedError } from '../../../base/errors.ts'
import type { ContractId, Hash } from '../../../core/evidence/names.ts'
import {
  decodePieceList,
  encodePieceList,
  isInPieces,
  PIECE_BYTES,
  pieceBytesAt,
  type PieceList,
} from '../../../wire/v1/piece-list.ts'
import { type ArtifactName, hashOfBytes, manifestHashOf, type ShownArtifact } from '../contracts/task-package.ts'
import type { PartyJournal } from '../journal/party-journal.ts'

/** What is behind a frame that carries an artefact: its bytes, or the list of its pieces. */
export type ArtifactHead = { readonly kind: 'whole' } | { readonly kind: 'list'; readonly list: PieceList }

/** Whose files the pieces of an input are at its worker: they go when the contract has ended, however it ended, and its evidence stays. */
export function inputSubject(contract: ContractId): string {
  return `input/${contract}`
}

/** What an artefact is called. */
export function nameOfArtifact(bytes: Uint8Array): ArtifactName {
  const sizeBytes = bytes.byteLength
  if (!isInPieces(sizeBytes)) return { hash: hashOfBytes(bytes), sizeBytes }
  const pieces = piecesOf(bytes).map(hashOfBytes)
  return { hash: hashOfBytes(encodePieceList({ sizeBytes, pieces })), sizeBytes }
}

/** What the worker has delivered, as the manifest has it: the bytes of the file, or the artefact whose pieces it lists; `undefined` where it is neither. */
export function deliveredName(
  file: Uint8Array,
  { result: hash, manifest }: { readonly result: Hash; readonly manifest: Hash },
): ArtifactName | undefined {
  const sizes = [file.byteLength, decodePieceList(file)?.sizeBytes]
  return sizes
    .flatMap((sizeBytes) => (sizeBytes === undefined ? [] : [{ hash, sizeBytes }]))
    .find((name) => manifestHashOf(name) === manifest && headOfArtifact(file, name) !== undefined)
}

/** What the bytes of a file are to an artefact; `undefined` where they are neither it nor its list. */
export function headOfArtifact(file: Uint8Array, { hash, sizeBytes }: ArtifactName): ArtifactHead | undefined {
  if (hashOfBytes(file) !== hash) return undefined
  if (!isInPieces(sizeBytes)) return file.byteLength === sizeBytes ? { kind: 'whole' } : undefined
  const list = decodePieceList(file)
  return list?.sizeBytes === sizeBytes ? { kind: 'list', list } : undefined
}

/**
 * Keeps an artefact as files of a subject: as one, or its pieces and, once they are all there, their list. Throws `EVIDENCE_FILE_LARGE` beyond `artifactBytesMax`, and as
 * `PartyJournal.keepFile`.
 */
export async function keepArtifact(journal: PartyJournal, subject: string, bytes: Uint8Array): Promise<ArtifactName> {
  const sizeBytes = bytes.byteLength
  checkSize(journal, sizeBytes)
  if (!isInPieces(sizeBytes)) return { hash: await journal.keepFile(subject, bytes), sizeBytes }
  const pieces: Hash[] = []
  for (const piece of piecesOf(bytes)) pieces.push(await journal.keepFile(subject, piece))
  return { hash: await journal.keepFile(subject, encodePieceList({ sizeBytes, pieces })), sizeBytes }
}

/** Throws `EVIDENCE_FILE_LARGE` for an artefact that is larger than one may be here. */
export function checkSize({ limits }: Pick<PartyJournal, 'limits'>, sizeBytes: number): void {
  const { artifactBytesMax } = limits
  if (sizeBytes > artifactBytesMax)
    throw new CodedError('EVIDENCE_FILE_LARGE', {
      message: `An input or a result has ${sizeBytes} of ${artifactBytesMax} bytes`,
      details: {
        sizeBytes,
        artifactBytesMax,
        remedy: 'Send less, or raise market.artifactBytesMax in the configuration of each node that keeps it.',
      },
    })
}

/** The list of an artefact's pieces; `undefined` where it is not here, or the artefact has none. */
export async function listOfArtifact(journal: PartyJournal, name: ArtifactName): Promise<PieceList | undefined> {
  const file = isInPieces(name.sizeBytes) ? await journal.file(name.hash) : undefined
  const head = file && headOfArtifact(file, name)
  return head?.kind === 'list' ? head.list : undefined
}

/**
 * Pieces that are not here as files of the subject. What is here of another one does not count: who asks for a piece by its name alone has to have it first. Nor does a file
 * of the subject that is shorter or longer than the piece: a list may name any file.
 */
export function missingPieces(journal: PartyJournal, subject: string, list: PieceList): readonly Hash[] {
  return list.pieces.filter(
    (piece, index) => !journal.isFileOf(subject, piece) || journal.fileBytes(piece) !== pieceBytesAt(list, index),
  )
}

/** Whether all of an artefact is here as files of the subject. */
export async function isArtifactHere(journal: PartyJournal, subject: string, name: ArtifactName): Promise<boolean> {
  if (!isInPieces(name.sizeBytes)) return journal.hasFile(name.hash)
  const list = await listOfArtifact(journal, name)
  return list !== undefined && missingPieces(journal, subject, list).length === 0
}

/** An artefact as it is judged, by its bytes. */
export function named(name: ArtifactName, bytes: Uint8Array): ShownArtifact {
  return isInPieces(name.sizeBytes) ? name : { ...name, bytes }
}

/** An artefact as it is judged; `undefined` where some of it is not here. */
export async function showArtifact(
  journal: PartyJournal,
  subject: string,
  name: ArtifactName,
): Promise<ShownArtifact | undefined> {
  if (isInPieces(name.sizeBytes)) return (await isArtifactHere(journal, subject, name)) ? name : undefined
  const bytes = await journal.file(name.hash)
  return bytes === undefined ? undefined : { ...name, bytes }
}

/** The bytes of an artefact, in one piece of new memory; `undefined` where some are not here, or are no pieces of its list. */
export async function readArtifact(journal: PartyJournal, name: ArtifactName): Promise<Uint8Array | undefined> {
  if (!isInPieces(name.sizeBytes)) return await journal.file(name.hash)
  const list = await listOfArtifact(journal, name)
  if (list === undefined || list.pieces.some((piece) => !journal.hasFile(piece))) return undefined
  const bytes = new Uint8Array(list.sizeBytes)
  for (const [index, piece] of list.pieces.entries()) {
    const part = await journal.file(piece)
    if (part?.byteLength !== pieceBytesAt(list, index)) return undefined
    bytes.set(part, index * PIECE_BYTES)
  }
  return bytes
}

/** Views into the bytes, not copies. */
function piecesOf(bytes: Uint8Array): readonly Uint8Array[] {
  const count = Math.ceil(bytes.byteLength / PIECE_BYTES)
  return Array.from({ length: count }, (_, index) => bytes.subarray(index * PIECE_BYTES, (index + 1) * PIECE_BYTES))
}
