import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { CodedError } from '../../../base/errors.ts'
import { JournalFolder } from '../../../market/ledger/journal-folder.ts'
import { NOTARY_JOURNAL, NOTARY_SEGMENTS } from '../../../market/notary/start-notary.ts'
import { readBeginning } from '../../../market/ledger/journal-segments.ts'
import { createNodeFileSystem } from '../../../storage/node-file-system.ts'
import { hasJournalFiles, readJournalFiles } from '../../../storage/read-journal-files.ts'
import { readKeptSet } from '../market-files.ts'
import { ledgerNameOf, type SharedLedger } from '../shared-ledger.ts'
import { findRunningNode } from '../../running-node.ts'

/** What stands for bytes that are no line: no journal has such a line. */
const DAMAGED = '\u0000'

/** Whether a directory holds the journal of a notary, or is the folder of one. */
export async function isNotaryDirectory(path: string): Promise<boolean> {
  const fileSystem = createNodeFileSystem()
  return (await hasJournalFiles(fileSystem, join(path, NOTARY_JOURNAL))) || (await hasJournalFiles(fileSystem, path))
}

/**
 * Lines of a copy of the books: of an exported file, of a data directory, or of the folder of a journal. Nothing is locked or changed, so a node may be running
 * there. Bytes that are damaged come as a line that is none.
 *
 * Rejects with `STORE_READ_FAILED` where there is nothing to read.
 */
export async function openJournalLines(path: string): Promise<AsyncIterable<string>> {
  const found = await stat(path).catch((cause: unknown) => {
    throw new CodedError('STORE_READ_FAILED', { message: `${path} is not there`, cause, details: { path } })
  })
  if (!found.isDirectory()) return linesOfFile(path)
  const fileSystem = createNodeFileSystem()
  const inside = join(path, NOTARY_JOURNAL)
  const directory = (await hasJournalFiles(fileSystem, inside)) ? inside : path
  if (!(await hasJournalFiles(fileSystem, directory)))
    throw new CodedError('STORE_READ_FAILED', { message: `${path} holds no books`, details: { path } })
  const folder = JournalFolder.at(fileSystem, join(dirname(directory), NOTARY_SEGMENTS))
  return linesOfRecords(
    readJournalFiles(fileSystem, {
      directory,
      isBeingWritten: findRunningNode(path) !== undefined,
      beginning: async function* (snapshot) {
        const encoder = new TextEncoder()
        for await (const line of readBeginning(folder, snapshot)) yield encoder.encode(line)
      },
    }),
  )
}

/** Lines of the books that a directory's notary has in the shared store; `undefined` where there are none. Rejects as the store. */
export async function openSharedLines(
  dataDir: string,
  ledger: Pick<SharedLedger, 'read'> | undefined,
): Promise<AsyncIterable<string> | undefined> {
  const kept = ledger && (await readKeptSet(dataDir))
  if (ledger === undefined || kept === undefined || kept.set.members.length > 1) return undefined
  const name = ledgerNameOf(kept)
  for await (const _first of ledger.read(name)) return linesOfRecords(ledger.read(name))
  return undefined
}

async function* linesOfFile(path: string): AsyncGenerator<string, void, undefined> {
  yield* createInterface({ input: createReadStream(path, 'utf8'), crlfDelay: 0 })
}

async function* linesOfRecords(records: AsyncIterable<Uint8Array>): AsyncGenerator<string, void, undefined> {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  try {
    for await (const record of records) yield decoder.decode(record)
  } catch (error: unknown) {
    if (!CodedError.is(error, 'STORE_CORRUPTED') && !(error instanceof TypeError)) throw error
    yield DAMAGED
  }
}
