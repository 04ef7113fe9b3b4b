import type { SchemaMigration } from '../../storage/postgres/migrate-schema.ts'
import type { Environment } from '../config/environment-document.ts'
import type { NodeConfig } from '../config/node-config.ts'
import { createSystemClock } from '../system-clock.ts'
import { createSystemTimers } from '../system-timers.ts'
import { migrateSharedStore } from './open-shared-store.ts'

export type { SchemaMigration } from '../../storage/postgres/migrate-schema.ts'

/** `undefined` where the configuration names no shared store. Rejects as `migrateSharedStore`. */
export async function migrateShared(
  { storage }: Pick<NodeConfig, 'storage'>,
  environment: Environment,
): Promise<SchemaMigration | undefined> {
  if (storage === undefined) return undefined
  return await migrateSharedStore({
    storage,
    environment,
    clock: createSystemClock(),
    timers: createSystemTimers(),
  })
}
