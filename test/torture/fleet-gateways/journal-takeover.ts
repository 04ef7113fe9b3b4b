import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { createSystemClock } from '../../../src/node/system-clock.ts'
import { createSystemTimers } from '../../../src/node/system-timers.ts'
import { AuditJournal } from '../../../src/rights/audit-journal.ts'
import { PostgresConnection } from '../../../src/storage/postgres/postgres-connection.ts'
import { openPostgresEventLog } from '../../../src/storage/postgres/postgres-event-log.ts'
import type { JournalOwnerNote, JournalOwnerTask } from './journal-owner.ts'

const OWNER = fileURLToPath(new URL('journal-owner.ts', import.meta.url))
const JOURNAL = 'fleet-ledger'
const ENTRIES = 40

export type TakeoverInit = {
  readonly url: string
  readonly schema: string
  readonly leaseMs: number
  readonly fail: (what: string) => void
}

/**
 * A journal goes from one process to the next: the first is killed, the second is stopped in the middle and goes on when a third has the journal. Whatever one of them
 * was told is kept has to be there in the end, in one chain, and the one that came back late may write nothing.
 *
 * @returns Entries of the chain.
 */
export async function playTakeover({ url, schema, leaseMs, fail }: TakeoverInit): Promise<number> {
  const task = (owner: string): JournalOwnerTask => ({ url, schema, journal: JOURNAL, owner, leaseMs })
  const owners = ['first', 'second', 'third'].map((owner) => new Owner(task(owner)))
  const [first, second, third] = owners
  if (first === undefined || second === undefined || third === undefined) throw new Error('three owners')
  try {
    first.start()
    await first.waitFor(ENTRIES)
    second.start()
    first.child?.kill('SIGKILL')
    await second.waitFor(ENTRIES)
    second.child?.kill('SIGSTOP')
    third.start()
    await third.waitFor(ENTRIES)
    second.child?.kill('SIGCONT')
    await second.ended
    if (second.refusal === undefined) fail('an owner that was stopped past its lease went on writing')
    third.child?.kill('SIGKILL')
    await third.ended
    for (const owner of owners) if (owner.took?.ok === false) fail('an owner took over a journal whose chain is broken')
    const { entries, texts } = await readWhole(task('judge'), fail)
    // In between may be one that was kept and whose owner was not told any more.
    for (const owner of owners)
      for (const [index, hash] of owner.kept)
        if (texts.get(index) !== hash) fail(`entry ${index} was kept, and is another one or gone`)
    return entries
  } finally {
    for (const { child } of owners) child?.kill('SIGKILL')
  }
}

class Owner {
  readonly kept = new Map<number, string>()
  took: { readonly entries: number; readonly ok: boolean } | undefined
  refusal: string | undefined
  child: ChildProcess | undefined
  ended: Promise<unknown> = Promise.resolve()
  readonly #task: JournalOwnerTask
  #onKept: () => void = () => {}
  #said = ''

  constructor(task: JournalOwnerTask) {
    this.#task = task
  }

  start(): void {
    const child = spawn(process.execPath, [OWNER, JSON.stringify(this.#task)], { stdio: ['ignore', 'pipe', 'pipe'] })
    this.child = child
    this.ended = once(child, 'close')
    child.stderr.on('data', (chunk: Buffer) => (this.#said += chunk.toString()))
    createInterface({ input: child.stdout }).on('line', (line) => this.#note(JSON.parse(line) as JournalOwnerNote))
  }

  /** Until it was told so often that an entry is kept. Rejects where it ends before. */
  async waitFor(count: number): Promise<void> {
    const isDone = Promise.withResolvers<void>()
    this.#onKept = () => {
      if (this.kept.size >= count) isDone.resolve()
    }
    this.#onKept()
    const ended = this.ended.then(() => {
      throw new Error(`An owner ended with ${this.refusal ?? 'nothing'}: ${this.#said}`)
    })
    await Promise.race([isDone.promise, ended])
    // It may end from here on.
    ended.catch(() => {})
  }

  #note(note: JournalOwnerNote): void {
    if (note.event === 'took') this.took = note
    else if (note.event === 'refused') this.refusal = note.code
    else {
      this.kept.set(note.index, note.hash)
      this.#onKept()
    }
  }
}

/** The whole journal, by somebody who takes it when the last owner's lease has ended. */
async function readWhole(
  task: JournalOwnerTask,
  fail: (what: string) => void,
): Promise<{ readonly entries: number; readonly texts: ReadonlyMap<number, string> }> {
  const clock = createSystemClock()
  const connection = await PostgresConnection.create({ timers: createSystemTimers(), clock }, task)
  try {
    await connection.run(
      { text: 'SELECT pg_sleep($1::float8 / 1000)', values: [task.leaseMs + 200] },
      { action: 'read', isRepeatable: true },
    )
    const log = await openPostgresEventLog(connection, { ...task, name: task.journal })
    const { journal } = await AuditJournal.open({ log, clock })
    const { ok, entries, firstBad, head } = journal.verify()
    if (!ok) fail(`the chain is broken: ${JSON.stringify(firstBad)}`)
    const all = [...journal.entries()]
    await log.close()
    // The hash of an entry stands in the next one, that of the last one nowhere.
    const texts = new Map(all.slice(1).map((entry, place): [number, string] => [place, entry.prev]))
    if (head !== null) texts.set(head.index, head.hash)
    return { entries, texts }
  } finally {
    await connection.close()
  }
}
