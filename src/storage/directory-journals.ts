import { CodedError } from '../base/errors.ts'
import type { EventLog, LogRecord, LogSnapshot } from '../ports/event-log.ts'
import type { FileSystem } from '../ports/file-system.ts'
import type { Random } from '../ports/random.ts'
import { sequenceOfName } from './log-segment.ts'
import { openSegmentedEventLog } from './segmented-event-log.ts'

export type EventLogCopy = {
  readonly snapshot: LogSnapshot | undefined
  /** Payloads after the snapshot, in order; to be read once. */
  readonly records: AsyncIterable<Uint8Array>
  /** To be called when done, read to the end or not. Idempotent. */
  release(): Promise<void>
}

const NAME_PATTERN = /^[a-z0-9-]+$/
/** Folders of a data directory that are something else. */
const RESERVED = ['store', 'keys', 'market', 'price-lists', 'models', 'training']

/** The journals of a data directory, each a folder: at most one handle has one open. */
export class DirectoryJournals {
  private readonly components: { readonly fileSystem: FileSystem; readonly random: Random }
  private readonly path: string
  private readonly opened = new Map<string, EventLog>()
  /** Who opens or copies a journal, and after them who waits to. */
  private readonly turns = new Map<string, Promise<void>>()

  constructor(components: { readonly fileSystem: FileSystem; readonly random: Random }, path: string) {
    this.components = components
    this.path = path
  }

  /** Throws `TypeError` for what is no name, `STORE_LOCKED` while another handle has it open, and what a journal throws on opening. */
  async open(name: string): Promise<EventLog> {
    if (!NAME_PATTERN.test(name) || RESERVED.includes(name)) throw new TypeError(`Not a name for a journal: ${name}`)
    const release = await this.takeTurn(name)
    try {
      if (this.opened.has(name))
        throw new CodedError('STORE_LOCKED', { message: `${this.path}/${name} is open already` })
      const handle = new JournalHandle(await this.openLog(name), () => this.opened.delete(name))
      this.opened.set(name, handle)
      return handle
    } finally {
      release()
    }
  }

  async list(): Promise<readonly string[]> {
    const { fileSystem } = this.components
    const names = (await fileSystem.list(this.path)).filter(
      (name) => NAME_PATTERN.test(name) && !RESERVED.includes(name),
    )
    const found: string[] = []
    for (const name of names) {
      // A file is no folder: it has no list.
      const inside = await fileSystem.list(`${this.path}/${name}`).catch(() => [])
      if (inside.some((file) => sequenceOfName(file) !== undefined)) found.push(name)
    }
    return found
  }

  /** One that nobody has open is opened for as long as the copy takes; whoever wants to open it waits. */
  async copy(name: string): Promise<EventLogCopy> {
    const release = await this.takeTurn(name)
    const open = this.opened.get(name)
    if (open !== undefined) {
      release()
      return beginCopy(open, async () => {})
    }
    try {
      const log = await this.openLog(name)
      return beginCopy(log, async () => {
        try {
          await log.close()
        } finally {
          release()
        }
      })
    } catch (error: unknown) {
      release()
      throw error
    }
  }

  /** Closes what is open; rejects with the first failure when all were tried. */
  async close(): Promise<void> {
    const closed = await Promise.allSettled([...this.opened.values()].map(async (log) => await log.close()))
    for (const result of closed) if (result.status === 'rejected') throw result.reason
  }

  private async openLog(name: string): Promise<EventLog> {
    return await openSegmentedEventLog(this.components, { directory: `${this.path}/${name}` })
  }

  /** Waits for those before. @returns Ends the turn. */
  private async takeTurn(name: string): Promise<() => void> {
    const before = this.turns.get(name)
    const gate = Promise.withResolvers<void>()
    const turn = (before ?? Promise.resolve()).then(async () => await gate.promise)
    this.turns.set(name, turn)
    await before
    return () => {
      gate.resolve()
      if (this.turns.get(name) === turn) this.turns.delete(name)
    }
  }
}

/** What is copied is decided here; reading begins at once, so that no compaction takes away what is to be read. */
function beginCopy(log: EventLog, end: () => Promise<void>): EventLogCopy {
  const { snapshot } = log
  const reading = log.read(snapshot?.nextIndex ?? 0)[Symbol.asyncIterator]()
  const first = reading.next()
  first.catch(() => {})
  return {
    snapshot,
    records: payloadsOf(first, reading),
    async release() {
      await first.catch(() => {})
      await reading.return?.()
      await end()
    },
  }
}

async function* payloadsOf(
  first: Promise<IteratorResult<LogRecord, unknown>>,
  reading: AsyncIterator<LogRecord, unknown>,
): AsyncGenerator<Uint8Array, void> {
  for (let step = await first; step.done !== true; step = await reading.next()) yield step.value.payload
}

/** A journal that says when it is closed. */
class JournalHandle implements EventLog {
  private readonly log: EventLog
  private readonly onClosed: () => void

  constructor(log: EventLog, onClosed: () => void) {
    this.log = log
    this.onClosed = onClosed
  }

  get nextIndex(): number {
    return this.log.nextIndex
  }

  get snapshot(): LogSnapshot | undefined {
    return this.log.snapshot
  }

  get sizeBytes(): number {
    return this.log.sizeBytes
  }

  async append(payloads: readonly Uint8Array[]): Promise<number> {
    return await this.log.append(payloads)
  }

  read(fromIndex: number): AsyncIterable<LogRecord> {
    return this.log.read(fromIndex)
  }

  async compact(snapshot: LogSnapshot): Promise<void> {
    await this.log.compact(snapshot)
  }

  async close(): Promise<void> {
    await this.log.close()
    this.onClosed()
  }
}
