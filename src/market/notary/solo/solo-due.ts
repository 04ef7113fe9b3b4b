import type { Timestamp } from '../../../base/time.ts'
import { bookOrdered, type OrderedEvent, stamped } from '../books/booked-event.ts'
import { firstDue, missingGovernance } from '../books/due-entries.ts'
import type { KnownRules } from '../books/known-rules.ts'
import type { BooksJournal } from '../books/books-journal.ts'

export type DueInit = {
  readonly slot: number
  readonly at: Timestamp
  readonly rules: KnownRules
  /** Entries at most; the next block takes the others. */
  readonly max: number
}

/** Orders what a notary that is alone orders by itself: what its operator wants of governance, votes that end, timers of contracts, holds that expire. Each is an entry of its own. */
export async function orderWhatIsDue(journal: BooksJournal, { slot, at, rules, max }: DueInit): Promise<void> {
  let ordered = 0
  const order = async (event: OrderedEvent): Promise<void> => {
    await journal.take([bookOrdered(slot, stamped(event, at))])
    ordered += 1
  }
  for (const event of missingGovernance(journal.state, rules)) await order(event)
  // A table of weights needs governance that has begun.
  if (ordered > 0) for (const event of missingGovernance(journal.state, rules)) await order(event)
  for (let next = firstDue(journal.state, at); next !== undefined && ordered < max;) {
    await order(next)
    // Holds end all at once, and come last.
    next = next.type === 'stamp-advanced' ? undefined : firstDue(journal.state, at)
  }
}
