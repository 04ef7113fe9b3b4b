import type { CivilDate } from '../../models/civil-date.ts'
import type { ExplorationRegret } from './exploration-rule.ts'

/** What exploration has given up on one day. */
export type RegretAccount = ExplorationRegret & { readonly day: CivilDate }

/**
 * What was given up, by day. Each day of the calendar has its limits once, whatever the clock does: a day that the clock comes back to goes on
 * from what was spent on it, and one that is older than all that is remembered gets nothing.
 */
export type RegretBook = {
  /** Oldest first, `DAYS_MAX` at most. */
  readonly accounts: readonly RegretAccount[]
  /** The last day of those that are not remembered any more; absent: none was forgotten. */
  readonly closedThrough?: CivilDate
}

/** Most that exploration may give up a day; a member that is absent has no limit. */
export type RegretLimits = { readonly utilityPerDay?: number; readonly usdPerDay?: number }

/** Keeps the account of all policies of a node. */
export type RegretLedger = {
  left(limits: RegretLimits, day: CivilDate): Partial<ExplorationRegret>
  book(regret: ExplorationRegret, day: CivilDate): void
}

export const NEW_REGRET_BOOK: RegretBook = { accounts: [] }

/** Days that are remembered. */
const DAYS_MAX = 32

/** A ledger in memory: it starts with nothing spent. */
export function createRegretLedger(): RegretLedger {
  let book = NEW_REGRET_BOOK
  return {
    left: (limits, day) => regretLeft(book, limits, day),
    book(regret, day) {
      book = bookRegret(book, regret, day)
    },
  }
}

/** What is left of the day's limits, 0 or more; nothing is said of what has no limit. A new day starts with all of it. */
export function regretLeft(
  book: RegretBook,
  { utilityPerDay, usdPerDay }: RegretLimits,
  day: CivilDate,
): Partial<ExplorationRegret> {
  const { utility, usd } = spentOn(book, day)
  return {
    ...(utilityPerDay !== undefined && { utility: Math.max(0, utilityPerDay - utility) }),
    ...(usdPerDay !== undefined && { usd: Math.max(0, usdPerDay - usd) }),
  }
}

/** What was given up on a day: more than any limit on one that was forgotten. */
export function spentOn({ accounts, closedThrough }: RegretBook, day: CivilDate): ExplorationRegret {
  const account = accounts.find((known) => known.day === day)
  if (account !== undefined) return account
  const isClosed = closedThrough !== undefined && day <= closedThrough
  const spent = isClosed ? Number.POSITIVE_INFINITY : 0
  return { utility: spent, usd: spent }
}

/** The book after a decision with this expected regret. */
export function bookRegret(book: RegretBook, { utility, usd }: ExplorationRegret, day: CivilDate): RegretBook {
  const spent = spentOn(book, day)
  return withAccount(book, { day, utility: spent.utility + utility, usd: spent.usd + usd })
}

/** The book with another account of that day; a day that was forgotten stays so. */
export function withAccount(book: RegretBook, account: RegretAccount): RegretBook {
  const { closedThrough } = book
  const others = book.accounts.filter(({ day }) => day !== account.day)
  const isKnown = others.length < book.accounts.length
  if (!isKnown && closedThrough !== undefined && account.day <= closedThrough) return book
  const accounts = [...others, account].toSorted((one, other) => (one.day < other.day ? -1 : 1))
  if (accounts.length <= DAYS_MAX) return { ...book, accounts }
  const [oldest, ...rest] = accounts
  return oldest === undefined ? book : { accounts: rest, closedThrough: oldest.day }
}
