import { CodedError } from '../../base/errors.ts'
import type {
  KeyRange,
  KeyValueEntry,
  KeyValueOperation,
  KeyValueStore,
  ReadOptions,
} from '../../ports/key-value-store.ts'
import { checkKey, checkRange, compareKeys } from '../key-order.ts'
import { createSublevelStore } from '../sublevel-store.ts'

/** A store for tests, simulation and `--data-dir none`: complete, ordered, and gone with the process. */
export function createMemoryKeyValueStore(): KeyValueStore {
  return new MemoryKeyValueStore()
}

/** Sorted keys beside a map: a new key costs a binary search and a shift, an update only the map. */
class MemoryKeyValueStore implements KeyValueStore {
  readonly #values = new Map<string, Uint8Array>()
  #keys: string[] = []
  #isOpen = true

  async get(key: string, options?: ReadOptions): Promise<Uint8Array | undefined> {
    this.#begin(options)
    checkKey(key)
    return this.#values.get(key)?.slice()
  }

  async getMany(keys: readonly string[], options?: ReadOptions): Promise<readonly (Uint8Array | undefined)[]> {
    this.#begin(options)
    keys.forEach(checkKey)
    return keys.map((key) => this.#values.get(key)?.slice())
  }

  async put(key: string, value: Uint8Array): Promise<void> {
    await this.batch([{ type: 'put', key, value }])
  }

  async delete(key: string): Promise<void> {
    await this.batch([{ type: 'delete', key }])
  }

  async batch(operations: readonly KeyValueOperation[]): Promise<void> {
    this.#begin()
    for (const operation of operations) checkKey(operation.key)
    for (const operation of operations) {
      if (operation.type === 'put') this.#set(operation.key, operation.value.slice())
      else this.#remove(operation.key)
    }
  }

  async *iterate(range: KeyRange = {}, options?: ReadOptions): AsyncGenerator<KeyValueEntry, void, undefined> {
    this.#begin(options)
    const entries = this.#select(range).map((key) => ({ key, value: this.#values.get(key) ?? new Uint8Array() }))
    for (const { key, value } of entries) {
      this.#begin(options)
      yield { key, value: value.slice() }
    }
  }

  async *keys(range: KeyRange = {}, options?: ReadOptions): AsyncGenerator<string, void, undefined> {
    this.#begin(options)
    for (const key of this.#select(range)) {
      this.#begin(options)
      yield key
    }
  }

  async count(range: KeyRange = {}, options?: ReadOptions): Promise<number> {
    this.#begin(options)
    return this.#select(range).length
  }

  sublevel(name: string): KeyValueStore {
    return createSublevelStore(this, name)
  }

  async compact(): Promise<void> {
    // What was deleted is gone already.
    this.#begin()
  }

  async close(): Promise<void> {
    this.#isOpen = false
  }

  #begin(options?: ReadOptions): void {
    options?.signal?.throwIfAborted()
    if (!this.#isOpen) throw new CodedError('STORE_NOT_OPEN', { message: 'The memory store is closed' })
  }

  #select(range: KeyRange): readonly string[] {
    checkRange(range)
    const { gt, gte, lt, lte } = range
    let from = 0
    if (gt !== undefined) from = this.#position(gt, true)
    else if (gte !== undefined) from = this.#position(gte, false)
    let to = this.#keys.length
    if (lt !== undefined) to = this.#position(lt, false)
    else if (lte !== undefined) to = this.#position(lte, true)
    const keys = this.#keys.slice(from, Math.max(from, to))
    if (range.reverse === true) keys.reverse()
    return range.limit === undefined ? keys : keys.slice(0, range.limit)
  }

  /** How many keys are below `bound`, or, with `isInclusive`, not above it. */
  #position(bound: string, isInclusive: boolean): number {
    let low = 0
    let high = this.#keys.length
    while (low < high) {
      const middle = (low + high) >>> 1
      const order = compareKeys(this.#keys[middle] ?? '', bound)
      if (order < 0 || (isInclusive && order === 0)) low = middle + 1
      else high = middle
    }
    return low
  }

  #set(key: string, value: Uint8Array): void {
    if (!this.#values.has(key)) this.#keys.splice(this.#position(key, false), 0, key)
    this.#values.set(key, value)
  }

  #remove(key: string): void {
    if (this.#values.delete(key)) this.#keys.splice(this.#position(key, false), 1)
  }
}
