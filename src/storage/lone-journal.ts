import type { EventLog, LogSnapshot } from '../ports/event-log.ts'
import type { SharedAppend, SharedJournal, SharedJournalPage } from '../ports/shared-journal.ts'

/** A journal that one process writes, by the rules of one that several write: of a file, a store or memory, whatever the log is of. The log is the caller's. */
export function createLoneJournal(log: EventLog): SharedJournal {
  return new LoneJournal(log)
}

class LoneJournal implements SharedJournal {
  readonly isShared = false
  readonly #log: EventLog
  readonly #listeners = new Set<() => void>()
  /** Behind the last entry that is kept; the log counts those as well that it could not keep. */
  #end: number
  #writing: Promise<unknown> = Promise.resolve()

  constructor(log: EventLog) {
    this.#log = log
    this.#end = log.nextIndex
  }

  async read(fromIndex: number): Promise<SharedJournalPage> {
    await this.#writing
    const { snapshot, sizeBytes } = this.#log
    const nextIndex = this.#end
    const isBehind = snapshot !== undefined && fromIndex < snapshot.nextIndex
    const entries: Uint8Array[] = []
    const first = isBehind ? snapshot.nextIndex : fromIndex
    if (first < nextIndex)
      for await (const { index, payload } of this.#log.read(first)) if (index < nextIndex) entries.push(payload)
    return { snapshot: isBehind ? snapshot : undefined, entries, nextIndex, sizeBytes }
  }

  async append(entry: Uint8Array, { expectedIndex }: SharedAppend): Promise<boolean> {
    const turn = this.#writing.then(async () => {
      if (this.#end !== expectedIndex) return false
      await this.#log.append([entry])
      this.#end += 1
      return true
    })
    this.#writing = turn.catch(() => undefined)
    const isKept = await turn
    if (isKept) for (const listener of this.#listeners) listener()
    return isKept
  }

  async compact(snapshot: LogSnapshot): Promise<void> {
    const turn = this.#writing.then(async () => {
      // What is behind the snapshot would have to be written anew; the next one comes soon.
      if (snapshot.nextIndex === this.#end) await this.#log.compact(snapshot)
    })
    this.#writing = turn.catch(() => undefined)
    await turn
  }

  watch(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }
}
