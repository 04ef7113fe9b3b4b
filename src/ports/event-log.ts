/**
 * EventLog: an append-only journal of byte records, numbered from 0, that is durable before it is acknowledged. It is the
 * truth a machine is rebuilt from; it is not a queue (nothing is consumed) and not a store (nothing is looked up by key).
 *
 * Concurrent appends share one sync (group commit). After a failed write or sync nothing more is accepted
 * (`LOG_POISONED`): the kernel may have dropped the pages, so a later success of sync would prove nothing. Reopening
 * writes what it finds to a new file before it is trusted.
 *
 * ```ts
 * const rebuild = async (log: EventLog): Promise<number> => {
 *   let events = 0
 *   for await (const record of log.read(log.snapshot?.nextIndex ?? 0)) events += record.payload.length > 0 ? 1 : 0
 *   return events
 * }
 * ```
 */
export type LogRecord = { readonly index: number; readonly payload: Uint8Array }

/**
 * State that takes the place of all records before `nextIndex`, in bytes that only its owner reads. `EventLog.compact` takes it, and what is rebuilt
 * begins with it.
 */
export type LogSnapshot = {
  /** The first index whose record is not part of `payload`. */
  readonly nextIndex: number
  readonly payload: Uint8Array
}

/**
 * An append-only journal of byte records, numbered from 0, that is durable before it is acknowledged. After a failed write or sync it takes nothing more
 * (`LOG_POISONED`) until it is opened again.
 */
export interface EventLog {
  /** Index the next record gets; equals the number of records ever appended. */
  readonly nextIndex: number
  /** The newest snapshot, `undefined` before the first `compact`. */
  readonly snapshot: LogSnapshot | undefined
  /** Bytes of the records behind the newest snapshot: a caller compacts when this outgrows the state. */
  readonly sizeBytes: number
  /**
   * Appends a group of records atomically: after a crash all of the group is there or none.
   *
   * @param payloads  1 to 65,535 records, together at most 64 MiB.
   * @returns The index of the first one, once all are on stable storage.
   * @throws `LOG_POISONED` after a failed write or sync, `STORE_NOT_OPEN` after `close`, `STORE_WRITE_FAILED` for the
   *   appends that a failed write or sync was to make durable (they may or may not be found after reopening),
   *   `STORE_OVERLOADED` when more bytes wait for the disk than the log holds in memory.
   */
  append(payloads: readonly Uint8Array[]): Promise<number>
  /** Records from `fromIndex` to the end as of the call. A `fromIndex` before the newest snapshot is a `RangeError`. */
  read(fromIndex: number): AsyncIterable<LogRecord>
  /**
   * Replaces every record before `snapshot.nextIndex`, which must equal `nextIndex`, by the snapshot. Appends made
   * meanwhile wait. A crash at any moment leaves either the old records or the new snapshot.
   */
  compact(snapshot: LogSnapshot): Promise<void>
  /** Idempotent. Waits for appends under way. */
  close(): Promise<void>
}
