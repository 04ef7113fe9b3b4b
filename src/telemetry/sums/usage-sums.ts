import { CodedError } from '../../base/errors.ts'
import type { KeyValueOperation, KeyValueStore } from '../../ports/key-value-store.ts'
import type { ScheduledTimer } from '../../ports/timers.ts'
import type { TelemetryEvent } from '../../wire/telemetry-event.ts'
import type { TelemetryPurge } from '../telemetry-purge.ts'
import type { EarlierRecords } from './earlier-records.ts'
import { pruneSums } from './prune-sums.ts'
import { grainRange, tenantHashIn, type SumGrain } from './sum-keys.ts'
import { encodeRow, rowOfBytes } from './sum-row.ts'
import type { SumSpan, UsageSums, UsageSumsComponents, UsageSumsInit, KeyedEvent } from './record-sums.ts'
import { additionsOf, SumRows } from './sum-rows.ts'
import { usageOfRecord, type CountedUsage } from './usage-figures.ts'

/** Top sublevel in which processes tell each other of sums that were deleted: the key is the hash of the tenant, or `all`. Nothing is kept there. */
export const SUM_PURGES = 'usage-purges'
const ALL = 'all'

const DAYS_MAX_DEFAULT = 400
/** Days of which there are sums of hours as well. */
export const HOUR_DAYS_MAX = 35
const ROWS_MAX_DEFAULT = 10_000
const FLUSH_INTERVAL_MS = 250
/** How often it is looked whether another process has counted what was recorded before. */
const LOOK_INTERVAL_MS = 250
const PENDING_MAX = 8_192
const DOUBTFUL_MAX = 4_096
const DELETED_AT_ONCE = 512

/**
 * Keeps sums beside the records of tasks, and longer than these:
 *
 * ```text
 * d DAY TENANT NAMES [WRITER]   -> sums of a day; TENANT and NAMES are hashes
 * h HOUR TENANT NAMES [WRITER]  -> sums of an hour
 * earlier                       -> how far records of before are in them
 * ```
 *
 * A row has one writer, which has it in memory: nothing is read for a request, and a batch writes each row once. After a write that failed
 * this process begins new rows, since the server of a shared store may carry it out all the same.
 */
export function createUsageSums(components: UsageSumsComponents, init: UsageSumsInit): UsageSums {
  return new KeptSums(components, init)
}

class KeptSums implements UsageSums {
  readonly #components: UsageSumsComponents
  readonly #init: UsageSumsInit
  readonly #store: KeyValueStore
  readonly #rows: SumRows
  /** Keys of records whose write failed. */
  readonly #doubtful = new Set<string>()
  #pending: CountedUsage[] = []
  #timer: ScheduledTimer | undefined
  #last: Promise<unknown> = Promise.resolve()
  #whole: Promise<void> | undefined
  #isStopped = false
  #endPause: (() => void) | undefined

