import {
  addAmounts,
  AMOUNT_MAX,
  amountFromNanos,
  CodedError,
  formatAmount,
  subtractAmounts,
  ZERO_AMOUNT,
  type Amount,
} from 'kernell-os/core'
import { invalid } from '../request-desk/protocol.ts'

/** A pot of money. What is taken from it is taken from the one above it as well. */
export type AccountInit = {
  /** 1 to 256 characters without white space. */
  readonly name: string
  readonly limitNanos: Amount
  /** An account that was opened before. */
  readonly parent?: string
  /** The limit holds anew in each window of this length, counted from 1970; what was spent before is forgotten. Absent: for ever. */
  readonly windowMs?: number
}

/** An account as it stands: `spentNanos + heldNanos` is never above the limit but by what a call cost more than was held for it. */
export type AccountReport = {
  readonly name: string
  readonly limitNanos: Amount
  readonly spentNanos: Amount
  readonly heldNanos: Amount
  readonly remainingNanos: Amount
  readonly parent?: string
}

type Account = AccountInit & { readonly spentNanos: Amount; readonly heldNanos: Amount; readonly window: number }

type Hold = { readonly account: string; readonly amountNanos: Amount; readonly expiresAt: number }

/** How a reservation ended; `expired` counts in full, because nobody knows what became of it. */
export type HoldEnd = 'settled' | 'released' | 'expired'

export type Treasury = {
  readonly accounts: ReadonlyMap<string, Account>
  /** Open reservations, oldest first. */
  readonly holds: ReadonlyMap<string, Hold>
  /** The latest reservations that have ended, oldest first: an id is never granted twice. */
  readonly ended: ReadonlyMap<string, HoldEnd>
}

export type Reserve = {
  readonly id: string
  readonly account: string
  readonly amountNanos: Amount
  readonly leaseMs: number
}

export const EMPTY_TREASURY: Treasury = { accounts: new Map(), holds: new Map(), ended: new Map() }
export const ACCOUNTS_MAX = 10_000
export const HOLDS_MAX = 10_000
const ENDED_KEPT = 10_000
const DEPTH_MAX = 8
const NAME = /^\S{1,256}$/

/** Opens an account, or gives the one of this name another limit. Throws `REQUEST_INVALID`. */
export function openAccount(treasury: Treasury, init: AccountInit, at: number): Treasury {
  const { name, parent, windowMs } = init
  if (!NAME.test(name)) throw invalid('The name of an account has 1 to 256 characters without white space')
  if (windowMs !== undefined && !(Number.isFinite(windowMs) && windowMs >= 1))
    throw invalid('windowMs must be a number of at least 1')
  const known = treasury.accounts.get(name)
  if (known === undefined && treasury.accounts.size >= ACCOUNTS_MAX) throw invalid(`There are ${ACCOUNTS_MAX} accounts`)
  if (known !== undefined && known.parent !== parent) throw invalid(`Account ${name} stands below another one already`)
  if (parent !== undefined && pathOf(treasury, parent).length >= DEPTH_MAX)
    throw invalid(`Accounts stand at most ${DEPTH_MAX} deep`)
  const account: Account = {
    ...init,
    spentNanos: known?.spentNanos ?? ZERO_AMOUNT,
    heldNanos: known?.heldNanos ?? ZERO_AMOUNT,
    window: windowAt(init, at),
  }
  return { ...treasury, accounts: new Map(treasury.accounts).set(name, account) }
}

/** Sets money aside in an account and all above it. Throws `BUDGET_EXCEEDED`, `BUDGET_OVERLOADED`, `REQUEST_INVALID`. */
export function reserve(treasury: Treasury, request: Reserve, at: number): Treasury {
  const { id, account, amountNanos, leaseMs } = request
  if (!NAME.test(id)) throw invalid('The id of a reservation has 1 to 256 characters without white space')
  const open = treasury.holds.get(id)
  // Asked again, for example because the answer was lost: the same answer.
  if (open !== undefined && open.account === account && open.amountNanos === amountNanos) return treasury
  if (open !== undefined || treasury.ended.has(id)) throw invalid(`Reservation ${id} was used already`)
  if (treasury.holds.size >= HOLDS_MAX)
    throw new CodedError('BUDGET_OVERLOADED', { message: `${HOLDS_MAX} reservations are open` })
  const path = pathOf(treasury, account)
  for (const each of path) assertRoom(each, amountNanos)
  const held = withAccounts(treasury, path, (each) => ({ ...each, heldNanos: addAmounts(each.heldNanos, amountNanos) }))
  const hold: Hold = { account, amountNanos, expiresAt: at + leaseMs }
  return { ...held, holds: new Map(treasury.holds).set(id, hold) }
}

