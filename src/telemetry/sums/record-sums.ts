import type { AbortOptions } from '../../ports/abort-options.ts'
import type { KeyValueOperation, KeyValueStore } from '../../ports/key-value-store.ts'
import type { Timers } from '../../ports/timers.ts'
import type { TelemetryEvent } from '../../wire/telemetry-event.ts'
import type { HashName } from '../record-key.ts'
import type { TelemetryPurge } from '../telemetry-purge.ts'
import type { EarlierRecords } from './earlier-records.ts'
import type { SumGrain } from './sum-keys.ts'
import type { CountedUsage } from './usage-figures.ts'

/** A record and the key that it is stored under. */
export type KeyedEvent = { readonly key: string; readonly event: TelemetryEvent }

/** What the store of records asks of sums that are kept beside it. */
export interface RecordSums {
  /** The operations on records and the sums of what is new, in one batch: both or neither. Resolves when they are on stable storage. */
  write(operations: readonly KeyValueOperation[], records: readonly KeyedEvent[]): Promise<void>
  /** Called before records are purged. A tenant's sums go with its records; those of before an instant stay. */
  purge(what: TelemetryPurge): Promise<void>
}

/** Sums of requests by UTC hour and day. */
export interface UsageSums extends RecordSums {
  /** Counts what has no record. It is on stable storage with the next write or `flush`, or a moment later. */
  add(usage: CountedUsage): void
  flush(): Promise<void>
  /** Resolves once everything that was recorded before there were sums is in them; rejects where that failed, and is then tried again when asked. */
  whole(): Promise<void>
  /** Parts of sums, those of a bucket together; several may have the same names. Those that cannot be read are left out. */
  parts(grain: SumGrain, span: SumSpan): AsyncIterable<CountedUsage>
  /** The oldest day of which there are sums of that grain; `undefined` without any. */
  firstDay(grain: SumGrain): Promise<string | undefined>
  /** Told what others purged: keys of `SUM_PURGES`; `undefined` where something may have been missed. */
  forgetPurged(keys: readonly string[] | undefined): Promise<void>
  /** Stores what waits. What is left of records of before is counted when a node is started again. */
  stop(): Promise<void>
}

/** From the bucket of the instant `from` until before that of `to`. Absent: without bound. */
export type SumSpan = AbortOptions & {
  readonly from?: string
  readonly to?: string
  /** Absent: of all tenants. */
  readonly tenant?: string
}

export type UsageSumsComponents = {
  /** The store that has both records and sums in it. */
  readonly root: KeyValueStore
  /** Names of the two in it. */
  readonly records: string
  readonly sums: string
  /** Absent: what was recorded before is in no sum. */
  readonly earlier?: EarlierRecords
  readonly hashName: HashName
  readonly timers: Timers
}

export type UsageSumsInit = {
  /** Tells this process from all others: letters, digits and hyphens. */
  readonly writer: string
  /** Whether other processes write into the same store: each then has rows of its own. */
  readonly isShared: boolean
  /** Days of which sums are kept, those without requests not counted; the oldest go first. Default 400. */
  readonly daysMax?: number
  /** Rows of one hour or day, of each writer; what comes after is counted with team, key, model and provider `other`. Default 10,000. */
  readonly rowsMax?: number
  /** Told how many requests without a record are lost to the sums: there was no room for them to wait, or nobody knows whether they were stored. */
  readonly onDropped?: (count: number) => void
  /** Told where nobody waits for what failed. */
  readonly onError?: (error: unknown) => void
}
