import { Level } from 'level'
import { assert } from '../../base/assert.ts'
import { CodedError } from '../../base/errors.ts'
import type {
  IterateOptions,
  KeyRange,
  KeyValueEntry,
  KeyValueOperation,
  KeyValueStore,
  ReadOptions,
  WriteOptions,
} from '../../ports/key-value-store.ts'
import { checkKey, checkRange } from '../key-order.ts'
import { sealValue, unsealValue } from '../sealed-value.ts'
import { createSublevelStore } from '../sublevel-store.ts'
import { createLevelDatabase } from './create-level-database.ts'
import { levelErrorOf } from './level-errors.ts'
import { restrictToOwner } from './restrict-to-owner.ts'

/** Where a LevelDB store is, and how much memory it may use to cache, bytes. */
export type LevelStoreInit = {
  /** Folder of the database; created where missing. One process, and in it one handle, may have it open. */
  readonly location: string
  /** Bytes of uncompressed blocks kept in memory. Default 8 MiB. */
  readonly cacheSizeBytes?: number
}

type Database = Level<string, Uint8Array>
type LevelOperation =
  | { readonly type: 'put'; readonly key: string; readonly value: Uint8Array }
  | { readonly type: 'del'; readonly key: string }

type CompactableDatabase = Omit<Database, 'batch'> & {
  /** Of the native binding; the type of `level` shows only what browsers have as well. */
  compactRange(start: Uint8Array, end: Uint8Array, options: typeof RAW_KEYS): Promise<void>
  batch(
    operations: readonly { readonly type: string; readonly key: Uint8Array; readonly keyEncoding: 'view' }[],
    options: { readonly sync: boolean },
  ): Promise<void>
}

const RAW_KEYS = { keyEncoding: 'view' } as const
/** Keys of a store are never empty and always UTF-8, in which no byte is 0xff. */
const BELOW_ALL_KEYS = new Uint8Array(0)
const ABOVE_ALL_KEYS = Uint8Array.of(0xff)

const READ_AHEAD = 256
/** With the 16 KiB that the binding reads by itself, six records of telemetry come at a time, and each time waits for a thread and for a turn of a busy program. */
const READING = { highWaterMarkBytes: 262_144 }

/**
 * Opens a LevelDB database as a store. LevelDB keeps the lock of the folder in the kernel, so it is released with the
 * process however that ends.
 *
 * Only the owner may enter the folder, whatever it was before, since what is stored may be anybody's words. LevelDB makes its files as the
 * process's umask says; those that are there once the store is open, was compacted or is closed lose the rights of others as well. The umask itself is
 * left alone: it is the whole process's, and sandboxes of the same process hand files to other users.
 *
 * @throws `STORE_LOCKED` when somebody has it open, `STORE_CORRUPTED` when LevelDB cannot make sense of its files,
 *   `STORE_WRITE_FAILED` when this user cannot write there, `STORE_NOT_OPEN` for any other reason the folder cannot be opened.
 */
export async function openLevelKeyValueStore(init: LevelStoreInit): Promise<KeyValueStore> {
  try {
    await createLevelDatabase(init.location)
    await restrictToOwner(init.location)
    const database = await openDatabase(init)
    await restrictToOwner(init.location)
    return new LevelKeyValueStore(database, init.location)
  } catch (error: unknown) {
    throw levelErrorOf(error, { action: 'open', location: init.location })
  }
}

async function openDatabase(init: LevelStoreInit): Promise<Database> {
  const database: Database = new Level(init.location, {
    createIfMissing: false,
    keyEncoding: 'utf8',
    valueEncoding: 'view',
    // Compressed blocks would hold a text in pieces that refer to each other; whoever searches the files for what was deleted must
    // be able to believe the answer. A store that was written with compression is still read, and compacting rewrites it.
    compression: false,
    ...(init.cacheSizeBytes !== undefined && { cacheSize: init.cacheSizeBytes }),
  })
  await database.open()
  return database
}

/**
 * LevelDB does not verify its block checksums on ordinary reads, so every value carries its own: CRC-32 of key and value
 * in the last four bytes, little-endian. A flipped bit is an error here, never an answer.
 */
class LevelKeyValueStore implements KeyValueStore {
  readonly #database: Database
  readonly #location: string
  /**
   * LevelDB goes on after a failed append to its write-ahead log, and the next start drops what follows the torn bytes.
   * So the first failed write is the last one.
   */
  #writeFailure: CodedError | undefined

  constructor(database: Database, location: string) {
    this.#database = database
    this.#location = location
  }

  async get(key: string, options?: ReadOptions): Promise<Uint8Array | undefined> {
    options?.signal?.throwIfAborted()
    checkKey(key)
    const stored = await this.#attempt('read', async () => await this.#database.get(key))
    return stored === undefined ? undefined : this.#open(key, stored)
  }

  async getMany(keys: readonly string[], options?: ReadOptions): Promise<readonly (Uint8Array | undefined)[]> {
    options?.signal?.throwIfAborted()
    keys.forEach(checkKey)
    const found = await this.#attempt('read', async () => await this.#database.getMany([...keys]))
    return keys.map((key, index) => {
      const stored = found[index]
      return stored === undefined ? undefined : this.#open(key, stored)
    })
  }

