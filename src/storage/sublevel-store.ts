import type {
  IterateOptions,
  KeyRange,
  KeyValueEntry,
  KeyValueOperation,
  KeyValueStore,
  ReadOptions,
  WriteOptions,
} from '../ports/key-value-store.ts'
import { checkKey, checkRange, checkSublevelName, rangeBelow } from './key-order.ts'

/** The keys of `parent` below `name/`, as a store of their own. Holds no data and owns nothing. */
export function createSublevelStore(parent: KeyValueStore, name: string): KeyValueStore {
  checkSublevelName(name)
  return new SublevelStore(parent, `${name}/`)
}

class SublevelStore implements KeyValueStore {
  readonly #parent: KeyValueStore
  readonly #prefix: string

  constructor(parent: KeyValueStore, prefix: string) {
    this.#parent = parent
    this.#prefix = prefix
  }

  async get(key: string, options?: ReadOptions): Promise<Uint8Array | undefined> {
    return await this.#parent.get(this.#parentKey(key), options)
  }

  async getMany(keys: readonly string[], options?: ReadOptions): Promise<readonly (Uint8Array | undefined)[]> {
    return await this.#parent.getMany(
      keys.map((key) => this.#parentKey(key)),
      options,
    )
  }

  async put(key: string, value: Uint8Array, options?: WriteOptions): Promise<void> {
    await this.#parent.put(this.#parentKey(key), value, options)
  }

  async delete(key: string, options?: WriteOptions): Promise<void> {
    await this.#parent.delete(this.#parentKey(key), options)
  }

  async batch(operations: readonly KeyValueOperation[], options?: WriteOptions): Promise<void> {
    await this.#parent.batch(
      operations.map((operation) => ({ ...operation, key: this.#parentKey(operation.key) })),
      options,
    )
  }

  async *iterate(
    range: KeyRange = {},
    { onDamaged, ...options }: IterateOptions = {},
  ): AsyncGenerator<KeyValueEntry, void, undefined> {
    checkRange(range)
    const below = {
      ...options,
      ...(onDamaged !== undefined && {
        onDamaged: (key: string): void => onDamaged(key.slice(this.#prefix.length)),
      }),
    }
    for await (const { key, value } of this.#parent.iterate(rangeBelow(this.#prefix, range), below)) {
      yield { key: key.slice(this.#prefix.length), value }
    }
  }

  async *keys(range: KeyRange = {}, options?: ReadOptions): AsyncGenerator<string, void, undefined> {
    checkRange(range)
    for await (const key of this.#parent.keys(rangeBelow(this.#prefix, range), options))
      yield key.slice(this.#prefix.length)
  }

  async count(range: KeyRange = {}, options?: ReadOptions): Promise<number> {
    checkRange(range)
    return await this.#parent.count(rangeBelow(this.#prefix, range), options)
  }

  sublevel(name: string): KeyValueStore {
    checkSublevelName(name)
    return new SublevelStore(this.#parent, `${this.#prefix}${name}/`)
  }

  async compact(): Promise<void> {
    await this.#parent.compact()
  }

  async close(): Promise<void> {
    // The parent belongs to whoever opened it.
  }

  #parentKey(key: string): string {
    checkKey(key)
    return this.#prefix + key
  }
}
