import type { JsonValue } from '../base/canonical-json.ts'
import { listOf, membersOf, numberOf, textOf } from './registered-policies.ts'

/** A chain that lets programs run, for people. */
export function describeGrant(chain: JsonValue): string {
  const isValid = membersOf(chain)['isValid'] === true
  const head = isValid
    ? [
        `owner    ${textOf(chain, 'owner')}`,
        `holder   ${textOf(chain, 'holder')}`,
        `action   ${textOf(chain, 'action')}`,
        `until    ${instantOf(numberOf(chain, 'expiresAt'))}`,
        ...describeRights(membersOf(chain)['rights'] ?? null),
      ]
    : [`refused  ${textOf(chain, 'code')}`]
  return [...head, ...listOf(chain, 'links').map(describeLink)].join('\n')
}

/** One link. */
export function describeLink(link: JsonValue): string {
  const isRevoked = membersOf(link)['isRevoked'] === true
  return [
    `${textOf(link, 'cid')}${isRevoked ? '  revoked' : ''}`,
    `  from   ${textOf(link, 'from')}`,
    `  to     ${textOf(link, 'to')}`,
    `  action ${textOf(link, 'action')}, until ${instantOf(numberOf(link, 'until'))}`,
    ...describeRights(membersOf(link)['rights'] ?? null).map((line) => `  ${line}`),
  ].join('\n')
}

function describeRights(rights: JsonValue): readonly string[] {
  return Object.entries(membersOf(rights)).map(([name, value]) => `${name.padEnd(8)} ${JSON.stringify(value)}`)
}

function instantOf(ms: number | undefined): string {
  return ms === undefined ? 'it is revoked' : new Date(ms).toISOString()
}
