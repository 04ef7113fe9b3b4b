/**
 * A process that owns a hash-chained journal in the shared store for as long as it lives: waits until it may have it, checks the chain, and writes one entry after
 * the other. Argument: `JournalOwnerTask` as JSON. Prints a line of JSON for each thing that happens.
 */
import { setTimeout } from 'node:timers/promises'
import { CodedError } from '../../../src/base/errors.ts'
import { createSystemClock } from '../../../src/node/system-clock.ts'
import { createSystemTimers } from '../../../src/node/system-timers.ts'
import type { EventLog } from '../../../src/ports/event-log.ts'
import { AuditJournal } from '../../../src/rights/audit-journal.ts'
import { PostgresConnection } from '../../../src/storage/postgres/postgres-connection.ts'
import { openPostgresEventLog } from '../../../src/storage/postgres/postgres-event-log.ts'

export type JournalOwnerTask = {
  readonly url: string
  readonly schema: string
  readonly journal: string
  readonly owner: string
  readonly leaseMs: number
}

export type JournalOwnerNote =
  | { readonly event: 'took'; readonly entries: number; readonly ok: boolean }
  | { readonly event: 'kept'; readonly index: number; readonly hash: string }
  | { readonly event: 'refused'; readonly code: string }

const PAUSE_MS = 20

function say(note: JournalOwnerNote): void {
  process.stdout.write(`${JSON.stringify(note)}\n`)
}

async function takeWhenFree(connection: PostgresConnection, task: JournalOwnerTask): Promise<EventLog> {
  for (;;) {
    try {
      return await openPostgresEventLog(connection, { ...task, name: task.journal })
    } catch (error: unknown) {
      if (!CodedError.is(error, 'STORE_LOCKED')) throw error
    }
    await setTimeout(PAUSE_MS)
  }
}

async function own(task: JournalOwnerTask): Promise<void> {
  const clock = createSystemClock()
  const connection = await PostgresConnection.create({ timers: createSystemTimers(), clock }, task)
  const log = await takeWhenFree(connection, task)
  const { journal } = await AuditJournal.open({ log, clock })
  const { ok, entries } = journal.verify()
  say({ event: 'took', entries, ok })
  try {
    for (let place = 0; ; place += 1) {
      await journal.append({ type: 'written', owner: task.owner, place })
      const { head } = journal.verify()
      say({ event: 'kept', index: head?.index ?? -1, hash: head?.hash ?? '' })
    }
  } catch (error: unknown) {
    say({ event: 'refused', code: CodedError.is(error) ? error.code : String(error) })
  }
}

await own(JSON.parse(process.argv[2] ?? '{}') as JournalOwnerTask)
process.exit(0)