  async put(key: string, value: Uint8Array, options?: WriteOptions): Promise<void> {
    await this.batch([{ type: 'put', key, value }], options)
  }

  async delete(key: string, options?: WriteOptions): Promise<void> {
    await this.batch([{ type: 'delete', key }], options)
  }

  async batch(operations: readonly KeyValueOperation[], options?: WriteOptions): Promise<void> {
    const stored: LevelOperation[] = []
    for (const operation of operations) {
      checkKey(operation.key)
      if (operation.type === 'delete') stored.push({ type: 'del', key: operation.key })
      else stored.push({ type: 'put', key: operation.key, value: sealValue(operation.key, operation.value) })
    }
    await this.#attempt('write', async () => {
      if (this.#writeFailure !== undefined) throw this.#writeFailure
      await this.#database.batch(stored, { sync: options?.sync ?? false })
    })
  }

  async *iterate(range: KeyRange = {}, options?: IterateOptions): AsyncGenerator<KeyValueEntry, void, undefined> {
    checkRange(range)
    options?.signal?.throwIfAborted()
    if (range.limit === 0) return
    const iterator = await this.#attempt('read', async () =>
      this.#database.iterator<string, Uint8Array>({ ...range, ...READING }),
    )
    try {
      for (;;) {
        options?.signal?.throwIfAborted()
        const entries = await this.#attempt('read', async () => await iterator.nextv(READ_AHEAD))
        if (entries.length === 0) return
        for (const [key, stored] of entries) {
          options?.signal?.throwIfAborted()
          const value = unsealValue(key, stored)
          if (value !== undefined) yield { key, value }
          else if (options?.onDamaged === undefined) throw this.#damagedError()
          else options.onDamaged(key)
        }
      }
    } finally {
      await iterator.close()
    }
  }

  async *keys(range: KeyRange = {}, options?: ReadOptions): AsyncGenerator<string, void, undefined> {
    checkRange(range)
    options?.signal?.throwIfAborted()
    if (range.limit === 0) return
    for await (const batch of this.#keyBatches(range, options)) {
      for (const key of batch) {
        options?.signal?.throwIfAborted()
        yield key
      }
    }
  }

  async count(range: KeyRange = {}, options?: ReadOptions): Promise<number> {
    checkRange(range)
    options?.signal?.throwIfAborted()
    if (range.limit === 0) return 0
    let total = 0
    for await (const batch of this.#keyBatches(range, options)) total += batch.length
    return total
  }

  sublevel(name: string): KeyValueStore {
    return createSublevelStore(this, name)
  }

  /**
   * LevelDB rewrites a level only together with a newer one above it, so a value and its deletion that were written to one
   * file would stay there for good. Deleting two keys that no store can hold, below and above all others, puts a file over
   * everything that is there; compacting then merges it down through every level.
   */
  async compact(): Promise<void> {
    const database = this.#database
    assert(isCompactable(database), 'LevelDB can compact')
    const compactAll = async (): Promise<void> => await database.compactRange(BELOW_ALL_KEYS, ABOVE_ALL_KEYS, RAW_KEYS)
    await this.#attempt('read', compactAll)
    await this.#attempt('write', async () => {
      await database.batch(
        [BELOW_ALL_KEYS, ABOVE_ALL_KEYS].map((key) => ({ type: 'del', key, ...RAW_KEYS })),
        { sync: true },
      )
    })
    await this.#attempt('read', compactAll)
    await restrictToOwner(this.#location)
  }

  async close(): Promise<void> {
    await this.#database.close()
    await restrictToOwner(this.#location)
  }

  async *#keyBatches(range: KeyRange, options?: ReadOptions): AsyncGenerator<readonly string[], void, undefined> {
    const keys = await this.#attempt('read', async () => this.#database.keys<string>({ ...range, ...READING }))
    try {
      for (;;) {
        options?.signal?.throwIfAborted()
        const batch = await this.#attempt('read', async () => await keys.nextv(READ_AHEAD))
        if (batch.length === 0) return
        yield batch
      }
    } finally {
      await keys.close()
    }
  }

  #open(key: string, stored: Uint8Array): Uint8Array {
    const value = unsealValue(key, stored)
    if (value === undefined) throw this.#damagedError()
    return value
  }

  #damagedError(): CodedError {
    return new CodedError('STORE_CORRUPTED', {
      message: `A value in ${this.#location} fails its checksum`,
      details: { location: this.#location },
    })
  }

  async #attempt<Result>(action: 'read' | 'write', work: () => Promise<Result>): Promise<Result> {
    if (this.#database.status !== 'open') {
      throw new CodedError('STORE_NOT_OPEN', { message: `The store at ${this.#location} is closed` })
    }
    try {
      return await work()
    } catch (error: unknown) {
      const failure = levelErrorOf(error, { action, location: this.#location })
      if (action === 'write') this.#writeFailure ??= failure
      throw failure
    }
  }
}

function isCompactable(database: object): database is CompactableDatabase {
  return 'compactRange' in database
}
