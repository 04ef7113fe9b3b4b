import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync, statSync, readdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Timestamp, timestampFromMs } from '../../../src/base/time.ts'
import type { LedgerEffect, LedgerEvent } from '../../../src/core/ledger/ledger-event.ts'
import type { AccountId } from '../../../src/core/ledger/ledger-names.ts'
import type { LedgerState } from '../../../src/core/ledger/ledger-state.ts'
import { JournalFolder } from '../../../src/market/ledger/journal-folder.ts'
import { nameJournal } from '../../../src/market/ledger/journal-line.ts'
import { journaledLedger } from '../../../src/market/ledger/journaled-machine.ts'
import { MachineJournal } from '../../../src/market/ledger/machine-journal.ts'
import { createSystemRandom } from '../../../src/node/system-random.ts'
import type { EventLog } from '../../../src/ports/event-log.ts'
import type { Signer } from '../../../src/ports/signer.ts'
import { createNodeFileSystem } from '../../../src/storage/node-file-system.ts'
import { openSegmentedEventLog } from '../../../src/storage/segmented-event-log.ts'
import { account, ALICE, didOf, fundedLedger, post, START } from '../../core/ledger/ledger-builder.ts'
import { type BenchOptions, type BenchReport, type BenchRow, roundFigure } from '../bench.ts'

const ENTRIES = 1_000_000
/** Entries behind the newest closed segment. */
const OPEN_ENTRIES = 10_000
const GROUP = 1_000
/** One transfer a second: about 90,000 of them are remembered at a time. */
const STEP_MS = 1_000

type Journal = MachineJournal<LedgerState, LedgerEvent, LedgerEffect>

const digest = (bytes: Uint8Array): Uint8Array => new Uint8Array(createHash('sha256').update(bytes).digest())
const NAME = nameJournal('bench')
/** Signing is measured elsewhere. */
const SIGNER: Signer = {
  publicKeyHex: '3b6a27bcceb6a42d62a3a8d02a6f0d73653215771de243a63ac048a18b59da29',
  sign: (bytes) => new Uint8Array(Buffer.concat([digest(bytes), digest(bytes)])),
}

/** How long a start takes with a million entries behind it, each a transfer among 1,000 accounts: from the newest closed segment, and after pruning. */
export async function bench(options: BenchOptions): Promise<BenchReport> {
  const entries = options.isQuick ? 2_000 : ENTRIES
  const open = options.isQuick ? 500 : OPEN_ENTRIES
  const directory = mkdtempSync(join(tmpdir(), 'kernell-bench-'))
  try {
    const rows: BenchRow[] = []
    const add = (row: BenchRow): void => {
      options.log(`${row.case}: ${row.ours} ${row.unit}`)
      rows.push(row)
    }
    add(await measureClosing(directory, { entries, open }))
    add(await measureOpening(directory, `start, ${entries} entries, ${open} of them behind the newest state`))
    add(await measurePruning(directory))
    add(await measureOpening(directory, `start, ${entries} entries, all of them pruned`))
    return { rows, skipped: [] }
  } finally {
    rmSync(directory, { recursive: true })
  }
}

async function openJournal(directory: string): Promise<{ readonly journal: Journal; readonly log: EventLog }> {
  const fileSystem = createNodeFileSystem()
  const log = await openSegmentedEventLog(
    { fileSystem, random: createSystemRandom() },
    { directory: join(directory, 'log') },
  )
  const folder = await JournalFolder.open(fileSystem, join(directory, 'segments'))
  const first = fundedLedger({ amount: 1_000_000_000_000, cap: 2_000_000_000_000 })
  const journaled = { ...journaledLedger({ at: START }), first }
  return { journal: await MachineJournal.open({ log, folder, journaled, digest, signer: SIGNER }, NAME), log }
}

function stampOf(number: number): Timestamp {
  return timestampFromMs(START + STEP_MS * number)
}

async function measureClosing(
  directory: string,
  { entries, open }: { readonly entries: number; readonly open: number },
): Promise<BenchRow> {
  const { journal, log } = await openJournal(directory)
  const accounts = Array.from({ length: 1_000 }, (_, index) => account(didOf(index + 10_000)))
  const started = performance.now()
  await fill(journal, accounts, { from: 0, to: entries - open })
  const built = performance.now() - started
  const start = performance.now()
  await journal.closeSegment(stampOf(entries - open))
  const took = performance.now() - start
  await fill(journal, accounts, { from: entries - open, to: entries })
  await journal.close()
  await log.close()
  return row(`a segment of ${entries - open} entries is closed`, took, {
    note: `${roundFigure((entries - open) / (built / 1_000))} entries/s were appended before; ${sizes(directory)}`,
  })
}

async function fill(
  journal: Journal,
  accounts: readonly AccountId[],
  { from, to }: { readonly from: number; readonly to: number },
): Promise<void> {
  for (let first = from; first < to; first += GROUP) {
    const events = Array.from({ length: Math.min(GROUP, to - first) }, (_, offset): LedgerEvent => {
      const number = first + offset
      const credit = accounts[number % accounts.length] ?? account(ALICE)
      return { type: 'transfers-submitted', at: stampOf(number), orders: [post(number + 1, 1, { credit })] }
    })
    await journal.append(events)
  }
}

async function measureOpening(directory: string, name: string): Promise<BenchRow> {
  const start = performance.now()
  const { journal, log } = await openJournal(directory)
  const took = performance.now() - start
  const first = performance.now()
  await journal.proveConsistency(1, journal.entries)
  const proven = performance.now() - first
  await journal.close()
  await log.close()
  return row(name, took, { note: `the first proof takes ${roundFigure(proven)} ms more; ${sizes(directory)}` })
}

async function measurePruning(directory: string): Promise<BenchRow> {
  const { journal, log } = await openJournal(directory)
  const start = performance.now()
  await journal.prune(stampOf(journal.entries), join(directory, 'archive.jsonl'))
  const took = performance.now() - start
  await journal.close()
  await log.close()
  return row('archived and pruned', took, { note: sizes(directory) })
}

function sizes(directory: string): string {
  const sizeOf = (name: string): string => {
    const files = readdirSync(join(directory, name)).map((file) => statSync(join(directory, name, file)).size)
    return `${name} ${Math.round(files.reduce((sum, size) => sum + size, 0) / 1_000_000)} MB`
  }
  return ['log', 'segments'].map(sizeOf).join(', ')
}

function row(name: string, milliseconds: number, { note }: { readonly note: string }): BenchRow {
  return { case: name, unit: 'ms', better: 'lower', ours: roundFigure(milliseconds), peers: {}, limit: null, note }
}
