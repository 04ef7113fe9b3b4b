import { assertNever } from '../../base/assert.ts'
import { ZERO_AMOUNT, addAmounts, subtractAmounts } from '../../base/money.ts'
import type { Amount } from '../../base/money.ts'
import { CLOCK_SET_BACK_MAX_MS } from '../../base/time.ts'
import type { Timestamp } from '../../base/time.ts'
import type { Machine, Step } from '../machine.ts'
import { bucketMapDelete, bucketMapEntries, bucketMapGet, bucketMapSet, emptyBucketMap } from './bucket-map.ts'
import {
  chargeAccount,
  findMissingRoom,
  holdAmount,
  newAccount,
  newlyOver,
  rollAccount,
  setAccountLimit,
} from './budget-account.ts'
import type { BudgetAccount, HeldIn } from './budget-account.ts'
import type {
  BudgetEffect,
  BudgetEvent,
  BudgetRefusalCode,
  BudgetReservationState,
  BudgetState,
} from './budget-event.ts'
import { budgetViolations } from './budget-violations.ts'
import { windowIdsAt } from './budget-window.ts'

/** Open reservations at most; further ones are refused until some end. */
export const RESERVATIONS_MAX = 100_000
/** Levels of a hierarchy at most. */
export const ACCOUNTS_OF_RESERVATION_MAX = 8

export type BudgetInput = { readonly at: Timestamp }

export type BudgetMachine = Machine<BudgetState, BudgetEvent, BudgetEffect, BudgetInput>

/**
 * Who may spend how much. Room is held before a call and exchanged for what it really cost after, so that any number of
 * parallel calls never passes a limit together. A cost is charged to the windows in which its call was admitted.
 *
 * Windows follow the clock, also back: a clock that was once ahead shuts nobody out until it is as late as that again. What was spent in a
 * window is known when the clock comes back to it, so that jumping to and fro gives no window twice its limit.
 *
 * ```text
 * limit  |------------------------------------|
 * window |##### spent #####|=== held ===| room |
 * ```
 */
export const BUDGET_MACHINE: BudgetMachine = {
  name: 'budget',
  initial: ({ at }) => ({ at, accounts: emptyBucketMap(), reservations: emptyBucketMap() }),
  transition,
  violations: budgetViolations,
}

function transition(state: BudgetState, event: BudgetEvent): Step<BudgetState, BudgetEffect> {
  const now: BudgetState = isBelieved(event.at, state.at) ? { ...state, at: event.at } : state
  switch (event.type) {
    case 'limit-set':
      return setLimit(now, event)
    case 'reservation-requested':
      return requestReservation(now, event)
    case 'call-settled':
      return endReservation(now, event.id, () => event.spentNanos)
    case 'reservation-charged':
      return chargeReservation(now, event)
    case 'reservation-released':
      return endReservation(now, event.id, () => ZERO_AMOUNT)
    case 'reservation-expired':
      return endReservation(now, event.id, ({ amountNanos }) => amountNanos)
    case 'overrun-charged':
      return chargeOverrun(now, event)
    default:
      return assertNever(event)
  }
}

function isBelieved(at: Timestamp, before: Timestamp): boolean {
  return at > before || before - at > CLOCK_SET_BACK_MAX_MS
}

type LimitSet = Extract<BudgetEvent, { type: 'limit-set' }>
type ReservationRequested = Extract<BudgetEvent, { type: 'reservation-requested' }>

function setLimit(state: BudgetState, event: LimitSet): Step<BudgetState, BudgetEffect> {
  if (!isAccountName(event.account)) return refused(state, 'EVENT_INVALID')
  const ids = windowIdsAt(state.at)
  const known = bucketMapGet(state.accounts, event.account)
  const account = setAccountLimit(
    rollAccount(known ?? newAccount(ids), ids, heldBy(state, event.account)),
    event.window,
    event.limitNanos,
  )
  return { state: withAccount(state, event.account, account), effects: [] }
}

function requestReservation(state: BudgetState, event: ReservationRequested): Step<BudgetState, BudgetEffect> {
  const { id, amountNanos } = event
  if (bucketMapGet(state.reservations, id) !== undefined) return refused(state, 'RESERVATION_EXISTS')
  if (state.reservations.size >= RESERVATIONS_MAX) return refused(state, 'RESERVATIONS_FULL')
  if (id.length === 0 || !isHierarchy(event.accounts)) return refused(state, 'EVENT_INVALID')
  const ids = windowIdsAt(state.at)
  const counted: string[] = []
  let accounts = state.accounts
  for (const name of event.accounts) {
    const known = bucketMapGet(state.accounts, name)
    if (known === undefined) continue
    const account = rollAccount(known, ids, heldBy(state, name))
    const missing = findMissingRoom(account, amountNanos)
    if (missing !== undefined) {
      return { state, effects: [{ type: 'refuse-reservation', id, account: name, ...missing }] }
    }
    accounts = bucketMapSet(accounts, name, holdAmount(account, amountNanos))
    counted.push(name)
  }
  const reservation = { accounts: counted, amountNanos, windowIds: ids, expiresAt: event.expiresAt }
  const reservations = bucketMapSet(state.reservations, id, reservation)
  return { state: { at: state.at, accounts, reservations }, effects: [{ type: 'grant-reservation', id }] }
}

