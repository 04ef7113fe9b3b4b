import type { JsonValue } from '../base/canonical-json.ts'
import type { CommandContext } from './command.ts'
import { usageError } from './flags.ts'
import { formatRuling } from './format-ruling.ts'
import { subjectOf } from './market-control.ts'
import { membersOf, textOf } from './registered-policies.ts'

/** The contract that an act is about. Throws `COMMAND_INVALID` for what names none. */
export function contractSubject(context: Pick<CommandContext, 'positionals'>): string {
  const contract = subjectOf(context, 'the contract: its 64 digits')
  if (/^[0-9a-f]{64}$/.test(contract)) return contract
  throw usageError('A contract is named by 64 hexadecimal digits')
}

/** What `--json` says of an act about a contract. */
export function actDocument(answer: JsonValue): { readonly [name: string]: JsonValue } {
  const {
    contract = null,
    state = null,
    effect = null,
    code = null,
    receipt = null,
    cause,
    remedy,
    ruling,
  } = membersOf(answer)
  return {
    contract,
    state,
    effect,
    code,
    receipt,
    ...(ruling !== undefined && { ruling }),
    ...(cause !== undefined && { cause }),
    ...(remedy !== undefined && { remedy }),
  }
}

/** The same of one that was refused, for people. */
export function refusalText(answer: JsonValue): string {
  return [
    `kernell: ${textOf(answer, 'code')}: ${textOf(answer, 'cause')}`,
    `  ${textOf(answer, 'remedy')} The contract is ${textOf(answer, 'state')}.`,
    ...formatRuling(membersOf(answer)['ruling']),
  ].join('\n')
}
