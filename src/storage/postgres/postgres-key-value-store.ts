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
import { checkKey, checkRange, compareKeys } from '../key-order.ts'
import { sealValue, unsealValue } from '../sealed-value.ts'
import { createSublevelStore } from '../sublevel-store.ts'
import { isWithoutEntries, rangeSql, readKeyRows, readRows } from './entry-range.ts'
import { packBytes } from './packed-bytes.ts'
import type { PostgresConnection } from './postgres-connection.ts'

export type PostgresStoreInit = {
  /** Tells this process from others in what it announces. */
  readonly origin: string
  /** Top sublevels whose changes others are told: `cache`, for example. Default none. */
  readonly announced?: readonly string[]
}

/**
 * The store of one schema, which any number of processes share. The connection is the caller's.
 *
 * A write is one statement, on stable storage when it resolves, `sync` or not, as long as the server's `synchronous_commit` is on. One whose connection breaks
 * is sent again: what it puts and deletes is the same however often. Beyond `STORE_*` of the port, everything may throw `STORE_UNREACHABLE`, `STORE_TIMEOUT`,
 * `STORE_AUTH_FAILED` and `STORE_OVERLOADED`; after these the store goes on, since the server keeps a statement whole or not at all. `compact` needs the owner
 * of the tables, and leaves bytes of the past in what the server keeps to recover from (`pg_wal`, backups).
 */
export function createPostgresKeyValueStore(connection: PostgresConnection, init: PostgresStoreInit): KeyValueStore {
  return new PostgresKeyValueStore(connection, init)
}

class PostgresKeyValueStore implements KeyValueStore {
  readonly #connection: PostgresConnection
  readonly #init: PostgresStoreInit
  readonly #encoder = new TextEncoder()
  readonly #decoder = new TextDecoder('utf-8', { fatal: true })
  #isOpen = true
  #writeFailure: CodedError | undefined
  readonly #writes = new Set<Promise<unknown>>()

  constructor(connection: PostgresConnection, init: PostgresStoreInit) {
    this.#connection = connection
    this.#init = init
  }

  async get(key: string, options?: ReadOptions): Promise<Uint8Array | undefined> {
    const [value] = await this.getMany([key], options)
    return value
  }

