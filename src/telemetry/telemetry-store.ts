import { CodedError } from '../base/errors.ts'
import type { AbortOptions } from '../ports/abort-options.ts'
import type { IterateOptions, KeyRange, KeyValueOperation, KeyValueStore } from '../ports/key-value-store.ts'
import { PassedKeys } from './passed-keys.ts'
import { RecordIndex, type NamedRecord, type RecordName } from './record-index.ts'
import { namesIn, namesOf, recordKeyOf, type HashName, type RecordNames } from './record-key.ts'
import { recordOfBytes } from './record-bytes.ts'
import type { KeyedEvent, RecordSums } from './sums/record-sums.ts'
import type { TelemetryPurge } from './telemetry-purge.ts'
import { formatTelemetryEvent, type TelemetryEvent } from '../wire/telemetry-event.ts'

export type TelemetryStoreInit = {
  /** Records kept at most; the oldest go first, up to 256 and 0.4 % of them at a time. Default 100,000. */
  readonly eventsMax?: number
  /** Whether other processes write into the same store. Each then counts anew what is there after 16,384 records, so that there are so many more for each of them at most. */
  readonly isShared?: boolean
  /** A store of its own, by which records are found without reading all of them. Absent: `find` reads them. */
  readonly index?: KeyValueStore
  /** Absent: names stand in keys as they are, save for what a URI would escape. */
  readonly hashName?: HashName
  /** Told of what is stored, in the same batch. Absent: nothing is added up. */
  readonly sums?: RecordSums
}

/** What to list; absent members do not restrict. */
export type TelemetryFilter = {
  readonly tenant?: string
  /** ISO 8601 instants: `from` is included, `to` is not. */
  readonly from?: string
  readonly to?: string
  readonly limit?: number
  readonly isNewestFirst?: boolean
}

export interface TelemetryStore {
  /** Resolves when the records are on stable storage. A record with the timestamp, id, tenant and trace of another replaces it. */
  append(events: readonly TelemetryEvent[]): Promise<void>
  /** Records that cannot be read are left out and counted in `unreadableCount`: one damaged record hides no other. */
  list(filter?: TelemetryFilter, options?: AbortOptions): AsyncIterable<TelemetryEvent>
  /** A record of that name: of a trace any one. `undefined` when there is none that can be read. */
  find(name: RecordName): Promise<TelemetryEvent | undefined>
  count(): Promise<number>
  /** Unreadable records met since the start, each once. */
  readonly unreadableCount: number
  /**
   * Number of records deleted; they are off stable storage, save for what the file format keeps until it compacts. By tenant, records that
   * cannot be read go as well: nobody can tell whose they are, and they are of no use to anyone.
   */
  purge(what: TelemetryPurge): Promise<number>
  /** JSON lines, oldest first, each ending in a line break. */
  exportLines(filter?: TelemetryFilter, options?: AbortOptions): AsyncIterable<string>
}

const EVENTS_MAX_DEFAULT = 100_000
const PURGE_BATCH = 512
const DROPPED_AT_ONCE = 256
/** More than may be are dropped with several writes, rather than with one of any size. */
const DROPPED_MAX = 4_096
const COUNTED_AGAIN = 16_384
/** No more than one of so many records goes before it has to. */
const DROPPED_SHARE = 256
/** Records of one trace that are looked at until one can be read. */
const FOUND_MAX = 16

/** Keeps records in a store of their own (a sublevel), ordered by time. */
export function createTelemetryStore(store: KeyValueStore, init: TelemetryStoreInit = {}): TelemetryStore {
  return new KeyedTelemetryStore(store, init)
}

class KeyedTelemetryStore implements TelemetryStore {
  readonly #store: KeyValueStore
  readonly #hashName: HashName
  readonly #index: RecordIndex | undefined
  readonly #eventsMax: number
  readonly #sums: RecordSums | undefined
  readonly #encoder = new TextEncoder()
  /** Upper bound of the records there are; counted once, then kept up to date. */
  #countMax: number | undefined
  readonly #passed = new PassedKeys()
  readonly #isShared: boolean
  #writtenCount = 0
  readonly #unreadable = new Set<string>()
  #indexing: Promise<void> | undefined