  constructor(components: UsageSumsComponents, init: UsageSumsInit) {
    this.#components = components
    this.#init = init
    this.#store = components.root.sublevel(components.sums)
    this.#rows = new SumRows(this.#store, components.hashName, {
      writer: init.writer,
      isShared: init.isShared,
      rowsMax: init.rowsMax ?? ROWS_MAX_DEFAULT,
      onNewBucket: (day) => this.#pruneBehind(day),
    })
  }

  async write(operations: readonly KeyValueOperation[], records: readonly KeyedEvent[]): Promise<void> {
    const { earlier } = this.#components
    if (earlier !== undefined && operations.some(({ key }) => earlier.isElsewhere(key))) await this.whole()
    await this.#alone(async () => {
      await this.#foldBefore(operations)
      // Of several with one key the last is stored.
      const byKey = new Map(records.map(({ key, event }) => [key, event]))
      for (const key of await this.#alreadyStored([...byKey.keys()])) byKey.delete(key)
      try {
        const own = prefixed(this.#components.records, operations)
        await this.#commit(own, [...byKey.values()].flatMap(countedOf))
      } catch (error: unknown) {
        if (this.#doubtful.size > DOUBTFUL_MAX) this.#doubtful.clear()
        for (const { key } of records) this.#doubtful.add(key)
        throw error
      }
    })
  }

  add(usage: CountedUsage): void {
    this.#pending.push(usage)
    this.#dropBeyond()
    this.#timer ??= this.#components.timers.schedule(FLUSH_INTERVAL_MS, () => {
      this.#timer = undefined
      this.flush().catch((error: unknown) => this.#init.onError?.(error))
    })
  }

  async flush(): Promise<void> {
    await this.#alone(async () => {
      if (this.#pending.length > 0) await this.#commit([], [])
    })
  }

  async stop(): Promise<void> {
    this.#timer?.cancel()
    this.#timer = undefined
    this.#isStopped = true
    this.#endPause?.()
    await this.#whole?.catch(() => undefined)
    await this.flush()
  }

  whole(): Promise<void> {
    this.#whole ??= this.#foldAll().catch((error: unknown) => {
      this.#whole = undefined
      throw error
    })
    return this.#whole
  }

  async *parts(grain: SumGrain, { from, to, tenant, signal }: SumSpan): AsyncGenerator<CountedUsage, void, undefined> {
    const range = grainRange(grain, { ...(from !== undefined && { from }), ...(to !== undefined && { to }) })
    const options = { ...(signal !== undefined && { signal }), onDamaged: () => undefined }
    const asked = tenant === undefined ? undefined : this.#components.hashName(tenant)
    for await (const { key, value } of this.#store.iterate(range, options)) {
      if (asked !== undefined && tenantHashIn(key) !== asked) continue
      const row = rowOfBytes(value)
      if (row === undefined) continue
      for (const figures of [row.before, row.own]) if (figures !== undefined) yield { names: row.names, figures }
    }
  }

  async firstDay(grain: SumGrain): Promise<string | undefined> {
    for await (const key of this.#store.keys({ ...grainRange(grain, {}), limit: 1 })) return key.slice(2, 12)
    return undefined
  }

  async purge(what: TelemetryPurge): Promise<void> {
    // Records of before are counted before they go.
    await this.whole()
    if (what.kind === 'before') return
    const { hashName } = this.#components
    const hash = what.kind === 'tenant' ? hashName(what.tenant) : undefined
    await this.#alone(async () => {
      this.#pending = this.#pending.filter(({ names }) => hash !== undefined && hashName(names.tenant ?? '') !== hash)
      this.#rows.forget()
      await this.#deleteOf(hash)
    })
  }

  async forgetPurged(keys: readonly string[] | undefined): Promise<void> {
    await this.#alone(async () => {
      const isMeant = (key: string): boolean =>
        keys?.some((name) => name === ALL || name === tenantHashIn(key)) ?? false
      // What this process wrote while it did not know of the purge goes too.
      const gone = this.#rows.keys().filter(isMeant)
      this.#rows.forget()
      if (gone.length > 0) await this.#delete(gone, [])
    })
  }

  async #deleteOf(hash: string | undefined): Promise<void> {
    let keys: string[] = []
    for await (const key of this.#store.keys()) {
      const found = tenantHashIn(key)
      if (found === undefined || (hash !== undefined && found !== hash)) continue
      keys.push(key)
      if (keys.length < DELETED_AT_ONCE) continue
      await this.#delete(keys, [])
      keys = []
    }
    // Last, so that a process which is told has nothing of it left to go on with.
    await this.#delete(keys, [{ type: 'delete', key: `${SUM_PURGES}/${hash ?? ALL}` }])
  }

  async #delete(keys: readonly string[], more: readonly KeyValueOperation[]): Promise<void> {
    const gone = keys.map((key): KeyValueOperation => ({ type: 'delete', key }))
    const { root, sums } = this.#components
    await root.batch([...prefixed(sums, gone), ...more], { sync: true })
  }

  /** One after another: a row is written with what was counted before. */
  async #alone<Result>(work: () => Promise<Result>): Promise<Result> {
    const result = this.#last.then(work)
    this.#last = result.catch(() => undefined)
    return await result
  }

  /** Waits while another process does it, and goes on where that one ends before. */
  async #foldAll(): Promise<void> {
    const { earlier } = this.#components
    if (earlier === undefined) return
    const fold = async (): Promise<void> => {
      for (let isLeft = true; isLeft && !this.#isStopped;)
        isLeft = await this.#alone(async () => await this.#foldSlice(earlier))
    }
    while (!(await earlier.use(fold))) {
      if (this.#isStopped) return
      await this.#pause()
    }
  }

  async #pause(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const timer = this.#components.timers.schedule(LOOK_INTERVAL_MS, resolve)
    this.#endPause = resolve
    await promise
    timer.cancel()
  }

  /** Records that make room, or are written over, are counted first. */
  async #foldBefore(operations: readonly KeyValueOperation[]): Promise<void> {
    const { earlier } = this.#components
    if (earlier === undefined) return
    let isLeft = true
    while (isLeft && operations.some(({ key }) => earlier.isLeft(key))) isLeft = await this.#foldSlice(earlier)
  }

  /** False where nothing was left. */
  async #foldSlice(earlier: EarlierRecords): Promise<boolean> {
    const slice = await earlier.next()
    if (slice === undefined) return false
    await this.#commit(prefixed(this.#components.sums, [slice.mark]), slice.events.flatMap(countedOf))
    earlier.pass(slice)
    return true
  }

  /** Keys of a write that failed and are there all the same. */
  async #alreadyStored(keys: readonly string[]): Promise<readonly string[]> {
    const doubtful = this.#doubtful.size === 0 ? [] : keys.filter((key) => this.#doubtful.has(key))
    if (doubtful.length === 0) return []
    const { root, records } = this.#components
    const values = await root.sublevel(records).getMany(doubtful)
    for (const key of doubtful) this.#doubtful.delete(key)
    return doubtful.filter((_key, place) => values[place] !== undefined)
  }

  /** What waits joins. It goes on waiting where the store was not reached, and is lost with any other failure, after which nobody knows what was stored. */
  async #commit(operations: readonly KeyValueOperation[], counted: readonly CountedUsage[]): Promise<void> {
    const pending = this.#pending
    this.#pending = []
    try {
      const rows = await this.#rows.with(additionsOf([...counted, ...pending]))
      const puts = [...rows].map(([key, row]): KeyValueOperation => ({ type: 'put', key, value: encodeRow(row) }))
      const { root, sums } = this.#components
      await root.batch([...operations, ...prefixed(sums, puts)], { sync: true })
      this.#rows.keep(rows)
    } catch (error: unknown) {
      this.#rows.abandon()
      if (CodedError.is(error, 'STORE_UNREACHABLE')) this.#pending = [...pending, ...this.#pending]
      else if (pending.length > 0) this.#init.onDropped?.(pending.length)
      this.#dropBeyond()
      throw error
    }
  }

  #dropBeyond(): void {
    const excess = this.#pending.length - PENDING_MAX
    if (excess <= 0) return
    this.#pending.length = PENDING_MAX
    this.#init.onDropped?.(excess)
  }

  #pruneBehind(day: string): void {
    const { daysMax = DAYS_MAX_DEFAULT, onError } = this.#init
    const kept = { day: daysMax, hour: Math.min(daysMax, HOUR_DAYS_MAX) }
    this.#alone(async () => {
      const gone = await pruneSums(this.#store, { kept, day })
      // What is deleted is not to be written again.
      for (const range of gone) this.#rows.forgetWithin(range)
    }).catch((error: unknown) => onError?.(error))
  }
}

function countedOf(event: TelemetryEvent): readonly CountedUsage[] {
  const counted = usageOfRecord(event)
  return counted === undefined ? [] : [counted]
}

function prefixed(name: string, operations: readonly KeyValueOperation[]): readonly KeyValueOperation[] {
  return operations.map((operation) => ({ ...operation, key: `${name}/${operation.key}` }))
}
