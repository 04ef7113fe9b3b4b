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
import { crc32c } from '../crc32c.ts'
import { checkKey, checkRange, compareKeys } from '../key-order.ts'
import { createSublevelStore } from '../sublevel-store.ts'
import { writeFailure } from './indexed-failures.ts'
import type { IndexedConnection, IndexedObjects, IndexedRange, IndexedTransaction, KeyRanges } from './indexed-types.ts'

/** The object store that holds the bytes. */
export const ENTRIES = 'entries'

const CHECKSUM_BYTES = 4
const ENCODER = new TextEncoder()
const DECODER = new TextDecoder()

export type IndexedStoreInit = { readonly name: string; readonly ranges: KeyRanges }

type StoredEntry = { readonly key: string; readonly stored: unknown }

/**
 * A store over one object store of IndexedDB. Keys are their UTF-8, which IndexedDB orders byte by byte; each value carries a CRC-32C of key and value. A batch is one
 * transaction: all of it is there, or nothing. An iteration reads its whole range at once, because a transaction ends as soon as somebody waits for something else.
 * When the bytes of what was deleted leave the disk, the browser decides.
 */
export class IndexedKeyValueStore implements KeyValueStore {
  private readonly connection: IndexedConnection
  private readonly init: IndexedStoreInit
  private readonly writing = new Set<Promise<void>>()
  private isOpen = true
  private failure: CodedError | undefined

  constructor(connection: IndexedConnection, init: IndexedStoreInit) {
    this.connection = connection
    this.init = init
    // Whoever clears the data of the site, or opens a later version in another tab, takes it away.
    connection.onclose = () => (this.isOpen = false)
    connection.onversionchange = () => {
      this.isOpen = false
      connection.close()
    }
  }

  async get(key: string, options?: ReadOptions): Promise<Uint8Array | undefined> {
    const [value] = await this.getMany([key], options)
    return value
  }

  async getMany(keys: readonly string[], options?: ReadOptions): Promise<readonly (Uint8Array | undefined)[]> {
    this.begin(options)
    keys.forEach(checkKey)
    if (keys.length === 0) return []
    const found = await this.read((objects) => keys.map((key) => objects.get(ENCODER.encode(key))))
    options?.signal?.throwIfAborted()
    return found.map(({ result }, at) => (result === undefined ? undefined : this.open(keys[at] ?? '', result)))
  }

  async put(key: string, value: Uint8Array, options?: WriteOptions): Promise<void> {
    await this.batch([{ type: 'put', key, value }], options)
  }

  async delete(key: string, options?: WriteOptions): Promise<void> {
    await this.batch([{ type: 'delete', key }], options)
  }

  async batch(operations: readonly KeyValueOperation[], { sync }: WriteOptions = {}): Promise<void> {
    this.begin()
    for (const { key } of operations) checkKey(key)
    if (this.failure !== undefined) throw this.failure
    if (operations.length === 0) return
    const done = this.write(operations, sync === true ? 'strict' : 'relaxed')
    this.writing.add(done)
    try {
      await done
    } catch (error: unknown) {
      this.failure ??= writeFailure(error)
      throw this.failure
    } finally {
      this.writing.delete(done)
    }
  }

  async *iterate(
    range: KeyRange = {},
    { signal, onDamaged }: IterateOptions = {},
  ): AsyncGenerator<KeyValueEntry, void, undefined> {
    this.begin({ ...(signal !== undefined && { signal }) })
    checkRange(range)
    for (const { key, stored } of await this.entries(range)) {
      signal?.throwIfAborted()
      const value = unseal(key, stored)
      if (value !== undefined) yield { key, value }
      else if (onDamaged === undefined) throw this.damaged()
      else onDamaged(key)
    }
  }

  async *keys(range: KeyRange = {}, options?: ReadOptions): AsyncGenerator<string, void, undefined> {
    this.begin(options)
    checkRange(range)
    for (const key of await this.keysOf(range)) {
      options?.signal?.throwIfAborted()
      yield key
    }
  }

  async count(range: KeyRange = {}, options?: ReadOptions): Promise<number> {
    this.begin(options)
    checkRange(range)
    if (isEmpty(range)) return 0
    const [request] = await this.read((objects) => [objects.count(this.rangeOf(range))])
    return Math.min(request?.result ?? 0, range.limit ?? Number.POSITIVE_INFINITY)
  }

  sublevel(name: string): KeyValueStore {
    return createSublevelStore(this, name)
  }

  async compact(): Promise<void> {
    this.begin()
    await Promise.allSettled(this.writing)
  }

  async close(): Promise<void> {
    if (!this.isOpen) return
    this.isOpen = false
    await Promise.allSettled(this.writing)
    this.connection.close()
  }

  private begin(options?: ReadOptions): void {
    options?.signal?.throwIfAborted()
    if (!this.isOpen) throw new CodedError('STORE_NOT_OPEN', { message: `The store ${this.init.name} is closed` })
  }