  constructor(
    store: KeyValueStore,
    { index, hashName = encodeURIComponent, eventsMax, isShared, sums }: TelemetryStoreInit,
  ) {
    this.#store = store
    this.#hashName = hashName
    this.#index = index === undefined ? undefined : new RecordIndex(index, hashName)
    this.#eventsMax = eventsMax ?? EVENTS_MAX_DEFAULT
    this.#isShared = isShared ?? false
    this.#sums = sums
  }

  async append(events: readonly TelemetryEvent[]): Promise<void> {
    if (events.length === 0) return
    const known = this.#countMax ?? (await this.#store.count())
    const operations: KeyValueOperation[] = []
    const records = events.map((event): NamedRecord & KeyedEvent => {
      const names = namesOf(event, this.#hashName)
      const key = recordKeyOf(event, names)
      operations.push({ type: 'put', key, value: this.#encoder.encode(formatTelemetryEvent(event)) })
      return { key, names, event }
    })
    const { keys, names } = await this.#oldest(known + events.length - this.#eventsMax)
    operations.unshift(...keys.map((key): KeyValueOperation => ({ type: 'delete', key })))
    await this.#index?.add(records)
    if (this.#sums === undefined) await this.#store.batch(operations, { sync: true })
    else await this.#sums.write(operations, records)
    this.#countMax = this.#isOutdated(events.length) ? undefined : known + events.length - keys.length
    this.#passed.add(keys, records)
    await this.#index?.remove(names)
  }

  /** Others write, and of those that two of them drop at one time both believe to have made room. */
  #isOutdated(written: number): boolean {
    this.#writtenCount += written
    if (!this.#isShared || this.#writtenCount < COUNTED_AGAIN) return false
    this.#writtenCount = 0
    return true
  }

  /**
   * The keys of the oldest records, which make room, and what those are found by. Of a store for many records it takes several at once: each look costs a
   * reading of its own.
   */
  async #oldest(excess: number): Promise<{ readonly keys: readonly string[]; readonly names: readonly RecordNames[] }> {
    const keys: string[] = []
    const names: RecordNames[] = []
    if (excess <= 0) return { keys, names }
    const wanted = Math.max(excess, Math.min(DROPPED_AT_ONCE, Math.floor(this.#eventsMax / DROPPED_SHARE)))
    const limit = Math.min(wanted, DROPPED_MAX)
    for await (const key of this.#store.keys({ limit, ...this.#passed.range })) {
      keys.push(key)
      if (this.#index === undefined) continue
      const known = namesIn(key) ?? (await this.#namesAt(key))
      if (known !== undefined) names.push(known)
    }
    return { keys, names }
  }

  /** Of a record whose key does not tell. */
  async #namesAt(key: string): Promise<RecordNames | undefined> {
    const value = await this.#store.get(key).catch(undefinedWhenCorrupted)
    const event = value === undefined ? undefined : recordOfBytes(value)
    return event === undefined ? undefined : namesOf(event, this.#hashName)
  }

  async *list(
    filter: TelemetryFilter = {},
    options: AbortOptions = {},
  ): AsyncGenerator<TelemetryEvent, void, undefined> {
    let left = filter.limit ?? Number.MAX_SAFE_INTEGER
    if (left <= 0) return
    for await (const { key, value } of this.#store.iterate(rangeOf(filter), this.#reading(options))) {
      const event = this.#read(key, value)
      if (event === undefined) continue
      if (filter.tenant !== undefined && event.tenant !== filter.tenant) continue
      yield event
      left -= 1
      if (left === 0) return
    }
  }

  async find(name: RecordName): Promise<TelemetryEvent | undefined> {
    const index = this.#index
    if (index === undefined) {
      for await (const event of this.list({ isNewestFirst: true })) if (isNamed(event, name)) return event
      return undefined
    }
    await this.#completeIndex(index)
    for (const key of await index.find(name, FOUND_MAX)) {
      const value = await this.#store.get(key).catch(undefinedWhenCorrupted)
      const event = value === undefined ? undefined : this.#read(key, value)
      if (event !== undefined && isNamed(event, name)) return event
    }
    return undefined
  }

  get unreadableCount(): number {
    return this.#unreadable.size
  }

  async count(): Promise<number> {
    return await this.#store.count()
  }

  async purge(what: TelemetryPurge): Promise<number> {
    await this.#sums?.purge(what)
    const range: KeyRange = what.kind === 'before' ? { lt: what.before } : {}
    let keys: string[] = []
    let purged = 0
    const remove = async (): Promise<void> => {
      await this.#store.batch(
        keys.map((key) => ({ type: 'delete', key })),
        { sync: true },
      )
      purged += keys.length
      for (const key of keys) this.#unreadable.delete(key)
      keys = []
    }
    // What fails its checksum is deleted like what cannot be understood.
    const onDamaged = (key: string): void => void keys.push(key)
    for await (const { key, value } of this.#store.iterate(range, { onDamaged })) {
      if (what.kind === 'tenant' && this.#isOfAnother(what.tenant, key, value)) continue
      keys.push(key)
      if (keys.length >= PURGE_BATCH) await remove()
    }
    if (keys.length > 0) await remove()
    this.#countMax = undefined
    await this.#index?.purge(what)
    return purged
  }

  async *exportLines(
    filter: TelemetryFilter = {},
    options: AbortOptions = {},
  ): AsyncGenerator<string, void, undefined> {
    for await (const event of this.list(filter, options)) yield `${formatTelemetryEvent(event)}\n`
  }

  #reading(options: AbortOptions): IterateOptions {
    return {
      ...(options.signal !== undefined && { signal: options.signal }),
      onDamaged: (key) => void this.#unreadable.add(key),
    }
  }

  /** Records of earlier versions are in no index until somebody looks for one. */
  async #completeIndex(index: RecordIndex): Promise<void> {
    this.#indexing ??= this.#indexAll(index).catch((error: unknown) => {
      this.#indexing = undefined
      throw error
    })
    await this.#indexing
  }

  async #indexAll(index: RecordIndex): Promise<void> {
    if (await index.isComplete()) return
    let records: NamedRecord[] = []
    for await (const { key, value } of this.#store.iterate({}, this.#reading({}))) {
      const event = this.#read(key, value)
      if (event === undefined) continue
      records.push({ key, names: namesOf(event, this.#hashName) })
      if (records.length < PURGE_BATCH) continue
      await index.add(records)
      records = []
    }
    await index.add(records)
    await index.markComplete()
  }

  #isOfAnother(tenant: string, key: string, value: Uint8Array): boolean {
    const event = this.#read(key, value)
    return event !== undefined && event.tenant !== tenant
  }

  #read(key: string, value: Uint8Array): TelemetryEvent | undefined {
    const event = recordOfBytes(value)
    if (event === undefined) this.#unreadable.add(key)
    return event
  }
}

function isNamed(event: TelemetryEvent, { tenant, kind, id }: RecordName): boolean {
  return (event.tenant ?? '') === tenant && (kind === 'event' ? event.event_id : event.trace_id) === id
}

function undefinedWhenCorrupted(error: unknown): undefined {
  if (CodedError.is(error, 'STORE_CORRUPTED')) return undefined
  throw error
}

function rangeOf(filter: TelemetryFilter): KeyRange {
  return {
    ...(filter.from !== undefined && { gte: filter.from }),
    ...(filter.to !== undefined && { lt: filter.to }),
    ...(filter.isNewestFirst !== undefined && { reverse: filter.isNewestFirst }),
  }
}
