import type { KeyValueOperation, KeyValueStore } from '../ports/key-value-store.ts'
import type { HashName, RecordNames } from './record-key.ts'
import type { TelemetryPurge } from './telemetry-purge.ts'

/** A task, or all tasks of a trace, of one tenant; the empty name is that of records without a tenant. */
export type RecordName = {
  readonly tenant: string
  readonly kind: 'event' | 'trace'
  readonly id: string
}

/** The key that a record is stored under, and what it is found by: nothing where it has no id. */
export type NamedRecord = { readonly key: string; readonly names: RecordNames | undefined }

const OPERATIONS_AT_ONCE = 512
/** Says that records which were stored before there was an index are in it. */
const COMPLETE = 'complete'
const NOTHING = new Uint8Array(0)

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
  async add(records: readonly NamedRecord[]): Promise<void> {
    const operations: KeyValueOperation[] = []
    for (const { key, names } of records) {
      if (names === undefined) continue
      const value = this.#encoder.encode(key)
      for (const name of keysOf(names)) operations.push({ type: 'put', key: name, value })
    }
    if (operations.length > 0) await this.#store.batch(operations)
  }

  async remove(records: readonly RecordNames[]): Promise<void> {
    const operations = records.flatMap(keysOf).map((key): KeyValueOperation => ({ type: 'delete', key }))
    if (operations.length > 0) await this.#store.batch(operations)
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
}

function keysOf({ tenant, event, trace }: RecordNames): readonly string[] {
  const own = `e ${tenant} ${event}`
  return trace === undefined ? [own] : [own, `t ${tenant} ${trace} ${event}`]
}
