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
import { checkKey } from '../../storage/key-order.ts'
import { createMemoryKeyValueStore } from '../../storage/memory/memory-key-value-store.ts'
import { createSublevelStore } from '../../storage/sublevel-store.ts'
import { decodeOperations, encodeOperations } from './store-record.ts'

/** Bytes of records after which the journal is replaced by what they come to, where nobody says another number. */
const COMPACT_AT_BYTES = 8 * 1024 * 1024

/**
 * A store of a machine whose disk may tear writes and lose power: all keys are in memory, and every batch is in a journal before it counts. It stands where a node has
 * LevelDB, which needs files of the platform; like that one it keeps what it has acknowledged, and unlike it also what nobody asked to have synced.
 *
 * @throws as the journal.
 */
export async function openJournalledStore(
  log: EventLog,
  { compactAtBytes = COMPACT_AT_BYTES }: { readonly compactAtBytes?: number | undefined } = {},
): Promise<KeyValueStore> {
  const values = createMemoryKeyValueStore()
  const { snapshot } = log
  if (snapshot !== undefined) await values.batch(decodeOperations(snapshot.payload))
  for await (const { payload } of log.read(snapshot?.nextIndex ?? 0)) await values.batch(decodeOperations(payload))
  return new JournalledStore(log, { values, compactAtBytes })
}

class JournalledStore implements KeyValueStore {
  private readonly log: EventLog
  private readonly values: KeyValueStore
  private readonly compactAtBytes: number
  private compacting: Promise<void> | undefined

  constructor(
    log: EventLog,
    { values, compactAtBytes }: { readonly values: KeyValueStore; readonly compactAtBytes: number },
  ) {
    this.log = log
    this.values = values
    this.compactAtBytes = compactAtBytes
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

  async batch(operations: readonly KeyValueOperation[]): Promise<void> {
    for (const { key } of operations) checkKey(key)
    // Throws when it is closed.
    await this.values.count({ limit: 0 })
    if (operations.length === 0) return
    const record = encodeOperations(operations)
    try {
      await this.log.append([record])
    } catch (cause: unknown) {
      throw new CodedError('STORE_WRITE_FAILED', { message: 'The disk of the world took no more writes', cause })
    }
    await this.values.batch(decodeOperations(record))
    if (this.log.sizeBytes > this.compactAtBytes) await this.compact()
  }

  iterate(range?: KeyRange, options?: IterateOptions): AsyncIterable<KeyValueEntry> {
    return this.values.iterate(range, options)
  }

  keys(range?: KeyRange, options?: ReadOptions): AsyncIterable<string> {
    return this.values.keys(range, options)
  }

  async count(range?: KeyRange, options?: ReadOptions): Promise<number> {
    return await this.values.count(range, options)
  }

  sublevel(name: string): KeyValueStore {
    return createSublevelStore(this, name)
  }

  async compact(): Promise<void> {
    this.compacting ??= this.rewrite().finally(() => {
      this.compacting = undefined
    })
    await this.compacting
  }

  async close(): Promise<void> {
    await this.values.close()
    await this.log.close()
  }

  /** What is appended while the values are read is in the journal behind them, or the snapshot is of too early a moment and another one has to be made. */
  private async rewrite(): Promise<void> {
    for (;;) {
      const { nextIndex } = this.log
      const operations: KeyValueOperation[] = []
      for await (const { key, value } of this.values.iterate()) operations.push({ type: 'put', key, value })
      if (this.log.nextIndex !== nextIndex) continue
      await this.log.compact({ nextIndex, payload: encodeOperations(operations) })
      return
    }
  }
}
