import type { CapabilityRefusal } from '../capability/capability-refusals.ts'
import { isChainRevoked, isShortLived, listRevocation, revocationRoom } from '../capability/revocations.ts'
import type { EscrowMessageEvent } from '../escrow/escrow-event.ts'
import { isBacked } from '../ledger/rooms.ts'
import type { Step } from '../machine.ts'
import type { BooksEffect, BooksEvent, BooksState } from './books-state.ts'

type CapabilityRevoked = Extract<BooksEvent, { type: 'capability-revoked' }>

/** From its stamp on no contract is signed by a chain that holds the delegation; what was signed before stays. */
export function revokeCapability(state: BooksState, event: CapabilityRevoked): Step<BooksState, BooksEffect> {
  const { revoker, expiresAt, at } = event
  // No contract is signed by what lives longer, and nothing fills the list for ever.
  if (!isShortLived(expiresAt, at))
    return { state, effects: [{ type: 'event-refused', code: 'CAPABILITY_LIFE_LONG', contract: undefined }] }
  const room = revocationRoom(isBacked(state.ledger, revoker))
  const outcome = listRevocation(state.revocations, event, { at, room })
  switch (outcome.kind) {
    case 'revoked':
      return { state: { ...state, revocations: outcome.revocations }, effects: [] }
    case 'exists':
      return { state, effects: [{ type: 'event-exists', contract: undefined }] }
    case 'refused':
      return { state, effects: [{ type: 'event-refused', code: outcome.code, contract: undefined }] }
  }
}

/** I11: the chain of a contract is valid at the stamp at which both have signed, as far as the notary set was told of revocations. */
export function refuseRevoked(
  { revocations }: BooksState,
  message: EscrowMessageEvent,
): Extract<CapabilityRefusal, 'CAPABILITY_REVOKED'> | undefined {
  if (message.type !== 'contract-signed' || message.authority === undefined) return undefined
  return isChainRevoked(revocations, message.authority.links, message.at) ? 'CAPABILITY_REVOKED' : undefined
}