  async getMany(keys: readonly string[], options?: ReadOptions): Promise<readonly (Uint8Array | undefined)[]> {
    this.#begin(options)
    keys.forEach(checkKey)
    if (keys.length === 0) return []
    const { schema } = this.#connection
    const { data, lengths } = packBytes(keys.map((key) => this.#encoder.encode(key)))
    const { rows } = await this.#connection.run(
      {
        name: 'get',
        text: `SELECT k.place::int AS place, e.value FROM ${schema}.cut($1, $2) AS k
          JOIN ${schema}.entry AS e ON e.head = ${schema}.head_of(k.part) AND e.tail_digest = ${schema}.digest_of(k.part)`,
        values: [data, lengths],
      },
      { action: 'read', isRepeatable: true },
    )
    options?.signal?.throwIfAborted()
    const found = new Map((rows as readonly { place: number; value: Buffer }[]).map((row) => [row.place, row.value]))
    return keys.map((key, index) => {
      const stored = found.get(index + 1)
      return stored === undefined ? undefined : this.#unseal(key, stored)
    })
  }

  async put(key: string, value: Uint8Array, options?: WriteOptions): Promise<void> {
    await this.batch([{ type: 'put', key, value }], options)
  }

  async delete(key: string, options?: WriteOptions): Promise<void> {
    await this.batch([{ type: 'delete', key }], options)
  }

  async batch(operations: readonly KeyValueOperation[], _options?: WriteOptions): Promise<void> {
    this.#begin()
    for (const { key } of operations) checkKey(key)
    if (operations.length === 0) return
    if (this.#writeFailure !== undefined) throw this.#writeFailure
    // The last operation on a key wins. In the order of keys, so that two writers wait for each other instead of both.
    const last = new Map(operations.map((operation) => [operation.key, operation]))
    const sorted = [...last.values()].toSorted((one, other) => compareKeys(one.key, other.key))
    const write = this.#write(sorted)
    this.#writes.add(write)
    try {
      await write
    } catch (error: unknown) {
      if (CodedError.is(error, 'STORE_WRITE_FAILED')) this.#writeFailure ??= error
      throw error
    } finally {
      this.#writes.delete(write)
    }
  }

  async *iterate(range: KeyRange = {}, options?: IterateOptions): AsyncGenerator<KeyValueEntry, void, undefined> {
    checkRange(range)
    this.#begin(options)
    if (isWithoutEntries(range)) return
    for await (const { key: bytes, value: stored } of readRows(this.#connection, range)) {
      this.#begin(options)
      const key = this.#decoder.decode(bytes)
      const value = unsealValue(key, stored)
      if (value !== undefined) yield { key, value: new Uint8Array(value) }
      else if (options?.onDamaged === undefined) throw this.#damagedError()
      else options.onDamaged(key)
      options?.signal?.throwIfAborted()
    }
  }

  async *keys(range: KeyRange = {}, options?: ReadOptions): AsyncGenerator<string, void, undefined> {
    checkRange(range)
    this.#begin(options)
    if (isWithoutEntries(range)) return
    for await (const { key } of readKeyRows(this.#connection, range)) {
      this.#begin(options)
      yield this.#decoder.decode(key)
      options?.signal?.throwIfAborted()
    }
  }

  async count(range: KeyRange = {}, options?: ReadOptions): Promise<number> {
    checkRange(range)
    this.#begin(options)
    if (isWithoutEntries(range)) return 0
    const { text, values } = rangeSql(this.#connection.schema, range, '1')
    const { rows } = await this.#connection.run(
      { text: `SELECT count(*)::bigint AS total FROM (${text}) AS found`, values },
      { action: 'read', isRepeatable: true },
    )
    options?.signal?.throwIfAborted()
    return Number((rows as readonly { total: string }[])[0]?.total ?? 0)
  }

  sublevel(name: string): KeyValueStore {
    return createSublevelStore(this, name)
  }

  async compact(): Promise<void> {
    this.#begin()
    // It waits for all readers and rewrites everything, which may take longer than any other statement.
    await this.#connection.use(async (client) => {
      await client.query('SET statement_timeout = 0')
      try {
        const { schema } = this.#connection
        await client.query(`VACUUM FULL ${schema}.entry, ${schema}.agent_task, ${schema}.agent_task_note`)
      } finally {
        await client.query('RESET statement_timeout')
      }
    }, 'write')
  }

  async close(): Promise<void> {
    this.#isOpen = false
    await Promise.allSettled(this.#writes)
  }

  async #write(operations: readonly KeyValueOperation[]): Promise<void> {
    const bytesOf = (list: readonly KeyValueOperation[]): readonly Uint8Array[] =>
      list.map(({ key }) => this.#encoder.encode(key))
    const puts = operations.filter((operation) => operation.type === 'put')
    const gone = packBytes(bytesOf(operations.filter(({ type }) => type === 'delete')))
    const keys = packBytes(bytesOf(puts))
    const data = packBytes(puts.map(({ key, value }) => sealValue(key, value)))
    const told = packBytes(bytesOf(operations.filter(({ key }) => this.#isAnnounced(key))))
    await this.#connection.run(
      {
        name: 'write',
        text: `SELECT ${this.#connection.schema}.write_entries($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
        values: [...[gone, keys, data, told].flatMap((packed) => [packed.data, packed.lengths]), this.#init.origin],
      },
      { action: 'write', isRepeatable: true },
    )
  }

  #isAnnounced(key: string): boolean {
    return this.#init.announced?.some((name) => key.startsWith(`${name}/`)) ?? false
  }

  #begin(options?: ReadOptions): void {
    options?.signal?.throwIfAborted()
    if (this.#isOpen) return
    throw new CodedError('STORE_NOT_OPEN', { message: `The store at ${this.#connection.place} is closed` })
  }

  #unseal(key: string, stored: Uint8Array): Uint8Array {
    const value = unsealValue(key, stored)
    if (value === undefined) throw this.#damagedError()
    // A slice of a buffer shares its memory.
    return new Uint8Array(value)
  }

  #damagedError(): CodedError {
    const { place } = this.#connection
    return new CodedError('STORE_CORRUPTED', {
      message: `A value in the store at ${place} fails its checksum`,
      details: { place },
    })
  }
}
