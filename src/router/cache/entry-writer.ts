import type { KeyValueOperation, KeyValueStore } from '../../ports/key-value-store.ts'
import type { ScheduledTimer, Timers } from '../../ports/timers.ts'

/** What is stored or removed reaches the disk at most this long after, plus the time of one write. */
export const CACHE_FLUSH_INTERVAL_MS = 250
/** A batch is written earlier when it has grown to this many entries. */
export const CACHE_FLUSH_ENTRIES = 256
/** Entries waiting at most; beyond it the oldest write is dropped: the entry then lives in memory only. */
const PENDING_MAX = 16_384

export type EntryWriterComponents = {
  readonly store: KeyValueStore
  readonly timers: Timers
  /** Told of every failed write; what was in it is tried again with the next. */
  readonly onError: (error: unknown) => void
}

/** Writes entries behind the requests' back, the latest state of each key in batches. Losing the last interval costs a model call, no more. */
export type EntryWriter = {
  /** `encode` runs when the batch is written. `undefined` deletes the key. Never waits, never throws. */
  put(key: string, encode: (() => Uint8Array) | undefined): void
  /** Resolves when everything put before is in the store; rejects with what the store threw. */
  flush(): Promise<void>
  close(): Promise<void>
}

export function createEntryWriter({ store, timers, onError }: EntryWriterComponents): EntryWriter {
  let pending = new Map<string, (() => Uint8Array) | undefined>()
  let timer: ScheduledTimer | undefined
  let writing: Promise<void> = Promise.resolve()
  let isClosed = false

  const writeBatch = async (): Promise<void> => {
    const batch = pending
    pending = new Map()
    if (batch.size === 0) return
    const operations = Array.from(batch, ([key, encode]): KeyValueOperation =>
      encode === undefined ? { type: 'delete', key } : { type: 'put', key, value: encode() },
    )
    try {
      await store.batch(operations, { sync: true })
    } catch (error: unknown) {
      // What came in meanwhile is newer than the failed batch and wins.
      pending = new Map([...batch, ...pending])
      throw error
    }
  }
  const flush = async (): Promise<void> => {
    timer?.cancel()
    timer = undefined
    const turn = writing.catch(() => undefined).then(writeBatch)
    writing = turn
    await turn
  }
  const flushBehind = (): void => {
    flush().catch((error: unknown) => {
      onError(error)
      schedule()
    })
  }
  const schedule = (): void => {
    if (timer === undefined && !isClosed) timer = timers.schedule(CACHE_FLUSH_INTERVAL_MS, flushBehind)
  }
  return {
    put(key, encode) {
      if (isClosed) return
      pending.delete(key)
      pending.set(key, encode)
      if (pending.size > PENDING_MAX) {
        const [oldest] = pending.keys()
        if (oldest !== undefined) pending.delete(oldest)
      }
      if (pending.size === CACHE_FLUSH_ENTRIES) timers.schedule(0, flushBehind)
      else schedule()
    },
    flush,
    async close() {
      isClosed = true
      await flush()
    },
  }
}
