import type { EscrowEvent, EscrowMessageEvent } from '../../src/core/escrow/escrow-event.ts'
import type { EscrowState } from '../../src/core/escrow/escrow-state.ts'
import type { EscrowTimerName } from '../../src/core/escrow/escrow-timers.ts'
import type { Did } from '../../src/core/evidence/names.ts'
import { deadlinesOf, NOW } from './escrow-deadlines.ts'
import { heardHash } from './escrow-node.ts'

type Right = readonly [
  state: EscrowState['kind'],
  event: EscrowMessageEvent['type'],
  who: Who,
  before: EscrowTimerName | '-',
]
type Who = 'payer' | 'worker' | 'either' | 'both' | 'arbiters' | 'payer or both' | 'offerer'

/** Who may do what, and until when: written from sections 3.3 and 3.5 of the design, not from `ESCROW_EDGES`. */
const RIGHTS: readonly Right[] = [
  ['OFFERED', 'withdrawn', 'offerer', 'offer'],
  ['OFFERED', 'awarded', 'payer', 'offer'],
  ['OFFERED', 'contract-signed', 'both', 'offer'],
  ['AGREED', 'hold-requested', 'either', 'hold'],
  ['AGREED', 'withdrawn', 'either', 'hold'],
  ['HELD', 'started', 'worker', 'start'],
  ['HELD', 'cancelled', 'both', 'start'],
  ['WORKING', 'voucher-signed', 'both', 'deliver'],
  ['WORKING', 'beat-sent', 'worker', 'deliver'],
  ['WORKING', 'delivered', 'worker', 'deliver'],
  ['WORKING', 'cancelled', 'payer or both', 'deliver'],
  ['DELIVERED', 'accepted', 'payer', 'accept'],
  ['DELIVERED', 'rejected', 'payer', 'accept'],
  ['DISPUTED', 'disputed', 'worker', 'rule'],
  ['DISPUTED', 'evidence-added', 'either', 'evidence'],
  ['DISPUTED', 'ruled', 'arbiters', 'rule'],
  ['FROZEN', 'ruled', 'arbiters', 'rule'],
  ['FROZEN', 'delivered', 'worker', 'rule'],
  ['CAPTURING', 'settle-requested', 'either', '-'],
  ['SETTLED', 'refund-requested', 'worker', 'refund'],
]

/** Whether an event may have an effect in a state. */
export function isAllowed(state: EscrowState, event: EscrowEvent): boolean {
  if (event.type === 'transfers-answered') return true
  if (event.type === 'timer-fired') return isPast(state, event.name)
  const lie = lieOf(state, event)
  if (lie !== undefined)
    return lie && !['DRAFT', 'ABORTED', 'VOIDED', 'EXPIRED', 'FINAL', 'REFUNDED'].includes(state.kind)
  return RIGHTS.some(([kind, type, who, before]) => {
    if (kind !== state.kind || type !== event.type || !isBy(state, event, who)) return false
    if (before !== '-' && isPast(state, before)) return false
    if (event.type === 'disputed' && state.kind === 'DISPUTED' && event.claimNanos !== state.rejection.concededNanos)
      return !isPast(state, 'evidence')
    if (event.type === 'delivered' && state.kind === 'FROZEN')
      return state.equivocators.payer && !state.equivocators.worker && state.claimNanos === undefined
    if (event.type === 'ruled' && state.kind === 'DISPUTED') return isPast(state, 'evidence')
    if (event.type === 'cancelled' && state.kind === 'WORKING' && event.signers.length === 1)
      return isPast(state, 'beat')
    return true
  })
}

/** Whether the message proves a lie of a party, by itself or by its place; `undefined` where it is about something else. */
function lieOf({ terms }: EscrowState, event: EscrowMessageEvent): boolean | undefined {
  const isParty = (did: Did): boolean => did === terms.payer || did === terms.worker
  if (event.type === 'equivocation-proved') return isParty(event.culprit) && event.first !== event.second
  if (!isParty(event.iss) || event.seq > 1) return undefined
  return event.seq === 1 && event.envelope !== heardHash(event.iss)
}

/** A deadline that has been reached, or whose timer has fired. */
function isPast(state: EscrowState, name: EscrowTimerName): boolean {
  const at = deadlinesOf(state).get(name)
  return at === undefined || at <= NOW
}

function isBy(state: EscrowState, event: EscrowMessageEvent, who: Who): boolean {
  const { payer, worker, arbiters } = state.terms
  const signers = 'signers' in event ? event.signers : [event.iss]
  const isBoth =
    signers.length === 2 && new Set(signers).size === 2 && signers.every((did) => did === payer || did === worker)
  switch (who) {
    case 'payer':
      return signers.length === 1 && signers[0] === payer
    case 'worker':
      return signers.length === 1 && signers[0] === worker
    case 'either':
      return event.iss === payer || event.iss === worker
    case 'both':
      return isBoth
    case 'payer or both':
      return isBoth || (signers.length === 1 && signers[0] === payer && event.iss === payer)
    case 'arbiters':
      return (
        arbiters.k > 0 &&
        new Set(signers).size === signers.length &&
        signers.length >= arbiters.k &&
        signers.every((did) => arbiters.members.includes(did))
      )
    case 'offerer':
      return state.kind === 'OFFERED' && event.iss === (state.offeredBy === 'payer' ? payer : worker)
  }
}
