import { CodedError } from '../../base/errors.ts'
import type { EventLog, LogRecord, LogSnapshot } from '../../ports/event-log.ts'

/** A journal for tests and for nodes that keep nothing: complete, and gone with the process. */
export function createMemoryEventLog(): EventLog {
  return new MemoryEventLog()
}

class MemoryEventLog implements EventLog {
  #records: Uint8Array[] = []
  #firstIndex = 0
  #snapshot: LogSnapshot | undefined
  #sizeBytes = 0
  #isOpen = true

  get nextIndex(): number {
    return this.#firstIndex + this.#records.length
  }

  get snapshot(): LogSnapshot | undefined {
    return this.#snapshot
  }

  get sizeBytes(): number {
    return this.#sizeBytes
  }

  async append(payloads: readonly Uint8Array[]): Promise<number> {
    this.#checkOpen()
    if (payloads.length === 0) throw new RangeError('An append has 1 to 65,535 records')
    const index = this.nextIndex
    for (const payload of payloads) {
      this.#records.push(payload.slice())
      this.#sizeBytes += payload.byteLength
    }
    return index
  }

  read(fromIndex: number): AsyncIterable<LogRecord> {
    this.#checkOpen()
    if (fromIndex < this.#firstIndex) throw new RangeError(`Records before ${this.#firstIndex} were replaced`)
    const records = this.#records.slice(fromIndex - this.#firstIndex)
    return (async function* (): AsyncGenerator<LogRecord, void, undefined> {
      for (const [position, payload] of records.entries()) {
        yield { index: fromIndex + position, payload: payload.slice() }
      }
    })()
  }

  async compact(snapshot: LogSnapshot): Promise<void> {
    this.#checkOpen()
    if (snapshot.nextIndex !== this.nextIndex) throw new RangeError('A snapshot ends at the end of the log')
    this.#snapshot = { nextIndex: snapshot.nextIndex, payload: snapshot.payload.slice() }
    this.#firstIndex = snapshot.nextIndex
    this.#records = []
    this.#sizeBytes = 0
  }

  async close(): Promise<void> {
    this.#isOpen = false
  }

  #checkOpen(): void {
    if (!this.#isOpen) throw new CodedError('STORE_NOT_OPEN', { message: 'The memory journal is closed' })
  }
}
