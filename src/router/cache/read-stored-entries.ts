import { CodedError } from '../../base/errors.ts'
import type { KeyValueStore } from '../../ports/key-value-store.ts'
import { decodeEntry, type DecodedEntry } from './cache-entry.ts'

/** What earlier runs left, the oldest first. */
export type StoredEntries = {
  readonly entries: readonly DecodedEntry[]
  /** Keys whose bytes are no entry. */
  readonly damagedKeys: readonly string[]
  /** Why reading ended early, when it did: the store found its own bytes damaged. */
  readonly failure: unknown
}

/** Reads every entry of the store. Throws `STORE_NOT_OPEN` and the signal's reason. */
export async function readStoredEntries(store: KeyValueStore, signal: AbortSignal | undefined): Promise<StoredEntries> {
  const entries: DecodedEntry[] = []
  const damagedKeys: string[] = []
  let failure: unknown
  try {
    for await (const { key, value } of store.iterate({}, signal === undefined ? {} : { signal })) {
      const entry = decodeEntry(key, value)
      if (entry === undefined) damagedKeys.push(key)
      else entries.push(entry)
    }
  } catch (error: unknown) {
    if (!CodedError.is(error, 'STORE_CORRUPTED')) throw error
    failure = error
  }
  entries.sort((one, other) => one.cached.storedAt - other.cached.storedAt)
  return { entries, damagedKeys, failure }
}
