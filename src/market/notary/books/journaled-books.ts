import type { Sha256Hex } from '../../../base/sha256.ts'
import { timestampFromMs } from '../../../base/time.ts'
import type { BooksLimits, BooksState } from '../../../core/books/books-state.ts'
import {
  GOVERNED_BOOKS_MACHINE,
  type GovernedBooksEffect,
  type GovernedBooksState,
} from '../../../core/books/governed-books.ts'
import { governedStateLines, GovernedStateReader } from '../../../core/books/governed-state-lines.ts'
import type { Did } from '../../../core/evidence/names.ts'
import { balanceSums, formatBalances } from '../../../core/ledger/ledger-balances.ts'
import { type NotarySet, quorumOf } from '../../../core/notary/notary-set.ts'
import type { JournaledMachine } from '../../ledger/journaled-machine.ts'
import { type BookedEvent, formatBookedEvent, parseBookedEvent, stampOfBooksEvent } from './booked-event.ts'

export type JournaledBooks = JournaledMachine<GovernedBooksState, BookedEvent, GovernedBooksEffect>

/** One step that changed the books. */
export type BookedStep = {
  readonly booked: BookedEvent
  readonly before: BooksState
  readonly after: BooksState
  readonly effects: readonly GovernedBooksEffect[]
}

export type JournaledBooksInit = {
  readonly set: NotarySet
  /** Who owns the account that the set earns into. */
  readonly feeOwner: Did
  readonly limits?: BooksLimits | undefined
  readonly hash?: Sha256Hex | undefined
  /** Sees each step that changed the books, once and in order: first those of the journal that is opened, then new ones. */
  readonly onStep?: ((step: BookedStep) => void) | undefined
}

/** The words that name the journal of a set; `nameJournal` makes the name of them. */
export function journalWordsOf(set: NotarySet): string {
  return `notary/${set.id}`
}

/** The books of a notary set, with their governance, as its members journal them: for the notary itself, and for whoever verifies a copy. */
export function journaledBooks(init: JournaledBooksInit): JournaledBooks {
  const { set, feeOwner, limits, hash, onStep } = init
  const terms = { id: set.id, epoch: set.epoch, n: set.members.length, m: quorumOf(set), feeOwner }
  return {
    machine: {
      name: GOVERNED_BOOKS_MACHINE.name,
      violations: (state) => GOVERNED_BOOKS_MACHINE.violations(state),
      transition: (before, booked) => {
        const step = GOVERNED_BOOKS_MACHINE.transition(before, booked.event)
        if (step.state !== before)
          onStep?.({ booked, before: before.books, after: step.state.books, effects: step.effects })
        return step
      },
    },
    first: GOVERNED_BOOKS_MACHINE.initial({ at: timestampFromMs(0), set: terms, ...(limits && { limits }) }),
    formatEvent: formatBookedEvent,
    parseEvent: (json) => parseBookedEvent(json, { hash }),
    stampOf: ({ event }) => stampOfBooksEvent(event),
    formatBalances: ({ books }) => formatBalances(books.ledger),
    sumsOf: ({ books }) => balanceSums(books.ledger),
    written: { lines: governedStateLines, read: () => new GovernedStateReader() },
  }
}
