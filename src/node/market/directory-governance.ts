import type { JsonValue } from '../../base/canonical-json.ts'
import { CodedError } from '../../base/errors.ts'
import { firstSetOf } from '../../core/notary/set-lineage.ts'
import { viewGovernance } from '../../market/governance/view-governance.ts'
import { nameJournal } from '../../market/ledger/journal-line.ts'
import { JournalReader } from '../../market/ledger/journal-reader.ts'
import { journaledBooks, journalWordsOf } from '../../market/notary/books/journaled-books.ts'
import { feeOwnerOf } from './fee-owner.ts'
import { showGovernance } from './desks/governance-desk.ts'
import { openJournalLines } from './copies/journal-source.ts'
import { readKeptSet } from './market-files.ts'
import { marketRefusal } from './desks/market-refusals.ts'
import { PORTABLE_HASHES } from '../../market/parties/portable-hashes.ts'

/**
 * What the books of a notary say of its governance, read without a key and without changing anything; `undefined` where the directory holds no books. Signatures are not
 * checked again: `kernell ledger verify` does that.
 *
 * Rejects with `LEDGER_JOURNAL_BROKEN`, and with `MARKET_REFUSED` where governance has not begun.
 */
export async function governanceOfDirectory(dataDir: string): Promise<JsonValue | undefined> {
  const lineage = await readKeptSet(dataDir).catch(() => undefined)
  if (lineage === undefined) return undefined
  const set = firstSetOf(lineage)
  let lines: AsyncIterable<string>
  try {
    lines = await openJournalLines(dataDir)
  } catch (error: unknown) {
    if (CodedError.is(error, 'STORE_READ_FAILED')) return undefined
    throw error
  }
  const { ofBytes: digest, hexOfText: hash } = PORTABLE_HASHES
  const reader = new JournalReader({
    journaled: journaledBooks({ set, feeOwner: feeOwnerOf(set), hash }),
    name: nameJournal(journalWordsOf(set), digest),
    verify: undefined,
    digest,
  })
  for await (const line of lines) {
    const read = reader.read(line)
    if (read.kind === 'bad')
      throw new CodedError('LEDGER_JOURNAL_BROKEN', {
        message: `The books break at entry ${reader.entries}: ${read.finding}`,
        details: { finding: read.finding },
      })
  }
  const view = viewGovernance(reader.state)
  if (view === undefined) throw marketRefusal('BOOKS_GOVERNANCE_NONE')
  return showGovernance(view, undefined)
}
