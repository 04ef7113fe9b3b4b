import { CodedError } from '../../base/errors.ts'
import { parseTrialReferences, type TrialReferences } from '../../core/rollout/journal/drift-codec.ts'
import type { KeyValueStore } from '../../ports/key-value-store.ts'

/** What the requests of a trial were at first, kept beyond a restart: figures of hundreds of tasks together, and of no task by itself. */
export type DriftShelf = {
  /** What was kept before the start. */
  readonly first: TrialReferences | undefined
  /** Never throws. What is kept later replaces it. */
  keep(references: TrialReferences): void
  /** Resolves when what was given is on the disk, or has failed. */
  flush(): Promise<void>
}

const KEY = 'references'

/** What cannot be read is as if it were not there: the trial then learns it again. */
export async function openDriftShelf(store: KeyValueStore, onError: (error: unknown) => void): Promise<DriftShelf> {
  let written: Promise<void> = Promise.resolve()
  return {
    first: await readFirst(store),
    keep(references) {
      const bytes = new TextEncoder().encode(JSON.stringify(references))
      written = written.then(async () => await store.put(KEY, bytes, { sync: true })).catch(onError)
    },
    flush: async () => await written,
  }
}

async function readFirst(store: KeyValueStore): Promise<TrialReferences | undefined> {
  try {
    const bytes = await store.get(KEY)
    return bytes === undefined ? undefined : parseTrialReferences(JSON.parse(new TextDecoder().decode(bytes)))
  } catch (error: unknown) {
    if (error instanceof SyntaxError || CodedError.is(error, 'STORE_CORRUPTED')) return undefined
    throw error
  }
}
