import { createHash } from 'node:crypto'
import type { SharedLedger } from '../market/shared-ledger.ts'
import type { NodeConfig } from '../config/node-config.ts'
import type { Environment } from '../config/environment-document.ts'
import { createSystemClock } from '../system-clock.ts'
import { createSystemRandom } from '../system-random.ts'
import { createSystemTimers } from '../system-timers.ts'
import { type OpenSharedStoreInit, openSharedStore, type SharedStore, useSharedJournals } from './open-shared-store.ts'

export type OpenSharedInit = Omit<OpenSharedStoreInit, 'storage'> & {
  readonly config: Pick<NodeConfig, 'storage'>
  readonly closers: (() => Promise<void>)[]
}

/** `undefined` where everything is in the data directory. Throws as `openSharedStore`. */
export async function openShared({ config, closers, ...parts }: OpenSharedInit): Promise<SharedStore | undefined> {
  const { storage } = config
  if (storage === undefined) return undefined
  const shared = await openSharedStore({ ...parts, storage })
  closers.push(() => shared.close())
  return shared
}

/** The books of notaries in a shared store. */
export function ledgerOf(shared: Pick<SharedStore, 'secret' | 'openEventLog' | 'readEventLog'>): SharedLedger {
  return {
    // The secret is drawn with the schema, and nobody is told it.
    identity: createHash('sha256').update('kernell-os ledger').update(shared.secret).digest('hex'),
    open: async (name) => await shared.openEventLog(name),
    read: (name) => shared.readEventLog(name),
  }
}

export type UseLedgerInit = {
  readonly config: Pick<NodeConfig, 'storage'>
  readonly environment: Environment
  /** Of the data directory; the fleet's where there is none yet. */
  readonly secret: Uint8Array
}

/** Works with the books of notaries in the shared store that a configuration names, `undefined` where it names none. Throws as `openSharedStore`, and as the work does. */
export async function useLedger<Result>(
  { config, ...parts }: UseLedgerInit,
  work: (ledger: SharedLedger | undefined) => Promise<Result>,
): Promise<Result> {
  const { storage } = config
  if (storage === undefined) return await work(undefined)
  const [clock, timers, random] = [createSystemClock(), createSystemTimers(), createSystemRandom()]
  return await useSharedJournals(
    { ...parts, storage, clock, timers, random },
    async (shared) => await work(ledgerOf(shared)),
  )
}
