import type { GovernedBooksState } from '../../../core/books/governed-books.ts'
import { firstSetOf, keysOf, type SetLineage } from '../../../core/notary/set-lineage.ts'
import { JournalFolder } from '../../../market/ledger/journal-folder.ts'
import { nameJournal } from '../../../market/ledger/journal-line.ts'
import { readBeginning } from '../../../market/ledger/journal-segments.ts'
import { type JournalVerification, verifyJournal } from '../../../market/ledger/verify-journal.ts'
import { BooksAudit, type BooksReport } from '../../../market/notary/books/audit-books.ts'
import { feeOwnerOf } from '../../../market/notary/books/epoch-entry.ts'
import { type BookedStep, journaledBooks, journalWordsOf } from '../../../market/notary/books/journaled-books.ts'
import { signersBehind } from '../../../market/notary/books/lineage-audit.ts'
import { MARKET_CLOCK_SKEW_MS, NOTARY_JOURNAL } from '../../../market/notary/start-notary.ts'
import { knownParameters } from '../../../market/parties/parameters/market-parameters.ts'
import { PORTABLE_HASHES } from '../../../market/parties/portable-hashes.ts'
import type { FileSystem } from '../../../ports/file-system.ts'
import { hasJournalFiles, readJournalFiles } from '../../../storage/read-journal-files.ts'
import { NOTARY_FOLDER, NOTARY_JOURNALS, type NotaryMachine } from '../notary-machine.ts'
import type { SimulatedMarket } from '../simulated-market.ts'

/** A copy of a notary's books, read from its disk as anybody reads them: every line replayed, every signature checked. */
export type AuditedBooks = {
  readonly name: string
  readonly verification: JournalVerification<BooksReport>
  /** Each step that changed the books, in order. */
  readonly steps: readonly BookedStep[]
  /** Where the replay ends. */
  readonly state: GovernedBooksState | undefined
}

/** The lines of a notary's journal as they lie on its disk, whether it runs or not. Empty where it has none. */
export async function readBookLines(market: SimulatedMarket, notary: NotaryMachine): Promise<readonly string[]> {
  const { machine } = notary
  const auditor = market.stage.world.createProcess(`auditor of ${machine.name}`)
  const fileSystem: FileSystem = machine.disk.fileSystem(auditor)
  const directory = `${NOTARY_JOURNALS}/${NOTARY_JOURNAL}`
  if (!(await hasJournalFiles(fileSystem, directory))) return []
  const folder = JournalFolder.at(fileSystem, NOTARY_FOLDER)
  const beginning = async function* (snapshot: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
    const encoder = new TextEncoder()
    for await (const line of readBeginning(folder, snapshot)) yield encoder.encode(line)
  }
  const decoder = new TextDecoder()
  const lines: string[] = []
  for await (const record of readJournalFiles(fileSystem, { directory, isBeingWritten: true, beginning }))
    lines.push(decoder.decode(record))
  return lines
}

/** Replays and verifies books from their lines alone, as `kernell ledger verify` does. */
export async function auditBooks(
  market: SimulatedMarket,
  { name, lines }: { readonly name: string; readonly lines: readonly string[] },
): Promise<AuditedBooks> {
  const { set, network } = market
  const lineage: SetLineage = { set, before: [] }
  const first = firstSetOf(lineage)
  const hash = PORTABLE_HASHES.hexOfText
  const steps: BookedStep[] = []
  let reading: BooksAudit | undefined
  let state: GovernedBooksState | undefined
  const audit = {
    verify: network.verify,
    clockSkewMs: MARKET_CLOCK_SKEW_MS,
    members: set.members.length,
    lineage,
    parameters: knownParameters(),
    hash,
  }
  const onStep = (step: BookedStep): void => {
    reading?.follow(step)
    steps.push(step)
  }
  const journaled = journaledBooks({ set: first, feeOwner: feeOwnerOf(first), hash, onStep })
  const { machine } = journaled
  const transition: typeof machine.transition = (before, event) => {
    const step = machine.transition(before, event)
    ;({ state } = step)
    return step
  }
  const verification = await verifyJournal(linesOf(lines), {
    journaled: { ...journaled, machine: { ...machine, transition } },
    verify: network.verify,
    audit: () => (reading = new BooksAudit(audit)),
    digest: PORTABLE_HASHES.ofBytes,
    signers: keysOf(lineage),
    counted: ({ books }: GovernedBooksState) => signersBehind(lineage, books.set.id),
    name: nameJournal(journalWordsOf(first), PORTABLE_HASHES.ofBytes),
  })
  return { name, verification, steps, state }
}

async function* linesOf(lines: readonly string[]): AsyncGenerator<string, void, undefined> {
  yield* await Promise.resolve(lines)
}
