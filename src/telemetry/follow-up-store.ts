import { CodedError } from '../base/errors.ts'
import type { KeyValueOperation, KeyValueStore } from '../ports/key-value-store.ts'
import type { FeedbackEvent } from '../wire/feedback-event.ts'
import type { ShadowEvent } from '../wire/shadow-event.ts'
import {
  entryFrom,
  formatEntry,
  nameOf,
  nameOfEntry,
  NO_FOLLOW_UPS,
  parseEntry,
  sizeOf,
  withEvent,
  type FollowUpEffect,
  type FollowUpEntry,
  type FollowUps,
} from './follow-up-entry.ts'
import {
  ENTRIES,
  entryKeyOf,
  isPlacedBefore,
  keyOf,
  keysOf,
  placeOf,
  PLACES,
  type FollowedRecord,
} from './follow-up-keys.ts'
import type { RecordName } from './record-index.ts'
import type { HashName } from './record-key.ts'
import type { TelemetryPurge } from './telemetry-purge.ts'

export type FollowUpStoreInit = {
  /** Events of a kind (feedback, shadows) kept of one task or trace; the oldest go first. Default 32. */
  readonly eventsOfOneMax?: number
  /** Tasks and traces that anything is kept of; the oldest go first, with all of theirs. Default 100,000. */
  readonly namesMax?: number
  /** Appends that may wait; more are refused. Default 8,192. */
  readonly pendingMax?: number
  /** Absent: names stand in keys as they are. */
  readonly hashName?: HashName
}

/** What comes after a task: feedback and shadow runs, apart from the record, joined when it is read. */
export interface FollowUpStore {
  /**
   * Resolves when the event is on stable storage. Appends that wait share one sync. Throws `STORE_OVERLOADED` when too many wait, what the
   * store throws, and `TypeError` for feedback that names neither task nor trace.
   */
  append(event: FeedbackEvent | ShadowEvent): Promise<FollowUpEffect>
  /** Of each record what is kept of its task and of its trace, as far as it is of the same tenant. */
  lookup(records: readonly FollowedRecord[]): Promise<readonly FollowUps[]>
  /** Tasks and traces that anything is kept of. */
  count(): Promise<number>
  /** Values met since the start that could not be read: what followed those tasks is not known. */
  readonly unreadableCount: number
  /**
   * Number of events deleted. `before` goes by the instant of each event. What belongs to records that `isKept` says are gone goes too,
   * and so does what cannot be read, counted as one.
   */
  purge(what: TelemetryPurge, isKept: (name: RecordName) => Promise<boolean>): Promise<number>
}

const EVENTS_OF_ONE_MAX_DEFAULT = 32
const NAMES_MAX_DEFAULT = 100_000
const PENDING_MAX_DEFAULT = 8192
const BATCH_MAX = 256
const NOTHING = new Uint8Array(0)

type PendingAppend = {
  readonly event: FeedbackEvent | ShadowEvent
  readonly key: string
  readonly resolve: (effect: FollowUpEffect) => void
  readonly reject: (error: unknown) => void
}

/** Keeps everything of one task or trace in one value, so that joining a record reads two keys. */
export function createFollowUpStore(store: KeyValueStore, init: FollowUpStoreInit = {}): FollowUpStore {
  return new KeyedFollowUpStore(store, init)
}

class KeyedFollowUpStore implements FollowUpStore {
  readonly #store: KeyValueStore
  readonly #eventsOfOneMax: number
  readonly #namesMax: number
  readonly #pendingMax: number
  readonly #hashName: HashName
  readonly #encoder = new TextEncoder()
  readonly #decoder = new TextDecoder('utf-8', { fatal: true })
  readonly #unreadable = new Set<string>()
  #pending: PendingAppend[] = []
  /** Writes and purges one after the other. */
  #turn: Promise<unknown> = Promise.resolve()
  #isDraining = false
  /** Counted once, then kept up to date. */
  #names: number | undefined

  constructor(store: KeyValueStore, init: FollowUpStoreInit) {
    this.#store = store
    this.#eventsOfOneMax = init.eventsOfOneMax ?? EVENTS_OF_ONE_MAX_DEFAULT
    this.#namesMax = init.namesMax ?? NAMES_MAX_DEFAULT
    this.#pendingMax = init.pendingMax ?? PENDING_MAX_DEFAULT
    this.#hashName = init.hashName ?? ((name): string => name)
  }

