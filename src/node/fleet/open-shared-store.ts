import { readFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { CodedError } from '../../base/errors.ts'
import { hexOfBytes } from '../../base/hex.ts'
import type { SharedAgentTaskStore } from '../../ports/agent-task-store.ts'
import type { Claims } from '../../ports/claims.ts'
import type { Clock } from '../../ports/clock.ts'
import type { EventLog } from '../../ports/event-log.ts'
import type { KeyValueStore } from '../../ports/key-value-store.ts'
import type { Random } from '../../ports/random.ts'
import type { RateStore } from '../../ports/rate-store.ts'
import type { SharedJournal } from '../../ports/shared-journal.ts'
import type { StoreChanges } from '../../ports/store-changes.ts'
import type { Timers } from '../../ports/timers.ts'
import { accountsOf, shadowAccounts } from '../../router/budgets/budget-accounts.ts'
import type { BudgetLimit } from '../../router/budgets/budget-owner.ts'
import { createPostgresAgentTasks } from '../../storage/postgres/agent-tasks/postgres-agent-task-store.ts'
import { createPostgresBudgets, type SharedBudgets } from '../../storage/postgres/budgets/postgres-budgets.ts'
import { createPostgresClaims } from '../../storage/postgres/claims/postgres-claims.ts'
import { migrateSchema, openSchema, type SchemaMigration } from '../../storage/postgres/migrate-schema.ts'
import { PostgresConnection, type PostgresStatistics } from '../../storage/postgres/postgres-connection.ts'
import { openPostgresEventLog } from '../../storage/postgres/postgres-event-log.ts'
import { createPostgresJournal } from '../../storage/postgres/postgres-journal.ts'
import { readPostgresLog } from '../../storage/postgres/read-postgres-log.ts'
import { createPostgresKeyValueStore } from '../../storage/postgres/postgres-key-value-store.ts'
import { createPostgresRateStore } from '../../storage/postgres/rates/postgres-rate-store.ts'
import { shareSecret } from '../../storage/postgres/shared-secret.ts'
import { createChangeFeed } from '../../storage/postgres/store-change-feed.ts'
import { SUM_PURGES } from '../../telemetry/sums/usage-sums.ts'
import type { Environment } from '../config/environment-document.ts'
import type { StorageConfig } from '../config/node-config.ts'
import { unreadableFile } from '../unreadable-file.ts'

/** What several gateways have in common, so that they act as one. */
export type SharedStore = {
  /** Records of tasks, cached answers and what callers leave. */
  readonly store: KeyValueStore
  /** Changes of `cache` and `documents`, of sums that were deleted, of limits and of shared journals by other gateways. */
  readonly changes: StoreChanges
  /** Salt of the fleet's hashes. */
  readonly secret: Uint8Array
  /** Host, port and database. */
  readonly place: string
  /** Not started. Limits of the configuration, and those that this gateway was told while it ran. */
  createBudgets(limits: readonly BudgetLimit[], ownLimits: readonly BudgetLimit[]): SharedBudgets
  /** A journal that one process writes at a time. Throws `STORE_LOCKED` while another one's lease lasts. */
  openEventLog(name: string): Promise<EventLog>
  /** Payloads of such a journal, whoever has it. */
  readEventLog(name: string): AsyncIterable<Uint8Array>
  /** A journal that all gateways write. */
  createJournal(name: string): SharedJournal
  /** Rates of all gateways; this one is a member of them. */
  readonly rates: RateStore
  /** Which gateway does a thing. */
  readonly claims: Claims
  /** Tasks of other agents; whoever opens them closes them. */
  openAgentTasks(): SharedAgentTaskStore
  /** How long keys are taken as they were known while the server is away, milliseconds. */
  readonly staleMs: number
  statistics(): PostgresStatistics
  /** Whether the server answered last. */
  readonly isConnected: boolean
  /** Idempotent. */
  close(): Promise<void>
}

export type OpenSharedStoreInit = {
  readonly storage: StorageConfig
  readonly environment: Environment
  readonly clock: Clock
  readonly timers: Timers
  readonly random: Random
  /** Of this gateway's data directory; the fleet's where it is the first. */
  readonly secret: Uint8Array
  readonly onError: (error: unknown) => void
}

/** Top sublevels whose changes gateways tell each other. */
export const ANNOUNCED: readonly string[] = ['cache', 'documents', SUM_PURGES]

/**
 * Connects to the store that the configuration names, and makes its schema where that is missing.
 *
 * Throws `CONFIG_INVALID` where the address is not to be had, `STORE_PACKAGE_MISSING`, `STORE_UNREACHABLE`, `STORE_AUTH_FAILED`, `STORE_SERVER_UNSUPPORTED`,
 * `STORE_FORMAT_OLDER`, `STORE_FORMAT_NEWER`, `STORE_PERMISSIONS`.
 */
export async function openSharedStore(init: OpenSharedStoreInit): Promise<SharedStore> {
  const { storage, random, onError } = init
  const connection = await connectTo(init)
  const origin = `${hostname()}-${process.pid}-${hexOfBytes(random.bytes(6))}`
  const changes = createChangeFeed(connection, { origin })
  const claims = createPostgresClaims(connection, { owner: origin, leaseMs: storage.leaseMs })
  const close = async (): Promise<void> => {
    claims.stop()
    await changes.stop()
    await connection.close()
  }
  try {
    await openSchema(connection)
    const secret = await shareSecret(connection, init.secret)
    await changes.start()
    return {
      store: createPostgresKeyValueStore(connection, { origin, announced: ANNOUNCED }),
      changes,
      secret,
      place: connection.place,
      createBudgets: (limits, ownLimits) =>
        createPostgresBudgets(
          { connection, changes, random, accountsOf, shadowAccounts, onError },
          { limits, ownLimits, origin, leaseMs: storage.leaseMs },
        ),
      openEventLog: async (name) =>
        await openPostgresEventLog(connection, { name, owner: origin, leaseMs: storage.leaseMs }),
      readEventLog: (name) => readPostgresLog(connection, name),
      createJournal: (name) => createPostgresJournal({ connection, changes, random }, { name, origin }),
      rates: createPostgresRateStore(connection, { member: origin, leaseMs: storage.leaseMs }),
      claims,
      openAgentTasks: () => createPostgresAgentTasks({ connection, changes, claims, random }, { origin }),
      staleMs: storage.staleMs,
      statistics: () => connection.statistics(),
      get isConnected() {
        return changes.isListening
      },
      close,
    }
  } catch (error: unknown) {
    await close()
    throw error
  }
}

/** Works with journals of the shared store, without being a gateway. Throws as `openSharedStore`, and as the work does. */
export async function useSharedJournals<Result>(
  init: Omit<OpenSharedStoreInit, 'onError'>,
  work: (shared: Pick<SharedStore, 'secret' | 'openEventLog' | 'readEventLog'>) => Promise<Result>,
): Promise<Result> {
  const { storage, random } = init
  const connection = await connectTo(init)
  const owner = `${hostname()}-${process.pid}-${hexOfBytes(random.bytes(6))}`
  try {
    await openSchema(connection)
    return await work({
      secret: await shareSecret(connection, init.secret),
      openEventLog: async (name) => await openPostgresEventLog(connection, { name, owner, leaseMs: storage.leaseMs }),
      readEventLog: (name) => readPostgresLog(connection, name),
    })
  } finally {
    await connection.close()
  }
}

/** Brings the schema of the shared store to this version. Throws as `openSharedStore`, but for `STORE_FORMAT_OLDER`. */
export async function migrateSharedStore(
  init: Pick<OpenSharedStoreInit, 'storage' | 'environment' | 'clock' | 'timers'>,
): Promise<SchemaMigration> {
  const connection = await connectTo(init)
  try {
    return await migrateSchema(connection)
  } finally {
    await connection.close()
  }
}

type Connecting = Pick<OpenSharedStoreInit, 'storage' | 'environment' | 'clock' | 'timers'>

async function connectTo({ storage, environment, clock, timers }: Connecting): Promise<PostgresConnection> {
  const { urlEnv, passwordFile, schema, poolMax, statementTimeoutMs } = storage
  const url = environment[urlEnv]
  if (url === undefined || url === '')
    throw new CodedError('CONFIG_INVALID', {
      message: `\`storage.urlEnv\` names ${urlEnv}, which is not set`,
      details: { key: 'storage.urlEnv', remedy: `export ${urlEnv}=postgresql://USER@HOST/DATABASE` },
    })
  const password = passwordFile === undefined ? undefined : await readPassword(passwordFile)
  try {
    return await PostgresConnection.create(
      { clock, timers },
      { url, ...(password !== undefined && { password }), schema, poolMax, statementTimeoutMs },
    )
  } catch (error: unknown) {
    if (!(error instanceof TypeError)) throw error
    // The address may hold a password, so nothing of it is said.
    throw new CodedError('CONFIG_INVALID', {
      message: `${urlEnv} holds no address of PostgreSQL`,
      details: { key: 'storage.urlEnv', remedy: `export ${urlEnv}=postgresql://USER@HOST/DATABASE` },
    })
  }
}

async function readPassword(path: string): Promise<string> {
  try {
    return (await readFile(path, 'utf8')).replace(/\r?\n$/, '')
  } catch (cause: unknown) {
    throw unreadableFile('CONFIG_INVALID', { named: `The password of the shared store, ${path},`, file: path, cause })
  }
}
