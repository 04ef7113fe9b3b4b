import { assertNever } from '../../base/assert.ts'
import { ZERO_AMOUNT, addAmounts } from '../../base/money.ts'
import type { Amount } from '../../base/money.ts'
import { CLOCK_SET_BACK_MAX_MS } from '../../base/time.ts'
import type { Timestamp } from '../../base/time.ts'
import type { Machine, Step } from '../machine.ts'
import { bucketMapDelete, bucketMapEntries, bucketMapGet, bucketMapSet, emptyBucketMap } from './bucket-map.ts'
import type { BucketMap } from './bucket-map.ts'
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
import { BUDGET_WINDOWS, windowIdsAt } from './budget-window.ts'
import type { BudgetWindow, WindowIds } from './budget-window.ts'

/** Open reservations at most; further ones are refused until some end. */
export const RESERVATIONS_MAX = 100_000
/** Levels of a hierarchy at most. */
export const ACCOUNTS_OF_RESERVATION_MAX = 8

/** Money set aside for one call. */
export type BudgetReservationState = {
  /** Accounts with a limit at the time, outermost first: only they count it. */
  readonly accounts: readonly string[]
  readonly amountNanos: Amount
  readonly windowIds: WindowIds
  /** From then on whoever runs the machine may expire it. */
  readonly expiresAt: Timestamp
}

export type BudgetState = {
  /**
   * The instant by which windows are told. An event that is earlier by `CLOCK_SET_BACK_MAX_MS` or less counts as happening at this one; one
   * that is earlier by more shows that the clock was ahead, and is believed.
   */
  readonly at: Timestamp
  readonly accounts: BucketMap<BudgetAccount>
  readonly reservations: BucketMap<BudgetReservationState>
}

export type BudgetEvent =
  | {
      readonly type: 'limit-set'
      /** Any name, such as `team:search`; the same name in a reservation means the same account. */
      readonly account: string
      readonly window: BudgetWindow
      /** `undefined` removes it. Removing an account's last limit, with nothing held, forgets what it spent. */
      readonly limitNanos: Amount | undefined
      readonly at: Timestamp
    }
  | {
      readonly type: 'reservation-requested'
      readonly id: string
      /** Outermost first, without repeats. Accounts without a limit are left out of the books. */
      readonly accounts: readonly string[]
      /** The most the call can cost. */
      readonly amountNanos: Amount
      readonly expiresAt: Timestamp
      readonly at: Timestamp
    }
  | { readonly type: 'call-settled'; readonly id: string; readonly spentNanos: Amount; readonly at: Timestamp }
  | { readonly type: 'reservation-released'; readonly id: string; readonly at: Timestamp }
  /** Nobody will settle any more: the worst case is charged, since the provider may have been paid. */
  | { readonly type: 'reservation-expired'; readonly id: string; readonly at: Timestamp }
  /** A call ended after its reservation had expired, and had cost more than was charged then: the rest is charged, in the windows of now. */
  | {
      readonly type: 'overrun-charged'
      readonly id: string
      readonly accounts: readonly string[]
      readonly spentNanos: Amount
      readonly at: Timestamp
    }

export type BudgetRefusalCode = 'RESERVATION_EXISTS' | 'RESERVATION_UNKNOWN' | 'RESERVATIONS_FULL' | 'EVENT_INVALID'

export type BudgetEffect =
  | { readonly type: 'grant-reservation'; readonly id: string }
  | {
      readonly type: 'refuse-reservation'
      readonly id: string
      readonly account: string
      readonly window: BudgetWindow
      readonly limitNanos: Amount
      readonly availableNanos: Amount
    }
  | { readonly type: 'confirm-charge'; readonly id: string; readonly spentNanos: Amount }
  | {
      readonly type: 'report-overrun'
      readonly account: string
      readonly window: BudgetWindow
      readonly overNanos: Amount
    }
  | { readonly type: 'event-refused'; readonly code: BudgetRefusalCode }

export type BudgetInput = { readonly at: Timestamp }

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
export const BUDGET_MACHINE: Machine<BudgetState, BudgetEvent, BudgetEffect, BudgetInput> = {
  name: 'budget',
  initial: ({ at }) => ({ at, accounts: emptyBucketMap(), reservations: emptyBucketMap() }),
  transition,
  violations,
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

function endReservation(
  state: BudgetState,
  id: string,
  chargeOf: (reservation: BudgetReservationState) => Amount,
): Step<BudgetState, BudgetEffect> {
  const reservation = bucketMapGet(state.reservations, id)
  if (reservation === undefined) return refused(state, 'RESERVATION_UNKNOWN')
  const spentNanos = chargeOf(reservation)
  const charge = { heldIn: reservation.windowIds, heldNanos: reservation.amountNanos, spentNanos }
  const effects: BudgetEffect[] = [{ type: 'confirm-charge', id, spentNanos }]
  let next: BudgetState = { ...state, reservations: bucketMapDelete(state.reservations, id) }
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

function violations(state: BudgetState): readonly string[] {
  const broken = new Set<string>()
  const held = new Map<string, bigint>()
  for (const [, reservation] of bucketMapEntries(state.reservations)) {
    for (const name of reservation.accounts) {
      if (bucketMapGet(state.accounts, name) === undefined) broken.add('an account with a hold exists')
      for (const window of BUDGET_WINDOWS) {
        const key = `${window} ${reservation.windowIds[window]} ${name}`
        held.set(key, (held.get(key) ?? 0n) + reservation.amountNanos)
      }
    }
  }
  for (const [name, account] of bucketMapEntries(state.accounts)) {
    for (const window of BUDGET_WINDOWS) {
      const counter = account.counters[window]
      const expected = held.get(`${window} ${counter.windowId} ${name}`) ?? 0n
      if (counter.heldNanos !== expected) broken.add('what is held equals the open reservations')
      const limitNanos = account.limits[window]
      if (limitNanos === undefined) continue
      if (counter.spentNanos + counter.heldNanos > limitNanos + counter.overNanos) {
        broken.add('spent and held stay within the limit')
      }
    }
  }
  return [...broken]
}
