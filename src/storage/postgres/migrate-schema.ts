import type { PoolClient } from 'pg'
import { CodedError } from '../../base/errors.ts'
import { MIGRATIONS } from './migrations.ts'
import type { PostgresConnection } from './postgres-connection.ts'

/** Version of the schema that this package reads and writes. */
export const SCHEMA_VERSION: number = MIGRATIONS.length

/** Oldest server, as `server_version_num` writes it: transaction numbers of 64 bits, and `sha256` of bytes in indexes. */
const SERVER_VERSION_MIN = 140_000

/** `current`: there was nothing to do. `from` is 0 for a schema that was made. */
export type SchemaMigration =
  | { readonly effect: 'current'; readonly version: number }
  | { readonly effect: 'migrated'; readonly from: number; readonly to: number }

/**
 * Brings the schema to this version: one transaction, under a lock that other nodes wait for. The schema is made where it is missing.
 *
 * Throws `STORE_FORMAT_NEWER` for one of a later version, untouched; `STORE_SERVER_UNSUPPORTED`, `STORE_PERMISSIONS`, `STORE_UNREACHABLE`, `STORE_AUTH_FAILED`.
 */
export async function migrateSchema(connection: PostgresConnection): Promise<SchemaMigration> {
  return await connection.use(async (client) => {
    await checkServer(client, connection)
    await client.query('BEGIN')
    // Of this schema alone, until the transaction ends.
    await client.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [`kernell-os ${connection.schema}`])
    const from = (await readVersion(client, connection)) ?? 0
    checkNewer(from, connection)
    if (from === SCHEMA_VERSION) {
      await client.query('COMMIT')
      return { effect: 'current', version: from }
    }
    if (from === 0) await beginSchema(client, connection)
    for (const { version, sql } of MIGRATIONS) {
      if (version <= from) continue
      await client.query(sql(connection.schema, connection.channel))
      await client.query(`INSERT INTO ${connection.schema}.migration (version) VALUES ($1)`, [version])
    }
    await client.query('COMMIT')
    return { effect: 'migrated', from, to: SCHEMA_VERSION }
  }, 'open')
}

/**
 * Makes sure that the schema is there and of this version: one that is missing is made, an older one is left to `kernell migrate`.
 *
 * Throws `STORE_FORMAT_OLDER`, and as `migrateSchema`.
 */
export async function openSchema(connection: PostgresConnection): Promise<void> {
  const found = await connection.use(async (client) => {
    await checkServer(client, connection)
    return await readVersion(client, connection)
  }, 'open')
  if (found === undefined) await migrateSchema(connection)
  else if (found < SCHEMA_VERSION)
    throw new CodedError('STORE_FORMAT_OLDER', {
      message: `The schema ${connection.schema} at ${connection.place} has version ${found}; this version needs ${SCHEMA_VERSION}`,
      details: {
        found,
        supported: SCHEMA_VERSION,
        remedy: 'Run `kernell migrate`. Gateways of the older version refuse the schema after it, so end them first.',
      },
    })
  else checkNewer(found, connection)
}

/** `undefined` where there is none. */
async function readVersion(
  client: PoolClient,
  { schema, schemaName }: PostgresConnection,
): Promise<number | undefined> {
  // Rows of the catalogue, and not `to_regclass`: what another node made while this one waited for the lock is not in the caches that it asks.
  const isThere = await exists(
    client,
    `SELECT FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND c.relname = 'migration'`,
    schemaName,
  )
  if (!isThere) return undefined
  const versions = await client.query<{ readonly version: number }>(
    `SELECT coalesce(max(version), 0)::int AS version FROM ${schema}.migration`,
  )
  return versions.rows[0]?.version ?? 0
}

async function beginSchema(client: PoolClient, { schema, schemaName }: PostgresConnection): Promise<void> {
  // `CREATE SCHEMA IF NOT EXISTS` needs a right on the database even where the schema is there.
  if (!(await exists(client, 'SELECT FROM pg_namespace WHERE nspname = $1', schemaName)))
    await client.query(`CREATE SCHEMA ${schema}`)
  await client.query(
    `CREATE TABLE IF NOT EXISTS ${schema}.migration (version int PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now())`,
  )
}

async function exists(client: PoolClient, rows: string, name: string): Promise<boolean> {
  const { rowCount } = await client.query(`SELECT 1 WHERE EXISTS (${rows})`, [name])
  return rowCount === 1
}

async function checkServer(client: PoolClient, { place }: PostgresConnection): Promise<void> {
  const { rows } = await client.query<{ readonly number: number; readonly words: string }>(
    "SELECT current_setting('server_version_num')::int AS number, current_setting('server_version') AS words",
  )
  const { number = 0, words = 'an unknown version' } = rows[0] ?? {}
  if (number >= SERVER_VERSION_MIN) return
  throw new CodedError('STORE_SERVER_UNSUPPORTED', { message: `The server at ${place} is PostgreSQL ${words}` })
}

function checkNewer(found: number, { schema, place }: PostgresConnection): void {
  if (found <= SCHEMA_VERSION) return
  throw new CodedError('STORE_FORMAT_NEWER', {
    message: `The schema ${schema} at ${place} has version ${found}; this version reads up to ${SCHEMA_VERSION}`,
    details: {
      found,
      supported: SCHEMA_VERSION,
      remedy:
        'Run the version of this package that wrote it or a newer one, or name another schema in `storage.schema`; nothing was changed.',
    },
  })
}
