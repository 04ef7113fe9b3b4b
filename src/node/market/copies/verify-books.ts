import { stat } from 'node:fs/promises'
import type { GovernedBooksState } from '../../../core/books/governed-books.ts'
import { FAULTS_MAX } from '../../../core/notary/notary-set.ts'
import { firstSetOf, keysOf, type SetLineage } from '../../../core/notary/set-lineage.ts'
import { createNodeVerifier } from '../../../keys/node-signatures.ts'
import { verifySignatureWith } from '../../../keys/verify-signature.ts'
import { nameJournal } from '../../../market/ledger/journal-line.ts'
import { type JournalVerification, verifyJournal } from '../../../market/ledger/verify-journal.ts'
import { BooksAudit, type BooksReport } from '../../../market/notary/books/audit-books.ts'
import { signersBehind } from '../../../market/notary/books/lineage-audit.ts'
import { type BookedStep, journaledBooks, journalWordsOf } from '../../../market/notary/books/journaled-books.ts'
import type { AbortOptions } from '../../../ports/abort-options.ts'
import { feeOwnerOf } from '../fee-owner.ts'
import { openJournalLines } from './journal-source.ts'
import { readKeptSet } from '../market-files.ts'
import { knownParameters } from '../../../market/parties/parameters/market-parameters.ts'
import { PORTABLE_HASHES } from '../../../market/parties/portable-hashes.ts'
import { MARKET_CLOCK_SKEW_MS } from '../../../market/notary/start-notary.ts'
import { setNamedIn } from './set-of-journal.ts'

/** Copies that the first may be compared with: one of each other member of the largest set. */
export const OTHER_COPIES_MAX = 3 * FAULTS_MAX

export type BooksVerification = JournalVerification<BooksReport>

export type VerifyBooksInit = AbortOptions & {
  /** A file that `kernell ledger export` wrote, a data directory, or the folder of a journal. */
  readonly path: string
  /** Whose books they have to be, and whose signatures count; absent: those of the set that the data directory was opened with, and of any key for a file. */
  readonly set?: SetLineage
  /** Other copies of the same books, each as `path` is, and read in turn. */
  readonly against?: readonly string[]
  /** Sees each step that changed the books. */
  readonly onStep?: (step: BookedStep) => void
}

/**
 * Checks a copy of the books from its bytes alone, and compares it with others. Every envelope in it is verified again.
 *
 * Rejects with `STORE_READ_FAILED` where there is nothing to read, and the signal's reason.
 */
export async function verifyBooks({
  path,
  set,
  against = [],
  signal,
  onStep,
}: VerifyBooksInit): Promise<BooksVerification> {
  const lines = await openJournalLines(path)
  const others: AsyncIterable<string>[] = []
  for (const other of against) others.push(await openJournalLines(other))
  const kept = set ?? (await keptIn(path))
  const first = kept === undefined ? await setNamedIn(await openJournalLines(path)) : firstSetOf(kept)
  const verify = verifySignatureWith(createNodeVerifier())
  const hash = PORTABLE_HASHES.hexOfText
  const audit = {
    verify,
    clockSkewMs: MARKET_CLOCK_SKEW_MS,
    members: kept && Math.max(kept.set.members.length, first.members.length),
    lineage: kept,
    parameters: knownParameters(),
    hash,
  }
  // One copy is read after the other.
  let reading: BooksAudit | undefined
  return await verifyJournal(lines, {
    journaled: journaledBooks({
      set: first,
      feeOwner: feeOwnerOf(first),
      hash,
      onStep: (step) => {
        reading?.follow(step)
        onStep?.(step)
      },
    }),
    verify,
    audit: () => (reading = new BooksAudit(audit)),
    digest: PORTABLE_HASHES.ofBytes,
    ...(kept !== undefined && {
      signers: keysOf(kept),
      counted: ({ books }: GovernedBooksState) => signersBehind(kept, books.set.id),
      name: nameJournal(journalWordsOf(first), PORTABLE_HASHES.ofBytes),
    }),
    against: others,
    ...(signal !== undefined && { signal }),
  })
}

/** A data directory knows its set. */
async function keptIn(path: string): Promise<SetLineage | undefined> {
  return (await stat(path)).isDirectory() ? await readKeptSet(path) : undefined
}
