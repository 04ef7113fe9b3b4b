import type { CivilDate } from '../../models/civil-date.ts'
import type { ExplorationRegret } from './exploration-rule.ts'

/** What exploration has given up on one day. */
export type RegretAccount = ExplorationRegret & { readonly day: CivilDate }

/** Most that exploration may give up a day; a member that is absent has no limit. */
export type RegretLimits = { readonly utilityPerDay?: number; readonly usdPerDay?: number }

/** Keeps the account of all policies of a node. */
export type RegretLedger = {
  left(limits: RegretLimits, day: CivilDate): Partial<ExplorationRegret>
  book(regret: ExplorationRegret, day: CivilDate): void
}

/** A ledger in memory: it starts with nothing spent. */
export function createRegretLedger(): RegretLedger {
  let account: RegretAccount | undefined
  return {
    left: (limits, day) => regretLeft(account, limits, day),
    book(regret, day) {
      account = bookRegret(account, regret, day)
    },
  }
}

/** What is left of the day's limits, 0 or more; nothing is said of what has no limit. A new day starts with all of it. */
export function regretLeft(
  account: RegretAccount | undefined,
  { utilityPerDay, usdPerDay }: RegretLimits,
  day: CivilDate,
): Partial<ExplorationRegret> {
  const spent = account?.day === day ? account : undefined
  return {
    ...(utilityPerDay !== undefined && { utility: Math.max(0, utilityPerDay - (spent?.utility ?? 0)) }),
    ...(usdPerDay !== undefined && { usd: Math.max(0, usdPerDay - (spent?.usd ?? 0)) }),
  }
}

/** The account after a decision with this expected regret. */
export function bookRegret(
  account: RegretAccount | undefined,
  { utility, usd }: ExplorationRegret,
  day: CivilDate,
): RegretAccount {
  const spent = account?.day === day ? account : { utility: 0, usd: 0 }
  return { day, utility: spent.utility + utility, usd: spent.usd + usd }
}