  get unreadableCount(): number {
    return this.#unreadable.size
  }

  async append(event: FeedbackEvent | ShadowEvent): Promise<FollowUpEffect> {
    const key = keyOf(nameOf(event), this.#hashName)
    if (this.#pending.length >= this.#pendingMax) {
      const message = `${this.#pending.length} follow-ups of tasks wait for the disk`
      throw new CodedError('STORE_OVERLOADED', { message })
    }
    return await new Promise<FollowUpEffect>((resolve, reject) => {
      this.#pending.push({ event, key, resolve, reject })
      if (this.#isDraining) return
      this.#isDraining = true
      // Each append hears of its own failure.
      this.#inTurn(async () => await this.#drain()).catch(() => undefined)
    })
  }

  async lookup(records: readonly FollowedRecord[]): Promise<readonly FollowUps[]> {
    if ((this.#names ?? (await this.count())) === 0) return records.map(() => NO_FOLLOW_UPS)
    const keysOfAll = records.map((record) => keysOf(record, this.#hashName))
    const keys = [...new Set(keysOfAll.flat())]
    const entries = new Map((await this.#load(keys)).map((entry, at) => [keys[at] ?? '', entry]))
    return keysOfAll.map((keysOfOne) => {
      const own = keysOfOne.map((key) => entries.get(key) ?? NO_FOLLOW_UPS)
      return {
        feedback: own.flatMap(({ feedback }) => feedback).toSorted(byTime),
        shadows: own.flatMap(({ shadows }) => shadows).toSorted(byTime),
      }
    })
  }

  async count(): Promise<number> {
    this.#names = await this.#store.count(ENTRIES)
    return this.#names
  }

  async purge(what: TelemetryPurge, isKept: (name: RecordName) => Promise<boolean>): Promise<number> {
    return await this.#inTurn(async () => await this.#purge(what, isKept))
  }

  async #purge(what: TelemetryPurge, isKept: (name: RecordName) => Promise<boolean>): Promise<number> {
    const writer = new BatchWriter(this.#store)
    const gone = new Set<string>()
    let purged = 0
    const remove = async (key: string, events: number): Promise<void> => {
      gone.add(key)
      purged += events
      await writer.add({ type: 'delete', key })
    }
    const damaged: string[] = []
    for await (const { key, value } of this.#store.iterate(ENTRIES, { onDamaged: (key) => void damaged.push(key) })) {
      const entry = this.#parse(value)
      const name = entry === undefined ? undefined : nameOfEntry(entry)
      if (entry === undefined || name === undefined) await remove(key, 1)
      else if (what.kind === 'all' || (what.kind === 'tenant' && what.tenant === name.tenant) || !(await isKept(name)))
        await remove(key, sizeOf(entry))
      else if (what.kind === 'before' && entry.since < what.before) {
        const left = entryFrom(entry, what.before)
        if (left === undefined) await remove(key, sizeOf(entry))
        else {
          purged += sizeOf(entry) - sizeOf(left)
          for (const operation of this.#putting(key, left)) await writer.add(operation)
        }
      }
    }
    for (const key of damaged) await remove(key, 1)
    // The places in the order of what is gone, and of what has a later one by now.
    const damagedPlaces: string[] = []
    const placed = { onDamaged: (key: string): void => void damagedPlaces.push(key) }
    for await (const { key } of this.#store.iterate(PLACES, placed)) {
      if (
        what.kind === 'all' ||
        gone.has(entryKeyOf(key)) ||
        (what.kind === 'before' && isPlacedBefore(key, what.before))
      )
        await writer.add({ type: 'delete', key })
    }
    for (const key of damagedPlaces) await writer.add({ type: 'delete', key })
    await writer.finish()
    for (const key of gone) this.#unreadable.delete(key)
    this.#names = undefined
    return purged
  }

  async #drain(): Promise<void> {
    while (this.#pending.length > 0) {
      const batch = this.#pending.splice(0, BATCH_MAX)
      try {
        const effects = await this.#write(batch)
        for (const [at, { resolve }] of batch.entries()) resolve(effects[at] ?? 'stored')
      } catch (error: unknown) {
        for (const { reject } of batch) reject(error)
      }
    }
    this.#isDraining = false
  }

  async #write(batch: readonly PendingAppend[]): Promise<readonly FollowUpEffect[]> {
    const keys = [...new Set(batch.map(({ key }) => key))]
    const before = new Map((await this.#load(keys)).map((entry, at) => [keys[at] ?? '', entry]))
    const after = new Map(before)
    const effects = batch.map(({ key, event }) => {
      const { entry, effect } = withEvent(after.get(key), event, this.#eventsOfOneMax)
      if (effect !== 'exists') after.set(key, entry)
      return effect
    })
    const operations: KeyValueOperation[] = []
    let added = 0
    for (const [key, entry] of after) {
      const known = before.get(key)
      if (entry === undefined || entry === known) continue
      if (known === undefined) added += 1
      else if (known.since !== entry.since) operations.push({ type: 'delete', key: placeOf(key, known.since) })
      operations.push(...this.#putting(key, entry))
    }
    if (operations.length === 0) return effects
    const names = this.#names ?? (await this.count())
    const dropped = await this.#oldest(names + added - this.#namesMax)
    await this.#store.batch([...dropped, ...operations], { sync: true })
    for (const key of keys) this.#unreadable.delete(key)
    // A value that could not be read was counted before; so the figure may be too high for a while, never too low.
    this.#names = names + added - dropped.length / 2
    return effects
  }

  #putting(key: string, entry: FollowUpEntry): readonly KeyValueOperation[] {
    return [
      { type: 'put', key, value: this.#encoder.encode(formatEntry(entry)) },
      { type: 'put', key: placeOf(key, entry.since), value: NOTHING },
    ]
  }

  /** Deletes the `count` oldest names: each is an entry and its place. */
  async #oldest(count: number): Promise<readonly KeyValueOperation[]> {
    if (count <= 0) return []
    const operations: KeyValueOperation[] = []
    const drop = (key: string): void => {
      operations.push({ type: 'delete', key }, { type: 'delete', key: entryKeyOf(key) })
    }
    for await (const { key } of this.#store.iterate({ ...PLACES, limit: count }, { onDamaged: drop })) drop(key)
    return operations
  }

  /** Entries in the order of `keys`; `undefined` where there is none, or none that can be read. */
  async #load(keys: readonly string[]): Promise<readonly (FollowUpEntry | undefined)[]> {
    const values = await this.#store.getMany(keys).catch(async (error: unknown) => {
      if (!CodedError.is(error, 'STORE_CORRUPTED')) throw error
      return await Promise.all(keys.map(async (key) => await this.#store.get(key).catch(() => DAMAGED)))
    })
    return values.map((value, at) => {
      if (value === undefined) return undefined
      const entry = value === DAMAGED ? undefined : this.#parse(value)
      if (entry === undefined) this.#unreadable.add(keys[at] ?? '')
      return entry
    })
  }

  #parse(value: Uint8Array): FollowUpEntry | undefined {
    try {
      return parseEntry(this.#decoder.decode(value))
    } catch {
      return undefined
    }
  }

  async #inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
    const result = this.#turn.then(work)
    this.#turn = result.catch(() => undefined)
    return await result
  }
}

const DAMAGED = new Uint8Array(0)

/** Hands operations to the store in batches, each synced. */
class BatchWriter {
  readonly #store: KeyValueStore
  #operations: KeyValueOperation[] = []

  constructor(store: KeyValueStore) {
    this.#store = store
  }

  async add(operation: KeyValueOperation): Promise<void> {
    this.#operations.push(operation)
    if (this.#operations.length >= BATCH_MAX) await this.finish()
  }

  async finish(): Promise<void> {
    if (this.#operations.length > 0) await this.#store.batch(this.#operations.splice(0), { sync: true })
  }
}

function byTime(left: { readonly timestamp: string }, right: { readonly timestamp: string }): number {
  if (left.timestamp === right.timestamp) return 0
  return left.timestamp < right.timestamp ? -1 : 1
}
