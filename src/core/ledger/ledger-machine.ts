import { assertNever } from '../../base/assert.ts'
import type { Timestamp } from '../../base/time.ts'
import type { Machine, Step } from '../machine.ts'
import { releaseHold } from './apply-order.ts'
import { applyOrders } from './apply-orders.ts'
import { changeCap, issueCredits, reconcileCredits, redeemCredits, registerCurrency } from './credit-events.ts'
import { firstExpiry, withoutFirstExpiry } from './expiry-heap.ts'
import { closeDraft, type LedgerDraft, openDraft, read } from './ledger-draft.ts'
import { type LedgerEffect, type LedgerEvent, ORDERS_MAX } from './ledger-event.ts'
import type { TransferId } from './ledger-names.ts'
import type { LedgerRefusalCode } from './ledger-refusals.ts'
import { listIssuer } from './listed-issuers.ts'
import { emptyLedger, type LedgerInput, type LedgerState } from './ledger-state.ts'
import { findLedgerViolations } from './ledger-violations.ts'
import { cancelRecovery, completeRecovery, openAccount, requestRecovery, rotateKey, stampHash } from './owner-events.ts'
import { countIdsOf, forgetOld } from './remembered-ids.ts'
import { halfOf } from './rooms.ts'
import { withoutEmptyAccounts } from './empty-accounts.ts'
import type { TransferOrder } from './transfer-order.ts'

/** With less room than this for ids a ledger forgets what it may. */
const ROOM_MIN = 64

export type LedgerMachine = Machine<LedgerState, LedgerEvent, LedgerEffect, LedgerInput>

/**
 * Who has how much of whose credits. Every order debits one account and credits another by the same amount, so that the sum of all balances of a
 * currency is always zero; the issuer alone is below zero, by what it owes, and never by more than its published cap.
 *
 * ```text
 *               issue                hold                post-held
 * issuer(-) ------------> available ------> held ------------------------> available | bond | fee | arbiter  of anybody
 *    ^  \                   ^  |  ^          |   rest, void, expiry
 *    |   \ unconfirmed      |  |  +----------+
 *    |    v                 |  |
 *    |  unreconciled -------+  |  confirmed
 *    |        | reversed       |
 *    +--------+----------------+  redeem
 * ```
 *
 * An event that changes nothing, a repeat or a refusal, gives back the very state it was given. A refusal moves no money; one that is transient is
 * remembered under the order's id.
 */
export const LEDGER_MACHINE: LedgerMachine = {
  name: 'ledger',
  initial: emptyLedger,
  transition,
  violations: findLedgerViolations,
}

function transition(state: LedgerState, event: LedgerEvent): Step<LedgerState, LedgerEffect> {
  if (event.at < state.at) return refused(state, 'LEDGER_STAMP_BACKWARD', undefined)
  const step = attempt(state, withRoom(state, event.at), event)
  if (!step.effects.some(isFullOfAccounts)) return step
  const cleared = withoutEmptyAccounts(state, seedOf(state, event))
  return cleared === state ? step : attempt(state, withRoom(cleared, event.at), event)
}

/** Runs the event on `ready`, which is `state` but for what it has forgotten, and gives back the very state where nothing came of it. */
function attempt(state: LedgerState, ready: LedgerState, event: LedgerEvent): Step<LedgerState, LedgerEffect> {
  const draft = openDraft(ready, event.at)
  const code = applyEvent(draft, event)
  if (code !== undefined) draft.effects.push({ type: 'event-refused', code, id: 'id' in event ? event.id : undefined })
  // A stamp moves nothing, and has a place in the order of the ledger all the same.
  const isKept = (code === undefined && event.type === 'hash-stamped') || !isUntouched(draft)
  return { state: isKept ? closeDraft(draft) : state, effects: draft.effects }
}

function isFullOfAccounts(effect: LedgerEffect): boolean {
  return effect.type === 'event-refused' && effect.code === 'LEDGER_ACCOUNTS_FULL'
}

/** Another place to look for each event. */
function seedOf({ accounts }: LedgerState, event: LedgerEvent): string {
  return 'envelope' in event ? event.envelope : `${event.at}/${accounts.size}`
}

/** A full memory forgets what is old before anything is refused for want of room: a refusal changes nothing, and so could never make any. */
function withRoom(state: LedgerState, at: Timestamp): LedgerState {
  const { limits, remembered, holds, clientHolds, generations } = state
  const isFull = remembered.size + 2 * holds.size + ROOM_MIN > limits.rememberedMax
  const clients = countIdsOf(generations, 'clients') + 2 * clientHolds
  return isFull || clients + ROOM_MIN > halfOf(limits.rememberedMax) ? forgetOld({ ...state, at }, 0) : state
}

/** @returns Why the whole event is refused; orders have refusals of their own. */
function applyEvent(draft: LedgerDraft, event: LedgerEvent): LedgerRefusalCode | undefined {
  switch (event.type) {
    case 'transfers-submitted':
      if (!isBatch(event.orders)) return 'LEDGER_BATCH_TOO_LARGE'
      return applyOrders(draft, event.orders, { kind: 'contract' })
    case 'orders-signed':
      if (!isBatch(event.orders)) return 'LEDGER_BATCH_TOO_LARGE'
      return applyOrders(draft, event.orders, { kind: 'signed', iss: event.iss })
    case 'holds-expired':
      return expireHolds(draft)
    case 'currency-registered':
      return registerCurrency(draft, event)
    case 'cap-changed':
      return changeCap(draft, event)
    case 'credits-issued':
      return issueCredits(draft, event)
    case 'credits-redeemed':
      return redeemCredits(draft, event)
    case 'credits-reconciled':
      return reconcileCredits(draft, event)
    case 'account-opened':
      return openAccount(draft, event)
    case 'key-rotated':
      return rotateKey(draft, event)
    case 'recovery-requested':
      return requestRecovery(draft, event)
    case 'recovery-cancelled':
      return cancelRecovery(draft, event)
    case 'recovery-completed':
      return completeRecovery(draft, event)
    case 'hash-stamped':
      return stampHash(draft, event)
    case 'issuer-listed':
      return listIssuer(draft, event)
    default:
      return assertNever(event)
  }
}

function isBatch(orders: readonly TransferOrder[]): boolean {
  return orders.length >= 1 && orders.length <= ORDERS_MAX
}

/** Earliest first, and by id among those of one instant. */
function expireHolds(draft: LedgerDraft): undefined {
  for (let count = 0; count < ORDERS_MAX;) {
    const first = firstExpiry(draft.expiries)
    if (first === undefined || first.at > draft.at) return
    draft.expiries = withoutFirstExpiry(draft.expiries)
    const hold = read(draft.holds, first.id)
    if (hold?.expiresAt !== first.at) continue
    releaseHold(draft, hold, { kind: 'expired' })
    draft.effects.push({ type: 'transfer-expired', id: hold.id, released: hold.amount })
    count += 1
  }
}

function isUntouched(draft: LedgerDraft): boolean {
  const { accounts, holds, remembered, currencies, owners, issues, ids, clientIds } = draft
  if (ids.length > 0 || clientIds.length > 0 || draft.issuers !== draft.state.issuers) return false
  return [accounts, holds, remembered, currencies, owners, issues].every(
    ({ changed }) => changed === undefined || changed.size === 0,
  )
}

function refused(
  state: LedgerState,
  code: LedgerRefusalCode,
  id: TransferId | undefined,
): Step<LedgerState, LedgerEffect> {
  return { state, effects: [{ type: 'event-refused', code, id }] }
}
