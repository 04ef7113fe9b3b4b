import { NotFoundError } from '@libp2p/interface'
import type { Libp2pOptions } from 'libp2p'

type Datastore = NonNullable<Libp2pOptions['datastore']>
type Key = Parameters<Datastore['get']>[0]
type Pair = { key: Key; value: Uint8Array }
type Query = Parameters<Datastore['query']>[0]
type KeyQuery = Parameters<Datastore['queryKeys']>[0]

/**
 * What libp2p remembers of its peers, in memory and bounded: the least recently written is forgotten. Left alone, it would keep an entry for every key
 * that ever connected. Where nodes are reached is kept elsewhere, in the address book.
 */
export class BoundedDatastore implements Datastore {
  private readonly entries = new Map<string, Pair>()
  private readonly entriesMax: number
  private readonly isKept: (key: string) => boolean

  /** @param isKept  Says which keys are never forgotten. */
  constructor(entriesMax: number, isKept: (key: string) => boolean) {
    this.entriesMax = entriesMax
    this.isKept = isKept
  }

  get size(): number {
    return this.entries.size
  }

  has(key: Key): boolean {
    return this.entries.has(key.toString())
  }

  get(key: Key): Uint8Array {
    const entry = this.entries.get(key.toString())
    if (entry === undefined) throw new NotFoundError(`No ${key.toString()}`)
    return entry.value
  }

  put(key: Key, value: Uint8Array): Key {
    const text = key.toString()
    this.entries.delete(text)
    this.entries.set(text, { key, value })
    if (this.entries.size > this.entriesMax) this.forgetOne()
    return key
  }

  delete(key: Key): void {
    this.entries.delete(key.toString())
  }

  async *putMany(source: Iterable<Pair> | AsyncIterable<Pair>): AsyncGenerator<Key> {
    for await (const { key, value } of source) yield this.put(key, value)
  }

  async *getMany(source: Iterable<Key> | AsyncIterable<Key>): AsyncGenerator<Pair> {
    for await (const key of source) yield { key, value: this.get(key) }
  }

  async *deleteMany(source: Iterable<Key> | AsyncIterable<Key>): AsyncGenerator<Key> {
    for await (const key of source) {
      this.delete(key)
      yield key
    }
  }

  batch(): ReturnType<Datastore['batch']> {
    const operations: (() => void)[] = []
    return {
      put: (key, value) => void operations.push(() => void this.put(key, value)),
      delete: (key) => void operations.push(() => this.delete(key)),
      commit: () => {
        for (const operation of operations.splice(0)) operation()
      },
    }
  }

  *query({ prefix = '', filters = [], orders = [], offset = 0, limit = Infinity }: Query): Generator<Pair> {
    const found = [...this.entries.values()].filter(
      (pair) => pair.key.toString().startsWith(prefix) && filters.every((filter) => filter(pair)),
    )
    for (const order of orders) found.sort(order)
    yield* found.slice(offset, offset + limit)
  }

  *queryKeys({ prefix = '', filters = [], orders = [], offset = 0, limit = Infinity }: KeyQuery): Generator<Key> {
    const found = [...this.entries.values()]
      .map(({ key }) => key)
      .filter((key) => key.toString().startsWith(prefix) && filters.every((filter) => filter(key)))
    for (const order of orders) found.sort(order)
    yield* found.slice(offset, offset + limit)
  }

  private forgetOne(): void {
    for (const text of this.entries.keys())
      if (!this.isKept(text)) {
        this.entries.delete(text)
        return
      }
  }
}
