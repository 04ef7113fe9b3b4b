import { CodedError } from '../base/errors.ts'
import type { EventLog, LogRecord, LogSnapshot } from '../ports/event-log.ts'
import type { KeyValueOperation, KeyValueStore } from '../ports/key-value-store.ts'

const RECORDS = 'record'
const SNAPSHOT = 'snapshot'
/** Digits of an index in a key: as many as the largest safe integer has. */
const DIGITS = 14
const INDEX_BYTES = 8
const APPEND_RECORDS_MAX = 65_535
const APPEND_BYTES_MAX = 67_108_864
/** Bytes that may wait for the store. */
const WAITING_BYTES_MAX = APPEND_BYTES_MAX

type Waiting = {
  readonly operations: readonly KeyValueOperation[]
  readonly bytes: number
  /** Once it is on stable storage. */
  readonly onKept: () => void
  readonly reject: (error: CodedError) => void
}

/**
 * A journal in a store of its own, for places that have no files: each record under its index, a group of records in one batch. What gathers while a batch is written
 * goes with the next one. Throws `STORE_CORRUPTED` where a record is missing.
 */
export async function openStoreEventLog(store: KeyValueStore): Promise<EventLog> {
  const snapshot = snapshotOf(await store.get(SNAPSHOT))
  let nextIndex = snapshot?.nextIndex ?? 0
  let sizeBytes = 0
  for await (const { key, value } of store.iterate(rangeOf(0, Number.MAX_SAFE_INTEGER))) {
    if (key !== keyOf(nextIndex))
      throw new CodedError('STORE_CORRUPTED', { message: `The journal has no record ${nextIndex}` })
    nextIndex += 1
    sizeBytes += value.byteLength
  }
  return new StoreEventLog(store, { snapshot, nextIndex, sizeBytes })
}

type LogStart = {
  readonly snapshot: LogSnapshot | undefined
  readonly nextIndex: number
  readonly sizeBytes: number
}

class StoreEventLog implements EventLog {
  private readonly store: KeyValueStore
  private readonly waiting: Waiting[] = []
  private waitingBytes = 0
  private keptIndex: number
  private end: number
  private kept: LogSnapshot | undefined
  private bytes: number
  private draining: Promise<void> | undefined
  private poison: { readonly cause: unknown } | undefined
  private isOpen = true

  constructor(store: KeyValueStore, { snapshot, nextIndex, sizeBytes }: LogStart) {
    this.store = store
    this.kept = snapshot
    this.end = nextIndex
    this.keptIndex = nextIndex
    this.bytes = sizeBytes
  }

  get nextIndex(): number {
    return this.end
  }

  get snapshot(): LogSnapshot | undefined {
    return this.kept
  }

  get sizeBytes(): number {
    return this.bytes
  }

  async append(payloads: readonly Uint8Array[]): Promise<number> {
    this.checkWritable()
    const bytes = payloads.reduce((sum, { byteLength }) => sum + byteLength, 0)
    if (payloads.length === 0 || payloads.length > APPEND_RECORDS_MAX)
      throw new RangeError(`An append has 1 to ${APPEND_RECORDS_MAX} records`)
    if (bytes > APPEND_BYTES_MAX) throw new RangeError('An append holds at most 64 MiB')
    if (this.waitingBytes > 0 && this.waitingBytes + bytes > WAITING_BYTES_MAX)
      throw new CodedError('STORE_OVERLOADED', { message: `${this.waitingBytes} bytes wait for the journal's store` })
    const first = this.end
    this.end += payloads.length
    const end = this.end
    const operations = payloads.map((payload, at) => ({
      type: 'put' as const,
      key: keyOf(first + at),
      value: payload.slice(),
    }))
    await this.keep(operations, bytes, () => {
      this.keptIndex = end
      this.bytes += bytes
    })
    return first
  }

