import { readFile } from 'node:fs/promises'
import { CodedError } from '../../base/errors.ts'
import { NOTARY_REFUSALS, type NotaryRefusalCode } from '../../core/notary/notary-codes.ts'
import { checkNotarySet } from '../../core/notary/notary-set.ts'
import { refuseLineage, type SetLineage } from '../../core/notary/set-lineage.ts'
import { createNodeVerifier } from '../../keys/node-signatures.ts'
import { verifySignatureWith } from '../../keys/verify-signature.ts'
import { verifyStatementWith } from '../../market/parties/contracts/contract-replay.ts'
import { NOTARY_SET_DOCUMENT } from '../../wire/v1/notary-messages.ts'
import { unreadableFile } from '../unreadable-file.ts'

/**
 * The document that `kernell notary-set create` or `advance` wrote: a set, and those that kept its log before. Rejects with `COMMAND_INVALID` for a file that is none,
 * and says why.
 */
export async function readNotarySet(path: string): Promise<SetLineage> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw unreadableFile('COMMAND_INVALID', { named: `The notary set ${path}`, file: path, cause })
  })
  return parseNotarySet(text, path)
}

/** Throws `COMMAND_INVALID`. */
export function parseNotarySet(text: string, name: string): SetLineage {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch (cause: unknown) {
    throw new CodedError('COMMAND_INVALID', { message: `${name} is not JSON`, cause })
  }
  const read = NOTARY_SET_DOCUMENT.safeParse(json)
  if (!read.success) throw new CodedError('COMMAND_INVALID', { message: `${name} is no notary set document` })
  const { before = [], ...content } = read.data
  const checked = checkNotarySet(content)
  if (checked.kind === 'refused') throw refused(name, checked.code)
  const lineage = { set: checked.set, before }
  const code = refuseLineage(lineage, verifyStatementWith(verifySignatureWith(createNodeVerifier())))
  if (code !== undefined) throw refused(name, code)
  return lineage
}

/** The text that `parseNotarySet` reads. */
export function formatNotarySet({ set, before }: SetLineage): string {
  return `${JSON.stringify(before.length === 0 ? set : { ...set, before }, undefined, 2)}\n`
}

function refused(name: string, code: NotaryRefusalCode): CodedError {
  const { cause, remedy } = NOTARY_REFUSALS[code]
  return new CodedError('COMMAND_INVALID', {
    message: `${name}: ${code}: ${cause}`,
    details: { code, remedy },
  })
}
