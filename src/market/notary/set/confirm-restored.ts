import { canonicalJson } from '../../../base/canonical-json.ts'
import type { Timestamp } from '../../../base/time.ts'
import type { Hash } from '../../../core/evidence/names.ts'
import { bytesOfEpochChange, type EpochChange, refuseEpochChange } from '../../../core/notary/epoch-change.ts'
import type { NotaryRefusalCode } from '../../../core/notary/notary-codes.ts'
import type { NotarySet } from '../../../core/notary/notary-set.ts'
import type { VerifyStatement } from '../../../core/notary/statement.ts'
import type { FileSystem } from '../../../ports/file-system.ts'

export type EpochBumpInit = {
  /** The set of one that was restored, and the one that goes on: an epoch more, the same key or another. */
  readonly from: NotarySet
  readonly to: NotarySet
  /** The last block of the restored journal: what was signed behind it is given up. */
  readonly head: { readonly slot: number; readonly block: Hash; readonly at: Timestamp; readonly state: Hash }
  /** Ed25519 with the key of the old set: 64 bytes, base64url without padding. */
  readonly sign: (bytes: Uint8Array) => Promise<string>
  readonly verify: VerifyStatement
}

export type EpochBump =
  | { readonly kind: 'change'; readonly change: EpochChange }
  | { readonly kind: 'refused'; readonly code: NotaryRefusalCode }

/**
 * The document with which the operator of a set of one confirms that the log goes on from a restored journal. It ends the old epoch where that journal
 * ends; whoever holds a certificate of the old epoch behind it holds the proof that the operator has taken it back. Refuses with `NOTARY_SET_SIZE`
 * for a larger set, whose members end an epoch together, `NOTARY_SET_EPOCH` and `NOTARY_CERTIFICATE_SIGNATURE`.
 */
export async function bumpEpoch({ from, to, head, sign, verify }: EpochBumpInit): Promise<EpochBump> {
  if (from.members.length !== 1) return { kind: 'refused', code: 'NOTARY_SET_SIZE' }
  const { slot, block, at, state } = head
  const statement = { from: from.id, to: to.id, epoch: to.epoch, slot, block, at, state }
  const signature = await sign(bytesOfEpochChange(statement))
  const change: EpochChange = { ...statement, signatures: [{ member: 0, signature }] }
  const code = refuseEpochChange(change, { from, to, verify })
  return code === undefined ? { kind: 'change', change } : { kind: 'refused', code }
}

export type ConfirmationInit = {
  /** Folder of the document, and its name there. */
  readonly directory: string
  readonly name: string
  readonly change: EpochChange
  /** The mark that a restore has left. */
  readonly mark: string
}

/** Keeps the document, and then removes the mark: a crash between the two leaves the notary refusing. Throws what the file system throws. */
export async function confirmRestored(
  fileSystem: FileSystem,
  { directory, name, change, mark }: ConfirmationInit,
): Promise<void> {
  const draft = `${directory}/${name}.tmp`
  await fileSystem.makeDirectory(directory)
  await fileSystem.remove(draft)
  const file = await fileSystem.open(draft, { mode: 'create' })
  try {
    await file.append(new TextEncoder().encode(`${canonicalJson(change)}\n`))
    await file.sync()
  } finally {
    await file.close()
  }
  await fileSystem.rename(draft, `${directory}/${name}`)
  await fileSystem.syncDirectory(directory)
  await fileSystem.remove(mark)
  await fileSystem.syncDirectory(mark.slice(0, mark.lastIndexOf('/')))
}
