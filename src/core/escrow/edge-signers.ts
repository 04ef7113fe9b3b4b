import { assertNever } from '../../base/assert.ts'
import type { Did } from '../evidence/names.ts'
import type { EdgeSigners } from './escrow-edges.ts'
import type { EscrowMessageEvent } from './escrow-event.ts'
import type { EscrowState } from './escrow-state.ts'
import { didOf, partyOf } from './escrow-terms.ts'

/** Whether those have signed whom a row of the table names. */
export function isSignedBy(state: EscrowState, signers: EdgeSigners, event: EscrowMessageEvent): boolean {
  const { terms } = state
  const signed: readonly Did[] = 'signers' in event ? event.signers : [event.iss]
  switch (signers) {
    case 'payer':
      return signed.length === 1 && signed[0] === terms.payer && event.iss === terms.payer
    case 'worker':
      return signed.length === 1 && signed[0] === terms.worker
    case 'either':
      return partyOf(terms, event.iss) !== undefined
    case 'offerer':
      return state.kind === 'OFFERED' && event.iss === didOf(terms, state.offeredBy)
    case 'parties':
      return signed.length === 2 && signed.includes(terms.payer) && signed.includes(terms.worker)
    case 'arbiters':
      return areArbiters(state, signed)
    case 'anyone':
      return true
    case 'notary':
      return false
    default:
      return assertNever(signers)
  }
}

/** At least k different ones, and nobody else. */
function areArbiters({ terms: { arbiters } }: EscrowState, signed: readonly Did[]): boolean {
  if (arbiters.k === 0 || signed.length < arbiters.k || new Set(signed).size !== signed.length) return false
  return signed.every((did) => arbiters.members.includes(did))
}
