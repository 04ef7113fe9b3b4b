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

/** How to encode what each key is to hold; `undefined` where it is to be deleted. In the order of the last change. */
type Pending = Map<string, (() => Uint8Array) | undefined>

export function createEntryWriter({ store, timers, onError }: EntryWriterComponents): EntryWriter {
  let pending: Pending = new Map()
  let timer: ScheduledTimer | undefined
  let writing: Promise<void> = Promise.resolve()
  let isClosed = false

  const writeAll = async (): Promise<void> => {
    // What comes in while this is being written waits for the next turn, or it might never end.
    for (let left = pending.size; left > 0; left -= CACHE_FLUSH_ENTRIES) {
      const batch = takeFirst(pending, CACHE_FLUSH_ENTRIES)
      try {
        await store.batch(Array.from(batch, operationOf), { sync: true })
      } catch (error: unknown) {
        // What came in meanwhile is newer than the failed batch and wins.
        pending = new Map([...batch, ...pending])
        throw error
      }
    }
  }
  const flush = async (): Promise<void> => {
    timer?.cancel()
    timer = undefined
    const turn = writing.catch(() => undefined).then(writeAll)
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

/** Takes the oldest so many out. A bounded number at a time: encoding thousands in one go would hold up every request meanwhile. */
function takeFirst(pending: Pending, count: number): Pending {
  const taken: Pending = new Map()
  for (const [key, encode] of pending) {
    if (taken.size === count) break
    taken.set(key, encode)
    pending.delete(key)
  }
  return taken
}

function operationOf([key, encode]: readonly [string, (() => Uint8Array) | undefined]): KeyValueOperation {
  return encode === undefined ? { type: 'delete', key } : { type: 'put', key, value: encode() }
}
