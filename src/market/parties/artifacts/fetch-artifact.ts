import { CodedError } from '../../../base/errors.ts'
import type { ContractId, Did } from '../../../core/evidence/names.ts'
import type { AbortOptions } from '../../../ports/abort-options.ts'
import type { ArtifactName } from '../contracts/task-package.ts'
import type { Party } from '../party.ts'
import { headOfArtifact, isArtifactHere, listOfArtifact } from './artifact-files.ts'
import { fetchPieces } from './fetch-pieces.ts'

export type ArtifactWanted = {
  readonly contract: ContractId
  readonly name: ArtifactName
  /** Whose files it becomes. */
  readonly subject: string
  readonly node: Did
}

/** Fetches what is not here of an artefact in pieces, its list first. @returns Whether all of it is here now. Throws as `fetchPieces`. */
export async function fetchArtifact(
  party: Party,
  { contract, name, subject, node }: ArtifactWanted,
  { signal = party.signal }: AbortOptions = {},
): Promise<boolean> {
  const { journal } = party
  if (await isArtifactHere(journal, subject, name)) return true
  if (!(await isListHere())) return false
  const list = await listOfArtifact(journal, name)
  return (
    list !== undefined &&
    (await fetchPieces(party, { contract, list, subject, nodes: [node], part: 'input' }, { signal }))
  )

  async function isListHere(): Promise<boolean> {
    if (journal.hasFile(name.hash)) return true
    try {
      const frame = { type: 'file-wanted', contract, hash: name.hash } as const
      const { frame: answer, bytes } = await party.components.door.ask(node, { frame }, { signal })
      if (answer.type !== 'file' || headOfArtifact(bytes, name) === undefined) return false
      await journal.keepFile(subject, bytes)
      return true
    } catch (error: unknown) {
      if (signal.aborted) return false
      journal.throwFailure()
      if (CodedError.is(error)) return false
      throw error
    }
  }
}