  private async entries(range: KeyRange): Promise<readonly StoredEntry[]> {
    if (isEmpty(range) || range.limit === 0) return []
    const within = this.rangeOf(range)
    if (range.reverse === true) return await this.entriesBackwards(within, range.limit ?? Number.POSITIVE_INFINITY)
    const [keys, values] = await this.read((objects) => [
      objects.getAllKeys(within, range.limit),
      objects.getAll(within, range.limit),
    ])
    const stored = values?.result ?? []
    // Of one transaction, in the same order.
    return (keys?.result ?? []).map((key, at) => ({ key: DECODER.decode(key), stored: stored[at] }))
  }

  private async keysOf(range: KeyRange): Promise<readonly string[]> {
    if (isEmpty(range) || range.limit === 0) return []
    // A browser gives the keys alone from the lower end only.
    const isReverse = range.reverse === true
    const limit = isReverse ? undefined : range.limit
    const [request] = await this.read((objects) => [objects.getAllKeys(this.rangeOf(range), limit)])
    const keys = (request?.result ?? []).map((key) => DECODER.decode(key))
    return isReverse ? keys.toReversed().slice(0, range.limit) : keys
  }

  private async entriesBackwards(range: IndexedRange | undefined, limit: number): Promise<readonly StoredEntry[]> {
    const found: StoredEntry[] = []
    await this.read((objects) => {
      const request = objects.openCursor(range, 'prev')
      request.onsuccess = () => {
        const cursor = request.result
        if (cursor === null || found.length >= limit) return
        found.push({ key: DECODER.decode(cursor.key), stored: cursor.value })
        cursor.continue()
      }
      return []
    })
    return found
  }

  private async read<Asked>(ask: (objects: IndexedObjects) => Asked): Promise<Asked> {
    try {
      const transaction = this.connection.transaction(ENTRIES, 'readonly')
      const asked = ask(transaction.objectStore(ENTRIES))
      await endOf(transaction)
      return asked
    } catch (cause: unknown) {
      throw new CodedError('STORE_READ_FAILED', { message: `The browser refused a read of ${this.init.name}`, cause })
    }
  }

  private async write(operations: readonly KeyValueOperation[], durability: 'strict' | 'relaxed'): Promise<void> {
    const transaction = this.connection.transaction(ENTRIES, 'readwrite', { durability })
    const objects = transaction.objectStore(ENTRIES)
    for (const operation of operations) {
      const key = ENCODER.encode(operation.key)
      if (operation.type === 'put') objects.put(seal(operation.key, operation.value), key)
      else objects.delete(key)
    }
    transaction.commit?.()
    await endOf(transaction)
  }

  private rangeOf({ gt, gte, lt, lte }: KeyRange): IndexedRange | undefined {
    const { ranges } = this.init
    const lower = gt ?? gte
    const upper = lt ?? lte
    const [isAbove, isBelow] = [gt !== undefined, lt !== undefined]
    if (lower === undefined) return upper === undefined ? undefined : ranges.upperBound(ENCODER.encode(upper), isBelow)
    if (upper === undefined) return ranges.lowerBound(ENCODER.encode(lower), isAbove)
    return ranges.bound(ENCODER.encode(lower), ENCODER.encode(upper), isAbove, isBelow)
  }

  private open(key: string, stored: unknown): Uint8Array {
    const value = unseal(key, stored)
    if (value === undefined) throw this.damaged()
    return value
  }

  private damaged(): CodedError {
    return new CodedError('STORE_CORRUPTED', { message: `A value in ${this.init.name} fails its checksum` })
  }
}

/** Bounds that IndexedDB refuses, because nothing lies between them. */
function isEmpty({ gt, gte, lt, lte }: KeyRange): boolean {
  const [lower, upper] = [gt ?? gte, lt ?? lte]
  if (lower === undefined || upper === undefined) return false
  const order = compareKeys(lower, upper)
  return order > 0 || (order === 0 && (gt !== undefined || lt !== undefined))
}

function endOf(transaction: IndexedTransaction): Promise<void> {
  return new Promise((resolve, reject) => {
    transaction.oncomplete = resolve
    transaction.onabort = () => reject(transaction.error ?? new Error('The transaction was given up'))
  })
}

function sum(key: string, value: Uint8Array): number {
  return crc32c(value, crc32c(ENCODER.encode(key)))
}

/** A copy, with its checksum behind it. */
function seal(key: string, value: Uint8Array): Uint8Array {
  const stored = new Uint8Array(value.byteLength + CHECKSUM_BYTES)
  stored.set(value)
  new DataView(stored.buffer).setUint32(value.byteLength, sum(key, value), true)
  return stored
}

/** The value, or `undefined` when it fails its checksum. */
function unseal(key: string, stored: unknown): Uint8Array | undefined {
  if (!(stored instanceof Uint8Array) || stored.byteLength < CHECKSUM_BYTES) return undefined
  const size = stored.byteLength - CHECKSUM_BYTES
  const value = stored.subarray(0, size)
  const expected = new DataView(stored.buffer, stored.byteOffset + size, CHECKSUM_BYTES).getUint32(0, true)
  return sum(key, value) === expected ? value : undefined
}
