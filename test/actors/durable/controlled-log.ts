import { CodedError } from '../../../src/base/errors.ts'
import type { EventLog, LogSnapshot } from '../../../src/ports/event-log.ts'
import { createMemoryEventLog } from '../../../src/storage/memory/memory-event-log.ts'

/** Every append is one sync, which the test lets happen, fail, or hang for ever. */
export class ControlledLog implements EventLog {
  readonly inner: EventLog
  /** Sizes of the groups that were appended. */
  readonly groups: number[] = []
  /** While true, appends wait until `release`. */
  isHeld = false
  /** Appends so far after which every other one is refused. */
  failFrom = Number.POSITIVE_INFINITY
  #appends = 0
  #waiting: (() => void)[] = []

  constructor(inner: EventLog = createMemoryEventLog()) {
    this.inner = inner
  }

  get nextIndex(): number {
    return this.inner.nextIndex
  }

  get snapshot(): LogSnapshot | undefined {
    return this.inner.snapshot
  }

  get sizeBytes(): number {
    return this.inner.sizeBytes
  }

  async append(payloads: readonly Uint8Array[]): Promise<number> {
    this.#appends += 1
    this.groups.push(payloads.length)
    if (this.#appends > this.failFrom) throw new CodedError('STORE_WRITE_FAILED', { message: 'injected' })
    const index = this.inner.append(payloads)
    if (this.isHeld) await new Promise<void>((resolve) => this.#waiting.push(resolve))
    return await index
  }

  release(): void {
    this.isHeld = false
    for (const resolve of this.#waiting.splice(0)) resolve()
  }

  read(fromIndex: number): ReturnType<EventLog['read']> {
    return this.inner.read(fromIndex)
  }

  async compact(snapshot: LogSnapshot): Promise<void> {
    await this.inner.compact(snapshot)
  }

  async close(): Promise<void> {
    await this.inner.close()
  }
}

/** A log that holds the first `count` records of another one: what a crash left. */
export async function prefixOf(log: EventLog, count: number): Promise<EventLog> {
  const copy = createMemoryEventLog()
  if (log.snapshot !== undefined) {
    for (let index = 0; index < log.snapshot.nextIndex; index += 1) await copy.append([new Uint8Array()])
    await copy.compact(log.snapshot)
  }
  for await (const { index, payload } of log.read(log.snapshot?.nextIndex ?? 0)) {
    if (index < count) await copy.append([payload])
  }
  return copy
}
