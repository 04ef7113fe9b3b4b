import type { Did, Hash } from '../evidence/names.ts'
import { type EpochChange, refuseEpochChange } from './epoch-change.ts'
import type { NotaryRefusalCode } from './notary-codes.ts'
import { checkNotarySet, type NotarySet } from './notary-set.ts'
import type { VerifyStatement } from './statement.ts'

/** A set that keeps the log no longer, and the word with which it handed the log on. */
export type FormerSet = { readonly set: NotarySet; readonly change: EpochChange }

/** A set and those that kept its log before, the oldest first. */
export type SetLineage = { readonly set: NotarySet; readonly before: readonly FormerSet[] }

/** Sets that may stand before one. */
export const FORMER_SETS_MAX = 1_024

/** `undefined` when each set has handed the log to the next one; else why not, as `checkNotarySet` and `refuseEpochChange`. */
export function refuseLineage({ set, before }: SetLineage, verify: VerifyStatement): NotaryRefusalCode | undefined {
  if (before.length > FORMER_SETS_MAX) return 'NOTARY_SET_EPOCH'
  let at = 0
  for (const [index, { set: from, change }] of before.entries()) {
    const to = before[index + 1]?.set ?? set
    const made = checkNotarySet(from)
    if (made.kind === 'refused') return made.code
    // The log only grows: no set ends before the one that it follows.
    if (change.slot < at) return 'NOTARY_SET_EPOCH'
    at = change.slot
    const code = refuseEpochChange(change, { from, to, verify })
    if (code !== undefined) return code
  }
  return undefined
}

/** Whose journal it is: the set that began the log. */
export function firstSetOf({ set, before }: SetLineage): NotarySet {
  return before[0]?.set ?? set
}

/** Ids of all sets that have kept the log, the newest first. */
export function idsOf({ set, before }: SetLineage): readonly Hash[] {
  return [set.id, ...before.map((former) => former.set.id).reverse()]
}

/** Keys of all members that have kept the log. */
export function keysOf({ set, before }: SetLineage): readonly Did[] {
  return [...before.map((former) => former.set), set].flatMap(({ members }) => members.map(({ key }) => key))
}
