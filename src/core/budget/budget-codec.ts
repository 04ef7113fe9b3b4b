import type { JsonValue } from '../../base/canonical-json.ts'
import { AMOUNT_MAX, amountFromNanos } from '../../base/money.ts'
import type { Amount } from '../../base/money.ts'
import { timestampFromMs } from '../../base/time.ts'
import type { Timestamp } from '../../base/time.ts'
import { bucketMapEntries, bucketMapSet, emptyBucketMap } from './bucket-map.ts'
import type { BudgetAccount, BudgetCounter } from './budget-account.ts'
import type { BudgetEvent, BudgetReservationState, BudgetState } from './budget-event.ts'
import { BUDGET_WINDOWS } from './budget-window.ts'
import type { BudgetWindow, WindowIds } from './budget-window.ts'
import type { VisitedRange, VisitedWindows } from './visited-windows.ts'

/** JSON of an event for the journal: amounts are decimal nano-units as text, absent members are left out. */
export function formatBudgetEvent(event: BudgetEvent): JsonValue {
  switch (event.type) {
    case 'limit-set':
      return { ...event, limitNanos: event.limitNanos?.toString() }
    case 'reservation-requested':
      return { ...event, amountNanos: event.amountNanos.toString() }
    case 'call-settled':
    case 'overrun-charged':
      return { ...event, spentNanos: event.spentNanos.toString() }
    case 'reservation-charged':
      return { ...event, releasedNanos: event.releasedNanos.toString(), spentNanos: event.spentNanos.toString() }
    case 'reservation-released':
    case 'reservation-expired':
      return { ...event }
  }
}

/** Reads what `formatBudgetEvent` wrote; `undefined` for anything else. */
export function parseBudgetEvent(json: unknown): BudgetEvent | undefined {
  const at = parseInstant(member(json, 'at'))
  const type = member(json, 'type')
  if (at === undefined) return undefined
  if (type === 'limit-set') return parseLimitSet(json, at)
  const id = member(json, 'id')
  if (typeof id !== 'string') return undefined
  if (type === 'reservation-released' || type === 'reservation-expired') return { type, id, at }
  if (type === 'call-settled') {
    const spentNanos = parseNanos(member(json, 'spentNanos'))
    return spentNanos === undefined ? undefined : { type, id, spentNanos, at }
  }
  if (type === 'reservation-charged') {
    const [releasedNanos, spentNanos] = [
      parseNanos(member(json, 'releasedNanos')),
      parseNanos(member(json, 'spentNanos')),
    ]
    if (releasedNanos === undefined || spentNanos === undefined) return undefined
    return { type, id, releasedNanos, spentNanos, at }
  }
  const accounts = parseNames(member(json, 'accounts'))
  if (type === 'overrun-charged') {
    const spentNanos = parseNanos(member(json, 'spentNanos'))
    return accounts === undefined || spentNanos === undefined ? undefined : { type, id, accounts, spentNanos, at }
  }
  if (type !== 'reservation-requested') return undefined
  const amountNanos = parseNanos(member(json, 'amountNanos'))
  const expiresAt = parseInstant(member(json, 'expiresAt'))
  if (accounts === undefined || amountNanos === undefined || expiresAt === undefined) return undefined
  return { type, id, accounts, amountNanos, expiresAt, at }
}

/** JSON of a state, the same for equal states. */
export function formatBudgetState(state: BudgetState): JsonValue {
  return {
    at: state.at,
    accounts: bucketMapEntries(state.accounts).map(([name, account]) => ({ name, ...formatAccount(account) })),
    reservations: bucketMapEntries(state.reservations).map(([id, reservation]) => ({
      id,
      accounts: reservation.accounts,
      amountNanos: reservation.amountNanos.toString(),
      windowIds: { ...reservation.windowIds },
      expiresAt: reservation.expiresAt,
    })),
  }
}

/** Reads what `formatBudgetState` wrote; `undefined` for anything else. */
export function parseBudgetState(json: unknown): BudgetState | undefined {
  const at = parseInstant(member(json, 'at'))
  const accountList = member(json, 'accounts')
  const reservationList = member(json, 'reservations')
  if (at === undefined || !Array.isArray(accountList) || !Array.isArray(reservationList)) return undefined
  let accounts = emptyBucketMap<BudgetAccount>()
  for (const item of accountList) {
    const name = member(item, 'name')
    const account = parseAccount(item)
    if (typeof name !== 'string' || account === undefined) return undefined
    accounts = bucketMapSet(accounts, name, account)
  }
  let reservations = emptyBucketMap<BudgetReservationState>()
  for (const item of reservationList) {
    const id = member(item, 'id')
    const reservation = parseReservation(item)
    if (typeof id !== 'string' || reservation === undefined) return undefined
    reservations = bucketMapSet(reservations, id, reservation)
  }
  return { at, accounts, reservations }
}

