import { CodedError } from '../../base/errors.ts'
import type { KeyRange, KeyValueStore } from '../../ports/key-value-store.ts'
import type { HashName } from '../record-key.ts'
import { bucketAt, bucketRange, dayIn, type SumGrain } from './sum-keys.ts'
import { rowOfBytes, rowOfWriter, sumOf, type SumRow } from './sum-row.ts'
import {
  addFigures,
  otherNamesOf,
  usageIdOf,
  type CountedUsage,
  type UsageFigures,
  type UsageNames,
} from './usage-figures.ts'

/** What is added to one row. */
export type Addition = {
  readonly bucket: string
  readonly names: UsageNames
  readonly id: string
  readonly figures: UsageFigures
}

export type SumRowsInit = {
  readonly writer: string
  /** Whether other processes write into the same store. */
  readonly isShared: boolean
  readonly rowsMax: number
  /** Told the day of which an hour, or which itself, has begun. */
  readonly onNewBucket: (day: string) => void
}

/** Rows in memory at most, after a batch. */
const ROWS_KEPT = 8_192

/** The rows that this process writes, as they are stored: each is read once, where it was there before. */
export class SumRows {
  readonly #store: KeyValueStore
  readonly #hash: HashName
  readonly #init: SumRowsInit
  /** By key. */
  readonly #rows = new Map<string, SumRow>()
  /** Keys by bucket and id. */
  readonly #keys = new Map<string, string>()
  /** Rows by bucket. */
  readonly #counts = new Map<string, number>()
  #failures = 0

  constructor(store: KeyValueStore, hash: HashName, init: SumRowsInit) {
    this.#store = store
    this.#hash = hash
    this.#init = init
  }

  keys(): readonly string[] {
    return [...this.#rows.keys()]
  }

  /** The rows that change, as they will be, by key. */
  async with(additions: readonly Addition[]): Promise<ReadonlyMap<string, SumRow>> {
    const rows = new Map<string, SumRow>()
    const missing = additions.map((each) => this.#keyOf(each)).filter((key) => !this.#rows.has(key))
    const read = await this.#read(missing)
    for (const asked of additions) {
      const key = this.#keyOf(asked)
      const known = rows.get(key) ?? this.#rows.get(key) ?? read.get(key)
      if (known === undefined && (await this.#isFull(asked.bucket))) await this.#addToOther(rows, asked)
      else rows.set(key, this.#added(known, asked))
    }
    return rows
  }

  /** These are stored now. */
  keep(rows: ReadonlyMap<string, SumRow>): void {
    for (const [key, row] of rows) this.#rows.set(key, row)
    if (this.#rows.size > ROWS_KEPT || this.#keys.size > ROWS_KEPT * 2) this.#makeRoom()
  }

  forget(): void {
    this.#makeRoom()
    this.#counts.clear()
  }

  forgetWithin({ gte = '', lt = '' }: KeyRange): void {
    for (const key of this.#rows.keys()) if (key >= gte && key < lt) this.#rows.delete(key)
  }

  /** Nobody knows whether the last ones were stored, or are going to be. What they are is left as it is, and new rows are begun. */
  abandon(): void {
    this.#failures += 1
    this.forget()
  }

  #makeRoom(): void {
    this.#rows.clear()
    this.#keys.clear()
  }

  /** What has a row goes on with it. */
  async #addToOther(rows: Map<string, SumRow>, asked: Addition): Promise<void> {
    const names = otherNamesOf(asked.names)
    const other = { ...asked, names, id: usageIdOf(names) }
    const key = this.#keyOf(other)
    const known = rows.get(key) ?? this.#rows.get(key) ?? (await this.#read([key])).get(key)
    rows.set(key, this.#added(known, other))
  }

  #added(known: SumRow | undefined, { names, figures }: Addition): SumRow {
    const { writer } = this.#init
    if (known === undefined) return { names, writer, own: figures, before: undefined }
    const row = rowOfWriter(known, writer)
    return { ...row, own: sumOf(row.own, figures) }
  }

  /** A row that cannot be read begins anew. */
  async #read(keys: readonly string[]): Promise<ReadonlyMap<string, SumRow>> {
    if (keys.length === 0) return new Map()
    const values = await this.#store.getMany(keys).catch(async (error: unknown) => {
      if (!CodedError.is(error, 'STORE_CORRUPTED')) throw error
      return await Promise.all(keys.map(async (key) => await this.#store.get(key).catch(undefinedWhenCorrupted)))
    })
    return new Map(
      keys.flatMap((key, place) => {
        const value = values[place]
        const row = value === undefined ? undefined : rowOfBytes(value)
        return row === undefined ? [] : [[key, row] as const]
      }),
    )
  }

  /** Asked for each row that is new. Of several writers each counts its own rows, of which there are none before it: those of the others have the same names again. */
  async #isFull(bucket: string): Promise<boolean> {
    const known = this.#counts.get(bucket)
    const count = known ?? (this.#init.isShared ? 0 : await this.#store.count(bucketRange(bucket)))
    if (known === undefined && count === 0) this.#init.onNewBucket(dayIn(bucket))
    if (this.#counts.size > ROWS_KEPT) this.#counts.clear()
    const isFull = count >= this.#init.rowsMax
    this.#counts.set(bucket, isFull ? count : count + 1)
    return isFull
  }

  #keyOf({ bucket, id, names }: Addition): string {
    const asked = `${bucket} ${id}`
    const known = this.#keys.get(asked)
    if (known !== undefined) return known
    const { writer, isShared } = this.#init
    const own = isShared || this.#failures > 0 ? ` ${writer}-${this.#failures}` : ''
    const key = `${bucket} ${this.#hash(names.tenant ?? '')} ${this.#hash(id)}${own}`
    this.#keys.set(asked, key)
    return key
  }
}

/** One for each row that is touched: of the hour, and of the day. */
export function additionsOf(counted: readonly CountedUsage[]): readonly Addition[] {
  const hours = new Map<string, Addition>()
  for (const { names, figures } of counted) add(hours, 'hour', { names, id: usageIdOf(names), figures })
  const days = new Map<string, Addition>()
  for (const hour of hours.values()) add(days, 'day', hour)
  return [...hours.values(), ...days.values()]
}

function add(additions: Map<string, Addition>, grain: SumGrain, added: Omit<Addition, 'bucket'>): void {
  const { names, id, figures } = added
  const bucket = bucketAt(grain, figures.firstAt)
  const asked = `${bucket} ${id}`
  const known = additions.get(asked)
  const sum = known === undefined ? figures : addFigures(known.figures, figures)
  additions.set(asked, { bucket, names, id, figures: sum })
}

function undefinedWhenCorrupted(error: unknown): undefined {
  if (CodedError.is(error, 'STORE_CORRUPTED')) return undefined
  throw error
}
