import { readFile } from 'node:fs/promises'
import { CodedError } from '../../base/errors.ts'
import { NOTARY_REFUSALS } from '../../core/notary/notary-codes.ts'
import { checkNotarySet, type NotarySet } from '../../core/notary/notary-set.ts'
import { NOTARY_SET } from '../../wire/v1/notary-messages.ts'

/** The document that `kernell notary-set create` wrote. Rejects with `COMMAND_INVALID` for a file that is none, and says why. */
export async function readNotarySet(path: string): Promise<NotarySet> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new CodedError('COMMAND_INVALID', { message: `The notary set ${path} cannot be read`, cause })
  })
  return parseNotarySet(text, path)
}

/** Throws `COMMAND_INVALID`. */
export function parseNotarySet(text: string, name: string): NotarySet {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch (cause: unknown) {
    throw new CodedError('COMMAND_INVALID', { message: `${name} is not JSON`, cause })
  }
  const read = NOTARY_SET.safeParse(json)
  if (!read.success) throw new CodedError('COMMAND_INVALID', { message: `${name} is no notary set document` })
  const checked = checkNotarySet(read.data)
  if (checked.kind === 'set') return checked.set
  const { cause, remedy } = NOTARY_REFUSALS[checked.code]
  throw new CodedError('COMMAND_INVALID', {
    message: `${name}: ${checked.code}: ${cause}`,
    details: { code: checked.code, remedy },
  })
}