/** Ends a reservation and charges what was spent; `undefined` when it is not open. */
export function endHold(
  treasury: Treasury,
  id: string,
  { spentNanos, how }: { readonly spentNanos: Amount; readonly how: HoldEnd },
): Treasury | undefined {
  const hold = treasury.holds.get(id)
  if (hold === undefined) return undefined
  const charged = withAccounts(treasury, pathOf(treasury, hold.account), (account) => ({
    ...account,
    heldNanos: subtractAmounts(account.heldNanos, hold.amountNanos) ?? ZERO_AMOUNT,
    spentNanos: sumWithin(account.spentNanos, spentNanos),
  }))
  const holds = new Map(treasury.holds)
  holds.delete(id)
  const ended = new Map(treasury.ended).set(id, how)
  if (ended.size > ENDED_KEPT)
    for (const oldest of [...ended.keys()].slice(0, ended.size - ENDED_KEPT)) ended.delete(oldest)
  return { ...charged, holds, ended }
}

/** New windows begin, and reservations that nobody ended in time are charged in full. */
export function passTime(
  treasury: Treasury,
  at: number,
): { readonly treasury: Treasury; readonly expired: readonly string[] } {
  let next = treasury
  const expired: string[] = []
  for (const [id, { expiresAt, amountNanos }] of treasury.holds) {
    if (expiresAt > at) continue
    next = endHold(next, id, { spentNanos: amountNanos, how: 'expired' }) ?? next
    expired.push(id)
  }
  const over = [...next.accounts.values()].filter((account) => windowAt(account, at) > account.window)
  if (over.length > 0)
    next = withAccounts(next, over, (account) => ({
      ...account,
      spentNanos: ZERO_AMOUNT,
      window: windowAt(account, at),
    }))
  return { treasury: next, expired }
}

/** One account, or all of them by name. Throws `REQUEST_INVALID` for an unknown one. */
export function reportAccounts(treasury: Treasury, name: string | undefined): readonly AccountReport[] {
  const accounts = name === undefined ? [...treasury.accounts.values()] : [accountOf(treasury, name)]
  return accounts
    .map((account) => ({
      name: account.name,
      limitNanos: account.limitNanos,
      spentNanos: account.spentNanos,
      heldNanos: account.heldNanos,
      remainingNanos: remainingIn(account),
      ...(account.parent !== undefined && { parent: account.parent }),
    }))
    .sort((left, right) => (left.name < right.name ? -1 : 1))
}

function assertRoom(account: Account, amountNanos: Amount): void {
  const remaining = remainingIn(account)
  if (amountNanos <= remaining) return
  throw new CodedError('BUDGET_EXCEEDED', {
    message: `${formatAmount(amountNanos)} is more than the ${formatAmount(remaining)} that is left of ${account.name}`,
    details: { account: account.name, remainingNanos: String(remaining), limitNanos: String(account.limitNanos) },
  })
}

function remainingIn({ limitNanos, spentNanos, heldNanos }: Account): Amount {
  const used = spentNanos + heldNanos
  return amountFromNanos(used >= limitNanos ? 0n : limitNanos - used)
}

function accountOf({ accounts }: Treasury, name: string): Account {
  const account = accounts.get(name)
  if (account === undefined) throw invalid(`There is no account ${JSON.stringify(name)}`)
  return account
}

/** The account and all above it, innermost first. */
function pathOf(treasury: Treasury, name: string): readonly Account[] {
  const path: Account[] = []
  for (let at: string | undefined = name; at !== undefined; at = path.at(-1)?.parent) path.push(accountOf(treasury, at))
  return path
}

function withAccounts(
  treasury: Treasury,
  changed: readonly Account[],
  change: (account: Account) => Account,
): Treasury {
  const accounts = new Map(treasury.accounts)
  for (const account of changed) accounts.set(account.name, change(account))
  return { ...treasury, accounts }
}

/** A charge that nobody can mean stays at the largest amount there is, and the account at its end. */
function sumWithin(left: Amount, right: Amount): Amount {
  const sum = left + right
  return sum > AMOUNT_MAX ? amountFromNanos(AMOUNT_MAX) : amountFromNanos(sum)
}

function windowAt({ windowMs }: AccountInit, at: number): number {
  return windowMs === undefined ? 0 : Math.floor(at / windowMs)
}
