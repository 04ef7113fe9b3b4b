import type { JsonValue } from '../base/canonical-json.ts'
import { listOf, membersOf, numberOf, textOf } from './registered-policies.ts'

/** A chain of capability tokens for people. */
export function describeChain(chain: JsonValue): string {
  const isValid = membersOf(chain)['isValid'] === true
  const head = isValid
    ? [
        `subject  ${textOf(chain, 'subject')}`,
        `holder   ${textOf(chain, 'holder')}`,
        `command  ${textOf(chain, 'command')}`,
        `until    ${instantOf(numberOf(chain, 'expiresAt'))}`,
      ]
    : [`refused  ${textOf(chain, 'code')}`]
  return [...head, `hash     ${textOf(chain, 'hash')}`, ...listOf(chain, 'tokens').map(describeToken)].join('\n')
}

/** One delegation. */
export function describeToken(token: JsonValue): string {
  const until = numberOf(token, 'until')
  const isRevoked = membersOf(token)['isRevoked'] === true
  return [
    `${textOf(token, 'cid')}${isRevoked ? '  revoked' : ''}`,
    `  from    ${textOf(token, 'issuer')}`,
    `  to      ${textOf(token, 'audience')}`,
    `  command ${textOf(token, 'command')}, until ${instantOf(until === undefined ? undefined : until * 1_000)}`,
    ...listOf(token, 'policy').map((statement) => `  policy  ${JSON.stringify(statement)}`),
  ].join('\n')
}

function instantOf(ms: number | undefined): string {
  return ms === undefined ? 'it is revoked' : new Date(ms).toISOString()
}