  read(fromIndex: number): AsyncIterable<LogRecord> {
    if (!this.isOpen) throw closed()
    const oldest = this.kept?.nextIndex ?? 0
    if (fromIndex < oldest) throw new RangeError(`Records before ${oldest} were replaced by a snapshot`)
    const entries = this.store.iterate(rangeOf(fromIndex, this.keptIndex))[Symbol.asyncIterator]()
    // Asked for now, so that it is what is there now.
    const first = entries.next()
    first.catch(() => undefined)
    return recordsOf(entries, first)
  }

  async compact({ nextIndex, payload }: LogSnapshot): Promise<void> {
    this.checkWritable()
    if (nextIndex !== this.end) throw new RangeError('A snapshot ends at the end of the log')
    const snapshot = { nextIndex, payload: payload.slice() }
    const first = this.kept?.nextIndex ?? 0
    const gone = Array.from({ length: nextIndex - first }, (_, at) => ({
      type: 'delete' as const,
      key: keyOf(first + at),
    }))
    const operations = [{ type: 'put' as const, key: SNAPSHOT, value: bytesOf(snapshot) }, ...gone]
    await this.keep(operations, payload.byteLength, () => {
      this.kept = snapshot
      this.bytes = 0
    })
  }

  async close(): Promise<void> {
    this.isOpen = false
    await this.draining
  }

  private async keep(operations: readonly KeyValueOperation[], bytes: number, onKept: () => void): Promise<void> {
    this.waitingBytes += bytes
    await new Promise<void>((resolve, reject) => {
      const kept = (): void => {
        onKept()
        resolve()
      }
      this.waiting.push({ operations, bytes, onKept: kept, reject })
      this.draining ??= this.drain()
    })
  }

  private async drain(): Promise<void> {
    // Lets appends of the same turn join the first batch.
    await Promise.resolve()
    while (this.waiting.length > 0) {
      const batch = this.waiting.splice(0)
      try {
        if (this.poison !== undefined) throw this.poison.cause
        await this.store.batch(
          batch.flatMap(({ operations }) => operations),
          { sync: true },
        )
        for (const { onKept } of batch) onKept()
      } catch (cause: unknown) {
        this.poison ??= { cause }
        for (const { reject } of batch) reject(refused(cause))
      } finally {
        this.waitingBytes -= batch.reduce((sum, { bytes }) => sum + bytes, 0)
      }
    }
    this.draining = undefined
  }

  private checkWritable(): void {
    if (this.poison !== undefined)
      throw new CodedError('LOG_POISONED', { message: 'The journal could not be written', cause: this.poison.cause })
    if (!this.isOpen) throw closed()
  }
}

async function* recordsOf(
  entries: AsyncIterator<{ readonly key: string; readonly value: Uint8Array }>,
  first: Promise<IteratorResult<{ readonly key: string; readonly value: Uint8Array }>>,
): AsyncGenerator<LogRecord, void, undefined> {
  for (let next = await first; next.done !== true; next = await entries.next())
    yield { index: Number.parseInt(next.value.key.slice(RECORDS.length + 1), 16), payload: next.value.value }
}

function keyOf(index: number): string {
  return `${RECORDS}/${index.toString(16).padStart(DIGITS, '0')}`
}

function rangeOf(from: number, to: number): { readonly gte: string; readonly lt: string } {
  return { gte: keyOf(from), lt: keyOf(to) }
}

function bytesOf({ nextIndex, payload }: LogSnapshot): Uint8Array {
  const bytes = new Uint8Array(INDEX_BYTES + payload.byteLength)
  new DataView(bytes.buffer).setBigUint64(0, BigInt(nextIndex))
  bytes.set(payload, INDEX_BYTES)
  return bytes
}

function snapshotOf(bytes: Uint8Array | undefined): LogSnapshot | undefined {
  if (bytes === undefined) return undefined
  const nextIndex = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0))
  return { nextIndex, payload: bytes.subarray(INDEX_BYTES) }
}

/** Says what the store says, where that is a remedy. */
function refused(cause: unknown): CodedError {
  if (CodedError.is(cause, 'STORE_WRITE_FAILED')) return cause
  return new CodedError('STORE_WRITE_FAILED', { message: 'The journal could not be written', cause })
}

function closed(): CodedError {
  return new CodedError('STORE_NOT_OPEN', { message: 'The journal is closed' })
}
