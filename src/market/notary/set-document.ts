import { CodedError } from '../../base/errors.ts'
import { NOTARY_REFUSALS, type NotaryRefusalCode } from '../../core/notary/notary-codes.ts'
import { checkNotarySet } from '../../core/notary/notary-set.ts'
import { refuseLineage, type SetLineage } from '../../core/notary/set-lineage.ts'
import type { VerifySignature } from '../../ports/signer.ts'
import { NOTARY_SET_DOCUMENT } from '../../wire/v1/notary-messages.ts'
import { verifyStatementWith } from '../parties/contracts/contract-replay.ts'

export type SetDocumentInit = {
  /** What messages call the document. */
  readonly name: string
  readonly verify: VerifySignature
}

/** The document that `kernell notary-set create` or `advance` wrote: a set, and those that kept its log before. Throws `COMMAND_INVALID`. */
export function parseSetDocument(text: string, { name, verify }: SetDocumentInit): SetLineage {
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
  const code = refuseLineage(lineage, verifyStatementWith(verify))
  if (code !== undefined) throw refused(name, code)
  return lineage
}

/** The text that `parseSetDocument` reads. */
export function formatSetDocument({ set, before }: SetLineage): string {
  return `${JSON.stringify(before.length === 0 ? set : { ...set, before }, undefined, 2)}\n`
}

function refused(name: string, code: NotaryRefusalCode): CodedError {
  const { cause, remedy } = NOTARY_REFUSALS[code]
  return new CodedError('COMMAND_INVALID', {
    message: `${name}: ${code}: ${cause}`,
    details: { code, remedy },
  })
}
