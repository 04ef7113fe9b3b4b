import { CodedError } from '../../base/errors.ts'
import type { EventLog } from '../../ports/event-log.ts'
import type {
  IterateOptions,
  KeyRange,
  KeyValueEntry,
  KeyValueOperation,
  KeyValueStore,
  ReadOptions,
} from '../../ports/key-value-store.ts'
import { createMemoryKeyValueStore } from '../../storage/memory/memory-key-value-store.ts'
import { createSublevelStore } from '../../storage/sublevel-store.ts'

const HEADER_BYTES = 5
const PUT = 1
const DELETE = 2
/** A journal of this size, of which half is outdated, is written anew. */
const COMPACT_AT_BYTES = 1_048_576

/** A store in memory that a journal brings back: what LevelDB is to a machine of a world. The journal is the store's alone, and closed with it. */
export async function openJournaledStore(log: EventLog): Promise<KeyValueStore> {
  const values = createMemoryKeyValueStore()
  if (log.snapshot !== undefined) await values.batch(decodeOperations(log.snapshot.payload))
  for await (const { payload } of log.read(log.snapshot?.nextIndex ?? 0)) await values.batch(decodeOperations(payload))
  return new JournaledStore(log, values)
}

class JournaledStore implements KeyValueStore {
  private readonly log: EventLog
  private readonly values: KeyValueStore
  private isBroken = false

  constructor(log: EventLog, values: KeyValueStore) {
    this.log = log
    this.values = values
  }

  async get(key: string, options?: ReadOptions): Promise<Uint8Array | undefined> {
    return await this.values.get(key, options)
  }

  async getMany(keys: readonly string[], options?: ReadOptions): Promise<readonly (Uint8Array | undefined)[]> {
    return await this.values.getMany(keys, options)
  }

  async put(key: string, value: Uint8Array): Promise<void> {
    await this.batch([{ type: 'put', key, value }])
  }

  async delete(key: string): Promise<void> {
    await this.batch([{ type: 'delete', key }])
  }

  /** On stable storage before anybody reads it. */
  async batch(operations: readonly KeyValueOperation[]): Promise<void> {
    // Bad keys and a closed store are refused before anything is written; and the caller may use its buffers again.
    await this.values.getMany(operations.map(({ key }) => key))
    const bytes = encodeOperations(operations)
    if (this.isBroken) throw refused()
    if (operations.length === 0) return
    try {
      await this.log.append([bytes])
    } catch (cause: unknown) {
      this.isBroken = true
      throw refused(cause)
    }
    await this.values.batch(decodeOperations(bytes))
    if (this.log.sizeBytes > COMPACT_AT_BYTES) await this.shorten()
  }

  iterate(range?: KeyRange, options?: IterateOptions): AsyncIterable<KeyValueEntry> {
    return this.values.iterate(range, options)
  }

  async count(range?: KeyRange, options?: ReadOptions): Promise<number> {
    return await this.values.count(range, options)
  }

  sublevel(name: string): KeyValueStore {
    return createSublevelStore(this, name)
  }

  async compact(): Promise<void> {
    await this.values.compact()
    await this.log.compact({ nextIndex: this.log.nextIndex, payload: await this.whole() })
  }

  async close(): Promise<void> {
    await this.log.close()
    await this.values.close()
  }

  private async shorten(): Promise<void> {
    const payload = await this.whole()
    if (2 * payload.byteLength < this.log.sizeBytes) await this.log.compact({ nextIndex: this.log.nextIndex, payload })
  }

  private async whole(): Promise<Uint8Array> {
    const operations: KeyValueOperation[] = []
    for await (const { key, value } of this.values.iterate()) operations.push({ type: 'put', key, value })
    return encodeOperations(operations)
  }
}

function refused(cause?: unknown): CodedError {
  return new CodedError('STORE_WRITE_FAILED', { message: 'The journal of the store took no more', cause })
}

/** Kind, length of the key in UTF-16 units and of the value, both as 4 bytes, key and value. */
function encodeOperations(operations: readonly KeyValueOperation[]): Uint8Array {
  const encoder = new TextEncoder()
  const parts = operations.map((operation) => {
    const key = encoder.encode(operation.key)
    const value = operation.type === 'put' ? operation.value : new Uint8Array()
    return { kind: operation.type === 'put' ? PUT : DELETE, key, value }
  })
  const size = parts.reduce((sum, { key, value }) => sum + HEADER_BYTES + 4 + key.length + value.length, 0)
  const bytes = new Uint8Array(size)
  const view = new DataView(bytes.buffer)
  let at = 0
  for (const { kind, key, value } of parts) {
    view.setUint8(at, kind)
    view.setUint32(at + 1, key.length)
    view.setUint32(at + HEADER_BYTES, value.length)
    bytes.set(key, at + HEADER_BYTES + 4)
    bytes.set(value, at + HEADER_BYTES + 4 + key.length)
    at += HEADER_BYTES + 4 + key.length + value.length
  }
  return bytes
}

function decodeOperations(bytes: Uint8Array): readonly KeyValueOperation[] {
  const decoder = new TextDecoder()
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const operations: KeyValueOperation[] = []
  for (let at = 0; at < bytes.length;) {
    const [keyBytes, valueBytes] = [view.getUint32(at + 1), view.getUint32(at + HEADER_BYTES)]
    const from = at + HEADER_BYTES + 4
    const key = decoder.decode(bytes.subarray(from, from + keyBytes))
    const value = bytes.subarray(from + keyBytes, from + keyBytes + valueBytes)
    operations.push(view.getUint8(at) === PUT ? { type: 'put', key, value } : { type: 'delete', key })
    at = from + keyBytes + valueBytes
  }
  return operations
}
