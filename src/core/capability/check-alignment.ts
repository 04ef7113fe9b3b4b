import type { CapabilityRefusal } from './capability-refusals.ts'
import type { Delegation } from './capability-token.ts'
import { coversCommand } from './command.ts'

/** Delegations of a chain at most. */
export const CHAIN_LENGTH_MAX = 16

/** Why delegations do not follow from one another: count, repeats, issuers, subjects; `undefined` when they do. */
export function checkAlignment(chain: readonly Delegation[]): CapabilityRefusal | undefined {
  if (chain.length === 0) return 'CAPABILITY_CHAIN_EMPTY'
  if (chain.length > CHAIN_LENGTH_MAX) return 'CAPABILITY_CHAIN_TOO_LONG'
  if (new Set(chain.map(({ cid }) => cid)).size !== chain.length) return 'CAPABILITY_CHAIN_CYCLIC'
  const subject = chain.find(({ sub }) => sub !== undefined)?.sub
  let before: Delegation | undefined
  for (const delegation of chain) {
    if (before !== undefined && delegation.iss !== before.aud) return 'CAPABILITY_CHAIN_BROKEN'
    if (delegation.sub !== undefined && delegation.sub !== subject) return 'CAPABILITY_SUBJECT_WRONG'
    before = delegation
  }
  return undefined
}

/**
 * The command that a chain grants. Each delegation narrows the one before; a powerline, which names no subject, passes on what it is given as far as its own
 * command reaches. `undefined` where a delegation grants what it was not given.
 */
export function commandOfChain(chain: readonly Delegation[]): string | undefined {
  let granted = '/'
  for (const { cmd, sub } of chain) {
    if (coversCommand(granted, cmd)) granted = cmd
    else if (sub !== undefined || !coversCommand(cmd, granted)) return undefined
  }
  return granted
}
