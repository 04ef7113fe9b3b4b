import type { KeyValueOperation, KeyValueStore } from '../ports/key-value-store.ts'
import type { TelemetryEvent } from '../wire/telemetry-event.ts'
import type { TelemetryPurge } from './telemetry-purge.ts'

/** A task, or all tasks of a trace, of one tenant; the empty name is that of records without a tenant. */
export type RecordName = {
  readonly tenant: string
  readonly kind: 'event' | 'trace'
  readonly id: string
}

/** A record and the key it is stored under. */
export type KeyedRecord = { readonly key: string; readonly event: TelemetryEvent }

const OPERATIONS_AT_ONCE = 512
/** Says that records which were stored before there was an index are in it. */
const COMPLETE = 'complete'
const NOTHING = new Uint8Array(0)

/**
 * How names of tenants, tasks and traces stand in keys: as hashes. A store deletes a value for good when it is compacted, and still lists bounds
 * of the keys that its files once had.
 */
export type HashName = (name: string) => string

/**
 * Finds records by tenant and id, each in the key as its hash. It may name records that are gone, never the other way round:
 *
 * ```text
 * e TENANT EVENT_ID           -> key of the record
 * t TENANT TRACE_ID EVENT_ID  -> key of the record
 * complete                    -> nothing
 * ```
 */
export class RecordIndex {
  readonly #store: KeyValueStore
  readonly #hash: HashName
  readonly #encoder = new TextEncoder()
  readonly #decoder = new TextDecoder()

  constructor(store: KeyValueStore, hash: HashName) {
    this.#store = store
    this.#hash = hash
  }

  /** Not synced: the record itself, which follows, syncs what came before it. */
  async add(records: readonly KeyedRecord[]): Promise<void> {
    const operations = records.flatMap(({ key, event }) =>
      this.#keysOf(event).map((name): KeyValueOperation => ({
        type: 'put',
        key: name,
        value: this.#encoder.encode(key),
      })),
    )
    if (operations.length > 0) await this.#store.batch(operations)
  }

  async remove(events: readonly TelemetryEvent[]): Promise<void> {
    const keys = events.flatMap((event) => this.#keysOf(event))
    if (keys.length > 0) await this.#store.batch(keys.map((key) => ({ type: 'delete', key })))
  }

  /** Keys of the records of that name, at most `limit`. */
  async find({ tenant, kind, id }: RecordName, limit: number): Promise<readonly string[]> {
    const name = `${kind === 'event' ? 'e' : 't'} ${this.#hash(tenant)} ${this.#hash(id)}`
    const range = kind === 'event' ? { gte: name, lte: name } : { gte: `${name} `, lt: `${name}!` }
    const keys: string[] = []
    const entries = this.#store.iterate({ ...range, limit }, { onDamaged: () => undefined })
    for await (const { value } of entries) keys.push(this.#decoder.decode(value))
    return keys
  }

  async isComplete(): Promise<boolean> {
    return (await this.#store.get(COMPLETE)) !== undefined
  }

  async markComplete(): Promise<void> {
    await this.#store.put(COMPLETE, NOTHING)
  }

  /** What cannot be read goes too: nothing is lost with it but the finding of one record. */
  async purge(what: TelemetryPurge): Promise<void> {
    let keys: string[] = []
    const remove = async (): Promise<void> => {
      await this.#store.batch(
        keys.map((key) => ({ type: 'delete', key })),
        { sync: true },
      )
      keys = []
    }
    const prefix = what.kind === 'tenant' ? `${this.#hash(what.tenant)} ` : ''
    const isMeant = (key: string, value: Uint8Array): boolean =>
      what.kind === 'before' ? this.#decoder.decode(value) < what.before : key.startsWith(prefix, 'e '.length)
    for await (const { key, value } of this.#store.iterate({}, { onDamaged: (key) => void keys.push(key) })) {
      if (key === COMPLETE || !isMeant(key, value)) continue
      keys.push(key)
      if (keys.length >= OPERATIONS_AT_ONCE) await remove()
    }
    if (keys.length > 0) await remove()
  }

  /** None for a record without an id, which nothing can follow. */
  #keysOf({ tenant, event_id, trace_id }: TelemetryEvent): readonly string[] {
    if (event_id === null) return []
    const [ofTenant, ofEvent] = [this.#hash(tenant ?? ''), this.#hash(event_id)]
    const keys = [`e ${ofTenant} ${ofEvent}`]
    if (trace_id !== null) keys.push(`t ${ofTenant} ${this.#hash(trace_id)} ${ofEvent}`)
    return keys
  }
}
