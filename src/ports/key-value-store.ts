/**
 * KeyValueStore: ordered string keys, byte values, atomic batches. It is not a cache (nothing expires by itself) and not
 * a journal (history is overwritten; see EventLog).
 *
 * Keys are non-empty, well-formed strings of at most `KEY_LENGTH_MAX` UTF-16 units, ordered by code point (which is the
 * byte order of their UTF-8). A sublevel is a prefix: key `k` of sublevel `telemetry` is key `telemetry/k` of its parent,
 * so one batch at the root is atomic across sublevels. Bytes are copied in and out: a caller may reuse its buffers.
 *
 * Every method throws `STORE_NOT_OPEN` after `close`, `STORE_CORRUPTED` when stored bytes fail their checksum and
 * `STORE_WRITE_FAILED` when the disk refused a write, and from then on for every write until the store is opened again; a bad
 * key is a `TypeError`.
 *
 * ```ts
 * const remember = async (store: KeyValueStore): Promise<void> => {
 *   const answers = store.sublevel('answers')
 *   await answers.put('a1', new TextEncoder().encode('42'), { sync: true })
 *   for await (const { key } of answers.iterate({ gte: 'a' })) console.log(key)
 * }
 * ```
 */
export const KEY_LENGTH_MAX = 1024

/** One step of an atomic batch; of several on one key the last counts. Deleting an absent key is not an error. */
export type KeyValueOperation =
  | { readonly type: 'put'; readonly key: string; readonly value: Uint8Array }
  | { readonly type: 'delete'; readonly key: string }

/** What an iteration gives; `key` is as the store that is asked has it, without the prefix of its sublevel. The bytes are a copy. */
export type KeyValueEntry = { readonly key: string; readonly value: Uint8Array }

/** Bounds are keys of the store that is asked; absent means unbounded. At most one lower and one upper bound. */
export type KeyRange = {
  readonly gt?: string
  readonly gte?: string
  readonly lt?: string
  readonly lte?: string
  /** Highest key first. Default false. */
  readonly reverse?: boolean
  /** Entries at most; an integer >= 0. Absent: no limit. */
  readonly limit?: number
}

/** How a read of a store is ended early: it throws the signal's reason. */
export type ReadOptions = { readonly signal?: AbortSignal }

export type IterateOptions = ReadOptions & {
  /** Told the key of each entry whose bytes fail their checksum; the iteration leaves it out and goes on. Absent: it throws. */
  readonly onDamaged?: (key: string) => void
}

/** How durable a write of a store is before it resolves. */
export type WriteOptions = {
  /**
   * True: resolves only when the bytes are on stable storage. False (default): survives the death of the process, and
   * may be lost with the machine's power, whatever is synced later.
   */
  readonly sync?: boolean
}

/**
 * Ordered keys of 1 to `KEY_LENGTH_MAX` UTF-16 units, byte values, atomic batches. Methods throw `STORE_NOT_OPEN` after `close`, `STORE_CORRUPTED`,
 * `STORE_WRITE_FAILED`, and `TypeError` for a bad key.
 */
export interface KeyValueStore {
  /** The value, or `undefined` when the key is absent. */
  get(key: string, options?: ReadOptions): Promise<Uint8Array | undefined>
  /** Values in the order of `keys`, `undefined` where absent; one consistent view. */
  getMany(keys: readonly string[], options?: ReadOptions): Promise<readonly (Uint8Array | undefined)[]>
  put(key: string, value: Uint8Array, options?: WriteOptions): Promise<void>
  /** Deleting an absent key is not an error. */
  delete(key: string, options?: WriteOptions): Promise<void>
  /** All or nothing, in order: the last operation on a key wins. */
  batch(operations: readonly KeyValueOperation[], options?: WriteOptions): Promise<void>
  /** Entries in key order, as of the moment of the first read; later writes are not seen. */
  iterate(range?: KeyRange, options?: IterateOptions): AsyncIterable<KeyValueEntry>
  /** As `iterate`, without the values: these are not even read, so that it does not matter whether they are damaged. */
  keys(range?: KeyRange, options?: ReadOptions): AsyncIterable<string>
  /** Number of entries in the range; costs a scan. */
  count(range?: KeyRange, options?: ReadOptions): Promise<number>
  /** A view of the keys below `name` (letters, digits and hyphens); closing it is closing nothing. */
  sublevel(name: string): KeyValueStore
  /**
   * Rewrites what is stored, so that no file holds the bytes of values deleted or replaced before the call. Costs reading and
   * writing everything, sublevels and parents included: for erasure, not for speed.
   */
  compact(): Promise<void>
  /** Idempotent. Waits for writes under way. */
  close(): Promise<void>
}
