import type { Amount } from '../base/money.ts'
import type { BudgetWindow } from '../core/budget/budget-window.ts'
import type { LogSnapshot } from './event-log.ts'

/** A limit of a budget that holds from an entry on; `undefined` takes it away. */
export type EntryLimit = {
  readonly scope: string
  readonly window: BudgetWindow
  readonly limitNanos: Amount | undefined
}

/** What a reader has not got yet. */
export type SharedJournalPage = {
  /** Present where the reader has not all that it replaced. */
  readonly snapshot: LogSnapshot | undefined
  /** What follows on the snapshot, or else on what the reader has; a part where there is much. */
  readonly entries: readonly Uint8Array[]
  /** Where the journal ended when it was read: the number of entries ever appended. */
  readonly nextIndex: number
  /** Bytes of the entries behind the newest snapshot. */
  readonly sizeBytes: number
}

/** What an entry was judged by, and the limits that come with it. */
export type SharedAppend = {
  /** The end of the journal that the writer has read to. */
  readonly expectedIndex: number
  readonly limits: readonly EntryLimit[]
}

/**
 * SharedJournal: a journal that any number of processes write, one entry at a time. A writer says which end of the journal its entry was judged by; where somebody else was
 * faster it is told so, reads what it missed, and judges again. So nobody owns it, and nobody's entry is lost or based on what is not so any more.
 *
 * ```ts
 * const add = async (journal: SharedJournal, judge: (entries: readonly Uint8Array[]) => Uint8Array): Promise<void> => {
 *   for (;;) {
 *     const { entries, nextIndex } = await journal.read(0)
 *     if (await journal.append(judge(entries), { expectedIndex: nextIndex, limits: [] })) return
 *   }
 * }
 * ```
 */
export interface SharedJournal {
  /** Whether other processes may write it, and may be told of what this one wrote. Then limits hold with their entry or not at all; else whoever appends sets them. */
  readonly isShared: boolean
  /** What was appended from `fromIndex` on. A reader who is ahead of the journal's end gets no entries. Throws `STORE_*`. */
  read(fromIndex: number): Promise<SharedJournalPage>
  /**
   * Appends one entry, on stable storage once resolved. `false`, and nothing is written, where the journal does not end at `expectedIndex` any more.
   *
   * @param entry  At most 1 MiB.
   *
   * Throws `STORE_*` and `LOG_POISONED`; the entry may then be found later all the same.
   */
  append(entry: Uint8Array, init: SharedAppend): Promise<boolean>
  /** Replaces entries before `snapshot.nextIndex`; does nothing where there is a newer one already. Throws `STORE_*`. */
  compact(snapshot: LogSnapshot): Promise<void>
  /**
   * Tells that there may be something new, usually within milliseconds; who wants to be sure looks from time to time. A listener may not throw.
   *
   * @returns Ends it; idempotent.
   */
  watch(listener: () => void): () => void
}