type ReservationCharged = Extract<BudgetEvent, { type: 'reservation-charged' }>

function chargeReservation(state: BudgetState, event: ReservationCharged): Step<BudgetState, BudgetEffect> {
  const { id, spentNanos, releasedNanos } = event
  const reservation = bucketMapGet(state.reservations, id)
  if (reservation === undefined) return refused(state, 'RESERVATION_UNKNOWN')
  const amountNanos = subtractAmounts(reservation.amountNanos, releasedNanos)
  if (amountNanos === undefined) return refused(state, 'EVENT_INVALID')
  const reservations = bucketMapSet(state.reservations, id, { ...reservation, amountNanos })
  return chargeHold({ ...state, reservations }, { id, reservation, heldNanos: releasedNanos, spentNanos })
}

function endReservation(
  state: BudgetState,
  id: string,
  chargeOf: (reservation: BudgetReservationState) => Amount,
): Step<BudgetState, BudgetEffect> {
  const reservation = bucketMapGet(state.reservations, id)
  if (reservation === undefined) return refused(state, 'RESERVATION_UNKNOWN')
  const reservations = bucketMapDelete(state.reservations, id)
  const charge = { id, reservation, heldNanos: reservation.amountNanos, spentNanos: chargeOf(reservation) }
  return chargeHold({ ...state, reservations }, charge)
}

type HoldCharged = {
  readonly id: string
  readonly reservation: BudgetReservationState
  readonly heldNanos: Amount
  readonly spentNanos: Amount
}

/** In the accounts of a reservation, what was spent takes the place of what was held. */
function chargeHold(state: BudgetState, charged: HoldCharged): Step<BudgetState, BudgetEffect> {
  const { id, reservation, heldNanos, spentNanos } = charged
  const charge = { heldIn: reservation.windowIds, heldNanos, spentNanos }
  const effects: BudgetEffect[] = [{ type: 'confirm-charge', id, spentNanos }]
  let next = state
  for (const name of reservation.accounts) {
    const before = bucketMapGet(next.accounts, name)
    if (before === undefined) continue
    const after = chargeAccount(before, charge)
    for (const over of newlyOver(before, after)) effects.push({ type: 'report-overrun', account: name, ...over })
    next = withAccount(next, name, after)
  }
  return { state: next, effects }
}

type OverrunCharged = Extract<BudgetEvent, { type: 'overrun-charged' }>

function chargeOverrun(state: BudgetState, event: OverrunCharged): Step<BudgetState, BudgetEffect> {
  const { id, spentNanos } = event
  if (!isHierarchy(event.accounts)) return refused(state, 'EVENT_INVALID')
  const ids = windowIdsAt(state.at)
  const effects: BudgetEffect[] = [{ type: 'confirm-charge', id, spentNanos }]
  let next = state
  for (const name of event.accounts) {
    const known = bucketMapGet(next.accounts, name)
    if (known === undefined) continue
    const before = rollAccount(known, ids, heldBy(state, name))
    const after = chargeAccount(before, { heldIn: ids, heldNanos: ZERO_AMOUNT, spentNanos })
    for (const over of newlyOver(before, after)) effects.push({ type: 'report-overrun', account: name, ...over })
    next = withAccount(next, name, after)
  }
  return { state: next, effects }
}

/** Looks at every open reservation, which is asked for only when the clock comes back to a window. */
function heldBy({ reservations }: BudgetState, name: string): HeldIn {
  return (window, windowId) => {
    let heldNanos = ZERO_AMOUNT
    for (const [, { accounts, amountNanos, windowIds }] of bucketMapEntries(reservations)) {
      if (windowIds[window] === windowId && accounts.includes(name)) heldNanos = addAmounts(heldNanos, amountNanos)
    }
    return heldNanos
  }
}

/** Stores the account; one that has neither a limit nor a hold is forgotten. */
function withAccount(state: BudgetState, name: string, account: BudgetAccount): BudgetState {
  const isEmpty = Object.keys(account.limits).length === 0 && account.counters.total.heldNanos === ZERO_AMOUNT
  const accounts = isEmpty ? bucketMapDelete(state.accounts, name) : bucketMapSet(state.accounts, name, account)
  return { ...state, accounts }
}

function refused(state: BudgetState, code: BudgetRefusalCode): Step<BudgetState, BudgetEffect> {
  return { state, effects: [{ type: 'event-refused', code }] }
}

function isAccountName(name: string): boolean {
  return name.length >= 1 && name.length <= 256
}

function isHierarchy(names: readonly string[]): boolean {
  return (
    names.length >= 1 &&
    names.length <= ACCOUNTS_OF_RESERVATION_MAX &&
    names.every(isAccountName) &&
    new Set(names).size === names.length
  )
}