function parseLimitSet(json: unknown, at: Timestamp): BudgetEvent | undefined {
  const account = member(json, 'account')
  const window = BUDGET_WINDOWS.find((name) => name === member(json, 'window'))
  const text = member(json, 'limitNanos')
  const limitNanos = parseNanos(text)
  if (typeof account !== 'string' || window === undefined) return undefined
  if (text !== undefined && limitNanos === undefined) return undefined
  return { type: 'limit-set', account, window, limitNanos, at }
}

function formatAccount(account: BudgetAccount): { [key: string]: JsonValue } {
  const limits: { [window: string]: JsonValue } = {}
  const counters: { [window: string]: JsonValue } = {}
  for (const window of BUDGET_WINDOWS) {
    const limit = account.limits[window]
    if (limit !== undefined) limits[window] = limit.toString()
    const { windowId, spentNanos, heldNanos, overNanos, visited = [] } = account.counters[window]
    counters[window] = {
      windowId,
      spentNanos: spentNanos.toString(),
      heldNanos: heldNanos.toString(),
      overNanos: overNanos.toString(),
      ...(visited.length > 0 && {
        visited: visited.map(({ from, to, usedNanos }) => ({ from, to, usedNanos: usedNanos.toString() })),
      }),
    }
  }
  return { limits, counters }
}

function parseAccount(json: unknown): BudgetAccount | undefined {
  const limits: Partial<Record<BudgetWindow, Amount>> = {}
  const counters: Partial<Record<BudgetWindow, BudgetCounter>> = {}
  for (const window of BUDGET_WINDOWS) {
    const limit = member(member(json, 'limits'), window)
    const limitNanos = parseNanos(limit)
    if (limitNanos !== undefined) limits[window] = limitNanos
    else if (limit !== undefined) return undefined
    const counter = parseCounter(member(member(json, 'counters'), window))
    if (counter === undefined) return undefined
    counters[window] = counter
  }
  const { hour, day, month, total } = counters
  if (hour === undefined || day === undefined || month === undefined || total === undefined) return undefined
  return { limits, counters: { hour, day, month, total } }
}

function parseCounter(json: unknown): BudgetCounter | undefined {
  const windowId = parseCount(member(json, 'windowId'))
  const spentNanos = parseNanos(member(json, 'spentNanos'))
  const heldNanos = parseNanos(member(json, 'heldNanos'))
  const overNanos = parseNanos(member(json, 'overNanos'))
  if (windowId === undefined || spentNanos === undefined || heldNanos === undefined || overNanos === undefined) {
    return undefined
  }
  const visited = parseVisited(member(json, 'visited'))
  if (visited === undefined) return undefined
  return { windowId, spentNanos, heldNanos, overNanos, ...(visited.length > 0 && { visited }) }
}

/** Absent where no window was left yet. */
function parseVisited(json: unknown): VisitedWindows | undefined {
  if (json === undefined) return []
  if (!Array.isArray(json)) return undefined
  const visited: VisitedRange[] = []
  for (const item of json) {
    const from = parseCount(member(item, 'from'))
    const to = parseCount(member(item, 'to'))
    const usedNanos = parseNanos(member(item, 'usedNanos'))
    if (from === undefined || to === undefined || usedNanos === undefined) return undefined
    if (to < from || from <= (visited.at(-1)?.to ?? -1)) return undefined
    visited.push({ from, to, usedNanos })
  }
  return visited
}

function parseReservation(json: unknown): BudgetReservationState | undefined {
  const accounts = parseNames(member(json, 'accounts'))
  const amountNanos = parseNanos(member(json, 'amountNanos'))
  const expiresAt = parseInstant(member(json, 'expiresAt'))
  const windowIds = parseWindowIds(member(json, 'windowIds'))
  if (accounts === undefined || amountNanos === undefined || expiresAt === undefined || windowIds === undefined) {
    return undefined
  }
  return { accounts, amountNanos, windowIds, expiresAt }
}

function parseWindowIds(json: unknown): WindowIds | undefined {
  const hour = parseCount(member(json, 'hour'))
  const day = parseCount(member(json, 'day'))
  const month = parseCount(member(json, 'month'))
  const total = parseCount(member(json, 'total'))
  if (hour === undefined || day === undefined || month === undefined || total === undefined) return undefined
  return { hour, day, month, total }
}

function member(json: unknown, name: string): unknown {
  return typeof json === 'object' && json !== null ? (json as Record<string, unknown>)[name] : undefined
}

function parseNanos(value: unknown): Amount | undefined {
  if (typeof value !== 'string' || !/^(0|[1-9][0-9]{0,19})$/.test(value)) return undefined
  const nanos = BigInt(value)
  return nanos <= AMOUNT_MAX ? amountFromNanos(nanos) : undefined
}

function parseInstant(value: unknown): Timestamp | undefined {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? timestampFromMs(value) : undefined
}

function parseCount(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : undefined
}

function parseNames(value: unknown): readonly string[] | undefined {
  if (!Array.isArray(value)) return undefined
  const names = value.filter((name) => typeof name === 'string')
  return names.length === value.length ? names : undefined
}
