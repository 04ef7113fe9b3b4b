import type { KeyValueStore } from '../../ports/key-value-store.ts'
import type { StoreListener } from '../../ports/store-changes.ts'
import { decodeEntry, type DecodedEntry } from './cache-entry.ts'
import { readStoredEntries } from './read-stored-entries.ts'

export type FollowStoreComponents = {
  readonly store: KeyValueStore
  readonly watch: (listener: StoreListener) => () => void
  /** Told where the store could not be read; what was changed is then not known here until it is read whole. */
  readonly onError: (error: unknown) => void
  readonly idsHere: () => readonly string[]
  readonly take: (entry: DecodedEntry) => void
  readonly drop: (entryId: string) => void
}

/** Entries read in one go. */
const READ_MAX = 256

/**
 * Keeps a cache in memory like the store that others write to as well. One reading after the other, so that an older one never comes after a newer one.
 *
 * @returns Ends it.
 */
export function followStore({ store, watch, onError, idsHere, take, drop }: FollowStoreComponents): () => void {
  let reading = Promise.resolve()
  let isMissed = false
  const readKeys = async (keys: readonly string[]): Promise<void> => {
    for (let from = 0; from < keys.length; from += READ_MAX) {
      const some = keys.slice(from, from + READ_MAX)
      const values = await store.getMany(some)
      for (const [place, key] of some.entries()) {
        const value = values[place]
        const entry = value === undefined ? undefined : decodeEntry(key, value)
        if (entry === undefined) drop(key)
        else take(entry)
      }
    }
  }
  const readAll = async (): Promise<void> => {
    const before = idsHere()
    const { entries } = await readStoredEntries(store, undefined)
    const stored = new Set(entries.map(({ cached }) => cached.entryId))
    for (const entryId of before) if (!stored.has(entryId)) drop(entryId)
    for (const entry of entries) take(entry)
  }
  return watch((keys) => {
    reading = reading.then(async () => {
      try {
        if (keys === undefined || isMissed) await readAll()
        else await readKeys(keys)
        isMissed = false
      } catch (error: unknown) {
        isMissed = true
        onError(error)
      }
    })
  })
}
