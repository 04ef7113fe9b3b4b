import type { GovernedBooksEffect, GovernedBooksState } from '../../../core/books/governed-books.ts'
import type { MachineJournal } from '../../ledger/machine-journal.ts'
import type { BookedEvent } from './booked-event.ts'

/** The journal of a notary's books: the one log from which everything that it knows follows. */
export type BooksJournal = MachineJournal<GovernedBooksState, BookedEvent, GovernedBooksEffect>
