import type { BooksLimits } from '../../../core/books/books-state.ts'
import type { Did } from '../../../core/evidence/names.ts'
import { firstSetOf, type SetLineage } from '../../../core/notary/set-lineage.ts'
import type { EventLog } from '../../../ports/event-log.ts'
import type { Signer } from '../../../ports/signer.ts'
import type { JournalFolder } from '../../ledger/journal-folder.ts'
import type { WrittenBeside } from '../../ledger/journaled-machine.ts'
import { nameJournal } from '../../ledger/journal-line.ts'
import { MachineJournal } from '../../ledger/machine-journal.ts'
import { feeOwnerOf } from './epoch-entry.ts'
import { type BookedStep, journaledBooks, journalWordsOf } from './journaled-books.ts'
import type { NotaryHashes } from '../notary-service-init.ts'
import type { BooksJournal } from './books-journal.ts'

export type OpenBooksInit = {
  readonly log: EventLog
  /** Where closed segments are kept, and what is kept with them. */
  readonly folder?: JournalFolder | undefined
  readonly beside?: WrittenBeside | undefined
  readonly lineage: SetLineage
  readonly hashes: NotaryHashes
  /** Of the newest set; absent: its first member. */
  readonly feeOwner?: Did
  readonly limits?: BooksLimits | undefined
  /** Of checkpoints. */
  readonly signer?: Pick<Signer, 'publicKeyHex' | 'sign'>
  readonly onStep: (step: BookedStep) => void
}

/** The books of a log, under the name of the set that began it. Throws `LEDGER_JOURNAL_BROKEN`, and what the log throws. */
export async function openBooks(init: OpenBooksInit): Promise<BooksJournal> {
  const { log, folder, beside, lineage, hashes, limits, signer, onStep } = init
  const first = firstSetOf(lineage)
  const { feeOwner = feeOwnerOf(first) } = first === lineage.set ? init : {}
  const journaled = journaledBooks({ set: first, feeOwner, limits, hash: hashes.hexOfText, onStep })
  const name = nameJournal(journalWordsOf(first), hashes.ofBytes)
  const signing = signer && { signer }
  return await MachineJournal.open({ log, journaled, folder, beside, digest: hashes.ofBytes, ...signing }, name)
}
